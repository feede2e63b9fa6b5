// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::size_rules_test {
namespace {

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "x;\n";
  return text;
}

TEST(FileSizes, EndAtFiveHundredLinesAndAtEightHundredForTests) {
  EXPECT_TRUE(check_file_sizes(planted({{"src/ip/a.cpp", lines(500)}})).empty());
  EXPECT_TRUE(only_finding(check_file_sizes(planted({{"src/ip/a.cpp", lines(501)}})),
                           "src/ip/a.cpp", "501 (limit 500)"));
  EXPECT_TRUE(check_file_sizes(planted({{"tests/ip/a_test.cpp", lines(800)}})).empty());
  EXPECT_TRUE(only_finding(check_file_sizes(planted({{"tests/ip/a_test.cpp", lines(801)}})),
                           "tests/ip/a_test.cpp", "801 (limit 800)"));
}

TEST(FunctionSizes, EndAtSeventyLines) {
  const auto function = [](std::size_t inner) { return "void f() {\n" + lines(inner) + "}\n"; };
  EXPECT_TRUE(check_function_sizes(planted({{"src/ip/a.cpp", function(68)}})).empty());
  EXPECT_TRUE(only_finding(check_function_sizes(planted({{"src/ip/a.cpp", function(69)}})),
                           "src/ip/a.cpp", "71 (limit 70)"));
}

TEST(FunctionSizes, HoldForScriptsToo) {
  std::string body;
  for (int i = 0; i < 70; ++i) body += "    x = 1\n";
  EXPECT_TRUE(only_finding(check_function_sizes(planted({{"tools/a.py", "def f():\n" + body}})),
                           "tools/a.py", "71 (limit 70)"));
  EXPECT_TRUE(only_finding(check_function_sizes(planted({{"dev", "f() {\n" + body + "}\n"}})),
                           "dev", "72 (limit 70)"));
}

TEST(LineWidths, EndAtAHundredCharacters) {
  EXPECT_TRUE(check_line_widths(planted({{"dev", std::string(100, 'x')}})).empty());
  EXPECT_TRUE(only_finding(check_line_widths(planted({{"dev", std::string(101, 'x')}})), "dev",
                           "101 (limit 100)"));
}

TEST(LineWidths, CountCharactersAndNotBytes) {
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\xc3\xa4";
  EXPECT_TRUE(check_line_widths(planted({{"src/ip/a.h", wide}})).empty());
}

Tree folder_of(const std::string& folder, std::size_t modules) {
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t i = 0; i < modules; ++i) {
    files.emplace_back(folder + "/m" + std::to_string(i) + ".h", "");
    files.emplace_back(folder + "/m" + std::to_string(i) + ".cpp", "");
  }
  return planted(std::move(files));
}

TEST(FolderSizes, EndAtTwentyModulesExceptForWire) {
  EXPECT_TRUE(check_folder_sizes(folder_of("src/ip", 20)).empty());
  EXPECT_TRUE(only_finding(check_folder_sizes(folder_of("src/ip", 21)), "src/ip", "limit 20"));
  EXPECT_TRUE(check_folder_sizes(folder_of("src/wire", 40)).empty());
  EXPECT_TRUE(check_folder_sizes(folder_of("include/strata", 40)).empty());
}

}  // namespace
}  // namespace strata::tidy::size_rules_test
