// SPDX-License-Identifier: Apache-2.0
#include "neighbor/cache.h"

#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::cache_test {
namespace {

TEST(NeighborCache, AnswersFromTheCacheOnceResolved) {
  World world;
  EXPECT_FALSE(mac_towards(world.cache, kPeer4, world.now));
  world.resolve(kPeer4, kMacA);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA) << "through the recent slot";
}

TEST(NeighborCache, KnowsWhereGroupsGoWithoutAsking) {
  World world;
  EXPECT_EQ(mac_towards(world.cache, IpAddress::v4(224, 1, 2, 3), world.now),
            MacAddress::from_value(0x0100'5e01'0203));
  EXPECT_EQ(mac_towards(world.cache, IpAddress::all_nodes_v6(), world.now),
            MacAddress::from_value(0x3333'0000'0001));
  EXPECT_EQ(mac_towards(world.cache, IpAddress::limited_broadcast(), world.now),
            MacAddress::broadcast());
  EXPECT_EQ(world.cache.size(), 0U);
}

// RFC 4861 7.2.2 MUST: queued packets are sent once address resolution completes.
// RFC 1122 2.3.2.2 SHOULD: the link layer saves packets while the address is resolved.
TEST(NeighborCache, ReleasesParkedPacketsInTheOrderOfTheirArrival) {
  for (const IpAddress& peer : {kPeer4, kPeer6}) {
    World world;
    std::vector<const Packet*> parked;
    for (int i = 0; i < 3; ++i) {
      PacketPtr packet = world.packet();
      parked.push_back(packet.get());
      EXPECT_FALSE(world.cache.park(peer, std::move(packet), world.now));
    }
    EXPECT_EQ(solicitations(world.pull()), 1U);
    world.answer(peer, kMacA);
    const auto outputs = world.pull();
    ASSERT_EQ(outputs.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      const Release& release = std::get<Release>(outputs[i]);
      EXPECT_EQ(release.packet.get(), parked[i]);
      EXPECT_EQ(release.destination, kMacA);
      EXPECT_EQ(release.next_hop, peer);
    }
    EXPECT_EQ(world.cache.packets_waiting(), 0U);
  }
}

// RFC 4861 7.2.2 SHOULD: when the queue of a neighbour overflows the new arrival replaces the
// oldest entry.
TEST(NeighborCache, GivesBackTheOldestPacketWhenTooManyWait) {
  World world({.packets_per_entry_max = 2});
  PacketPtr oldest = world.packet();
  const Packet* const oldest_packet = oldest.get();
  EXPECT_FALSE(world.cache.park(kPeer4, std::move(oldest), world.now));
  world.park(kPeer4);
  const auto displaced = world.cache.park(kPeer4, world.packet(), world.now);
  ASSERT_TRUE(displaced);
  EXPECT_EQ(displaced->packet.get(), oldest_packet);
  EXPECT_EQ(displaced->reason, DropReason::kNeighborQueueFull);
  EXPECT_EQ(displaced->next_hop, kPeer4);
}

TEST(NeighborCache, BoundsWaitingPacketsOverAllNeighbors) {
  World world({.packets_max = 8});
  std::size_t displaced = 0;
  for (unsigned i = 0; i < 50; ++i) {
    const IpAddress next_hop = IpAddress::v4(0x0a00'0100 + i);
    if (world.cache.park(next_hop, world.packet(), world.now)) ++displaced;
  }
  EXPECT_EQ(world.cache.packets_waiting(), 8U);
  EXPECT_EQ(displaced, 42U);
}

// RFC 4861 7.2.2 MUST: with no answer after MAX_MULTICAST_SOLICIT, packets are undeliverable.
TEST(NeighborCache, GivesUpOnSilentAddressesAndTellsOfEveryPacket) {
  for (const IpAddress& peer : {kPeer4, kPeer6}) {
    World world;
    world.park(peer);
    world.park(peer);
    const auto outputs = world.run(10s);
    EXPECT_EQ(solicitations(outputs), 3U);
    EXPECT_EQ(count_of<Undeliverable>(outputs), 2U);
    EXPECT_EQ(first<Undeliverable>(outputs).reason, DropReason::kNeighborUnresolved);
    EXPECT_EQ(first<Undeliverable>(outputs).next_hop, peer);
  }
}

// RFC 1122 2.3.2.1 MUST: a mechanism prevents ARP flooding; at most one request per second and
// destination is recommended.
TEST(NeighborCache, RefusesPacketsToAFailedAddressForAWhile) {
  World world;
  std::size_t sent = 0;
  std::size_t refused = 0;
  for (int i = 0; i < 6000; ++i) {
    const auto back = world.cache.park(kPeer4, world.packet(), world.now);
    if (back && back->reason == DropReason::kNeighborUnresolved) ++refused;
    sent += solicitations(world.run(10ms));
  }
  EXPECT_LE(sent, 20U) << "in a minute";
  EXPECT_GE(sent, 9U) << "but the address is asked for again";
  EXPECT_GT(refused, 3000U);
}

TEST(NeighborCache, ResolvesAtOnceWhenASilentHostSpeaks) {
  World world;
  world.bring_to(kPeer4, kMacA, State::kFailed);
  world.cache.on_arp(arp_request(kMacA, kPeer4, kPeer4), world.now);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA);
}

