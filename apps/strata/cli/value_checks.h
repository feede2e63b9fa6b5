// SPDX-License-Identifier: Apache-2.0
// What the value of a flag must be. CLI11's own checks let NaN, octal and negative numbers through,
// and describe themselves in --help as programs do.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>

#include "strata/time.h"

namespace strata::app {

// Says what is wrong with a value, or makes it what is meant and says nothing.
using ValueCheck = std::function<std::string(std::string& text)>;

// Decimal digits that make a number from `low` to `high`.
[[nodiscard]] ValueCheck whole_number(std::uint64_t low, std::uint64_t high);

// A number of seconds from `low` to a day, as in 0.2.
[[nodiscard]] ValueCheck seconds_from(double low);

// One of these words.
[[nodiscard]] ValueCheck one_of(std::initializer_list<const char*> words);

// What a number of seconds says.
[[nodiscard]] Duration duration_of(double seconds);

}  // namespace strata::app
