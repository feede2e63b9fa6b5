// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "sim/lab.h"
#include "strata/sim.h"
#include "strata/wire/vlan.h"

namespace strata::sim::switch_test {
namespace {

MacAddress mac_of(std::size_t station) {
  return MacAddress::from_value(0x0200'0000'aa00 + station);
}

// Stations 0, 1, ... on the ports 0, 1, ... of one switch.
struct SwitchTest : testing::Test {
  explicit SwitchTest(std::size_t count = 4) {
    for (std::size_t i = 0; i < count; ++i) {
      stations.push_back(&world.add_station("s" + std::to_string(i)));
      links.push_back(&world.connect(*stations.back(), hub));
    }
  }
  void send(std::size_t from, MacAddress to, std::uint64_t number = 0) {
    send(from, numbered_frame(number, 64, to, mac_of(from)));
  }
  void send(std::size_t from, Bytes frame) {
    ASSERT_TRUE(stations[from]->send(frame));
    world.run_until_idle(1ms);
  }
  void send_tagged(std::size_t from, MacAddress to, std::uint16_t control) {
    send(from, tagged(numbered_frame(0, 64, to, mac_of(from)), control));
  }
  [[nodiscard]] static std::vector<std::byte> tagged(std::vector<std::byte> frame,
                                                     std::uint16_t control) {
    std::array<std::byte, 4> tag{};
    store_big_endian<std::uint16_t>(tag.data(), 0x8100);
    store_big_endian<std::uint16_t>(tag.data() + 2, control);
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    return frame;
  }
  // Who got anything since the last call.
  [[nodiscard]] std::vector<std::size_t> reached() {
    std::vector<std::size_t> ports;
    for (std::size_t i = 0; i < stations.size(); ++i) {
      frames.resize(stations.size());
      frames[i] = stations[i]->take_received();
      if (!frames[i].empty()) ports.push_back(i);
    }
    return ports;
  }
  // The control field of the tag of the frame that `station` got; nothing: it had none.
  [[nodiscard]] std::optional<std::uint16_t> control_at(std::size_t station) const {
    const std::vector<std::byte>& bytes = frames.at(station).at(0).bytes;
    if (load_big_endian<std::uint16_t>(bytes.data() + 12) != 0x8100) return std::nullopt;
    return load_big_endian<std::uint16_t>(bytes.data() + 14);
  }

  World world{1};
  Switch& hub = world.add_switch("hub", {.age_max = 300s, .addresses_max = 100});
  std::vector<Station*> stations;
  std::vector<Link*> links;
  std::vector<std::vector<Station::Received>> frames;
};

using Ports = std::vector<std::size_t>;

TEST_F(SwitchTest, FloodsWhatItDoesNotKnowAndForwardsWhatItDoes) {
  send(0, mac_of(2));
  EXPECT_EQ(reached(), (Ports{1, 2, 3}));
  EXPECT_EQ(hub.find(mac_of(0)), 0U);
  send(2, mac_of(0));
  EXPECT_EQ(reached(), Ports{0});
  send(0, mac_of(2));
  EXPECT_EQ(reached(), Ports{2});
  EXPECT_EQ(hub.counters().flooded, 1U);
  EXPECT_EQ(hub.counters().forwarded, 2U);
}

TEST_F(SwitchTest, FloodsBroadcastAndGroupsToAllButTheSender) {
  send(1, MacAddress::broadcast(), 77);
  EXPECT_EQ(reached(), (Ports{0, 2, 3}));
  for (const std::size_t port : {0U, 2U, 3U}) {
    EXPECT_EQ(number_in(frames[port].at(0).bytes), 77U);
  }
  send(1, MacAddress::from_value(0x3333'0000'0001));
  EXPECT_EQ(reached(), (Ports{0, 2, 3}));
}

TEST_F(SwitchTest, DoesNotSendAFrameBackWhereItCameFrom) {
  send(0, mac_of(3));
  send(0, numbered_frame(0, 64, mac_of(0), mac_of(9)));
  (void)reached();
  send(0, mac_of(9));  // both are behind port 0
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().filtered, 2U);
}

TEST_F(SwitchTest, FollowsAnAddressThatMoves) {
  send(0, mac_of(1));
  send(3, numbered_frame(0, 64, mac_of(1), mac_of(0)));
  EXPECT_EQ(hub.find(mac_of(0)), 3U);
}

TEST_F(SwitchTest, ForgetsAnAddressThatKeepsSilent) {
  send(0, mac_of(1));
  world.run_for(299s);
  EXPECT_EQ(hub.find(mac_of(0)), 0U);
  world.run_for(1s);
  EXPECT_FALSE(hub.find(mac_of(0)));
  (void)reached();
  send(2, mac_of(0));
  EXPECT_EQ(reached(), (Ports{0, 1, 3}));
}

TEST_F(SwitchTest, ForgetsWhatWasBehindALinkThatWentDown) {
  send(0, mac_of(1));
  links[0]->set_up(false);
  EXPECT_FALSE(hub.find(mac_of(0)));
  (void)reached();
  send(2, mac_of(0));
  EXPECT_EQ(reached(), (Ports{1, 3}));
}

TEST_F(SwitchTest, CountsWhatHasNowhereToGo) {
  for (const std::size_t station : {1U, 2U, 3U}) links[station]->set_up(false);
  send(0, mac_of(1));
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().flooded, 1U);
  EXPECT_EQ(hub.counters().nowhere, 1U);
  links[1]->set_up(true);
  send(0, mac_of(1));
  EXPECT_EQ(reached(), Ports{1});
  hub.set_access(0, 7);  // and nobody else
  send(0, MacAddress::broadcast());
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().nowhere, 2U);
}

