// SPDX-License-Identifier: Apache-2.0
#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::learn_test {
namespace {

enum class Mac { kNone, kSame, kOther };

struct AdvertisementCase {
  State before;
  bool is_solicited, is_override;
  Mac mac;
  State after;
  bool takes_mac;
};

// RFC 4861 appendix C, the rows for received advertisements; STALE stands for all states but
// INCOMPLETE and REACHABLE where the table has one row for them.
constexpr AdvertisementCase kAdvertisementCases[] = {
    {State::kIncomplete, true, false, Mac::kOther, State::kReachable, true},
    {State::kIncomplete, true, true, Mac::kOther, State::kReachable, true},
    {State::kIncomplete, false, false, Mac::kOther, State::kDelay, true},  // STALE, then sent to
    {State::kIncomplete, false, true, Mac::kOther, State::kDelay, true},
    {State::kIncomplete, true, true, Mac::kNone, State::kIncomplete, false},
    {State::kReachable, true, false, Mac::kSame, State::kReachable, false},
    {State::kReachable, true, false, Mac::kOther, State::kStale, false},
    {State::kReachable, true, true, Mac::kSame, State::kReachable, false},
    {State::kReachable, true, true, Mac::kOther, State::kReachable, true},
    {State::kReachable, false, false, Mac::kSame, State::kReachable, false},
    {State::kReachable, false, false, Mac::kOther, State::kStale, false},
    {State::kReachable, false, true, Mac::kSame, State::kReachable, false},
    {State::kReachable, false, true, Mac::kOther, State::kStale, true},
    {State::kReachable, false, true, Mac::kNone, State::kReachable, false},
    {State::kReachable, true, false, Mac::kNone, State::kReachable, false},
    {State::kStale, true, false, Mac::kSame, State::kReachable, false},
    {State::kStale, true, false, Mac::kOther, State::kStale, false},
    {State::kStale, true, false, Mac::kNone, State::kReachable, false},
    {State::kStale, true, true, Mac::kOther, State::kReachable, true},
    {State::kStale, false, false, Mac::kSame, State::kStale, false},
    {State::kStale, false, false, Mac::kOther, State::kStale, false},
    {State::kStale, false, true, Mac::kSame, State::kStale, false},
    {State::kStale, false, true, Mac::kOther, State::kStale, true},
    {State::kDelay, true, false, Mac::kSame, State::kReachable, false},
    {State::kDelay, true, false, Mac::kOther, State::kDelay, false},
    {State::kDelay, true, true, Mac::kOther, State::kReachable, true},
    {State::kDelay, false, false, Mac::kSame, State::kDelay, false},
    {State::kDelay, false, true, Mac::kOther, State::kStale, true},
    {State::kProbe, true, false, Mac::kSame, State::kReachable, false},
    {State::kProbe, true, false, Mac::kOther, State::kProbe, false},
    {State::kProbe, true, true, Mac::kOther, State::kReachable, true},
    {State::kProbe, false, false, Mac::kSame, State::kProbe, false},
    {State::kProbe, false, true, Mac::kOther, State::kStale, true},
    {State::kUnreachable, true, false, Mac::kSame, State::kReachable, false},
    {State::kUnreachable, true, false, Mac::kOther, State::kUnreachable, false},
    {State::kUnreachable, true, true, Mac::kOther, State::kReachable, true},
    {State::kUnreachable, false, false, Mac::kSame, State::kUnreachable, false},
    {State::kUnreachable, false, true, Mac::kOther, State::kStale, true},
    {State::kFailed, true, true, Mac::kOther, State::kReachable, true},
    {State::kFailed, false, true, Mac::kOther, State::kStale, true},
};

// RFC 4861 7.2.5 MUST: an advertisement without Override and with another address changes nothing.
// RFC 4861 7.2.5 MUST: a solicited advertisement sets REACHABLE; another address without
// Solicited sets STALE.
TEST(NeighborLearn, FollowsTheAdvertisementTableOfAppendixC) {
  for (const AdvertisementCase& row : kAdvertisementCases) {
    World world;
    world.bring_to(kPeer6, kMacA, row.before);
    std::optional<MacAddress> mac;
    if (row.mac == Mac::kSame) mac = kMacA;
    if (row.mac == Mac::kOther) mac = kMacB;
    (void)world.cache.on_neighbor_advertisement(
        advertisement(kPeer6, mac,
                      {.is_solicited = row.is_solicited, .is_override = row.is_override}),
        world.now);
    SCOPED_TRACE(testing::Message() << to_text(row.before) << " S=" << row.is_solicited << " O="
                                    << row.is_override << " mac=" << static_cast<int>(row.mac));
    EXPECT_EQ(world.state(kPeer6), row.after);
    if (row.after != State::kIncomplete) {
      EXPECT_EQ(world.mac(kPeer6), row.takes_mac ? kMacB : kMacA);
    }
  }
}

// RFC 4861 7.2.5 SHOULD: an advertisement for which there is no entry is discarded.
TEST(NeighborLearn, IgnoresAdvertisementsNobodyAskedFor) {
  World world;
  EXPECT_EQ(world.cache.on_neighbor_advertisement(advertisement(kPeer6, kMacA), world.now),
            DropReason::kNdNotForUs);
  EXPECT_EQ(world.cache.size(), 0U);
}

// RFC 4861 7.2.5 MUST: a router that stops being one is removed from the default router list.
TEST(NeighborLearn, TellsWhenARouterSaysItIsNoneAnyMore) {
  World world;
  world.resolve(kPeer6, kMacA, true);
  EXPECT_TRUE(world.cache.find(kPeer6, world.now)->is_router);
  (void)world.cache.on_neighbor_advertisement(advertisement(kPeer6, kMacA, {.is_solicited = false}),
                                              world.now);
  const auto outputs = world.pull();
  EXPECT_EQ(first<RouterLost>(outputs).address, kPeer6);
  EXPECT_EQ(outputs.size(), 1U);
}

// RFC 4861 7.1.1 MUST: invalid solicitations are silently discarded.
// RFC 4861 7.1.2 MUST: invalid advertisements are silently discarded.
TEST(NeighborLearn, DropsMessagesThatBreakTheValidityRules) {
  World world;
  const MacAddress group = MacAddress::from_value(0x3333'0000'0001);
  Solicitation to_unicast = solicitation({}, std::nullopt);
  to_unicast.destination = kOur6;
  for (const Solicitation& bad : {solicitation({}, kMacA), to_unicast, solicitation(kPeer6, group),
                                  solicitation(IpAddress::all_nodes_v6(), kMacA),
                                  solicitation(kPeer6, kMacA, IpAddress::all_nodes_v6())}) {
    EXPECT_EQ(world.cache.on_neighbor_solicitation(bad, world.now), DropReason::kNdMalformed);
    EXPECT_FALSE(world.cache.reply_to(bad));
  }
  world.park(kPeer6);
  Advertisement to_all = advertisement(kPeer6, kMacA);
  to_all.destination = IpAddress::all_nodes_v6();
  for (const Advertisement& bad :
       {to_all, advertisement(kPeer6, group), advertisement(IpAddress::all_nodes_v6(), kMacA)}) {
    EXPECT_EQ(world.cache.on_neighbor_advertisement(bad, world.now), DropReason::kNdMalformed);
  }
  EXPECT_EQ(world.state(kPeer6), State::kIncomplete);
}

// RFC 4861 7.2.3 SHOULD: a solicitation for us creates an entry in STALE from its option.
// RFC 4861 7.2.3 MUST: a changed address sets STALE; the IsRouter flag is left alone.
TEST(NeighborLearn, LearnsFromSolicitationsForOurAddressesOnly) {
  World world;
  EXPECT_EQ(world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA, kOther6), world.now),
            DropReason::kNdNotForUs);
  EXPECT_EQ(world.cache.size(), 0U);
  EXPECT_EQ(world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA), world.now),
            DropReason::kNone);
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  world.answer(kPeer6, kMacA);
  EXPECT_EQ(world.state(kPeer6), State::kReachable);
  (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacB), world.now);
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  EXPECT_EQ(world.mac(kPeer6), kMacB);
  EXPECT_FALSE(world.cache.find(kPeer6, world.now)->is_router);
  EXPECT_EQ(world.cache.on_neighbor_solicitation(solicitation(kOurLinkLocal6, kMacB), world.now),
            DropReason::kNdNotOnLink)
      << "nobody else speaks for our own address";
}

