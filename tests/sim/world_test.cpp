// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/lab.h"
#include "strata/sim.h"

namespace strata::sim::world_test {
namespace {

const LinkConfig kBadLine{.bits_per_second = 10'000'000,
                          .delay = 3ms,
                          .jitter = 2ms,
                          .jitter_reorders = true,
                          .loss = {1, 20},
                          .duplication = {1, 30},
                          .corruption = {1, 30},
                          .reordering = {1, 15}};

struct CountingTap final : Tap {
  void on_frame(const Sighting& sighting) override {
    ++counts[static_cast<std::size_t>(sighting.moment)];
    times.push_back(sighting.at);
    drops.push_back(sighting.drop);
    last_number = number_in(sighting.packet.bytes());
  }
  [[nodiscard]] int of(Sighting::Moment moment) const {
    return counts[static_cast<std::size_t>(moment)];
  }
  int counts[3] = {};
  std::vector<Time> times;
  std::vector<LinkDrop> drops;
  std::uint64_t last_number = 0;
};

// Three stations behind a switch over bad lines, talking at random.
struct Chatter {
  explicit Chatter(std::uint64_t seed) : world(seed), script(seed) {
    for (const char* name : {"a", "b", "c"}) {
      stations.push_back(&world.add_station(name));
      world.connect(*stations.back(), hub, kBadLine);
    }
  }
  std::uint64_t run() {
    for (std::uint64_t i = 0; i < 500; ++i) {
      const auto from = static_cast<std::size_t>(script.below(3));
      stations[from]->send(numbered_frame(i, 64 + script.below(1000), MacAddress::broadcast(),
                                          stations[from]->mac()));
      world.run_for(Duration(static_cast<std::int64_t>(script.below(1'000'000))));
    }
    world.run_until_idle(1s);
    return world.packet_hash();
  }

  World world;
  Rng script;
  Switch& hub = world.add_switch("hub");
  std::vector<Station*> stations;
};

TEST(World, TheSameSeedGivesTheSamePackets) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(Chatter(seed).run(), Chatter(seed).run());
  }
}

TEST(World, AnotherSeedGivesOthers) { EXPECT_NE(Chatter(1).run(), Chatter(2).run()); }

TEST(World, TapsTimersAndUnusedNodesChangeNothing) {
  const std::uint64_t plain = Chatter(7).run();
  Chatter watched(7);
  CountingTap tap;
  watched.world.tap(tap);
  Station& extra = watched.world.add_station("extra");
  Switch& other = watched.world.add_switch("other");
  watched.world.connect(extra, other, kBadLine);
  watched.world.executor().start_timer(Time(10ms), [] {});
  EXPECT_EQ(watched.run(), plain);
  EXPECT_GT(tap.of(Sighting::Moment::kDelivered), 0);
}

TEST(World, ALinkAddedInFrontDoesNotMoveTheDrawsOfOthers) {
  const auto lost_on_line = [](bool crowded) {
    World world(3);
    Station& a = world.add_station("a");
    Station& b = world.add_station("b");
    Station& c = world.add_station("c");
    if (crowded) world.connect(a, c, kBadLine);
    world.connect(a, b, {.loss = {1, 2}});
    const std::size_t port = a.port_count() - 1;
    for (std::uint64_t i = 0; i < 100; ++i) {
      if (crowded) a.send(numbered_frame(i), 0);
      a.send(numbered_frame(i), port);
    }
    world.run_until_idle(1s);
    return numbers_in(b.received());
  };
  EXPECT_EQ(lost_on_line(false), lost_on_line(true));
}

TEST(World, TheHashSeesWhenAFrameCame) {
  const auto hash = [](Duration delay) {
    Cable cable({.delay = delay});
    cable.a.send(numbered_frame(1));
    cable.world.run_until_idle(1s);
    return cable.world.packet_hash();
  };
  EXPECT_EQ(hash(1ms), hash(1ms));
  EXPECT_NE(hash(1ms), hash(2ms));
  EXPECT_NE(hash(1ms), 0U);
}

TEST(World, RunsUpToAndIncludingAnInstant) {
  Cable cable({.delay = 10ms});
  cable.a.send(numbered_frame(0));
  EXPECT_EQ(cable.world.next_instant(), Time(10ms));
  EXPECT_EQ(cable.world.run_until(Time(10ms - 1ns)), RunEnd::kTimeReached);
  EXPECT_TRUE(cable.b.received().empty());
  EXPECT_FALSE(cable.world.is_quiet());
  cable.world.run_until(Time(10ms));
  EXPECT_EQ(cable.b.received().size(), 1U);
  EXPECT_TRUE(cable.world.is_quiet());
  EXPECT_FALSE(cable.world.next_instant());
}

