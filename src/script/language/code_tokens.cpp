// SPDX-License-Identifier: Apache-2.0
#include "script/language/code_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "script/language/lexer.h"

namespace strata::script {
namespace {

constexpr std::array<std::string_view, 9> kLongSigns = {"==", "!=", "<=", ">=", "<<",
                                                        ">>", "//", "**", "->"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Cutter {
 public:
  explicit Cutter(std::string_view code) : code_(code) {}

  std::expected<std::vector<CodeToken>, std::string> cut() {
    while (at_ < code_.size() && error_.empty()) step();
    if (!error_.empty()) return std::unexpected(error_);
    push(CodeToken::Kind::kSeparator, 0);
    push(CodeToken::Kind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return code_.substr(at_); }

  CodeToken& push(CodeToken::Kind kind, std::size_t length) {
    CodeToken token;
    token.kind = kind;
    token.raw = code_.substr(at_, length);
    at_ += length;
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  void step() {
    const char c = code_[at_];
    if (c == ' ' || c == '\t' || c == '\r' || (c == '\n' && depth_ > 0)) {
      ++at_;
    } else if (c == '\n' || c == ';') {
      push(CodeToken::Kind::kSeparator, 1);
    } else if (c == '#') {
      at_ = std::min(code_.find('\n', at_), code_.size());
    } else if (c == '\\') {
      continue_line();
    } else if (c == '"' || c == '\'') {
      string(c);
    } else if (is_digit(c) || (c == '.' && rest().size() > 1 && is_digit(rest()[1]))) {
      number();
    } else if (is_name_character(c)) {
      push(CodeToken::Kind::kName, name_length(rest()));
    } else {
      sign();
    }
  }

  static std::size_t name_length(std::string_view text) {
    const auto end = std::ranges::find_if_not(text, is_name_character);
    return static_cast<std::size_t>(end - text.begin());
  }

  // A backslash before the end of the line, or of the code.
  void continue_line() {
    const std::size_t end = rest().find_first_not_of(" \t\r", 1);
    if (end == std::string_view::npos) {
      at_ = code_.size();
    } else if (rest()[end] == '\n') {
      at_ += end + 1;
    } else {
      error_ = "a backslash inside a line";
    }
  }

  void string(char quote) {
    std::size_t end = 1;
    while (end < rest().size() && rest()[end] != quote) end += rest()[end] == '\\' ? 2 : 1;
    if (end >= rest().size()) {
      error_ = "a string without its end";
      return;
    }
    auto plain = unescaped(rest().substr(1, end - 1));
    if (!plain) {
      error_ = "an unknown escape in a string";
      return;
    }
    push(CodeToken::Kind::kString, end + 1).text = *std::move(plain);
  }

  void number() {
    const bool is_hex = rest().starts_with("0x") || rest().starts_with("0X");
    std::size_t length = name_length(rest());
    const bool is_whole = is_hex || length == rest().size() || rest()[length] != '.';
    if (!is_whole) length += 1 + name_length(rest().substr(length + 1));
    CodeToken& token = push(CodeToken::Kind::kNumber, length);
    token.is_whole = is_whole;
    const std::string_view digits = token.raw.substr(is_hex ? 2 : 0);
    if (is_whole) {
      const auto read =
          std::from_chars(digits.begin(), digits.end(), token.integer, is_hex ? 16 : 10);
      if (read.ptr != digits.end() || read.ec != std::errc{}) {
        error_ = "'" + std::string(token.raw) + "' is no number of 64 bits";
      }
      token.number = static_cast<double>(token.integer);
    } else {
      const auto read = std::from_chars(digits.begin(), digits.end(), token.number);
      if (read.ptr != digits.end() || read.ec != std::errc{}) {
        error_ = "'" + std::string(token.raw) + "' is no number";
      }
    }
  }

  void sign() {
    for (const std::string_view sign : kLongSigns) {
      if (!rest().starts_with(sign)) continue;
      push(CodeToken::Kind::kSign, sign.size());
      return;
    }
    const char c = code_[at_];
    if (c == '(') ++depth_;
    if (c == ')' && depth_ > 0) --depth_;
    push(CodeToken::Kind::kSign, 1);
  }

  std::string_view code_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::vector<CodeToken> tokens_;
  std::string error_;
};

}  // namespace

std::expected<std::vector<CodeToken>, std::string> code_tokens(std::string_view code) {
  return Cutter(code).cut();
}

}  // namespace strata::script
