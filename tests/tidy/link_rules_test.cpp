// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::link_rules_test {
namespace {

Findings links(const std::string& text) {
  return check_links(planted({{"docs/A.md", text},
                              {"docs/B.md", "# Big title\n## 2. Second, part\n```\n# no\n```\n"},
                              {"src/ip/README.md", ""}}));
}

TEST(Links, LeadSomewhere) {
  EXPECT_TRUE(links("[b](B.md) [ip](../src/ip) [top](../docs/B.md)").empty());
  EXPECT_TRUE(only_finding(links("[c](C.md)"), "docs/A.md", "C.md leads nowhere"));
  EXPECT_TRUE(only_finding(links("one\n![picture](p.png)"), "docs/A.md", "p.png leads nowhere"));
  EXPECT_TRUE(only_finding(links("[x](../../etc)"), "docs/A.md", "leaves the repository"));
}

TEST(Links, MayBeWrittenInOtherWays) {
  EXPECT_TRUE(only_finding(links("[c][d]\n\n[d]: C.md"), "docs/A.md", "C.md leads nowhere"));
  EXPECT_TRUE(only_finding(links("<a href=\"C.md\">c</a>"), "docs/A.md", "C.md leads nowhere"));
  EXPECT_TRUE(only_finding(links("<img src=\"c.png\">"), "docs/A.md", "c.png leads nowhere"));
  EXPECT_TRUE(links("[b][d]\n\n[d]: B.md").empty());
}

TEST(Links, LeadToHeadingsThatExist) {
  EXPECT_TRUE(links("[b](B.md#big-title) [s](B.md#2-second-part)").empty());
  EXPECT_TRUE(only_finding(links("[b](B.md#small-title)"), "docs/A.md", "names a heading"));
  EXPECT_TRUE(only_finding(links("[b](B.md#no)"), "docs/A.md", "names a heading"));
  EXPECT_TRUE(links("# Here\n[up](#here)").empty());
}

TEST(Links, OfTheWebAndInSamplesAreNotFollowed) {
  EXPECT_TRUE(links("[w](https://example.org/x) [m](mailto:a@example.org)").empty());
  EXPECT_TRUE(links("```\n[c](C.md)\n```\n").empty());
}

Findings paths(const std::string& text) {
  return check_named_paths(planted({{"docs/A.md", text}, {"src/ip/route.cpp", ""}}));
}

TEST(NamedPaths, Exist) {
  EXPECT_TRUE(paths("see `src/ip/route.cpp` in `src/ip/` and `docs/`").empty());
  EXPECT_TRUE(only_finding(paths("see `src/ip/rout.cpp`"), "docs/A.md", "no src/ip/rout.cpp"));
  EXPECT_TRUE(paths("see `ip/route.cpp`, or `../src/ip/route.cpp` from here").empty());
  EXPECT_TRUE(only_finding(paths("see `udp/route.cpp`"), "docs/A.md", "no udp/route.cpp"));
  EXPECT_TRUE(only_finding(paths("run `tools/gone.py --check`"), "docs/A.md", "no tools/gone.py"));
}

TEST(NamedPaths, MayBePatternsAndExamples) {
  EXPECT_TRUE(paths("`src/*/README.md` `src/x/y.cpp` `fuzz/NAME_fuzz.cpp` `./dev test`").empty());
}

TEST(NamedVerbs, AreThoseOfDev) {
  const auto verbs = [](const char* text) {
    return check_named_verbs(planted({{"dev", "  test) run ;;\n"}, {"docs/A.md", text}}));
  };
  EXPECT_TRUE(verbs("`./dev test --full`, `./dev VERB`, `./dev --help`").empty());
  EXPECT_TRUE(only_finding(verbs("```\n./dev tset\n```\n"), "docs/A.md", "no verb tset"));
}

TEST(Samples, ArePartsOfPrograms) {
  const auto sample = [](const char* code) {
    return check_samples(planted({{"README.md", "text\n```cpp\n" + std::string(code) + "```\n"},
                                  {"examples/a.cpp", "int a;\nint b;\nint c;\n"}}));
  };
  EXPECT_TRUE(sample("int b;\nint c;\n").empty());
  EXPECT_TRUE(only_finding(sample("int a;\nint c;\n"), "README.md", "no program in examples/"));
}

}  // namespace
}  // namespace strata::tidy::link_rules_test
