// SPDX-License-Identifier: Apache-2.0
// How often this program has asked the C++ heap for memory, so that a test can prove it did not.
#pragma once

#include <cstddef>

namespace strata::stack {

[[nodiscard]] std::size_t heap_allocations();

}  // namespace strata::stack
