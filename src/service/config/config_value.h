// SPDX-License-Identifier: Apache-2.0
// Values as a configuration file writes them, for the rows of keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "service/json_text.h"

namespace strata::service {

// TOML's basic strings are escaped as JSON's are. Nothing is said of what is empty.
[[nodiscard]] inline std::string shown_text(std::string_view text) {
  return text.empty() ? std::string() : json_string(text);
}

[[nodiscard]] inline std::string shown_switch(bool is_on) { return is_on ? "true" : "false"; }

// Zero: as when it is left out.
[[nodiscard]] inline std::string shown_number(std::uint64_t number) {
  return number == 0 ? std::string() : std::to_string(number);
}

// `text_of` makes text of one element.
template <typename List, typename TextOf>
[[nodiscard]] std::string shown_texts(const List& list, TextOf text_of) {
  std::string shown;
  for (const auto& element : list) {
    shown += (shown.empty() ? "[" : ", ") + json_string(text_of(element));
  }
  return shown.empty() ? shown : shown + "]";
}

}  // namespace strata::service
