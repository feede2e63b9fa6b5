// SPDX-License-Identifier: Apache-2.0
#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::transitions_test {
namespace {

// RFC 4861 7.3.3 SHOULD: the machine of states runs for every neighbour in use.
// RFC 1122 2.3.2.1 MUST: out-of-date cache entries are flushed, by timeout or unicast poll.
TEST(NeighborTransitions, LeadFromReachableThroughEveryStateToFailed) {
  for (const IpAddress& peer : {kPeer4, kPeer6}) {
    World world;
    world.resolve(peer, kMacA);
    world.now += 14s;
    EXPECT_EQ(world.state(peer), State::kReachable);
    world.now += 32s;
    EXPECT_EQ(world.state(peer), State::kStale);
    EXPECT_TRUE(world.run(100s).empty()) << "a stale neighbour is left alone until it is used";
    EXPECT_EQ(mac_towards(world.cache, peer, world.now), kMacA);
    EXPECT_EQ(world.state(peer), State::kDelay);
    EXPECT_TRUE(world.run(4999ms).empty());
    EXPECT_EQ(mac_towards(world.cache, peer, world.now), kMacA);
    EXPECT_EQ(solicitations(world.run(1ms)), 1U);
    EXPECT_EQ(world.state(peer), State::kProbe);
    EXPECT_EQ(solicitations(world.run(2999ms)), 2U);
    EXPECT_EQ(mac_towards(world.cache, peer, world.now), kMacA) << "still used while probed";
    EXPECT_EQ(solicitations(world.run(1ms)), 1U);
    EXPECT_EQ(world.state(peer), State::kUnreachable);
    EXPECT_EQ(mac_towards(world.cache, peer, world.now), kMacA) << "RFC 7048: still used";
    EXPECT_EQ(solicitations(world.run(39s)), 2U);
    EXPECT_EQ(world.state(peer), State::kFailed);
    EXPECT_FALSE(mac_towards(world.cache, peer, world.now));
  }
}

// RFC 7048 3 SHOULD: retransmissions back off exponentially once a neighbour is unreachable.
TEST(NeighborTransitions, AskUnreachableNeighborsEverMoreRarely) {
  Config config;
  config.reachability.unreachable_solicitations_max = 6;
  World world(config);
  world.bring_to(kPeer6, kMacA, State::kUnreachable);
  std::vector<Duration> waits;
  Time last = world.now;
  while (world.state(kPeer6) == State::kUnreachable) {
    const auto deadline = world.cache.next_deadline();
    ASSERT_TRUE(deadline);
    world.now = *deadline;
    world.cache.on_deadline(world.now);
    waits.push_back(world.now - last);
    last = world.now;
    for (const Output& output : world.pull()) {
      EXPECT_EQ(std::get<SendSolicitation>(output).destination, kPeer6.solicited_node_group());
    }
  }
  const std::vector<Duration> wanted = {3s, 9s, 27s, 60s, 60s, 60s};
  EXPECT_EQ(waits, wanted);
}

// RFC 4861 7.3.3 MUST: probes are unicast to the cached link-layer address.
// RFC 1122 2.3.2.1 MAY: ARP polls by unicast before it forgets.
TEST(NeighborTransitions, ProbeTheKnownStationByUnicast) {
  World world;
  world.bring_to(kPeer4, kMacA, State::kDelay);
  const auto arp = world.run(5s);
  EXPECT_EQ(first<SendArp>(arp).destination, kMacA);
  EXPECT_EQ(first<SendArp>(arp).header, arp_request(kOurMac, kOur4, kPeer4));
  world.bring_to(kPeer6, kMacB, State::kDelay);
  const auto nd = world.run(5s);
  EXPECT_EQ(first<SendSolicitation>(nd).destination, kPeer6);
  EXPECT_EQ(first<SendSolicitation>(nd).destination_mac, kMacB);
}

// RFC 4861 7.3.1 SHOULD: forward progress seen by the upper layer confirms a neighbour.
TEST(NeighborTransitions, TakeTheUpperLayersWordExceptWithoutAnAddress) {
  struct Case {
    State before, after;
  };
  for (const auto [before, after] :
       {Case{State::kIncomplete, State::kIncomplete}, Case{State::kReachable, State::kReachable},
        Case{State::kStale, State::kReachable}, Case{State::kDelay, State::kReachable},
        Case{State::kProbe, State::kReachable}, Case{State::kUnreachable, State::kReachable},
        Case{State::kFailed, State::kFailed}}) {
    for (const IpAddress& peer : {kPeer4, kPeer6}) {
      World world;
      world.bring_to(peer, kMacA, before);
      world.cache.on_reachability_confirmed(peer, world.now);
      EXPECT_EQ(world.state(peer), after) << to_text(before);
    }
  }
}

// RFC 1122 3.3.1.4 MUST: negative advice of the upper layer makes a next hop be asked for.
TEST(NeighborTransitions, AskTheStationThatTheUpperLayerDoubts) {
  struct Case {
    State before, after;
  };
  for (const auto [before, after] :
       {Case{State::kIncomplete, State::kIncomplete}, Case{State::kReachable, State::kProbe},
        Case{State::kStale, State::kProbe}, Case{State::kDelay, State::kProbe},
        Case{State::kUnreachable, State::kUnreachable}, Case{State::kFailed, State::kFailed}}) {
    World world;
    world.bring_to(kPeer6, kMacA, before);
    // What has proved itself a moment ago is believed.
    if (before == State::kReachable) {
      world.cache.on_reachability_doubted(kPeer6, world.now);
      EXPECT_EQ(world.state(kPeer6), State::kReachable);
      world.now += 2s;
    }
    world.cache.on_reachability_doubted(kPeer6, world.now);
    EXPECT_EQ(world.state(kPeer6), after) << to_text(before);
  }
}

TEST(NeighborTransitions, StayReachableAsLongAsTheUpperLayerConfirms) {
  World world;
  world.resolve(kPeer6, kMacA);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(solicitations(world.run(10s)), 0U);
    EXPECT_TRUE(mac_towards(world.cache, kPeer6, world.now));
    world.cache.on_reachability_confirmed(kPeer6, world.now);
  }
}

