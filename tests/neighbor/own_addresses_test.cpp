// SPDX-License-Identifier: Apache-2.0
#include "neighbor/own_addresses.h"

#include "neighbor/neighbor_testing.h"

namespace strata::neighbor::own_addresses_test {
namespace {

class Lonely : public World {
 public:
  explicit Lonely(const Config& config = {}, std::uint64_t seed = 1) : World(config, false, seed) {}
  void add(const IpAddress& address, const OwnAddressOptions& options = {}) {
    EXPECT_TRUE(cache.add_own_address(address, options, now));
  }
  // Runs until the first output of a kind.
  template <typename T>
  T next(Duration limit = 100s) {
    const Time end = now + limit;
    while (now < end) {
      cache.on_deadline(now);
      while (auto output = cache.next_output(now)) {
        if (const T* const found = std::get_if<T>(&*output)) return *found;
      }
      const auto deadline = cache.next_deadline();
      if (!deadline) break;
      now = std::max(now, *deadline);
    }
    ADD_FAILURE() << "no such output";
    return T{};
  }
};

// RFC 4862 5.4 MUST: duplicate detection is performed on every unicast address before it is used.
// RFC 4862 5.4.2 MUST: the probe goes from the unspecified address to the solicited-node group.
TEST(OwnAddresses, AreProbedBeforeTheyAreReady) {
  Lonely world;
  world.add(kOur6);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kTentative);
  const Time added = world.now;
  const auto probe = world.next<SendSolicitation>();
  EXPECT_LE(world.now - added, 1s);
  EXPECT_EQ(probe.source, IpAddress::any_v6());
  EXPECT_EQ(probe.destination, kOur6.solicited_node_group());
  EXPECT_EQ(probe.target, kOur6);
  EXPECT_TRUE(probe.nonce);
  const Time probed = world.now;
  EXPECT_EQ(world.next<AddressReady>().address, kOur6);
  EXPECT_EQ(world.now - probed, 1s) << "RetransTimer after the only probe";
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kReady);
}

// RFC 4862 5.4.2 SHOULD: the first probe is delayed by a random time.
TEST(OwnAddresses, AreNotAllProbedAtTheSameMoment) {
  std::vector<Time> times;
  for (std::uint64_t seed = 1; seed < 10; ++seed) {
    Lonely world({}, seed);
    world.add(kOur6);
    (void)world.next<SendSolicitation>();
    EXPECT_EQ(std::ranges::count(times, world.now), 0);
    times.push_back(world.now);
  }
}

// RFC 4862 5.4.3 MUST: a tentative address answers nobody.
// RFC 4862 5.4.4 MUST: an advertisement for a tentative address makes it a duplicate.
TEST(OwnAddresses, AreSilentWhileTentativeAndGoneWhenTaken) {
  Lonely world;
  world.add(kOur6);
  (void)world.next<SendSolicitation>();
  EXPECT_FALSE(world.cache.reply_to(solicitation(kPeer6, kMacA)));
  EXPECT_EQ(world.cache.on_neighbor_solicitation(solicitation(kPeer6, kMacA), world.now),
            DropReason::kNone);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kTentative) << "only someone who asks";
  (void)world.cache.on_neighbor_advertisement(advertisement(kOur6, kMacA, {.is_solicited = false}),
                                              world.now);
  const auto duplicate = world.next<Duplicate>();
  EXPECT_EQ(duplicate.address, kOur6);
  EXPECT_EQ(duplicate.other, kMacA);
  EXPECT_TRUE(duplicate.must_cease);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kDuplicate);
  EXPECT_TRUE(world.run(100s).empty());
  EXPECT_FALSE(world.cache.reply_to(solicitation(kPeer6, kMacA)));
}

// RFC 4862 5.4.3 MUST: another node's probe for a tentative address makes it a duplicate.
// RFC 7527 4.2 MUST: a probe with a nonce of ours is our own, and dropped.
TEST(OwnAddresses, TellTheirOwnProbesFromOthers) {
  Lonely world;
  world.add(kOur6);
  const auto probe = world.next<SendSolicitation>();
  Solicitation echo = solicitation({}, std::nullopt);
  echo.nonce = *probe.nonce;
  (void)world.cache.on_neighbor_solicitation(echo, world.now);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kTentative);
  (void)world.cache.on_neighbor_solicitation(solicitation({}, std::nullopt), world.now);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kDuplicate);
}

// RFC 7527 4.1 SHOULD: while probes are looped back three more follow, each with a nonce of its
// own.
TEST(OwnAddresses, ProbeOnWhileTheLinkIsLooped) {
  Lonely world;
  world.add(kOur6);
  std::vector<Nonce> nonces;
  for (int i = 0; i < 7; ++i) {
    const auto probe = world.next<SendSolicitation>();
    EXPECT_EQ(std::ranges::count(nonces, *probe.nonce), 0);
    nonces.push_back(*probe.nonce);
    if (i >= 4) continue;
    Solicitation echo = solicitation({}, std::nullopt);
    echo.nonce = *probe.nonce;
    (void)world.cache.on_neighbor_solicitation(echo, world.now);
  }
  EXPECT_EQ(world.next<AddressReady>().address, kOur6);
}

