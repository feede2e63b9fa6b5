// SPDX-License-Identifier: Apache-2.0
#include "service/lab/quantity.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>
#include <string>

#include "base/number_text.h"

namespace strata::service {
namespace {

struct Unit {
  std::string_view name;
  double size;
};

constexpr std::array<Unit, 6> kTimes{
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};
constexpr std::array<Unit, 4> kRates{
    {{"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}}};
constexpr std::array<Unit, 4> kSizes{{{"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}}};
constexpr std::array<Unit, 1> kShares{{{"%", 1}}};

// In the smallest unit. No quantity of a lab is as large as this.
constexpr double kQuantityMost = 1e18;

Outcome<double> parse(std::string_view text, std::span<const Unit> units, std::string_view what) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  std::string_view name = digits == std::string_view::npos ? "" : text.substr(digits);
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto value = number_in<double>(number);
  for (const Unit& unit : units) {
    if (unit.name != name || !value || *value * unit.size > kQuantityMost) continue;
    return *value * unit.size;
  }
  return failed(fmt::format("'{}' is not {}", text, what));
}

}  // namespace

Outcome<Duration> parse_duration(std::string_view text) {
  const auto value = parse(text, kTimes, "a time, as in 20ms or 1.5s (ns, us, ms, s, min, h)");
  if (!value) return std::unexpected(value.error());
  return Duration(std::llround(*value));
}

Outcome<std::uint64_t> parse_bit_rate(std::string_view text) {
  const auto value = parse(text, kRates, "a rate, as in 10Mbit/s (bit/s, kbit/s, Mbit/s, Gbit/s)");
  if (!value) return std::unexpected(value.error());
  if (*value < 1) return failed(fmt::format("'{}' is no rate: nothing would ever arrive", text));
  return static_cast<std::uint64_t>(std::llround(*value));
}

Outcome<std::uint64_t> parse_byte_count(std::string_view text) {
  const auto value = parse(text, kSizes, "a size, as in 64KB (B, KB, MB, GB, of 1000 each)");
  if (!value) return std::unexpected(value.error());
  return static_cast<std::uint64_t>(std::llround(*value));
}

Outcome<Ratio> parse_share(std::string_view text) {
  constexpr std::uint64_t kParts = 1'000'000'000;
  const auto value = parse(text, kShares, "a share, as in 1.5%");
  if (!value) return std::unexpected(value.error());
  if (*value > 100) return failed(fmt::format("'{}' is more than 100%", text));
  const auto parts = static_cast<std::uint64_t>(std::llround(*value / 100 * double{kParts}));
  return Ratio{parts, kParts};
}

}  // namespace strata::service
