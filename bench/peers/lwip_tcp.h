// SPDX-License-Identifier: Apache-2.0
// TCP of lwIP 2.1.3 as Debian builds it (bench/peers/lwip_host.h says what that means).
#pragma once

#include "bench/harness/benchmark.h"

namespace strata::bench {

// One connection between two interfaces over a link in memory that copies each frame once; the
// program's bytes are copied in and out: Gbit/s.
[[nodiscard]] Entry lwip_tcp_bulk();

}  // namespace strata::bench
