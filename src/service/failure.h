// SPDX-License-Identifier: Apache-2.0
// Failure: what went wrong for a person, and the one thing to do about it.
#pragma once

#include <expected>
#include <string>

namespace strata::service {

struct Failure {
  std::string text;
  std::string hint{};  // may be empty
};

template <typename T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> failed(std::string text, std::string hint = {}) {
  return std::unexpected(Failure{std::move(text), std::move(hint)});
}

}  // namespace strata::service
