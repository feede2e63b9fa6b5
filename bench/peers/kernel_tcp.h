// SPDX-License-Identifier: Apache-2.0
// TCP of the Linux kernel over its loopback device.
#pragma once

#include "bench/harness/benchmark.h"

namespace strata::bench {

enum class LoopbackCores : std::uint8_t { kOne, kOneEach };
enum class LoopbackWaits : std::uint8_t { kAwake, kAsleep };

// One connection, the ends in two threads, 64 KB a call: Gbit/s.
[[nodiscard]] Entry kernel_tcp_loopback_bulk(LoopbackCores cores);
// 64 bytes there and back, a core for each end: median us.
[[nodiscard]] Entry kernel_tcp_loopback_round_trip(LoopbackWaits waits);

}  // namespace strata::bench
