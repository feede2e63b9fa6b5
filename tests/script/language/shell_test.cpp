// SPDX-License-Identifier: Apache-2.0
#include "script/language/shell.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::script::shell_test {
namespace {

// Commands as "a|b|c", and between them ";", or what else joins them.
std::string split(std::string_view text) {
  const auto commands = split_commands(text);
  if (!commands) return "error: " + commands.error().text;
  std::string out;
  Link link = Link::kThen;
  for (const Words& command : *commands) {
    if (!out.empty()) out += link == Link::kThen ? ";" : link == Link::kElse ? " else " : " to ";
    link = command.next;
    for (std::size_t i = 0; i < command.words.size(); ++i) {
      out += (i == 0 ? "" : "|") + command.words[i];
    }
  }
  return out;
}

TEST(Shell, SplitsCommandsAndWords) {
  struct Row {
    std::string_view text, words;
  };
  const Row rows[] = {
      {"a b  c", "a|b|c"},
      {"a\nb;c && d", "a;b;c;d"},
      {"a \\\n b", "a|b"},
      {"# nothing\na # b", "a"},
      {"a 'b c' \"d e\"f", "a|b c|d ef"},
      {"sysctl -q x=\"4096 540000 $((15*1024*1024))\"", "sysctl|-q|x=4096 540000 15728640"},
      {"a=$(( (1 + 2) * 4 / 3 - 1 ))", "a=3"},
      {"a > /dev/null 2>&1\nb >/dev/null", "a;b"},
      {"/tmp/restore_${PPID}.sh", "/tmp/restore_${PPID}.sh"},
      {"a ''", "a|"},
      {"a b | c >/dev/null|d", "a|b to c to d"},
      {"a &> /dev/null ||\\\n b; c", "a else b;c"},
      {"a '|' \"b || c\"", "a|||b || c"},
  };
  for (const Row& row : rows) EXPECT_EQ(split(row.text), row.words) << row.text;
}

TEST(Shell, TellsWhereOutputGoes) {
  const auto commands = split_commands("echo 1 > /a/b; echo 2 >>/c 2>/dev/null; d 2> /e; f 1>/g");
  ASSERT_TRUE(commands);
  ASSERT_EQ(commands->size(), 4U);
  EXPECT_EQ((*commands)[0].output, "/a/b");
  EXPECT_EQ((*commands)[1].output, "/c");
  EXPECT_EQ((*commands)[2].output, "");
  EXPECT_EQ((*commands)[3].output, "/g");
}

TEST(Shell, NamesWhatItDoesNotSupport) {
  struct Row {
    std::string_view text, part;
  };
  const Row rows[] = {{"| b", "'|'"},           {"a || || b", "'|'"},
                      {"a $HOME", "variables"}, {"a &", "'&'"},
                      {"a 'b", "without its"},  {"a $((1/0))", "arithmetic"},
                      {"(a)", "'('"},           {"a $((((((((((((((((((((1", "variables"}};
  for (const Row& row : rows) {
    EXPECT_NE(split(row.text).find(row.part), std::string::npos) << row.text << split(row.text);
  }
}

}  // namespace
}  // namespace strata::script::shell_test