// RFC 4861 6.3.4 SHOULD: hosts use the router's Reachable Time and Retrans Timer.
TEST(NeighborTransitions, UseTheTimersThatARouterAdvertises) {
  World world;
  world.cache.on_router_parameters(10s, 100ms, world.now);
  world.resolve(kPeer6, kMacA);
  world.now += 4900ms;
  EXPECT_EQ(world.state(kPeer6), State::kReachable);
  world.now += 10'200ms;
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  world.park(kOther6);
  const auto outputs = world.run(300ms);
  EXPECT_EQ(solicitations(outputs), 3U);
  EXPECT_EQ(count_of<Undeliverable>(outputs), 1U);
}

TEST(NeighborTransitions, ApplyAShorterTimerToQuestionsAlreadyOut) {
  World world;
  world.cache.on_router_parameters(std::nullopt, 50s, world.now);
  world.park(kPeer6);
  (void)world.pull();
  world.cache.on_router_parameters(std::nullopt, 1s, world.now);
  EXPECT_EQ(solicitations(world.run(1s)), 1U);
}

// RFC 4861 6.3.2 MUST: ReachableTime is uniform between the random factors times the base.
TEST(NeighborTransitions, DrawReachableTimeBetweenHalfAndOneAndAHalf) {
  Duration low = Duration::max();
  Duration high{};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world({}, true, seed);
    world.resolve(kPeer6, kMacA);
    const Time from = world.now;
    while (world.state(kPeer6) == State::kReachable) world.now += 100ms;
    low = std::min(low, world.now - from);
    high = std::max(high, world.now - from);
  }
  EXPECT_GE(low, 15s);
  EXPECT_LT(low, 17s);
  EXPECT_LE(high, 45'100ms);
  EXPECT_GT(high, 43s);
}

}  // namespace
}  // namespace strata::neighbor::transitions_test
