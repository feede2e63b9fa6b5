// SPDX-License-Identifier: Apache-2.0
// Query: what stands behind the "?" of a request's target (RFC 3986 3.4), as names and values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::service {

class Query {
 public:
  static constexpr std::size_t kNamesMax = 32;

  // Of a whole target. Nothing when an escape is malformed or there are too many names.
  [[nodiscard]] static std::optional<Query> of_target(std::string_view target);

  // Empty when it is not there; the first of several.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  // Nothing when it is no number; `otherwise` when it is not there.
  [[nodiscard]] std::optional<std::size_t> number(std::string_view name,
                                                  std::size_t otherwise) const;
  // The first name that is not among these; empty: there is none.
  [[nodiscard]] std::string_view stranger(std::initializer_list<std::string_view> known) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace strata::service