TEST(OwnAddresses, AreReadyAtOnceWhenNothingIsToBeChecked) {
  Config config;
  config.duplicate_detection.transmits = 0;
  Lonely world(config);
  world.add(kOur4, {.check_duplicates = false, .announce = false});
  world.add(kOurLinkLocal6);
  const auto outputs = world.pull();
  EXPECT_EQ(outputs.size(), 2U);
  EXPECT_EQ(count_of<AddressReady>(outputs), 2U);
}

// RFC 5227 2.1.1 MUST: an address is probed with a zero sender address before it is used.
// RFC 5227 2.3 MUST: after probing, the address is announced.
TEST(OwnAddresses, AreProbedAndAnnouncedByArp) {
  Lonely world;
  const Time start = world.now;
  world.add(kOur4);
  std::vector<Time> probes;
  for (int i = 0; i < 3; ++i) {
    const auto probe = world.next<SendArp>();
    EXPECT_EQ(probe.header, arp_request(kOurMac, IpAddress::any_v4(), kOur4));
    EXPECT_TRUE(probe.destination.is_broadcast());
    probes.push_back(world.now);
  }
  EXPECT_LE(probes[0] - start, 1s);
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_GE(probes[i] - probes[i - 1], 1s);
    EXPECT_LE(probes[i] - probes[i - 1], 2s);
  }
  EXPECT_FALSE(world.cache.reply_to(arp_request(kMacA, kPeer4, kOur4)));
  EXPECT_EQ(world.next<SendArp>().header, arp_request(kOurMac, kOur4, kOur4));
  EXPECT_EQ(world.now - probes[2], 2s);
  EXPECT_EQ(world.next<AddressReady>().address, kOur4);
  EXPECT_EQ(world.now - probes[2], 2s) << "usable after the first announcement";
  EXPECT_EQ(world.next<SendArp>().header, arp_request(kOurMac, kOur4, kOur4));
  EXPECT_EQ(world.now - probes[2], 4s);
  EXPECT_TRUE(world.run(100s).empty());
}

// RFC 5227 2.1.1 MUST: a claim or another's probe during probing is a conflict.
TEST(OwnAddresses, AreGivenUpWhenArpShowsAnotherOwner) {
  for (const wire::ArpHeader& conflict :
       {arp_request(kMacA, kOur4, kPeer4), arp_reply(kMacA, kOur4, kPeer4, kMacB),
        arp_request(kMacA, IpAddress::any_v4(), kOur4)}) {
    Lonely world;
    world.add(kOur4);
    (void)world.next<SendArp>();
    EXPECT_EQ(world.cache.on_arp(conflict, world.now), DropReason::kNone);
    const auto outputs = world.pull();
    ASSERT_EQ(outputs.size(), 1U);
    EXPECT_EQ(first<Duplicate>(outputs).other, kMacA);
    EXPECT_EQ(world.cache.size(), 0U);
  }
  Lonely world;
  world.add(kOur4);
  (void)world.next<SendArp>();
  (void)world.cache.on_arp(arp_request(kMacA, kPeer4, kOur4), world.now);
  EXPECT_EQ(world.cache.own_state(kOur4), OwnState::kTentative) << "someone only asks";
}

// RFC 5227 2.4 MUST: a host reacts to conflicts in one of three ways; it defends at most once per
// DEFEND_INTERVAL, and (b) gives up on a second conflict within it.
TEST(OwnAddresses, AreDefendedAsTheirPolicySays) {
  struct Case {
    ConflictPolicy policy;
    std::size_t defences;
    OwnState at_the_end;
  };
  for (const Case& row : {Case{ConflictPolicy::kCease, 0, OwnState::kDuplicate},
                          Case{ConflictPolicy::kDefendOnce, 1, OwnState::kDuplicate},
                          Case{ConflictPolicy::kDefendAlways, 3, OwnState::kReady}}) {
    Lonely world;
    world.add(kOur4, {.check_duplicates = false, .announce = false, .conflict_policy = row.policy});
    (void)world.pull();
    std::size_t defences = 0;
    for (int i = 0; i < 30; ++i) {
      (void)world.cache.on_arp(arp_request(kMacA, kOur4, kPeer4), world.now);
      for (const Output& output : world.run(1s)) {
        if (const auto* const arp = std::get_if<SendArp>(&output)) {
          EXPECT_EQ(arp->header, arp_request(kOurMac, kOur4, kOur4));
          ++defences;
        }
      }
    }
    EXPECT_EQ(defences, row.defences);
    EXPECT_EQ(world.cache.own_state(kOur4), row.at_the_end);
  }
}

