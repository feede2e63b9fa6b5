// SPDX-License-Identifier: Apache-2.0
// A broken invariant of ours stops the program, in release builds too. STRATA_CHECK is never for
// input.
#pragma once

namespace strata {

// Called with the place of a failed STRATA_CHECK just before the program stops.
using CheckHandler = void (*)(const char* condition, const char* file, int line);
void set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace strata

#define STRATA_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::strata::check_failed(#condition, __FILE__, __LINE__))
