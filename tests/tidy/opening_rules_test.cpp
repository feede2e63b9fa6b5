// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::opening_rules_test {
namespace {

const std::string kLicense = "SPDX-License-Identifier: Apache-2.0\n";

TEST(FirstLines, CarryTheLicense) {
  EXPECT_TRUE(check_first_lines(planted({{"src/ip/a.cpp", "// " + kLicense}})).empty());
  EXPECT_TRUE(check_first_lines(planted({{"tools/a.sh", "#!/bin/sh\n# " + kLicense}})).empty());
  EXPECT_TRUE(only_finding(check_first_lines(planted({{"src/ip/a.cpp", "#include <span>\n"}})),
                           "src/ip/a.cpp", "SPDX"));
  EXPECT_TRUE(only_finding(check_first_lines(planted({{"tools/a.sh", "#!/bin/sh\n"}})),
                           "tools/a.sh", "SPDX"));
  EXPECT_TRUE(
      only_finding(check_first_lines(planted({{"src/ip/a.cpp", ""}})), "src/ip/a.cpp", "SPDX"));
}

TEST(FirstLines, SayWhatAHeaderIsFor) {
  const Tree tree = planted({{"src/ip/a.h", "// " + kLicense + "#pragma once\n"}});
  EXPECT_TRUE(only_finding(check_first_lines(tree), "src/ip/a.h", "what the header is for"));
}

TEST(FolderReadmes, AreThereAndShort) {
  EXPECT_TRUE(only_finding(check_folder_readmes(planted({{"src/ip/a.cpp", ""}})), "src/ip",
                           "no README.md"));
  EXPECT_TRUE(
      check_folder_readmes(planted({{"src/ip/a.cpp", ""}, {"src/ip/README.md", "IP\n"}})).empty());
  std::string text;
  for (int i = 0; i < 61; ++i) text += "IP\n";
  EXPECT_TRUE(only_finding(check_folder_readmes(planted({{"src/ip/README.md", text}})),
                           "src/ip/README.md", "61 (limit 60)"));
}

TEST(Words, OfUnfinishedWorkAreFoundInAnyFile) {
  for (const std::string_view word : {"TO"
                                      "DO",
                                      "FIX"
                                      "ME",
                                      "XX"
                                      "X",
                                      "HA"
                                      "CK"}) {
    const Tree tree = planted({{"docs/a.md", "first\n" + std::string(word) + ": later\n"}});
    const Findings findings = check_words(tree);
    ASSERT_TRUE(only_finding(findings, "docs/a.md", word)) << word;
    EXPECT_EQ(findings[0].line, 2U);
  }
  EXPECT_TRUE(check_words(planted({{"docs/a.md", "docs/HACKING.md and /tmp/aXXXXXX"}})).empty());
}

TEST(Words, DoNotNameIssues) {
  for (const char* text : {"see issue"
                           " 12",
                           "Issue"
                           " #3 says"}) {
    EXPECT_TRUE(only_finding(check_words(planted({{"src/a.cpp", text}})), "src/a.cpp", "issue"));
  }
  EXPECT_TRUE(check_words(planted({{"docs/a.md", "open an issue; reissue 5 tickets"}})).empty());
}

}  // namespace
}  // namespace strata::tidy::opening_rules_test
