// SPDX-License-Identifier: Apache-2.0
#include "tidy/code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tidy/tree.h"

namespace strata::tidy::code_test {
namespace {

TEST(Strip, RemovesComments) {
  EXPECT_EQ(strip_comments_and_literals("a; // rand()\nb;"), "a;          \nb;");
  EXPECT_EQ(strip_comments_and_literals("a/*x\ny*/b"), "a   \n   b");
}

TEST(Strip, BlanksLiteralsAndKeepsTheirQuotes) {
  EXPECT_EQ(strip_comments_and_literals(R"(f("new \" x");)"), R"(f("        ");)");
  EXPECT_EQ(strip_comments_and_literals("c = '{';"), "c = ' ';");
  EXPECT_EQ(strip_comments_and_literals("n = 1'000'000;"), "n = 1'000'000;");
}

TEST(Strip, BlanksRawLiterals) {
  const std::string stripped = strip_comments_and_literals("x = R\"a(new \" )a\"; y");
  EXPECT_EQ(stripped.find("new"), std::string::npos);
  EXPECT_TRUE(stripped.ends_with("; y"));
}

TEST(Strip, KeepsIncludePaths) {
  EXPECT_EQ(strip_comments_and_literals("#include \"ip/x.h\"\n"), "#include \"ip/x.h\"\n");
}

TEST(FindWord, IsBoundedByWhatIsNotAnIdentifier) {
  EXPECT_EQ(find_word("a new b", "new"), 2U);
  EXPECT_EQ(find_word("renew", "new"), std::string::npos);
  EXPECT_EQ(find_word("new_size", "new"), std::string::npos);
  EXPECT_EQ(find_word("std::string_view", "std::string"), std::string::npos);
  EXPECT_EQ(find_word("srand(1)", "rand("), std::string::npos);
  EXPECT_EQ(find_word("x = rand();", "rand("), 4U);
}

TEST(Includes, AreReadWithTheirKind) {
  const auto includes = includes_of({"#include <span>", "", "#include \"ip/x.h\""});
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_TRUE(includes[0].angled);
  EXPECT_EQ(includes[0].path, "span");
  EXPECT_FALSE(includes[1].angled);
  EXPECT_EQ(includes[1].path, "ip/x.h");
  EXPECT_EQ(includes[1].line, 3U);
}

TEST(Includes, AreReadHoweverTheyAreWritten) {
  const File file("src/ip/a.cpp",
                  "#  include \"ip/x.h\"\n#include \\\n    \"ip/y.h\"\nf(\"ip/z.h\");\n");
  const auto includes = includes_of(file.code);
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].path, "ip/x.h");
  EXPECT_EQ(includes[1].path, "ip/y.h");
  EXPECT_EQ(includes[1].line, 2U);
}

TEST(Directive, IsTheWordBehindTheSign) {
  EXPECT_EQ(directive_of("#include <span>"), "include");
  EXPECT_EQ(directive_of("  # include<span>"), "include");
  EXPECT_EQ(directive_of("#endif"), "endif");
  EXPECT_EQ(directive_of("x = '#';"), "");
  EXPECT_EQ(directive_of(""), "");
}

std::vector<std::size_t> lengths(std::string_view text) {
  std::vector<std::size_t> found;
  for (const Function& function : functions_of(File("x.cpp", text).code)) {
    found.push_back(function.length);
  }
  return found;
}

TEST(Functions, AreFoundInNamespacesAndClasses) {
  EXPECT_THAT(lengths("namespace a {\nvoid f() {\n  g();\n}\n}  // namespace a\n"),
              testing::ElementsAre(3));
  EXPECT_THAT(lengths("class A {\n public:\n  int f() const { return 1; }\n  int x_ = 0;\n};\n"),
              testing::ElementsAre(1));
}

TEST(Functions, SurviveInitialisers) {
  EXPECT_THAT(lengths("A::A(int b) : x_{b}, y_(b) {\n  f();\n}\nint z[] = {1, 2};\n"),
              testing::ElementsAre(3));
  EXPECT_THAT(
      lengths("constexpr Folder kFolders[] = {\n    {\"base\", 0},\n    {\"x\", f(1)},\n};"),
      testing::IsEmpty());
}

TEST(Functions, CountTheirInnerBlocksAndLambdasOnce) {
  EXPECT_THAT(lengths("void f() {\n  if (a) {\n    b([&] {\n      c();\n    });\n  }\n}\n"),
              testing::ElementsAre(7));
}

TEST(Functions, AreNotTypes) {
  EXPECT_THAT(lengths("struct A {\n  int x;\n};\nenum class B : int { kC };\n"),
              testing::IsEmpty());
  EXPECT_THAT(lengths("template <typename T>\nstruct A : B<T> {\n  T x{};\n};\n"),
              testing::IsEmpty());
  EXPECT_THAT(lengths("template <typename R>\nclass A<R(int), 4> {\n  R x{};\n};\n"),
              testing::IsEmpty());
  EXPECT_THAT(lengths("struct stat look(int f) {\n  return {};\n}\n"), testing::ElementsAre(3));
}

TEST(Functions, MayBeLambdasAndMacrosAndConstrained) {
  EXPECT_THAT(lengths("const auto kX = [] {\n  return 1;\n}();\n"), testing::ElementsAre(3));
  EXPECT_THAT(lengths("const auto kX = [] -> int {\n  return 1;\n};\n"), testing::ElementsAre(3));
  EXPECT_THAT(lengths("#define F(x) \\\n  do {      \\\n  } while (x)\nvoid f() {\n}\n"),
              testing::ElementsAre(3, 2));
  EXPECT_THAT(lengths("template <class T>\nint f(T x)\n  requires Is<T>\n{\n  return x;\n}\n"),
              testing::ElementsAre(3));
}

TEST(Functions, AreCountedOnceWhenAConditionBeginsThemTwice) {
  EXPECT_THAT(lengths("#ifdef A\nvoid f(int) {\n#else\nvoid f() {\n#endif\n}\nvoid g() {\n}\n"),
              testing::ElementsAre(3, 2));
}

std::vector<std::size_t> script_lengths(const std::vector<Function>& functions) {
  std::vector<std::size_t> found;
  for (const Function& function : functions) found.push_back(function.length);
  return found;
}

TEST(Functions, OfScriptsEndWhereTheirLinesStandOut) {
  EXPECT_THAT(script_lengths(python_functions_of(
                  {"class A:", "    def f(", "        self,", "    ):", "        return 1", "",
                   "    def g(self):", "        pass", "", "x = 1"})),
              testing::ElementsAre(4, 2));
  EXPECT_THAT(
      script_lengths(shell_functions_of({"f() {", "  g", "}", "h() (", "  g", "  g", ")", "f"})),
      testing::ElementsAre(3, 4));
}

}  // namespace
}  // namespace strata::tidy::code_test
