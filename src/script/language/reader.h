// SPDX-License-Identifier: Apache-2.0
// The current token, and the first thing that was wrong. Shared by all parts of the parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "script/language/ast.h"
#include "script/language/lexer.h"

namespace strata::script {

// After an error every token is the end, so that no part of the parser needs to ask: loops end,
// and what is still read does not count.
class Reader {
 public:
  Reader(std::string_view text, Options options) : lexer_(text), options_(std::move(options)) {
    advance();
  }

  [[nodiscard]] const Token& token() const { return token_; }
  [[nodiscard]] std::uint32_t line() const { return token_.line; }
  [[nodiscard]] bool at_end() const { return token_.kind == Token::Kind::kEnd; }
  [[nodiscard]] bool at(Token::Kind kind) const { return token_.kind == kind; }
  [[nodiscard]] bool at(char sign) const { return token_.is_sign(sign); }
  [[nodiscard]] bool at(std::string_view word) const { return token_.is_word(word); }
  [[nodiscard]] const std::optional<SyntaxError>& error() const { return error_; }
  [[nodiscard]] bool failed() const { return error_.has_value(); }

  void advance() {
    if (failed()) return;
    token_ = lexer_.next(options_);
    if (token_.kind == Token::Kind::kBad) fail(std::string(token_.text));
  }
  Token take() {
    Token taken = token_;
    advance();
    return taken;
  }
  // True, and the token is behind us, if it is that sign or word.
  bool accept(char sign) {
    if (!at(sign)) return false;
    advance();
    return true;
  }
  bool accept(std::string_view word) {
    if (!at(word)) return false;
    advance();
    return true;
  }
  void expect(char sign, std::string_view after) {
    if (!accept(sign)) fail("expected '" + std::string(1, sign) + "' " + std::string(after));
  }
  // A number from `low` to `high`; `low` when there is none.
  std::int64_t expect_integer(std::int64_t low, std::int64_t high, std::string_view what);
  std::uint32_t expect_u32(std::string_view what) {
    return static_cast<std::uint32_t>(expect_integer(0, UINT32_MAX, what));
  }
  std::uint16_t expect_u16(std::string_view what) {
    return static_cast<std::uint16_t>(expect_integer(0, UINT16_MAX, what));
  }

  // Only the first error counts.
  void fail(std::string text) { fail_at(token_, std::move(text)); }
  void fail_at(const Token& token, std::string text) {
    if (failed()) return;
    error_ = SyntaxError{token.line, std::string(token.raw), std::move(text)};
    token_.kind = Token::Kind::kEnd;
  }

  [[nodiscard]] Options& options() { return options_; }

 private:
  Lexer lexer_;
  Options options_;
  Token token_;
  std::optional<SyntaxError> error_;
};

// parse_packet.cpp: `> P. 1:1001(1000) ack 1`, `< udp (10)`, `< icmp unreachable ...`.
[[nodiscard]] PacketSpec read_packet(Reader& reader);
// parse_tcp_options.cpp: `<mss 1460,nop,wscale 7>`, behind its '<' and up to and with its '>'.
void read_tcp_options(Reader& reader, TcpSpec& tcp);
// parse_call.cpp: `write(4, ..., 10) = 10`; the time it may take stands before it.
[[nodiscard]] SystemCall read_call(Reader& reader);

}  // namespace strata::script
