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

TEST(DeadHeaders, AreNotSavedByEachOtherOrByAPublicNamesake) {
  const Tree pair =
      planted({{"src/ip/a.h", "#include \"ip/b.h\"\n"}, {"src/ip/b.h", "#include \"ip/a.h\"\n"}});
  EXPECT_EQ(check_dead_headers(pair).size(), 2U);
  const Tree namesakes = planted({{"src/wire/udp.h", ""},
                                  {"include/strata/wire/udp.h", ""},
                                  {"src/wire/udp.cpp", "#include \"strata/wire/udp.h\"\n"}});
  EXPECT_TRUE(only_finding(check_dead_headers(namesakes), "src/wire/udp.h", "nobody includes"));
}

TEST(DeadPages, AreThoseNobodyLinks) {
  EXPECT_TRUE(only_finding(check_dead_pages(planted({{"README.md", "hello"}, {"docs/A.md", ""}})),
                           "docs/A.md", "no page links it"));
  EXPECT_TRUE(
      check_dead_pages(planted({{"README.md", "[a](docs/A.md)"}, {"docs/A.md", ""}})).empty());
  EXPECT_FALSE(check_dead_pages(planted({{"docs/A.md", "I am A.md"}})).empty());
  EXPECT_FALSE(
      check_dead_pages(planted({{"README.md", "[a](docs/1-A.md)"}, {"docs/A.md", ""}})).empty());
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

TEST(UnbuiltSources, MayHaveTheWrongNameForTheirFolder) {
  for (const char* path : {"fuzz/a.cpp", "bench/a.cpp", "tests/interop/a.cpp",
                           "tests/freestanding/a.cpp", "include/ip/a.cpp"}) {
    const Tree tree = planted({{"CMakeLists.txt", "strata_folder(ip RANK 2)\n"}, {path, ""}});
    EXPECT_TRUE(only_finding(check_unbuilt_sources(tree), path, "nothing builds it"));
  }
}

TEST(UnbuiltSources, AreNotThoseThatAScriptCompiles) {
  for (const char* text : {"g++ ns3/a.cpp", "g++ a.cpp"}) {
    const auto found =
        check_unbuilt_sources(planted({{"bench/ns3/a.cpp", ""}, {"bench/run.py", text}}));
    EXPECT_EQ(found.empty(), std::string(text).contains("ns3/"));
  }
}

TEST(DeadFiles, AreScriptsNobodyNamesAndKindsNobodyReads) {
  EXPECT_TRUE(only_finding(check_dead_files(planted({{"tools/a.sh", "# a.sh"}})), "tools/a.sh",
                           "no file names it"));
  EXPECT_TRUE(only_finding(check_dead_files(planted({{"cmake/A.cmake", ""}})), "cmake/A.cmake",
                           "no file names it"));
  EXPECT_TRUE(only_finding(check_dead_files(planted({{"src/ip/a.cc", ""}})), "src/ip/a.cc",
                           "no build and no tool"));
  EXPECT_TRUE(only_finding(check_dead_files(planted({{"fuzz/corpus/a", ""}})), "fuzz/corpus/a",
                           "no fuzz/a_fuzz.cpp"));
}

TEST(DeadFiles, AreNotThoseSomeoneCalls) {
  EXPECT_TRUE(check_dead_files(planted({{"dev", "tools/a.sh; include(B)"},
                                        {"tools/a.sh", ""},
                                        {"CMakeLists.txt", "include(A)"},
                                        {"cmake/A.cmake", ""},
                                        {"tests/interop/a_test.py", "import helper"},
                                        {"tests/interop/helper.py", ""},
                                        {"fuzz/a_fuzz.cpp", ""},
                                        {"fuzz/corpus/a", ""},
                                        {".clang-tidy", ""}}))
                  .empty());
}

}  // namespace
}  // namespace strata::tidy::dead_rules_test
