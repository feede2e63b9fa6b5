// SPDX-License-Identifier: Apache-2.0
#include "script/language/lexer.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace strata::script {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_word_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

template <typename Belongs>
std::size_t length_of(std::string_view text, Belongs belongs) {
  const auto end = std::ranges::find_if_not(text, belongs);
  return static_cast<std::size_t>(end - text.begin());
}

// How many characters of `text` are [-]?[0-9]*[.][0-9]+; 0: none.
std::size_t float_length(std::string_view text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = sign + length_of(text.substr(sign), is_digit);
  if (whole >= text.size() || text[whole] != '.') return 0;
  const std::size_t part = length_of(text.substr(whole + 1), is_digit);
  return part == 0 ? 0 : whole + 1 + part;
}

std::size_t integer_length(std::string_view text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::size_t digits = length_of(text.substr(sign), is_digit);
  return digits == 0 ? 0 : sign + digits;
}

void read_integer(Token& token, std::string_view digits, int base) {
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), token.integer, base);
  token.is_too_large = error != std::errc{} || end != digits.data() + digits.size();
  token.number = static_cast<double>(token.integer);
}

void read_float(Token& token) {
  std::string text(token.raw);
  if (text.starts_with('.')) text.insert(0, 1, '0');
  token.number = std::strtod(text.c_str(), nullptr);
}

// What a word of that value is: the same forms that --define takes.
void define(Token& token, std::string_view value) {
  const bool is_quoted = value.size() >= 2 && value.front() == value.back();
  if (is_quoted && (value.front() == '"' || value.front() == '`')) {
    token.kind = value.front() == '"' ? Token::Kind::kString : Token::Kind::kBackQuoted;
    token.text = value.substr(1, value.size() - 2);
    return;
  }
  token.text = value;
  const bool is_hex = value.starts_with("0x") && value.size() > 2;
  Token as_number;
  read_integer(as_number, is_hex ? value.substr(2) : value, is_hex ? 16 : 10);
  if (as_number.is_too_large) return;
  token.kind = Token::Kind::kInteger;
  token.integer = as_number.integer;
  token.number = as_number.number;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> unescaped(std::string_view text) {
  static constexpr std::string_view kNames = "ntrfvab0\\\"'`";
  static constexpr std::string_view kValues{"\n\t\r\f\v\a\b\0\\\"'`", 12};
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'x') {
      unsigned value = 0;
      const char* digits = text.data() + i + 1;
      if (text.size() < i + 3 || !is_hex_digit(digits[0]) || !is_hex_digit(digits[1])) {
        return std::nullopt;
      }
      std::from_chars(digits, digits + 2, value, 16);
      out += static_cast<char>(value);
      i += 2;
      continue;
    }
    const std::size_t which = kNames.find(text[i]);
    if (which == std::string_view::npos) return std::nullopt;
    out += kValues[which];
  }
  return out;
}

Token Lexer::next(const Options& options) {
  Token token = cut();
  if (token.kind != Token::Kind::kWord) return token;
  const auto defined = options.definitions.find(token.text);
  if (defined != options.definitions.end()) define(token, defined->second);
  return token;
}

bool Lexer::skip_blanks() {
  while (at_ < script_.size()) {
    if (peek() == '\n') ++line_;
    if (is_blank(peek())) {
      ++at_;
    } else if (peek() == '#' || rest().starts_with("//")) {
      at_ = std::min(script_.find('\n', at_), script_.size());
    } else if (rest().starts_with("/*")) {
      const std::size_t end = script_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return false;
      line_ += static_cast<std::uint32_t>(std::ranges::count(script_.substr(at_, end - at_), '\n'));
      at_ = end + 2;
    } else {
      break;
    }
  }
  return true;
}

Token Lexer::take(Token::Kind kind, std::size_t length) {
  Token token;
  token.kind = kind;
  token.line = line_;
  token.raw = script_.substr(at_, length);
  token.text = token.raw;
  line_ += static_cast<std::uint32_t>(std::ranges::count(token.raw, '\n'));
  at_ += token.raw.size();
  return token;
}