TEST(NeighborLearn, AsksAReachableRouterBeforeItBelievesAnotherStation) {
  World world;
  world.resolve(kPeer6, kMacA, true);
  world.now += 2s;
  (void)world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacB), world.now);
  EXPECT_EQ(mac_towards(world.cache, kPeer6, world.now), kMacA);
  EXPECT_EQ(first<SendSolicitation>(world.pull()).destination_mac, kMacA);
  world.answer(kPeer6, kMacA, true);
  EXPECT_EQ(world.state(kPeer6), State::kReachable);
}

// RFC 826, packet reception: only the target of a request adds a pair to its table.
TEST(NeighborLearn, CreatesArpEntriesOnlyForRequestsThatAskForUs) {
  World world;
  EXPECT_EQ(world.cache.on_arp(arp_request(kMacA, kPeer4, kOther4), world.now),
            DropReason::kArpNotForUs);
  EXPECT_EQ(world.cache.on_arp(arp_reply(kMacA, kPeer4), world.now), DropReason::kArpNotForUs);
  EXPECT_EQ(world.cache.on_arp(arp_request(kMacA, kPeer4, kPeer4), world.now),
            DropReason::kArpNotForUs);
  EXPECT_EQ(world.cache.size(), 0U);
  EXPECT_EQ(world.cache.on_arp(arp_request(kMacA, kPeer4, kOur4), world.now), DropReason::kNone);
  EXPECT_EQ(world.state(kPeer4), State::kStale);
}

