// SPDX-License-Identifier: Apache-2.0
#include "script/language/code.h"

#include <gtest/gtest.h>

namespace strata::script::code_test {
namespace {

CodeNames names() {
  CodeNames names;
  names.lookup = [](std::string_view name) -> std::optional<CodeValue> {
    if (name == "tcpi_cwnd") return std::int64_t{10};
    if (name == "name") return std::string("cubic");
    return std::nullopt;
  };
  return names;
}

// What was printed, or "error: " and why it stopped.
std::string run(std::string_view code) {
  CodeNames known = names();
  const auto printed = run_code(code, known);
  return printed ? *printed : "error: " + printed.error();
}

TEST(Code, HasThePrecedenceOfPython) {
  struct Row {
    std::string_view expression, value;
  };
  const Row rows[] = {
      {"1 + 2 * 3", "7"},       {"(1 + 2) * 3", "9"},   {"7 // 2", "3"},    {"-7 // 2", "-4"},
      {"-7 % 3", "2"},          {"1 / 4", "0.25"},      {"1 | 6 & 4", "5"}, {"1 << 3 + 1", "16"},
      {"5 ^ 1", "4"},           {"~0", "-1"},           {"1 < 2 < 3", "1"}, {"1 < 3 < 2", "0"},
      {"not 1 == 2", "1"},      {"0 or 5", "5"},        {"0 and 5", "0"},   {"1 or 0 and 0", "1"},
      {"1 == 1.0", "1"},        {"'a' + 'b'", "ab"},    {"'a' == 1", "0"},  {"abs(-3)", "3"},
      {"min(3, 1, 2)", "1"},    {"max(3, 4.5)", "4.5"}, {"0x10", "16"},     {"True", "1"},
      {"name == 'cubic'", "1"}, {"1.5 * 2", "3"},       {"- -1", "1"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(run("print(" + std::string(row.expression) + ")"), std::string(row.value) + "\n")
        << row.expression;
  }
}

TEST(Code, AssertionsSayWhatDidNotHold) {
  EXPECT_EQ(run("assert tcpi_cwnd == 10, tcpi_cwnd"), "");
  EXPECT_EQ(run("assert tcpi_cwnd == 11, tcpi_cwnd"),
            "error: assertion failed: tcpi_cwnd == 11: 10");
  EXPECT_EQ(run("assert 9 <= tcpi_cwnd <= 11"), "");
}

TEST(Code, RunsStatementsOneByOne) {
  EXPECT_EQ(run("a = 1; b = a + 1;\\\nprint(a, b)\nprint 'c'"), "1 2\nc\n");
  EXPECT_EQ(run("assert (1 +\n 1) == 2 # fine"), "");
}

TEST(Code, NamesLiveOnIntoTheNextBlock) {
  CodeNames known = names();
  ASSERT_TRUE(run_code("before = tcpi_cwnd", known));
  EXPECT_TRUE(run_code("assert before == 10", known));
}

TEST(Code, RefusesWhatItDoesNotKnow) {
  struct Row {
    std::string_view code, part;
  };
  const Row rows[] = {{"import os", "begins no statement"},
                      {"assert tcpi_bogus == 1", "unknown name"},
                      {"assert open('x')", "unknown function"},
                      {"assert 1 / 0", "has no value"},
                      {"assert 9223372036854775807 + 1", "has no value"},
                      {"assert 1 << 200", "has no value"},
                      {"assert (1", "without ')'"},
                      {"assert 'a", "without its end"},
                      {"assert 1 2", "cannot understand"},
                      {"assert ((((((((((((((((((((((((((((((1", "too deeply"},
                      {"assert --------------------------------1", "too deeply"}};
  for (const Row& row : rows) {
    EXPECT_NE(run(row.code).find(row.part), std::string::npos) << row.code << "\n" << run(row.code);
  }
}

TEST(Code, MessagesAreFormatted) {
  CodeNames names;
  const auto failed = run_code("assert 1 == 2, 'cwnd=%d of %%' % 7", names);
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().find("cwnd=7 of %"), std::string::npos) << failed.error();
  EXPECT_TRUE(run_code("assert 1 == 1, 'x=%x' % 255", names).has_value());
  EXPECT_FALSE(run_code("assert 1 == 1, '%d %d' % 1", names).has_value());
  EXPECT_FALSE(run_code("assert 1 == 1, '%q' % 1", names).has_value());
}

}  // namespace
}  // namespace strata::script::code_test
