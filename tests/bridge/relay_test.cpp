// SPDX-License-Identifier: Apache-2.0
#include "bridge/relay.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <vector>

#include "strata/rng.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/vlan.h"

namespace strata::bridge::relay_test {
namespace {

using namespace std::chrono_literals;

MacAddress station(std::uint64_t number) {
  return MacAddress::from_value(0x0200'0000'0000 + number);
}

using Head = std::vector<std::byte>;

Head head(const MacAddress& source, const MacAddress& destination) {
  Head made(60);
  write(wire::EthernetHeader{.destination = destination, .source = source, .type = 0x0800},
        std::span<std::byte, 14>(made.data(), 14));
  return made;
}
Head tagged(const MacAddress& source, const MacAddress& destination, std::uint16_t vlan,
            std::uint8_t priority = 0) {
  Head made(64);
  write(
      wire::EthernetHeader{
          .destination = destination, .source = source, .type = wire::kEtherTypeVlan},
      std::span<std::byte, 14>(made.data(), 14));
  write(wire::VlanHeader{.priority = priority, .id = vlan, .type = 0x0800},
        std::span<std::byte, 4>(made.data() + 14, 4));
  return made;
}

struct Bench {
  explicit Bench(std::size_t ports = 4) : relay(memory, SipKey{1, 2}) {
    for (std::size_t port = 0; port < ports; ++port) relay.set_up(port, true);
  }
  Decision decide(std::size_t port, const Head& frame) { return relay.decide(port, frame, now); }
  HeapMemory memory;
  Relay relay;
  Time now{1000s};
};

TEST(Relay, FloodsWhatItDoesNotKnowAndForwardsWhatItDoes) {
  Bench bench;
  Decision decision = bench.decide(0, head(station(1), station(2)));
  EXPECT_EQ(decision.verdict, Verdict::kFlood);
  EXPECT_EQ(decision.ports, 0b1110U) << "and never back";
  decision = bench.decide(2, head(station(2), station(1)));
  EXPECT_EQ(decision.verdict, Verdict::kForward);
  EXPECT_EQ(decision.ports, 0b0001U);
  decision = bench.decide(0, head(station(3), station(1)));
  EXPECT_EQ(decision.verdict, Verdict::kFiltered) << "both are behind the same port";
  EXPECT_EQ(decision.ports, 0U);
  decision = bench.decide(2, head(station(2), MacAddress::broadcast()));
  EXPECT_EQ(decision.verdict, Verdict::kFlood);
  EXPECT_EQ(decision.ports, 0b1011U);
}

TEST(Relay, FollowsAStationThatMoves) {
  Bench bench;
  (void)bench.decide(0, head(station(1), station(9)));
  const Decision moved = bench.decide(3, head(station(1), MacAddress::broadcast()));
  EXPECT_TRUE(moved.has_moved);
  EXPECT_EQ(bench.decide(1, head(station(2), station(1))).ports, 0b1000U);
}

TEST(Relay, APortThatIsDownIsOutOfTheGame) {
  Bench bench;
  (void)bench.decide(0, head(station(1), station(9)));
  bench.relay.set_up(0, false);
  const Decision decision = bench.decide(1, head(station(2), station(1)));
  EXPECT_EQ(decision.verdict, Verdict::kFlood) << "what was behind it is forgotten";
  EXPECT_EQ(decision.ports, 0b1100U);
}

TEST(Relay, WhatStaysOnItsLinkStaysThere) {
  Bench bench;
  const auto verdict = [&](std::uint64_t group) {
    return bench.decide(0, head(station(1), MacAddress::from_value(group))).verdict;
  };
  EXPECT_EQ(verdict(0x0180'c200'0000), Verdict::kReserved);
  EXPECT_EQ(verdict(0x0180'c200'000e), Verdict::kReserved);
  EXPECT_EQ(verdict(0x0180'c200'0010), Verdict::kFlood);
  EXPECT_EQ(verdict(0x3333'0000'0001), Verdict::kFlood);
}

TEST(Relay, RefusesWhatNoStationSends) {
  Bench bench;
  EXPECT_EQ(bench.decide(0, head(MacAddress::broadcast(), station(1))).verdict,
            Verdict::kMalformed);
  EXPECT_EQ(bench.decide(0, head(MacAddress{}, station(1))).verdict, Verdict::kMalformed);
  EXPECT_EQ(bench.decide(0, Head(13)).verdict, Verdict::kMalformed);
  EXPECT_EQ(bench.relay.addresses().size(), 0U);
}

TEST(Relay, WithoutVlansTagsAreContent) {
  Bench bench;
  (void)bench.decide(0, tagged(station(1), station(9), 10));
  const Decision decision = bench.decide(1, tagged(station(2), station(1), 20));
  EXPECT_EQ(decision.ports, 0b0001U);
  EXPECT_EQ(bench.relay.tag_change(decision, 0), TagChange::kNone);
}

// Ports 0 and 1 are access ports of 10 and 20, 2 a trunk of both with native 1, 3 was not told.
class RelayWithVlans : public testing::Test {
 protected:
  RelayWithVlans() {
    bench.relay.set_vlans(0, PortVlans::access(10));
    bench.relay.set_vlans(1, PortVlans::access(20));
    bench.relay.set_vlans(2, PortVlans::trunk(1).add(10).add(20));
  }
  Bench bench;
};

TEST_F(RelayWithVlans, AFrameStaysInItsVlan) {
  const Decision from_access = bench.decide(0, head(station(1), MacAddress::broadcast()));
  EXPECT_EQ(from_access.vlan, 10U);
  EXPECT_EQ(from_access.ports, 0b0100U);
  EXPECT_EQ(bench.relay.tag_change(from_access, 2), TagChange::kInsert);
  EXPECT_EQ(from_access.control, 10U);
  const Decision from_trunk = bench.decide(2, tagged(station(2), station(1), 10, 5));
  EXPECT_EQ(from_trunk.verdict, Verdict::kForward);
  EXPECT_EQ(from_trunk.ports, 0b0001U);
  EXPECT_EQ(bench.relay.tag_change(from_trunk, 0), TagChange::kRemove);
  EXPECT_EQ(bench.decide(2, tagged(station(2), station(1), 20)).verdict, Verdict::kFlood)
      << "station 1 is in another VLAN";
}

TEST_F(RelayWithVlans, TheNativeVlanNeedsNoTag) {
  const Decision decision = bench.decide(2, head(station(2), MacAddress::broadcast()));
  EXPECT_EQ(decision.vlan, 1U);
  EXPECT_EQ(decision.ports, 0b1000U);
  EXPECT_EQ(bench.relay.tag_change(decision, 3), TagChange::kNone);
}

TEST_F(RelayWithVlans, WhatAPortDoesNotTakeIsRefused) {
  EXPECT_EQ(bench.decide(0, tagged(station(1), station(2), 10)).verdict, Verdict::kWrongVlan)
      << "an access port takes no tag, not even its own: behind it could be another";
  EXPECT_EQ(bench.decide(0, tagged(station(1), station(2), 20)).verdict, Verdict::kWrongVlan);
  EXPECT_EQ(bench.decide(2, tagged(station(1), station(2), 30)).verdict, Verdict::kWrongVlan);
  EXPECT_EQ(bench.decide(2, tagged(station(1), station(2), 4095)).verdict, Verdict::kWrongVlan);
  bench.relay.set_vlans(2, PortVlans::trunk(0).add(10));
  EXPECT_EQ(bench.decide(2, head(station(1), station(2))).verdict, Verdict::kWrongVlan);
  Head cut = tagged(station(1), station(2), 10);
  cut.resize(17);
  EXPECT_EQ(bench.decide(2, cut).verdict, Verdict::kMalformed);
}

// IEEE 802.1Q 6.9.1: VLAN 0 says a priority, and the priority goes along.
TEST_F(RelayWithVlans, APriorityTagBelongsToThePortsVlan) {
  const Decision decision = bench.decide(0, tagged(station(1), MacAddress::broadcast(), 0, 5));
  EXPECT_EQ(decision.vlan, 10U);
  EXPECT_EQ(decision.control, (5U << 13U) | 10U);
  EXPECT_EQ(bench.relay.tag_change(decision, 2), TagChange::kRewrite);
}

// Whatever comes: never to where it came from, never to a port that is not of the VLAN.
TEST_F(RelayWithVlans, NoFrameLeavesItsVlanOrGoesBack) {
  Rng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t port = rng.between(0, 3);
    const MacAddress destination =
        rng.between(0, 3) == 0 ? MacAddress::broadcast() : station(rng.between(1, 20));
    const auto vlan = static_cast<std::uint16_t>(rng.between(0, 3) * 10);
    const Head frame = rng.between(0, 1) == 0
                           ? head(station(rng.between(1, 20)), destination)
                           : tagged(station(rng.between(1, 20)), destination, vlan);
    bench.now += 10ms;
    const Decision decision = bench.decide(port, frame);
    ASSERT_EQ(decision.ports >> port & 1U, 0U);
    for (std::size_t out = 0; out < 4; ++out) {
      if ((decision.ports >> out & 1U) == 0) continue;
      ASSERT_TRUE(bench.relay.vlans(out).carries(decision.vlan));
      ASSERT_TRUE(bench.relay.vlans(port).carries(decision.vlan));
    }
  }
}

}  // namespace
}  // namespace strata::bridge::relay_test