TEST(NeighborLearn, DropsArpThatNoHostSends) {
  World world;
  for (const wire::ArpHeader& bad :
       {arp_request(MacAddress::broadcast(), kPeer4, kOur4), arp_request({}, kPeer4, kOur4),
        arp_request(kMacA, IpAddress::limited_broadcast(), kOur4),
        arp_request(kMacA, IpAddress::v4(224, 0, 0, 1), kOur4),
        wire::ArpHeader{wire::ArpOperation{9}, kMacA, kPeer4, {}, kOur4}}) {
    EXPECT_EQ(world.cache.on_arp(bad, world.now), DropReason::kArpMalformed);
    EXPECT_FALSE(world.cache.reply_to(bad));
  }
  EXPECT_EQ(world.cache.on_arp(arp_request(kOurMac, kOur4, kOur4), world.now),
            DropReason::kArpNotForUs);
}

// RFC 826, packet reception: a known pair is updated by whatever ARP its sender sends.
TEST(NeighborLearn, FollowsAMovedStationOnceTheOldOneIsSilent) {
  World world;
  world.bring_to(kPeer4, kMacA, State::kStale);
  (void)world.cache.on_arp(arp_request(kMacB, kPeer4, kPeer4), world.now);
  EXPECT_EQ(world.mac(kPeer4), kMacB) << "a stale entry follows at once";
  World busy;
  busy.resolve(kPeer4, kMacA);
  busy.now += 2s;
  (void)busy.cache.on_arp(arp_request(kMacB, kPeer4, kPeer4), busy.now);
  EXPECT_EQ(busy.mac(kPeer4), kMacA) << "a reachable one is asked first";
  const auto outputs = busy.run(3s);
  EXPECT_EQ(first<SendArp>(outputs).destination, kMacA);
  EXPECT_EQ(busy.state(kPeer4), State::kUnreachable);
  (void)busy.cache.on_arp(arp_reply(kMacB, kPeer4), busy.now);
  EXPECT_EQ(mac_towards(busy.cache, kPeer4, busy.now), kMacB);
}

TEST(NeighborLearn, AnAddressThatMovesIsFollowedThoughTcpHearsOfItsOldStationStill) {
  World world;
  world.resolve(kPeer4, kMacA);
  world.now += 5s;
  world.cache.on_reachability_confirmed(kPeer4, world.now);
  (void)world.cache.on_arp(arp_request(kMacB, kPeer4, kPeer4), world.now);
  EXPECT_EQ(world.state(kPeer4), State::kProbe) << "what TCP knows does not answer the claim";
  world.cache.on_reachability_confirmed(kPeer4, world.now);
  EXPECT_EQ(world.state(kPeer4), State::kProbe) << "what was under way is no answer either";
  EXPECT_EQ(solicitations(world.run(500ms)), 1U);
  (void)world.cache.on_arp(arp_reply(kMacA, kPeer4), world.now);
  EXPECT_EQ(world.state(kPeer4), State::kReachable);
  for (int i = 0; i < 10; ++i) {
    world.cache.on_reachability_confirmed(kPeer4, world.now);
    (void)world.cache.on_arp(arp_request(kMacB, kPeer4, kPeer4), world.now);
  }
  EXPECT_EQ(solicitations(world.pull()), 0U)
      << "forgers do not make us ask more than once a second";
}

