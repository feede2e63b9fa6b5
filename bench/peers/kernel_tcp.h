// SPDX-License-Identifier: Apache-2.0
// TCP of the Linux kernel over its loopback device.
#pragma once

#include "bench/harness/benchmark.h"

namespace strata::bench {

// One connection, both ends in threads of the same core, 64 KB a call: Gbit/s.
[[nodiscard]] Entry kernel_tcp_loopback_bulk();

}  // namespace strata::bench
