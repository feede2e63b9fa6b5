// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tidy/planted.h"
#include "tidy/ranks.h"

namespace strata::tidy::include_rules_test {
namespace {

struct Case {
  const char* from;
  const char* include;
  const char* target;  // where the include leads
  bool allowed;
};

class Directions : public testing::TestWithParam<Case> {};

TEST_P(Directions, FollowRanks) {
  const auto [from, include, target, allowed] = GetParam();
  const Tree tree = planted({{from, "#include \"" + std::string(include) + "\"\n"}, {target, ""}});
  const Findings findings = check_include_directions(tree);
  EXPECT_EQ(findings.empty(), allowed) << from << " -> " << target << "\n" << to_text(findings);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Directions,
    testing::Values(
        Case{"src/ip/a.cpp", "base/ring.h", "src/base/ring.h", true},
        Case{"src/ip/a.cpp", "ip/b.h", "src/ip/b.h", true},
        Case{"src/ip/a.cpp", "strata/wire/udp.h", "include/strata/wire/udp.h", true},
        Case{"src/ip/a.cpp", "strata/packet.h", "include/strata/packet.h", true},
        Case{"src/stack/a.cpp", "udp/table.h", "src/udp/table.h", true},
        Case{"src/packet/packet.cpp", "strata/packet.h", "include/strata/packet.h", true},
        Case{"tests/ip/a_test.cpp", "ip/b.h", "src/ip/b.h", true},
        Case{"include/strata/packet.h", "strata/memory.h", "include/strata/memory.h", true},
        // Upwards.
        Case{"src/base/a.cpp", "ip/b.h", "src/ip/b.h", false},
        Case{"src/ip/a.cpp", "strata/device.h", "include/strata/device.h", false},
        Case{"src/stack/a.cpp", "driver/b.h", "src/driver/b.h", false},
        Case{"include/strata/memory.h", "strata/packet.h", "include/strata/packet.h", false},
        Case{"src/stack/a.cpp", "support/b.h", "tests/support/b.h", false},
        // Sideways.
        Case{"src/neighbor/a.cpp", "ip/b.h", "src/ip/b.h", false},
        Case{"src/packet/a.cpp", "strata/wire/udp.h", "include/strata/wire/udp.h", false},
        Case{"src/sim/a.cpp", "driver/b.h", "src/driver/b.h", false},
        // Out of what users have.
        Case{"include/strata/packet.h", "base/ring.h", "src/base/ring.h", false},
        Case{"examples/a.cpp", "base/ring.h", "src/base/ring.h", false},
        // Nowhere.
        Case{"src/ip/a.cpp", "ip/absent.h", "src/ip/b.h", false}));

TEST(Directions, AreNotEscapedByAngles) {
  const Tree tree =
      planted({{"src/udp/a.cpp", "#include <tcp/b.h>\n#include <sys/b.h>\n"}, {"src/tcp/b.h", ""}});
  EXPECT_TRUE(only_finding(check_include_directions(tree), "src/udp/a.cpp", "<tcp/b.h> is ours"));
}

TEST(Directions, KnowEverySourceFile) {
  const Findings findings = check_include_directions(planted({{"src/novelty/a.cpp", ""}}));
  EXPECT_TRUE(only_finding(findings, "src/novelty/a.cpp", "belongs to no folder"));
}

TEST(SystemIncludes, AreForTheFoldersThatCallTheSystem) {
  const std::string text = "#include <sys/socket.h>\n";
  EXPECT_TRUE(check_system_includes(planted({{"src/driver/tap.cpp", text}})).empty());
  EXPECT_TRUE(check_system_includes(planted({{"tests/driver/tap_test.cpp", text}})).empty());
  EXPECT_TRUE(only_finding(check_system_includes(planted({{"src/sim/world.cpp", text}})),
                           "src/sim/world.cpp", "driver, runtime"));
}

TEST(SystemIncludes, KeepTheHeapOutOfLowRanks) {
  const Tree low = planted({{"src/ip/a.cpp", "#include <vector>\n"}});
  EXPECT_TRUE(only_finding(check_system_includes(low), "src/ip/a.cpp", "base/vector.h"));
  EXPECT_TRUE(check_system_includes(planted({{"src/sim/a.cpp", "#include <vector>\n"}})).empty());
}

TEST(SystemIncludes, KeepThirdPartiesOutOfPublicHeaders) {
  const Tree tree = planted({{"include/strata/loop.h", "#include <fmt/format.h>\n"}});
  EXPECT_TRUE(only_finding(check_system_includes(tree), "include/strata/loop.h", "third-party"));
}

TEST(PlaceOf, KnowsFoldersHeadersAndTheOutside) {
  EXPECT_EQ(place_of("src/tcp/congestion/cubic.cpp")->folder, "tcp");
  EXPECT_EQ(place_of("src/socket/native/udp.cpp")->rank, 4);
  EXPECT_EQ(place_of("include/strata/wire/arp.h")->rank, 1);
  EXPECT_EQ(place_of("include/strata/device.h")->folder, "stack");
  EXPECT_EQ(place_of("apps/strata/main.cpp")->rank, kRankApps);
  EXPECT_EQ(place_of("fuzz/stack_fuzz.cpp")->rank, kRankOutside);
  EXPECT_FALSE(place_of("include/strata/unheard_of.h").has_value());
  EXPECT_FALSE(place_of("src/ipx/a.cpp").has_value());
}

}  // namespace
}  // namespace strata::tidy::include_rules_test
