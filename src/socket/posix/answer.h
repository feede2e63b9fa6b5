// SPDX-License-Identifier: Apache-2.0
// What a call answers: a result, or minus an errno, as the kernel tells it.
#pragma once

#include <cstdint>

#include "strata/error.h"

namespace strata {
struct SocketError;
}

namespace strata::posix {

using Answer = std::int64_t;

// The errno that programs expect for an operating error.
[[nodiscard]] int errno_of(Error error);
// By the very type and code of the ICMP message, where it was one.
[[nodiscard]] int errno_of(const SocketError& error);
// What ICMP said about a datagram, where no more is known of it.
[[nodiscard]] int errno_of_report(Error error);

[[nodiscard]] inline Answer failed(Error error) { return -errno_of(error); }

template <typename T>
[[nodiscard]] Answer answer_of(const Result<T>& result) {
  if (!result) return failed(result.error());
  if constexpr (requires { static_cast<Answer>(*result); }) return static_cast<Answer>(*result);
  return 0;
}

}  // namespace strata::posix
