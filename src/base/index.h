// SPDX-License-Identifier: Apache-2.0
// How entries of tables name each other: 32 bits, half of a pointer and checkable.
#pragma once

#include <cstdint>

namespace strata {

using Index = std::uint32_t;
inline constexpr Index kNoIndex = 0xffff'ffff;

}  // namespace strata
