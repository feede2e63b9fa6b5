// SPDX-License-Identifier: Apache-2.0
#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::output_test {
namespace {

// RFC 4861 7.2.2 SHOULD: the question comes from the source of the packet that prompts it, if that
// is an address of the interface; else from any.
TEST(NeighborOutput, AsksFromTheAddressThatFitsBest) {
  World world;
  EXPECT_FALSE(world.cache.park(kPeer6, world.packet(), world.now, kOurLinkLocal6));
  EXPECT_EQ(first<SendSolicitation>(world.pull()).source, kOurLinkLocal6);
  world.park(kOther6);
  EXPECT_EQ(first<SendSolicitation>(world.pull()).source, kOur6);
  world.park(IpAddress::v6(0xfe80'0000'0000'0000, 9));
  EXPECT_EQ(first<SendSolicitation>(world.pull()).source, kOurLinkLocal6);
  EXPECT_FALSE(world.cache.park(kPeer4, world.packet(), world.now, kPeer6));
  EXPECT_EQ(first<SendArp>(world.pull()).header.sender_ip, kOur4) << "the hint is not ours";
}

// RFC 4861 7.2.2 MUST: a solicitation for a link-layer address goes to the solicited-node group.
TEST(NeighborOutput, AsksTheSolicitedNodeGroup) {
  World world;
  world.park(kPeer6);
  const auto outputs = world.pull();
  const auto& sent = first<SendSolicitation>(outputs);
  EXPECT_EQ(sent.target, kPeer6);
  EXPECT_EQ(sent.destination, kPeer6.solicited_node_group());
  EXPECT_EQ(sent.destination_mac, MacAddress::for_multicast(sent.destination));
  EXPECT_FALSE(sent.nonce);
}

TEST(NeighborOutput, AsksNothingWithoutAnAddressToBeAnsweredTo) {
  World world({}, false);
  world.park(kPeer4);
  world.park(kPeer6);
  const auto outputs = world.run(10s);
  EXPECT_EQ(solicitations(outputs), 0U);
  EXPECT_EQ(count_of<Undeliverable>(outputs), 2U) << "but nobody waits for ever";
}

// RFC 4861 7.2.2 MUST: no more than one solicitation per RetransTimer for a neighbour.
TEST(NeighborOutput, AsksOncePerRetransmitTimerHoweverManyPacketsCome) {
  World world;
  std::size_t sent = 0;
  for (int i = 0; i < 990; ++i) {
    (void)world.cache.park(kPeer6, world.packet(), world.now);
    sent += solicitations(world.run(1ms));
  }
  EXPECT_EQ(sent, 1U);
}

TEST(NeighborOutput, AsksForRoutersFirst) {
  World world;
  ASSERT_TRUE(world.cache.add_router(kPeer4));
  for (unsigned i = 0; i < 100; ++i)
    (void)world.cache.park(IpAddress::v4(0x0a00'0100 + i), world.packet(), world.now);
  world.park(kPeer4);
  EXPECT_EQ(first<SendArp>(world.pull()).header.target_ip, kPeer4);
}

// A scan of 65536 addresses through us: questions stay within their budget, the table and the
// waiting packets within theirs, and every packet comes back.
TEST(NeighborOutput, SpendsABoundedNumberOfQuestionsOnAScan) {
  World world;
  std::size_t came_back = 0;
  std::size_t sent = 0;
  for (unsigned i = 0; i < 65536; ++i) {
    if (world.cache.park(IpAddress::v4(0x0a01'0000 + i), world.packet(), world.now)) ++came_back;
    if (i % 16 != 0) continue;
    for (const Output& output : world.run(1ms)) {
      if (std::holds_alternative<Undeliverable>(output))
        ++came_back;
      else
        ++sent;
    }
  }
  EXPECT_LE(world.cache.size(), 1024U);
  EXPECT_LE(world.cache.packets_waiting(), 256U);
  EXPECT_LE(sent, 4096U / 2 + 64U + 1U) << "in 4.1 seconds";
  for (const Output& output : world.run(20s)) {
    if (std::holds_alternative<Undeliverable>(output)) ++came_back;
  }
  EXPECT_EQ(came_back, 65536U);
}

// One million forged messages about a million addresses, while the gateways are in use: the table
// stays at its limit, the gateways keep their stations, and hardly anything is sent.
TEST(NeighborOutput, KeepsItsGatewaysUnderAMillionForgedMessages) {
  World world;
  const MacAddress forged = MacAddress::from_value(0x0200'dead'beef);
  ASSERT_TRUE(world.cache.add_router(kPeer4));
  world.resolve(kPeer4, kMacA);
  world.resolve(kPeer6, kMacB, true);  // a router by its own word, proved
  world.resolve(kOther4, kMacB);       // a host in use
  Rng rng(7);
  std::size_t sent = 0;
  for (unsigned i = 0; i < 1'000'000; ++i) {
    const auto number = static_cast<std::uint32_t>(rng.next());
    const IpAddress any4 = IpAddress::v4(0x0b00'0000 | (number & 0xff'ffff));
    const IpAddress any6 = IpAddress::v6(0xfd77'0000'0000'0000, 0x1'0000'0000 | number);
    switch (i % 6) {
      case 0: (void)world.cache.on_arp(arp_request(forged, any4, kOur4), world.now); break;
      case 1: (void)world.cache.on_arp(arp_reply(forged, any4), world.now); break;
      case 2:
        (void)world.cache.on_neighbor_solicitation(solicitation(any6, forged), world.now);
        break;
      case 3:
        (void)world.cache.on_neighbor_advertisement(
            advertisement(any6, forged,
                          {.is_solicited = true, .is_override = true, .is_router = true}),
            world.now);
        break;
      case 4: world.cache.on_router_link_layer(any6, forged, world.now); break;
      default:  // straight at the gateways
        (void)world.cache.on_arp(arp_reply(forged, kPeer4), world.now);
        (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, forged), world.now);
    }
    if (i % 100 != 0) continue;
    for (const IpAddress& used : {kPeer4, kPeer6, kOther4}) {
      ASSERT_TRUE(mac_towards(world.cache, used, world.now)) << i;
    }
    ASSERT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA) << i;
    ASSERT_EQ(mac_towards(world.cache, kPeer6, world.now), kMacB) << i;
    for (const Output& output : world.run(1ms)) {
      ++sent;
      if (const auto* const arp = std::get_if<SendArp>(&output)) {
        const bool is_gateway = arp->header.target_ip == kPeer4;
        world.answer(arp->header.target_ip, is_gateway ? kMacA : kMacB);
      } else if (std::holds_alternative<SendSolicitation>(output)) {
        world.answer(kPeer6, kMacB, true);
      }
    }
  }
  EXPECT_EQ(world.cache.size(), 1024U);
  EXPECT_GT(world.cache.counters().entries_shed, 400'000U);
  EXPECT_LT(sent, 100U) << "in ten seconds of virtual time";
}

TEST(NeighborOutput, ResolvesAGatewayWhileStrangersFloodTheTable) {
  World world;
  for (unsigned i = 0; i < 5000; ++i) {
    (void)world.cache.on_arp(arp_request(kMacB, IpAddress::v4(0x0b00'0000 + i), kOur4), world.now);
  }
  world.park(kPeer4);
  EXPECT_EQ(first<SendArp>(world.pull()).header.target_ip, kPeer4);
  for (unsigned i = 0; i < 5000; ++i) {
    (void)world.cache.on_arp(arp_request(kMacB, IpAddress::v4(0x0c00'0000 + i), kOur4), world.now);
  }
  world.answer(kPeer4, kMacA);
  EXPECT_EQ(first<Release>(world.pull()).destination, kMacA);
}

IpAddress random_peer(Rng& rng) {
  const auto number = static_cast<std::uint32_t>(rng.below(48));
  return rng.below(2) == 0 ? IpAddress::v4(0x0a00'0000 + number)
                           : IpAddress::v6(0xfd77'0000'0000'0000, number);
}

// Tells the cache something; false when it is time to send a packet instead.
bool random_event(World& world, Rng& rng) {
  const auto number = static_cast<std::uint32_t>(rng.below(48));
  const bool is_v4 = rng.below(2) == 0;
  const IpAddress peer =
      is_v4 ? IpAddress::v4(0x0a00'0000 + number) : IpAddress::v6(0xfd77'0000'0000'0000, number);
  const MacAddress mac = MacAddress::from_value(0x0200'0000'0000 + rng.below(4));
  switch (rng.below(14)) {
    case 0:
      (void)world.cache.on_arp(arp_request(mac, IpAddress::v4(0x0a00'0000 + number), kOur4),
                               world.now);
      break;
    case 1:
      (void)world.cache.on_arp(arp_reply(mac, IpAddress::v4(0x0a00'0000 + number)), world.now);
      break;
    case 2:
      (void)world.cache.on_neighbor_solicitation(
          solicitation(is_v4 ? IpAddress{} : peer, is_v4 ? std::nullopt : std::optional(mac),
                       IpAddress::v6(0xfd77'0000'0000'0000, rng.below(48))),
          world.now);
      break;
    case 3:
      (void)world.cache.on_neighbor_advertisement(
          advertisement(IpAddress::v6(0xfd77'0000'0000'0000, number), mac,
                        {.is_solicited = rng.below(2) == 0,
                         .is_override = rng.below(2) == 0,
                         .is_router = rng.below(2) == 0}),
          world.now);
      break;
    case 4:
      world.cache.on_router_link_layer(IpAddress::v6(0xfd77'0000'0000'0000, number), mac,
                                       world.now);
      break;
    case 5: world.cache.on_redirect(peer, mac, rng.below(2) == 0, world.now); break;
    case 6: world.cache.on_reachability_confirmed(peer, world.now); break;
    case 7:
      if (rng.below(20) == 0) world.cache.on_link_change(rng.below(4) != 0, world.now);
      break;
    case 8:
      if (rng.below(10) == 0) (void)world.cache.remove(peer);
      break;
    case 9:
      if (rng.below(30) == 0) world.cache.flush();
      break;
    case 10:
      if (rng.below(30) == 0) (void)world.cache.add_static(peer, mac, world.now);
      break;
    default: return false;
  }
  return true;
}

// Random events and times: the tables keep their limits, each packet leaves exactly once, what is
// sent is bounded by time, and in the end all memory is back.
TEST(NeighborOutput, HoldsItsInvariantsUnderRandomEvents) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Config config;
    config.entries_max = 16;
    config.packets_max = 12;
    config.packets_per_entry_max = 3;
    World world(config, true, seed);
    ASSERT_TRUE(world.cache.add_proxy(IpAddress::v6(0xfd77'0000'0000'0000, 40)));
    Rng rng(seed * 1000);
    const Time start = world.now;
    std::size_t parked = 0, left = 0, sent = 0, messages = 0;
    const auto count = [&](const std::vector<Output>& outputs) {
      for (const Output& output : outputs) {
        const bool is_packet = std::holds_alternative<Release>(output) ||
                               std::holds_alternative<Undeliverable>(output);
        ++(is_packet ? left : sent);
      }
    };
    for (int step = 0; step < 2000; ++step) {
      ++messages;
      if (!random_event(world, rng)) {
        const IpAddress peer = random_peer(rng);
        if (!mac_towards(world.cache, peer, world.now)) {
          ++parked;
          if (world.cache.park(peer, world.packet(), world.now)) ++left;
        }
      }
      ASSERT_LE(world.cache.size(), 16U);
      ASSERT_LE(world.cache.packets_waiting(), 12U);
      if (rng.below(3) == 0) count(world.run(Duration(rng.below(3'000'000'000))));
    }
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(world.now - start);
    EXPECT_LE(sent, static_cast<std::size_t>(elapsed.count()) * 20 + 200 + messages / 4) << seed;
    world.cache.flush();
    count(world.pull());
    EXPECT_EQ(parked, left) << seed;
    EXPECT_EQ(world.pool.small_free(), world.pool.small_count()) << seed;
  }
}

TEST(NeighborOutput, HasNoDeadlineWhenNothingIsGoingOn) {
  World world;
  EXPECT_EQ(world.cache.next_deadline(), std::nullopt);
  world.resolve(kPeer4, kMacA);
  EXPECT_EQ(world.cache.next_deadline(), std::nullopt) << "a reachable neighbour needs no timer";
  world.park(kPeer6);
  EXPECT_LE(*world.cache.next_deadline(), world.now);
}

}  // namespace
}  // namespace strata::neighbor::output_test
