// SPDX-License-Identifier: Apache-2.0
// Many TCP connections of the Linux kernel over its loopback device.
#pragma once

#include <cstddef>

#include "bench/harness/benchmark.h"

namespace strata::bench {

// Messages of 1 KB over connections at random, `at_once` written and then read, both ends in this
// thread: ns for each. As many connections as descriptors are allowed for.
[[nodiscard]] Entry kernel_crowd(std::size_t connections, std::size_t at_once);

}  // namespace strata::bench
