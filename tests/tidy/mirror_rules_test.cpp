// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"

namespace strata::tidy::mirror_rules_test {
namespace {

constexpr const char* kAllowList = "tests/tidy/untested.txt";
constexpr const char* kTest = "TEST(Route, IsFound) {}\n";

TEST(UntestedModules, AreFoundByTheirMissingMirror) {
  EXPECT_TRUE(only_finding(check_untested_modules(planted({{"src/ip/route.cpp", ""}})),
                           "src/ip/route.cpp", "tests/ip/route_test.cpp"));
  EXPECT_TRUE(only_finding(check_untested_modules(planted({{"include/strata/wire/arp.h", ""}})),
                           "include/strata/wire/arp.h", "tests/wire/arp_test.cpp"));
  EXPECT_TRUE(only_finding(check_untested_modules(planted({{"include/strata/packet.h", ""}})),
                           "include/strata/packet.h", "packet_test.cpp"));
  EXPECT_TRUE(only_finding(
      check_untested_modules(planted({{"apps/strata/up.cpp", ""}, {"apps/strata/up.h", ""}})),
      "apps/strata/up.cpp", "tests/apps/strata/up_test.cpp"));
}

TEST(UntestedModules, AreToldOnceForAHeaderAndItsSource) {
  EXPECT_TRUE(only_finding(
      check_untested_modules(planted({{"src/ip/route.cpp", ""}, {"src/ip/route.h", ""}})),
      "src/ip/route.cpp", "tests/ip/route_test.cpp"));
}

TEST(UntestedModules, AreSatisfiedByTheMirrorAlone) {
  EXPECT_TRUE(check_untested_modules(
                  planted({{"src/ip/route.cpp", ""}, {"tests/ip/route_test.cpp", kTest}}))
                  .empty());
  EXPECT_FALSE(check_untested_modules(
                   planted({{"src/ip/route.cpp", ""}, {"tests/udp/route_test.cpp", kTest}}))
                   .empty());
  EXPECT_TRUE(check_untested_modules(planted({{"include/strata/packet.h", ""},
                                              {"tests/packet/packet_test.cpp", kTest}}))
                  .empty());
}

TEST(UntestedModules, AreNotSavedByAFileWithoutATest) {
  EXPECT_FALSE(check_untested_modules(planted({{"src/ip/route.cpp", ""},
                                               {"tests/ip/route_test.cpp", "// TEST(A, B)\n"}}))
                   .empty());
}

TEST(UntestedModules, MayStandOnTheListWithAReason) {
  const std::string line = "src/ip/route.h: an interface without code\n";
  EXPECT_TRUE(
      check_untested_modules(planted({{"src/ip/route.h", ""}, {kAllowList, "# why\n" + line}}))
          .empty());
  EXPECT_TRUE(only_finding(check_untested_modules(planted({{kAllowList, line}})), kAllowList,
                           "does not exist"));
  EXPECT_TRUE(only_finding(
      check_untested_modules(planted(
          {{"src/ip/route.h", ""}, {"tests/ip/route_test.cpp", kTest}, {kAllowList, line}})),
      kAllowList, "has a test"));
  EXPECT_TRUE(only_finding(
      check_untested_modules(planted({{"src/ip/route.h", ""}, {kAllowList, "src/ip/route.h\n"}})),
      kAllowList, "no reason"));
  EXPECT_TRUE(only_finding(
      check_untested_modules(
          planted({{"src/ip/route.h", ""},
                   {kAllowList, "src/ip/route.h: tested by tests/ip/absent_test.cpp\n"}})),
      kAllowList, "not there"));
}

TEST(TestNamespaces, EndWithTheNameOfTheFile) {
  const auto findings = [](const char* line) {
    return check_test_namespaces(planted({{"tests/ip/route_test.cpp", line}}));
  };
  EXPECT_TRUE(findings("namespace strata::ip::route_test {\n").empty());
  EXPECT_TRUE(only_finding(findings("namespace strata::ip {\n"), "tests/ip/route_test.cpp",
                           "must end with ::route_test"));
  EXPECT_TRUE(only_finding(findings("namespace strata::ip::other_route_test {\n"),
                           "tests/ip/route_test.cpp", "compiled together"));
}

Tree drop_reasons(const std::string& test_path, const std::string& test) {
  return planted({{"include/strata/drop_reason.h",
                   "enum class DropReason : std::uint8_t {\n  kNone,\n  // Link\n  kTooShort,\n"
                   "  kCount\n};\nconstexpr int kOther = 1;\n"},
                  {test_path, test}});
}

TEST(DropReasons, MustBeHitByATest) {
  const Findings findings = check_drop_reasons(drop_reasons("tests/ip/a_test.cpp", ""));
  ASSERT_TRUE(only_finding(findings, "include/strata/drop_reason.h", "kTooShort"));
  EXPECT_EQ(findings[0].line, 4U);
  EXPECT_TRUE(
      check_drop_reasons(drop_reasons("tests/ip/a_test.cpp", "f(DropReason::kTooShort);")).empty());
}

TEST(DropReasons, AreNotHitByCommentsOrByTheTestOfTheEnum) {
  const auto hits = [](const char* path, const char* line) {
    return check_drop_reasons(drop_reasons(path, line)).empty();
  };
  EXPECT_FALSE(hits("tests/ip/a_test.cpp", "// DropReason::kTooShort"));
  EXPECT_FALSE(hits("tests/base/drop_reason_test.cpp", "f(DropReason::kTooShort);"));
  EXPECT_FALSE(hits("src/ip/a.cpp", "f(DropReason::kTooShort);"));
}

TEST(DropReasons, AreNotHitByNamesakesOrBySwitches) {
  const auto hits = [](const char* line) {
    return check_drop_reasons(drop_reasons("tests/ip/a_test.cpp", line)).empty();
  };
  EXPECT_FALSE(hits("f(ParseError::kTooShort);"));
  EXPECT_FALSE(hits("f(DropReason::kTooShortHeader);"));
  EXPECT_FALSE(hits("    case DropReason::kTooShort: return 1;"));
  EXPECT_TRUE(hits("Case{a, strata::DropReason::kTooShort},"));
}

}  // namespace
}  // namespace strata::tidy::mirror_rules_test
