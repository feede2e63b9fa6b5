// SPDX-License-Identifier: Apache-2.0
#include "strata/value_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/number_text.h"

namespace strata::app {
namespace {

constexpr double kSecondsMax = 86'400;

}  // namespace

CLI::Validator whole_number(std::uint64_t low, std::uint64_t high) {
  const auto check = [low, high](std::string& text) -> std::string {
    const auto number = number_in<std::uint64_t>(text);
    if (!number || *number < low || *number > high) {
      return fmt::format("'{}' is not a number from {} to {}", text, low, high);
    }
    text = std::to_string(*number);  // with a zero before it CLI11 would read octal
    return {};
  };
  return {check, ""};
}

CLI::Validator seconds_from(double low) {
  const auto check = [low](std::string& text) -> std::string {
    const auto seconds = number_in<double>(text);
    if (seconds && std::isfinite(*seconds) && *seconds >= low && *seconds <= kSecondsMax) return {};
    return fmt::format("'{}' is not a number of seconds from {} to {}", text, low, kSecondsMax);
  };
  return {check, ""};
}

std::string flag_with_empty_value(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    const bool needs_value = !option->get_positional() && option->get_items_expected_min() > 0;
    if (!needs_value) continue;
    const auto& values = option->results();
    if (std::ranges::find(values, std::string()) != values.end()) return option->get_name();
  }
  return {};
}

}  // namespace strata::app
