// SPDX-License-Identifier: Apache-2.0
// number_in: the one way from a whole text to a number. What reads a number off the front of a
// longer text, as lexers do, calls std::from_chars itself.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace strata {

// Nothing unless all of `text` is one that `Number` can hold: no spaces, no plus sign, no prefix.
// Of a floating-point type that includes "inf" and "nan".
template <typename Number>
[[nodiscard]] std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number{};
  std::from_chars_result read{};
  if constexpr (std::is_floating_point_v<Number>) {
    read = std::from_chars(text.begin(), text.end(), number);
  } else {
    read = std::from_chars(text.begin(), text.end(), number, base);
  }
  if (read.ec != std::errc{} || read.ptr != text.end()) return std::nullopt;
  return number;
}

}  // namespace strata