TEST(World, TimeNeverGoesBackAndRunsToWhereItWasSent) {
  World world(1);
  world.run_for(5s);
  world.run_until(Time(3s));
  EXPECT_EQ(world.now(), Time(5s));
  EXPECT_EQ(world.run_until_idle(1s), RunEnd::kIdle);
  EXPECT_EQ(world.now(), Time(5s));
  world.run_until(kNever);
  EXPECT_EQ(world.now(), kNever);
  EXPECT_EQ(world.run_for(1s), RunEnd::kTimeReached);
}

TEST(World, RunUntilIdleStopsAtItsLimit) {
  Cable cable({.delay = 10s});
  cable.a.send(numbered_frame(0));
  EXPECT_EQ(cable.world.run_until_idle(1s), RunEnd::kTimeReached);
  EXPECT_EQ(cable.world.now(), Time(1s));
}

TEST(World, RunUntilTrueStopsAtTheTurnThatMadeItSo) {
  Cable cable({.bits_per_second = 8'000'000});
  for (std::uint64_t i = 0; i < 5; ++i) cable.a.send(numbered_frame(i, 1000));
  const auto has_three = [&] { return cable.b.received().size() == 3; };
  EXPECT_TRUE(cable.world.run_until_true(has_three, 1s));
  EXPECT_EQ(cable.world.now(), Time(3ms));
  EXPECT_FALSE(cable.world.run_until_true([] { return false; }, 1s));
}

TEST(World, TapsSeeTheirLinkTheirNodeOrEverything) {
  World world(1);
  Station& a = world.add_station("a");
  Station& b = world.add_station("b");
  Station& c = world.add_station("c");
  CountingTap everything, line, node;
  world.tap(node.of(Sighting::Moment::kSent) == 0 ? b : a, node);  // before it has links
  Link& ab = world.connect(a, b, {.delay = 1ms, .lost_frames = {1}});
  world.connect(b, c);
  world.tap(everything);
  world.tap(ab, line);
  a.send(numbered_frame(1));  // arrives
  a.send(numbered_frame(2));  // is lost
  b.send(numbered_frame(3), 1);
  world.run_until_idle(1s);
  using enum Sighting::Moment;
  EXPECT_EQ(line.of(kSent), 2);
  EXPECT_EQ(line.of(kDelivered), 1);
  EXPECT_EQ(line.of(kDropped), 1);
  EXPECT_EQ(everything.of(kSent), 3);
  EXPECT_EQ(everything.of(kDelivered), 2);
  EXPECT_EQ(node.of(kSent), 1) << "what b sent to c";
  EXPECT_EQ(node.of(kDelivered), 1) << "what a sent to b";
  EXPECT_EQ(node.of(kDropped), 0);
  EXPECT_EQ(line.times.back(), Time(1ms));
  EXPECT_EQ(std::ranges::count(line.drops, LinkDrop::kExactLoss), 1);
  world.untap(line);
  world.untap(everything);
  world.untap(node);
  a.send(numbered_frame(4));
  world.run_until_idle(1s);
  EXPECT_EQ(line.of(kSent), 2);
  EXPECT_EQ(everything.of(kSent), 3);
  EXPECT_EQ(node.of(kDelivered), 1);
}

TEST(World, AMacAddressNamesItsNodeAndPort) {
  World world(1);
  Station& a = world.add_station("a");
  Station& b = world.add_station("b");
  EXPECT_EQ(to_text(a.mac(0)).view(), "02:00:00:00:01:00");
  EXPECT_EQ(to_text(b.mac(2)).view(), "02:00:00:00:02:02");
}

TEST(World, FindsItsNodesByName) {
  World world(1);
  Station& a = world.add_station("a");
  EXPECT_EQ(world.find_node("a"), &a);
  EXPECT_EQ(world.find_node("b"), nullptr);
  EXPECT_EQ(world.nodes().size(), 1U);
  EXPECT_TRUE(world.links().empty());
}

TEST(World, ALeakIsFound) {
  World world(1);
  const PacketPtr held = world.pool().allocate();
  EXPECT_EQ(world.leaked_packets(), 1U);
  EXPECT_TRUE(world.is_quiet());
}

TEST(World, EndsCleanlyInTheMiddleOfEverything) {
  Cable cable({.bits_per_second = 8'000'000, .delay = 1s});
  for (std::uint64_t i = 0; i < 10; ++i) cable.a.send(numbered_frame(i, 1000));
  cable.world.run_for(3ms);
  cable.world.executor().post([] { FAIL(); });
  cable.world.executor().start_timer(Time(1s), [] { FAIL(); });
  EXPECT_EQ(cable.world.frames_in_flight(), 10U);
}

}  // namespace
}  // namespace strata::sim::world_test