Token Lexer::bad(std::string text) {
  Token token = take(Token::Kind::kBad, script_.size() - at_);
  token.raw = token.raw.substr(0, std::min<std::size_t>(token.raw.find('\n'), 20));
  token.text = std::move(text);
  return token;
}

Token Lexer::cut() {
  if (!skip_blanks()) return bad("a comment without its end");
  if (at_ == script_.size()) return take(Token::Kind::kEnd, 0);
  const std::string_view text = rest();
  if (text.starts_with("...")) return take(Token::Kind::kEllipsis, 3);
  if (text.starts_with("--") && text.size() > 2 && is_word_character(text[2])) return cut_option();
  if (text.starts_with("%{")) return cut_code();
  if (text.front() == '"') return cut_quoted('"', Token::Kind::kString);
  if (text.front() == '`') return cut_quoted('`', Token::Kind::kBackQuoted);
  return cut_number_or_word();
}

// The longest of the forms that fit is meant: "0.1" is no 0, "1000abcd" no 1000.
Token Lexer::cut_number_or_word() {
  const std::string_view text = rest();
  const std::size_t word = length_of(text, is_word_character);
  const std::size_t whole = integer_length(text);
  const std::size_t part = float_length(text);
  if (part > std::max(word, whole)) {
    Token token = take(Token::Kind::kFloat, part);
    read_float(token);
    return token;
  }
  if (whole != 0 && whole >= word) {
    Token token = take(Token::Kind::kInteger, whole);
    read_integer(token, token.raw, 10);
    return token;
  }
  const std::string_view digits = text.substr(std::min<std::size_t>(2, word));
  if (text.starts_with("0x") && word > 2 && length_of(digits, is_hex_digit) + 2 == word) {
    Token token = take(Token::Kind::kHex, word);
    read_integer(token, token.raw.substr(2), 16);
    return token;
  }
  if (word != 0) return take(Token::Kind::kWord, word);
  return take(Token::Kind::kSign, 1);
}

Token Lexer::cut_quoted(char quote, Token::Kind kind) {
  std::size_t end = at_ + 1;
  while (end < script_.size() && script_[end] != quote) end += script_[end] == '\\' ? 2 : 1;
  if (end >= script_.size()) return bad("a quotation without its end");
  Token token = take(kind, end + 1 - at_);
  token.text = token.raw.substr(1, token.raw.size() - 2);
  if (kind != Token::Kind::kString) return token;
  if (auto plain = unescaped(token.text)) {
    token.text = *std::move(plain);
  } else {
    token.kind = Token::Kind::kBad;
    token.text = "an escape that is none of \\n \\t \\r \\f \\v \\a \\b \\0 \\\\ \\\" \\xHH";
  }
  return token;
}

Token Lexer::cut_code() {
  const std::size_t end = script_.find("}%", at_ + 2);
  if (end == std::string_view::npos) return bad("code without its end }%");
  Token token = take(Token::Kind::kCode, end + 2 - at_);
  token.text = trimmed(token.raw.substr(2, token.raw.size() - 4));
  return token;
}

// `--name`, `--name=value`, `--define=NAME="two words"`.
Token Lexer::cut_option() {
  const std::size_t name = 2 + length_of(rest().substr(2), is_word_character);
  std::size_t end = at_ + name;
  if (end < script_.size() && script_[end] == '=') {
    char quote = '\0';
    for (++end; end < script_.size() && script_[end] != '\n'; ++end) {
      if (quote == '\0' && is_blank(script_[end])) break;
      if (script_[end] == quote) {
        quote = '\0';
      } else if (quote == '\0' && (script_[end] == '"' || script_[end] == '`')) {
        quote = script_[end];
      }
    }
    if (quote != '\0') return bad("a quotation without its end");
  }
  Token token = take(Token::Kind::kOption, end - at_);
  const std::string_view whole = token.raw;
  token.raw = whole.substr(2, name - 2);
  token.text = whole.size() > name ? whole.substr(name + 1) : std::string_view{};
  return token;
}

}  // namespace strata::script
