// SPDX-License-Identifier: Apache-2.0
// The tokens of the Python in scripts.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace strata::script {

struct CodeToken {
  enum class Kind : std::uint8_t { kEnd, kSeparator, kNumber, kString, kName, kSign };
  Kind kind = Kind::kEnd;
  std::string_view raw;
  std::string text;          // of strings
  std::int64_t integer = 0;  // of numbers without a fraction
  double number = 0;
  bool is_whole = true;
};

// Ends with a token of kind kEnd. Line ends inside parentheses do not count.
[[nodiscard]] std::expected<std::vector<CodeToken>, std::string> code_tokens(std::string_view code);

}  // namespace strata::script
