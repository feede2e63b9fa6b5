// SPDX-License-Identifier: Apache-2.0
// What the values of flags must be, in the words of CLI11: its own checks let NaN, octal and
// negative numbers through, and describe themselves in --help as programs do.
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace strata::app {

// Decimal digits that make a number from `low` to `high`.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t low, std::uint64_t high);

// A number of seconds from `low` to a day, as in 0.2.
[[nodiscard]] CLI::Validator seconds_from(double low);

// The first flag of the verb that was given an empty value; empty when there is none.
[[nodiscard]] std::string flag_with_empty_value(const CLI::App& verb);

}  // namespace strata::app