// RFC 5227 2.1.1 MUST: after MAX_CONFLICTS, at most one new address per RATE_LIMIT_INTERVAL.
TEST(OwnAddresses, AreTriedSlowlyAfterManyConflicts) {
  Lonely world;
  for (unsigned i = 0; i < 10; ++i) {
    const IpAddress address = IpAddress::v4(0x0a00'0010 + i);
    world.add(address);
    (void)world.cache.on_arp(arp_request(kMacA, address, address), world.now);
    (void)world.pull();
    EXPECT_TRUE(world.cache.remove_own_address(address));
  }
  const Time last_conflict = world.now;
  world.add(kOur4);
  (void)world.next<SendArp>();
  EXPECT_GE(world.now - last_conflict, 60s);
}

// RFC 4862 5.4.4 MAY: what to do about an assigned address is open; it is defended, not given up.
TEST(OwnAddresses, OfIpv6AreDefendedButNeverTakenAwayByAMessage) {
  World world;
  std::size_t defences = 0;
  for (int i = 0; i < 30; ++i) {
    (void)world.cache.on_neighbor_advertisement(
        advertisement(kOur6, kMacA, {.is_solicited = false, .is_override = true}), world.now);
    for (const Output& output : world.run(1s)) {
      const auto* const sent = std::get_if<SendAdvertisement>(&output);
      if (sent == nullptr) continue;
      ++defences;
      EXPECT_TRUE(sent->is_override);
      EXPECT_EQ(sent->destination, IpAddress::all_nodes_v6());
    }
  }
  EXPECT_EQ(defences, 3U);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kReady);
  EXPECT_EQ(world.cache.size(), 0U);
}

// RFC 4861 7.2.6 MAY: a changed link-layer address is told with up to three advertisements, which
// have Override set, RetransTimer apart.
TEST(OwnAddresses, AreAnnouncedWhenTheLinkLayerAddressChanges) {
  World world;
  world.cache.set_mac(kMacB, world.now);
  const Time start = world.now;
  const auto outputs = world.run(100s);
  EXPECT_EQ(count_of<SendAdvertisement>(outputs), 6U);
  EXPECT_EQ(count_of<SendArp>(outputs), 2U);
  EXPECT_EQ(first<SendArp>(outputs).header, arp_request(kMacB, kOur4, kOur4));
  EXPECT_TRUE(first<SendAdvertisement>(outputs).is_override);
  EXPECT_FALSE(first<SendAdvertisement>(outputs).is_solicited);
  EXPECT_GT(world.now, start);
}

// RFC 9131 6.1 SHOULD: a new global address is told to the routers, without Override.
TEST(OwnAddresses, AreToldToRoutersOnceReady) {
  Lonely world;
  world.add(kOur6);
  world.add(kOurLinkLocal6);
  std::size_t told = 0;
  for (const Output& output : world.run(100s)) {
    const auto* const sent = std::get_if<SendAdvertisement>(&output);
    if (sent == nullptr) continue;
    ++told;
    EXPECT_EQ(sent->target, kOur6);
    EXPECT_EQ(sent->destination, IpAddress::all_routers_v6());
    EXPECT_FALSE(sent->is_override);
  }
  EXPECT_EQ(told, 3U);
}

// RFC 4862 5.4 SHOULD: an interface that comes back checks its addresses again.
TEST(OwnAddresses, AreCheckedAgainWhenTheLinkComesBack) {
  Lonely world;
  world.add(kOur6);
  (void)world.next<AddressReady>();
  world.cache.on_link_change(false, world.now);
  EXPECT_TRUE(world.run(10s).empty());
  world.cache.on_link_change(true, world.now);
  EXPECT_EQ(world.cache.own_state(kOur6), OwnState::kTentative);
  EXPECT_EQ(world.next<SendSolicitation>().target, kOur6);
  EXPECT_EQ(world.next<AddressReady>().address, kOur6);
}

TEST(OwnAddresses, AreUnicastUniqueAndBounded) {
  Config config;
  config.own_addresses_max = 2;
  Lonely world(config);
  const auto add = [&](const IpAddress& address) {
    return world.cache.add_own_address(address, {}, world.now);
  };
  EXPECT_EQ(add(IpAddress::all_nodes_v6()).error(), Error::kInvalidArgument);
  EXPECT_EQ(add(IpAddress::any_v4()).error(), Error::kInvalidArgument);
  EXPECT_TRUE(add(kOur4));
  EXPECT_EQ(add(kOur4).error(), Error::kAlreadyExists);
  EXPECT_TRUE(add(kOur6));
  EXPECT_EQ(add(kPeer6).error(), Error::kOutOfMemory);
  EXPECT_TRUE(world.cache.remove_own_address(kOur4));
  EXPECT_FALSE(world.cache.remove_own_address(kOur4));
  EXPECT_EQ(world.cache.own_state(kOur4), std::nullopt);
}

}  // namespace
}  // namespace strata::neighbor::own_addresses_test
