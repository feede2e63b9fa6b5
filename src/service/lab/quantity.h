// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them in labs: "10Mbit/s", "20ms", "1.5%", "64KB".
#pragma once

#include <cstdint>
#include <string_view>

#include "service/failure.h"
#include "strata/rng.h"
#include "strata/time.h"

namespace strata::service {

// A number, digits behind a point or not, and a unit, with no or one space between them.
[[nodiscard]] Outcome<Duration> parse_duration(std::string_view text);       // ns us ms s min h
[[nodiscard]] Outcome<std::uint64_t> parse_bit_rate(std::string_view text);  // bit/s kbit/s ...
[[nodiscard]] Outcome<std::uint64_t> parse_byte_count(
    std::string_view text);  // B KB MB GB: of 1000
// From 0% to 100%.
[[nodiscard]] Outcome<Ratio> parse_share(std::string_view text);

}  // namespace strata::service