TEST(NeighborLearn, IgnoresForgedArpRepliesWhileTheGatewayIsReachable) {
  World world;
  ASSERT_TRUE(world.cache.add_router(kPeer4));
  world.resolve(kPeer4, kMacA);
  for (int i = 0; i < 1000; ++i) {
    (void)world.cache.on_arp(arp_reply(kMacB, kPeer4), world.now);
    (void)world.cache.on_arp(arp_request(kMacB, kPeer4, kOur4), world.now);
    for (const Output& output : world.run(10ms)) {
      if (std::holds_alternative<SendArp>(output)) {
        (void)world.cache.on_arp(arp_reply(kMacA, kPeer4), world.now);
      }
    }
    ASSERT_EQ(mac_towards(world.cache, kPeer4, world.now), kMacA);
  }
  EXPECT_LE(world.cache.counters().solicitations_sent, 12U) << "in ten seconds";
}

// RFC 4861 6.3.4 SHOULD: a router advertisement's link-layer option updates the cache, and the
// sender is a router.
TEST(NeighborLearn, TakesARoutersOwnWord) {
  World world;
  world.cache.on_router_link_layer(kPeer6, std::nullopt, world.now);
  EXPECT_EQ(world.cache.size(), 0U);
  world.cache.on_router_link_layer(kPeer6, kMacA, world.now);
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  EXPECT_TRUE(world.cache.find(kPeer6, world.now)->is_router);
  world.answer(kPeer6, kMacA, true);
  world.cache.on_router_link_layer(kPeer6, kMacA, world.now);
  EXPECT_EQ(world.state(kPeer6), State::kReachable) << "the same address changes nothing";
  world.cache.on_router_link_layer(kPeer6, kMacB, world.now);
  EXPECT_EQ(world.mac(kPeer6), kMacB);
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  world.cache.on_router_solicitation(kPeer6, kMacB, world.now);
  EXPECT_EQ(first<RouterLost>(world.pull()).address, kPeer6);
}

// RFC 4861 8.3 SHOULD: a redirect's target option creates or updates the entry, in STALE.
TEST(NeighborLearn, LearnsTheTargetOfARedirect) {
  World world;
  world.cache.on_redirect(kPeer6, kMacA, false, world.now);
  EXPECT_EQ(world.state(kPeer6), State::kStale);
  EXPECT_FALSE(world.cache.find(kPeer6, world.now)->is_router);
  world.cache.on_redirect(kPeer6, kMacB, true, world.now);
  EXPECT_EQ(world.mac(kPeer6), kMacB);
  EXPECT_TRUE(world.cache.find(kPeer6, world.now)->is_router);
}

// RFC 826, packet reception: a request for our address is answered to its sender.
TEST(NeighborLearn, AnswersArpForItsReadyAddresses) {
  const World world;
  const auto reply = world.cache.reply_to(arp_request(kMacA, kPeer4, kOur4));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->destination, kMacA);
  EXPECT_EQ(reply->header,
            (wire::ArpHeader{wire::ArpOperation::kReply, kOurMac, kOur4, kMacA, kPeer4}));
  EXPECT_TRUE(world.cache.reply_to(arp_request(kMacA, IpAddress::any_v4(), kOur4)))
      << "RFC 5227: a probe learns that the address is taken";
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, kPeer4, kOther4)));
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, kOur4, kOur4))) << "an announcement";
  EXPECT_FALSE(world.cache.reply_to(arp_reply(kMacA, kPeer4)));
}

// RFC 4861 7.2.4 MUST: a solicitation from an address is answered to it, with Solicited set; one
// from the unspecified address is answered to all nodes, with Solicited clear.
TEST(NeighborLearn, AnswersSolicitationsForItsReadyAddresses) {
  World world;
  const auto reply = world.cache.reply_to(solicitation(kPeer6, kMacA));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->destination, kPeer6);
  EXPECT_EQ(reply->destination_mac, kMacA);
  EXPECT_EQ(reply->source, kOur6);
  EXPECT_EQ(reply->target, kOur6);
  EXPECT_TRUE(reply->is_solicited && reply->is_override);
  const auto to_all = world.cache.reply_to(solicitation({}, std::nullopt));
  ASSERT_TRUE(to_all);
  EXPECT_EQ(to_all->destination, IpAddress::all_nodes_v6());
  EXPECT_FALSE(to_all->is_solicited);
  EXPECT_FALSE(world.cache.reply_to(solicitation(kPeer6, kMacA, kOther6)));
  Solicitation probe = solicitation(kPeer6, std::nullopt);
  probe.destination = kOur6;
  EXPECT_EQ(world.cache.reply_to(probe)->destination_mac, std::nullopt);
  world.resolve(kPeer6, kMacB);
  EXPECT_EQ(world.cache.reply_to(probe)->destination_mac, kMacB);
}

}  // namespace
}  // namespace strata::neighbor::learn_test
