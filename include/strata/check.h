// SPDX-License-Identifier: Apache-2.0
// CHECK: a broken invariant of ours stops the program, in release builds too. Never for input.
#pragma once

namespace strata {

// Called with the place of a failed CHECK just before the program stops.
using CheckHandler = void (*)(const char* condition, const char* file, int line);
void set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace strata

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::strata::check_failed(#condition, __FILE__, __LINE__))
