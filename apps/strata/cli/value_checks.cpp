// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/value_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "base/number_text.h"

namespace strata::app {
namespace {

constexpr double kSecondsMax = 86'400;

}  // namespace

ValueCheck whole_number(std::uint64_t low, std::uint64_t high) {
  return [low, high](std::string& text) -> std::string {
    const auto number = number_in<std::uint64_t>(text);
    if (!number || *number < low || *number > high) {
      return fmt::format("'{}' is not a number from {} to {}", text, low, high);
    }
    text = std::to_string(*number);  // with a zero before it CLI11 would read octal
    return {};
  };
}

ValueCheck seconds_from(double low) {
  return [low](std::string& text) -> std::string {
    const auto seconds = number_in<double>(text);
    if (seconds && std::isfinite(*seconds) && *seconds >= low && *seconds <= kSecondsMax) return {};
    return fmt::format("'{}' is not a number of seconds from {} to {}", text, low, kSecondsMax);
  };
}

ValueCheck one_of(std::initializer_list<const char*> words) {
  return [words = std::vector<std::string>(words.begin(), words.end())](std::string& text) {
    if (std::ranges::find(words, text) != words.end()) return std::string();
    return fmt::format("'{}' is not {}", text, fmt::join(words, " or "));
  };
}

Duration duration_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace strata::app
