// SPDX-License-Identifier: Apache-2.0
// Readiness: what a socket could do now, told to its program after the stack has been flushed.
#pragma once

#include "strata/inline_function.h"

namespace strata {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool error = false;   // take_error() has something
  bool closed = false;  // no more will come

  friend constexpr Readiness operator|(Readiness a, Readiness b) {
    return {a.readable || b.readable, a.writable || b.writable, a.error || b.error,
            a.closed || b.closed};
  }
  friend constexpr bool operator==(Readiness, Readiness) = default;
};

using ReadyCallback = InlineFunction<void(Readiness)>;

}  // namespace strata
