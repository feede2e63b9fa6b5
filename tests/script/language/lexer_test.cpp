// SPDX-License-Identifier: Apache-2.0
#include "script/language/lexer.h"

#include <gtest/gtest.h>

#include <vector>

namespace strata::script::lexer_test {
namespace {

using Kind = Token::Kind;

std::vector<Token> all(std::string_view text, const Options& options = {}) {
  Lexer lexer(text);
  std::vector<Token> tokens;
  for (Token token = lexer.next(options); token.kind != Kind::kEnd; token = lexer.next(options)) {
    tokens.push_back(token);
    if (token.kind == Kind::kBad) break;
  }
  return tokens;
}

TEST(Lexer, TakesTheLongestFormThatFits) {
  struct Row {
    std::string_view text;
    Kind kind;
  };
  const Row rows[] = {
      {"10", Kind::kInteger}, {"-1", Kind::kInteger},      {"0x1f", Kind::kHex},
      {"0.1", Kind::kFloat},  {".5", Kind::kFloat},        {"1000abcd", Kind::kWord},
      {"0xzz", Kind::kWord},  {"tcp_info", Kind::kWord},   {"...", Kind::kEllipsis},
      {"+", Kind::kSign},     {"--verbose", Kind::kOption}};
  for (const Row& row : rows) {
    const std::vector<Token> tokens = all(row.text);
    ASSERT_EQ(tokens.size(), 1U) << row.text;
    EXPECT_EQ(tokens[0].kind, row.kind) << row.text;
  }
}

TEST(Lexer, CutsTimesOfBlockingCallsAtTheEllipsis) {
  for (const std::string_view text : {".1...0.3", "0...0.3", "0.100...1"}) {
    const std::vector<Token> tokens = all(text);
    ASSERT_EQ(tokens.size(), 3U) << text;
    EXPECT_EQ(tokens[1].kind, Kind::kEllipsis) << text;
  }
}

TEST(Lexer, NeverTakesSequenceNumbersForAddresses) { EXPECT_EQ(all("1:1001(1000)").size(), 6U); }

TEST(Lexer, CountsLinesThroughCommentsAndStrings) {
  const std::vector<Token> tokens = all("a // b\n# c\n/* d\n */ e \"f\ng\" h");
  ASSERT_EQ(tokens.size(), 4U);
  EXPECT_EQ(tokens[1].line, 4U);
  EXPECT_EQ(tokens[3].line, 5U);
}

TEST(Lexer, KnowsIntegersThatAreTooLarge) {
  EXPECT_FALSE(all("9223372036854775807")[0].is_too_large);
  EXPECT_TRUE(all("9223372036854775808")[0].is_too_large);
}

TEST(Lexer, SplitsOptionsFromTheirValues) {
  const Token option = all("--define=A=\"b c\" d")[0];
  EXPECT_EQ(option.raw, "define");
  EXPECT_EQ(option.text, "A=\"b c\"");
}

TEST(Lexer, UndoesEscapes) {
  EXPECT_EQ(unescaped(R"(a\n\x41\\\")"), "a\nA\\\"");
  EXPECT_EQ(unescaped(R"(\x4)"), std::nullopt);
  EXPECT_EQ(unescaped("\\"), std::nullopt);
}

}  // namespace
}  // namespace strata::script::lexer_test