TEST_F(SwitchTest, AFullTableFloodsOn) {
  for (std::uint64_t i = 0; i < 150; ++i) {
    send(0, numbered_frame(i, 64, mac_of(1), MacAddress::from_value(0x0600'0000'0000 + i)));
  }
  EXPECT_EQ(hub.counters().not_learnt, 50U);
  send(2, mac_of(1));
  (void)reached();
  send(1, mac_of(2));
  EXPECT_EQ(reached(), (Ports{0, 2, 3})) << "station 2 could not be learnt";
}

TEST_F(SwitchTest, KeepsLinkLocalGroupsOnTheirLink) {
  send(0, MacAddress::from_value(0x0180'c200'0000));
  send(0, MacAddress::from_value(0x0180'c200'000f));
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().reserved, 2U);
  send(0, MacAddress::from_value(0x0180'c200'0010));
  EXPECT_EQ(reached(), (Ports{1, 2, 3}));
}

TEST_F(SwitchTest, RefusesWhatIsNoFrame) {
  send(0, std::vector<std::byte>(13));
  send(0, numbered_frame(0, 64, mac_of(1), MacAddress::broadcast()));
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().malformed, 2U);
}

TEST_F(SwitchTest, PassesTagsUntilItIsToldAboutVlans) {
  send_tagged(0, MacAddress::broadcast(), 0x6064);
  EXPECT_EQ(reached(), (Ports{1, 2, 3}));
  EXPECT_EQ(control_at(1), 0x6064);
}

TEST_F(SwitchTest, AccessPortsOfDifferentVlansDoNotMeet) {
  hub.set_access(0, 10);
  hub.set_access(1, 10);
  hub.set_access(2, 20);
  send(0, MacAddress::broadcast());
  EXPECT_EQ(reached(), Ports{1});
  send(3, MacAddress::broadcast());  // not told: VLAN 1, where nobody else is
  EXPECT_EQ(reached(), Ports{});
  send(2, mac_of(0));  // learnt in VLAN 10, unknown in 20
  EXPECT_EQ(reached(), Ports{});
}

