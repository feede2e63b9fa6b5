// SPDX-License-Identifier: Apache-2.0
// TCP of lwIP 2.1.3 on a TAP device, with a program of the kernel beyond it
// (bench/peers/lwip_host.h says what this lwIP is). Its frames are plain ones: it knows no
// offloads.
#pragma once

#include <cstdint>

#include "bench/harness/benchmark.h"

namespace strata::bench {

enum class LwipSide : std::uint8_t { kSends, kReceives };

// Gbit/s of one connection; lwIP spins on the first core, the kernel's program is on the second.
[[nodiscard]] Entry lwip_tap_bulk(LwipSide side);
// Median of 64 bytes there and back, in microseconds, with both spinning on a core of their own.
[[nodiscard]] Entry lwip_tap_round_trip();

}  // namespace strata::bench