TEST(NeighborCache, ShedsTheOldestUnresolvedEntryForANewOne) {
  World world({.entries_max = 4});
  for (unsigned i = 0; i < 5; ++i) world.park(IpAddress::v4(0x0a00'0100 + i));
  const auto outputs = world.pull();
  EXPECT_EQ(world.cache.size(), 4U);
  EXPECT_EQ(first<Undeliverable>(outputs).reason, DropReason::kNeighborTableFull);
  EXPECT_EQ(first<Undeliverable>(outputs).next_hop, IpAddress::v4(0x0a00'0100));
}

TEST(NeighborCache, RefusesANewNeighborWhenOnlyPinnedOnesAreLeft) {
  World world({.entries_max = 2});
  EXPECT_TRUE(world.cache.add_static(kPeer4, kMacA, world.now));
  EXPECT_TRUE(world.cache.add_static(kPeer6, kMacA, world.now));
  const auto refused = world.cache.park(kOther4, world.packet(), world.now);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, DropReason::kNeighborTableFull);
  EXPECT_EQ(world.cache.on_arp(arp_request(kMacB, kOther4, kOur4), world.now),
            DropReason::kNeighborTableFull);
}

TEST(NeighborCache, NeverChangesStaticEntries) {
  World world;
  ASSERT_TRUE(world.cache.add_static(kPeer4, kMacA, world.now));
  ASSERT_TRUE(world.cache.add_static(kPeer6, kMacA, world.now));
  world.now += 1000s;
  world.answer(kPeer4, kMacB);
  world.answer(kPeer6, kMacB);
  world.cache.on_router_link_layer(kPeer6, kMacB, world.now);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA);
  EXPECT_EQ(mac_towards(world.cache, kPeer6, world.now), kMacA);
  EXPECT_TRUE(world.run(1000s).empty());
  world.cache.flush();
  EXPECT_EQ(world.cache.size(), 2U) << "flush is for what was learned";
  EXPECT_TRUE(world.cache.remove_static(kPeer4));
  EXPECT_FALSE(world.cache.remove_static(kPeer4));
  EXPECT_FALSE(mac_towards(world.cache, kPeer4, world.now));
}

TEST(NeighborCache, BoundsStaticEntries) {
  World world({.entries_max = 8, .routers_max = 1});
  std::size_t added = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (world.cache.add_static(IpAddress::v4(0x0a00'0100 + i), kMacA, world.now)) ++added;
  }
  EXPECT_EQ(added, 5U);
}

TEST(NeighborCache, GivesPacketsBackWhenTheLinkGoesDown) {
  World world;
  world.park(kPeer4);
  world.cache.on_link_change(false, world.now);
  const auto outputs = world.pull();
  EXPECT_EQ(first<Undeliverable>(outputs).reason, DropReason::kInterfaceDown);
  EXPECT_EQ(world.cache.size(), 0U);
  const auto refused = world.cache.park(kPeer4, world.packet(), world.now);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, DropReason::kInterfaceDown);
}

TEST(NeighborCache, GivesPacketsBackOnFlush) {
  World world;
  world.park(kPeer4);
  world.park(kPeer6);
  world.cache.flush();
  EXPECT_EQ(count_of<Undeliverable>(world.pull()), 2U);
  EXPECT_EQ(world.cache.size(), 0U);
}

TEST(NeighborCache, AsksAnewForARemovedNeighborThatPacketsWaitFor) {
  for (const IpAddress& peer : {kPeer4, kPeer6}) {
    World world;
    world.park(peer);
    EXPECT_EQ(solicitations(world.run(2500ms)), 3U);
    EXPECT_TRUE(world.cache.remove(peer));
    const auto outputs = world.run(2500ms);
    EXPECT_EQ(solicitations(outputs), 3U);
    EXPECT_EQ(count_of<Undeliverable>(outputs), 0U);
    world.answer(peer, kMacA);
    EXPECT_EQ(count_of<Release>(world.pull()), 1U);
    EXPECT_TRUE(world.cache.remove(peer)) << "nothing waits any more";
    EXPECT_FALSE(world.cache.remove(peer));
    EXPECT_EQ(world.cache.size(), 0U);
  }
}

TEST(NeighborCache, SendsNothingToWhereARemovedNeighborWas) {
  World world;
  world.park(kPeer4);
  world.answer(kPeer4, kMacA);  // what waits is to be released
  EXPECT_TRUE(world.cache.remove(kPeer4));
  const auto outputs = world.pull();
  EXPECT_EQ(count_of<Release>(outputs), 0U);
  EXPECT_EQ(solicitations(outputs), 1U);
}

TEST(NeighborCache, GivesPacketsBackThatWaitForAnAddressWhichBecomesOurs) {
  World world;
  world.park(kPeer4);
  ASSERT_TRUE(world.cache.add_own_address(kPeer4, {.check_duplicates = false}, world.now));
  EXPECT_EQ(count_of<Undeliverable>(world.pull()), 1U);
}

// RFC 4861 6.3.6 MUST: routers known not to answer are not preferred.
TEST(NeighborCache, TellsWhichRoutersAreLikelyToAnswer) {
  World world;
  EXPECT_TRUE(world.cache.is_probably_reachable(kPeer6)) << "never asked";
  world.park(kPeer6);
  EXPECT_FALSE(world.cache.is_probably_reachable(kPeer6));
  world.answer(kPeer6, kMacA);
  EXPECT_TRUE(world.cache.is_probably_reachable(kPeer6));
  world.cache.remove(kPeer6);
  world.bring_to(kPeer6, kMacA, State::kUnreachable);
  EXPECT_FALSE(world.cache.is_probably_reachable(kPeer6));
}

TEST(NeighborCache, SaysWhenARouterFallsSilentAndAnswersAgain) {
  World world;
  world.resolve(kPeer6, kMacA, true);
  world.resolve(kOther6, kMacB);
  world.now += 46s;
  for (const IpAddress& used : {kPeer6, kOther6}) {
    ASSERT_TRUE(mac_towards(world.cache, used, world.now));
  }
  const auto silent = world.run(8s);
  EXPECT_EQ(count_of<RouterHeard>(silent), 1U) << "of routers only";
  EXPECT_EQ(first<RouterHeard>(silent).address, kPeer6);
  EXPECT_FALSE(first<RouterHeard>(silent).is_reachable);
  world.answer(kPeer6, kMacA, true);
  const auto back = world.pull();
  EXPECT_EQ(first<RouterHeard>(back).address, kPeer6);
  EXPECT_TRUE(first<RouterHeard>(back).is_reachable);
}

TEST(NeighborCache, HandsItsEntriesToASuccessorThatProvesThemAgain) {
  World old;
  old.resolve(kPeer4, kMacA);
  old.resolve(kPeer6, kMacB, true);
  World successor;
  old.cache.for_each(old.now, [&](const EntryView& entry) {
    EXPECT_TRUE(successor.cache.restore(entry, successor.now));
  });
  EXPECT_EQ(successor.state(kPeer4), State::kStale);
  EXPECT_EQ(mac_towards(successor.cache, kPeer4, successor.now), kMacA);
  EXPECT_EQ(mac_towards(successor.cache, kPeer6, successor.now), kMacB);
  EXPECT_TRUE(successor.cache.find(kPeer6, successor.now)->is_router);
  EXPECT_GT(solicitations(successor.run(6s)), 0U);
}

TEST(NeighborCache, LearnsNothingBogusFromAPredecessor) {
  World world;
  EXPECT_FALSE(world.cache.restore({.address = kPeer4}, world.now));
  EXPECT_FALSE(
      world.cache.restore({.address = IpAddress::all_nodes_v6(), .mac = kMacA}, world.now));
  EXPECT_TRUE(world.cache.restore({.address = kPeer4, .mac = kMacA}, world.now));
  EXPECT_EQ(world.cache.restore({.address = kPeer4, .mac = kMacA}, world.now).error(),
            Error::kAlreadyExists);
}

TEST(NeighborCache, RefusesPacketsThatHaveNoUnicastNextHop) {
  World world;
  for (const IpAddress& address : {IpAddress{}, IpAddress::all_nodes_v6()}) {
    EXPECT_TRUE(world.cache.park(address, world.packet(), world.now));
  }
  EXPECT_EQ(world.cache.size(), 0U);
}

TEST(NeighborCache, OwnsNoMemoryWhenItKnowsNobody) {
  HeapMemory memory;
  Rng rng(1);
  {
    Cache cache(memory, rng, SipKey{}, kOurMac);
    EXPECT_EQ(memory.bytes_used(), 0U);
    EXPECT_LT(sizeof(Cache), 2048U);
    for (unsigned i = 0; i < 1000; ++i) {
      EXPECT_TRUE(cache.add_static(IpAddress::v4(0x0a00'0000 + i), kMacA, Time{}) || i > 500);
    }
    EXPECT_GT(memory.bytes_used(), 0U);
  }
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST(NeighborCache, SurvivesMemoryThatRunsOut) {
  for (std::size_t limit = 0; limit < 40'000; limit += 500) {
    HeapMemory memory(limit);
    HeapMemory packets;
    PacketPool pool(packets, {.small_buffers = 64, .large_buffers = 0});
    Rng rng(1);
    Cache cache(memory, rng, SipKey{}, kOurMac);
    std::size_t back = 0;
    (void)cache.add_own_address(kOur4, {.check_duplicates = false}, Time{});
    for (unsigned i = 0; i < 64; ++i) {
      if (cache.park(IpAddress::v4(0x0a00'0100 + i), pool.allocate(), Time{})) ++back;
    }
    EXPECT_EQ(back + cache.packets_waiting(), 64U) << limit;
  }
}

// RFC 7048 3: on the same wire nothing is lost, and on another one they are soon found.
TEST(NeighborCache, OnAnotherLinkNeighborsAreAskedWhileTheyAreStillUsed) {
  World world;
  world.resolve(kPeer4, kMacA);
  world.cache.on_link_replaced(kMacB, world.now);
  EXPECT_EQ(world.cache.mac(), kMacB);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA);
  EXPECT_EQ(world.state(kPeer4), State::kUnreachable);
  std::size_t questions = 0;
  std::size_t announcements = 0;
  for (const Output& output : world.pull()) {
    if (const auto* arp = std::get_if<SendArp>(&output)) {
      EXPECT_EQ(arp->header.sender_mac, kMacB);
      EXPECT_TRUE(arp->destination.is_broadcast());
      questions += arp->header.target_ip == kPeer4 ? 1 : 0;
      announcements += arp->header.target_ip == kOur4 ? 1 : 0;
    } else if (const auto* advertisement = std::get_if<SendAdvertisement>(&output)) {
      EXPECT_TRUE(advertisement->is_override);
      ++announcements;
    }
  }
  EXPECT_EQ(questions, 1U);
  EXPECT_EQ(announcements, 3U);
  const MacAddress moved = MacAddress::from_value(0x0200'0000'00cc);
  EXPECT_EQ(world.cache.on_arp(arp_reply(moved, kPeer4, kOur4, kMacB), world.now),
            DropReason::kNone);
  EXPECT_EQ(mac_towards(world.cache, kPeer4, world.now), moved);
  EXPECT_EQ(world.state(kPeer4), State::kReachable);
}

// TCP could confirm with every other segment: one in a second is enough.
TEST(NeighborCache, KnowsWhomItNeedNotBeToldOf) {
  World world;
  EXPECT_FALSE(world.cache.was_just_confirmed(kPeer4, world.now));
  world.resolve(kPeer4, kMacA);
  ASSERT_TRUE(world.cache.add_static(kPeer6, kMacB, world.now));
  for (const IpAddress& peer : {kPeer4, kPeer6}) (void)mac_towards(world.cache, peer, world.now);
  EXPECT_TRUE(world.cache.was_just_confirmed(kPeer4, world.now + 999ms));
  EXPECT_FALSE(world.cache.was_just_confirmed(kPeer4, world.now + 1s));
  EXPECT_FALSE(world.cache.was_just_confirmed(kPeer4, world.now + 100s));
  EXPECT_TRUE(world.cache.was_just_confirmed(kPeer6, world.now + 100s)) << "never ends";
  world.now += 5s;
  world.cache.on_reachability_confirmed(kPeer4, world.now);
  EXPECT_TRUE(world.cache.was_just_confirmed(kPeer4, world.now));
}

TEST(NeighborCache, OnAnotherLinkStrangersAreForgottenAndWhoWaitsGoesOnWaiting) {
  World world;
  EXPECT_EQ(world.cache.on_arp(arp_request(kMacA, kPeer4, kOur4), world.now), DropReason::kNone);
  ASSERT_TRUE(world.cache.add_static(kPeer6, kMacA, world.now));
  world.park(kOther4);
  world.cache.on_link_replaced(kOurMac, world.now);
  EXPECT_FALSE(world.cache.find(kPeer4, world.now));
  EXPECT_EQ(world.state(kPeer6), State::kReachable);
  EXPECT_EQ(world.state(kOther4), State::kIncomplete);
  EXPECT_EQ(world.cache.packets_waiting(), 1U);
  (void)world.cache.on_link_change(false, world.now);
  world.cache.on_link_replaced(kMacB, world.now);
  EXPECT_EQ(world.cache.mac(), kMacB);
}

}  // namespace
}  // namespace strata::neighbor::cache_test