TEST_F(SwitchTest, ATrunkCarriesTagsAndKeepsThePriority) {
  hub.set_access(0, 10);
  hub.set_access(1, 20);
  hub.set_trunk(2, std::array<std::uint16_t, 2>{20, 10});
  hub.set_trunk(3, std::array<std::uint16_t, 1>{10});
  send(0, MacAddress::broadcast());
  EXPECT_EQ(reached(), (Ports{2, 3}));
  EXPECT_EQ(control_at(2), 10);
  send_tagged(2, MacAddress::broadcast(), 0xa00a);
  EXPECT_EQ(reached(), (Ports{0, 3}));
  EXPECT_EQ(control_at(0), std::nullopt);
  EXPECT_EQ(control_at(3), 0xa00a);
  EXPECT_EQ(frames[0].at(0).bytes.size(), 64U);
}

TEST_F(SwitchTest, ATrunkTakesUntaggedFramesForItsNativeVlanOnly) {
  hub.set_access(0, 10);
  hub.set_access(1, 20);
  hub.set_trunk(2, std::array<std::uint16_t, 1>{20}, 10);
  hub.set_trunk(3, std::array<std::uint16_t, 2>{10, 20});
  send(2, MacAddress::broadcast());
  EXPECT_EQ(reached(), (Ports{0, 3}));
  EXPECT_EQ(control_at(3), 10);
  send(3, MacAddress::broadcast());
  EXPECT_EQ(reached(), Ports{}) << "no native VLAN";
  EXPECT_EQ(hub.counters().wrong_vlan, 1U);
}

TEST_F(SwitchTest, RefusesVlansThatAPortDoesNotCarry) {
  hub.set_access(0, 10);
  hub.set_access(1, 10);
  hub.set_trunk(2, std::array<std::uint16_t, 1>{10});
  send_tagged(2, MacAddress::broadcast(), 30);
  send_tagged(0, MacAddress::broadcast(), 10);  // access ports take no tags
  EXPECT_EQ(reached(), Ports{});
  EXPECT_EQ(hub.counters().wrong_vlan, 2U);
}

// IEEE 802.1Q 6.9.1: a tag with VLAN 0 says a priority only.
TEST_F(SwitchTest, APriorityTagBelongsToTheVlanOfThePort) {
  hub.set_access(0, 10);
  hub.set_access(1, 10);
  hub.set_trunk(2, std::array<std::uint16_t, 1>{10});
  send_tagged(0, MacAddress::broadcast(), 0xe000);
  EXPECT_EQ(reached(), (Ports{1, 2}));
  EXPECT_EQ(control_at(1), std::nullopt);
  EXPECT_EQ(control_at(2), 0xe00a);
}

TEST_F(SwitchTest, ATagCutShortIsMalformed) {
  hub.set_access(0, 10);
  std::vector<std::byte> frame = numbered_frame(0, 22);
  store_big_endian<std::uint16_t>(frame.data() + 12, 0x8100);
  frame.resize(16);
  send(0, frame);
  EXPECT_EQ(hub.counters().malformed, 1U);
}

TEST_F(SwitchTest, EndsWithEveryPacketBackInThePool) {
  Rng rng(4);
  hub.set_trunk(3, std::array<std::uint16_t, 2>{1, 7}, 0);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto from = static_cast<std::size_t>(rng.below(4));
    const auto to = static_cast<std::size_t>(rng.below(6));
    if (rng.chance({1, 4})) {
      send_tagged(from, mac_of(to), static_cast<std::uint16_t>(rng.below(9)));
    } else {
      send(from, mac_of(to), i);
    }
  }
  EXPECT_TRUE(world.is_quiet());
  EXPECT_EQ(world.leaked_packets(), 0U);
  EXPECT_EQ(world.pool().descriptors_in_use(), 0U);
}

TEST(SwitchPair, TwoLinksBetweenTwoSwitchesWithoutDelayStallTheWorldAndDoNotHangIt) {
  World world(WorldConfig{.seed = 1, .events_at_one_instant_max = 1000});
  Switch& left = world.add_switch("left");
  Switch& right = world.add_switch("right");
  Station& station = world.add_station("station");
  world.connect(station, left);
  world.connect(left, right);
  world.connect(left, right);
  station.send(numbered_frame(0));
  EXPECT_EQ(world.run_for(1s), RunEnd::kStalled);
  EXPECT_EQ(world.now(), Time{});
  EXPECT_FALSE(world.step());
}

}  // namespace
}  // namespace strata::sim::switch_test
