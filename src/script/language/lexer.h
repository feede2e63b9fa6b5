// SPDX-License-Identifier: Apache-2.0
// Cuts the text of a script into words, numbers, strings and signs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "script/language/options.h"

namespace strata::script {

struct Token {
  enum class Kind : std::uint8_t {
    kEnd,
    kInteger,     // 10, -1
    kHex,         // 0x1f
    kFloat,       // 0.1, .5
    kWord,        // letters, digits and underscores
    kString,      // "..."
    kBackQuoted,  // `...`
    kCode,        // %{ ... }%
    kOption,      // --name, with its value
    kEllipsis,    // ...
    kSign,        // any other character
    kBad,         // text says why
  };
  Kind kind = Kind::kEnd;
  std::uint32_t line = 1;
  std::string_view raw;       // as it stands in the script
  std::string text;           // of words, strings, commands and code; an option's value
  std::int64_t integer = 0;   // kInteger, kHex
  bool is_too_large = false;  // the integer fits no 64 bits
  double number = 0;          // kFloat, and kInteger as well

  [[nodiscard]] bool is_sign(char sign) const {
    return kind == Kind::kSign && raw.size() == 1 && raw.front() == sign;
  }
  [[nodiscard]] bool is_word(std::string_view word) const {
    return kind == Kind::kWord && text == word;
  }
};

class Lexer {
 public:
  explicit Lexer(std::string_view script) : script_(script) {}

  // Words that the options define stand for their values.
  [[nodiscard]] Token next(const Options& options);

 private:
  // False at an unterminated comment.
  bool skip_blanks();
  [[nodiscard]] Token cut();
  [[nodiscard]] Token cut_number_or_word();
  [[nodiscard]] Token cut_quoted(char quote, Token::Kind kind);
  [[nodiscard]] Token cut_code();
  [[nodiscard]] Token cut_option();
  [[nodiscard]] Token take(Token::Kind kind, std::size_t length);
  [[nodiscard]] Token bad(std::string text);
  [[nodiscard]] std::string_view rest() const { return script_.substr(at_); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0';
  }

  std::string_view script_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

// "\n", "\x1b", "\"" and the like become what they stand for; nothing when one makes no sense.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view text);

}  // namespace strata::script
