// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::dead_rules_test {
namespace {

TEST(DeadHeaders, AreThoseNobodyIncludes) {
  EXPECT_TRUE(only_finding(check_dead_headers(planted({{"src/ip/a.h", ""}, {"src/ip/b.cpp", ""}})),
                           "src/ip/a.h", "nobody includes"));
  EXPECT_TRUE(
      check_dead_headers(planted({{"src/ip/a.h", ""}, {"src/ip/b.cpp", "#include \"ip/a.h\"\n"}}))
          .empty());
  EXPECT_TRUE(check_dead_headers(planted({{"include/strata/a.h", ""},
                                          {"tests/base/a_test.cpp", "#include \"strata/a.h\"\n"}}))
                  .empty());
}

TEST(DeadHeaders, AreToldApartFromTheirNamesakes) {
  const Tree tree = planted({{"src/ip/route.h", ""},
                             {"src/udp/route.h", ""},
                             {"src/ip/b.cpp", "#include \"ip/route.h\"\n"}});
  EXPECT_TRUE(only_finding(check_dead_headers(tree), "src/udp/route.h", "nobody includes"));
}

TEST(DeadPages, AreThoseNobodyLinks) {
  EXPECT_TRUE(only_finding(check_dead_pages(planted({{"README.md", "hello"}, {"docs/A.md", ""}})),
                           "docs/A.md", "no page links it"));
  EXPECT_TRUE(
      check_dead_pages(planted({{"README.md", "[a](docs/A.md)"}, {"docs/A.md", ""}})).empty());
  EXPECT_FALSE(check_dead_pages(planted({{"docs/A.md", "I am A.md"}})).empty());
}

TEST(UnbuiltSources, AreThoseWhoseFolderCmakeDoesNotName) {
  const std::string cmake = "strata_folder(ip RANK 2)\nstrata_tests(conformance AREA x)\n";
  EXPECT_TRUE(only_finding(
      check_unbuilt_sources(planted({{"CMakeLists.txt", cmake}, {"src/ipx/a.cpp", ""}})),
      "src/ipx/a.cpp", "nothing builds it"));
  EXPECT_TRUE(check_unbuilt_sources(planted({{"CMakeLists.txt", cmake},
                                             {"src/ip/a.cpp", ""},
                                             {"tests/ip/a_test.cpp", ""},
                                             {"src/ip/deep/a.cpp", ""},
                                             {"tests/conformance/a.cpp", ""},
                                             {"fuzz/a_fuzz.cpp", ""}}))
                  .empty());
}

}  // namespace
}  // namespace strata::tidy::dead_rules_test
