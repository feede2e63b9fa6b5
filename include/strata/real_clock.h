// SPDX-License-Identifier: Apache-2.0
// The machine's own time and chance, for programs that run a stack on real time.
#pragma once

#include <cstdint>

#include "strata/bytes.h"
#include "strata/time.h"

namespace strata {

// CLOCK_MONOTONIC. A loop reads it once a turn; nobody else needs to.
[[nodiscard]] Time real_now();
// Wall-clock time minus real_now(), for captures and logs. Moves when the wall clock is set.
[[nodiscard]] Duration wall_clock_offset();

// From the operating system's generator; fit for keys.
[[nodiscard]] std::uint64_t random_seed();
void random_bytes(MutableBytes out);

}  // namespace strata
