// SPDX-License-Identifier: Apache-2.0
#include "multicast/multicast_testing.h"

namespace strata::multicast::queries_test {
namespace {

constexpr SocketKey kOne = 1;

// A world that listens to one group of each family and has told so.
class Listening : public World {
 public:
  explicit Listening(FilterMode mode = FilterMode::kExclude,
                     std::initializer_list<unsigned> numbers = {}, const Config& config = {},
                     std::uint64_t seed = 1)
      : World(config, seed) {
    for (const IpAddress& group : {kGroup4, kGroup6}) {
      EXPECT_TRUE(membership.set_filter(kOne, group, mode, sources(group, numbers), now));
    }
    (void)run(30s);
  }
};

// RFC 3376 5.2 MUST: a general query is answered with the current state, after a random delay
// within the Max Resp Time.
// RFC 3810 6.2 MUST: the same of MLD.
TEST(Queries, OfAllGroupsAreAnsweredOnceWithinTheirTime) {
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    Listening world(FilterMode::kExclude, {1});
    const Time asked = world.now;
    EXPECT_EQ(world.query_general(group), DropReason::kNone);
    EXPECT_TRUE(world.pull().empty()) << "not at once";
    const auto sent = world.run(100s);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_GT(sent[0].at, asked);
    EXPECT_LE(sent[0].at, asked + 10s);
    const std::vector wanted = {Told{Type::kModeIsExclude, group, sources(group, {1})}};
    EXPECT_EQ(sent[0].records, wanted);
  }
}

// RFC 3376 5.2 MUST: a query whose answer would come later than a pending one adds nothing.
TEST(Queries, ThatComeInAFloodAreAnsweredTogether) {
  Listening world;
  for (int i = 0; i < 1000; ++i) {
    (void)world.query_v3(IpAddress::any_v4());
    (void)world.query_v3(kGroup4);
  }
  EXPECT_LE(world.run(100s).size(), 2U);
}

// RFC 3376 5.2 MUST: a group query is answered for that group; one for a group nobody here listens
// to is not.
TEST(Queries, OfOneGroupAreAnsweredForIt) {
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    Listening world(FilterMode::kInclude, {1, 2});
    EXPECT_EQ(world.query_newest(group), DropReason::kNone);
    const std::vector wanted = {Told{Type::kModeIsInclude, group, sources(group, {1, 2})}};
    EXPECT_EQ(world.told(10s), wanted);
    const IpAddress other =
        group.is_v4() ? IpAddress::v4(239, 9, 9, 9) : IpAddress::v6(0xff15'0000'0000'0000, 0x999);
    EXPECT_EQ(world.query_newest(other), DropReason::kMulticastNotJoined);
    EXPECT_TRUE(world.run(100s).empty());
  }
}

// RFC 3376 5.2 MUST: a group-and-source query is answered with those of its sources that are
// wanted, and not at all when none is.
TEST(Queries, OfSourcesAreAnsweredWithThoseThatAreWanted) {
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    Listening include(FilterMode::kInclude, {1, 2});
    (void)include.query_newest(group, sources(group, {2, 3}));
    std::vector wanted = {Told{Type::kModeIsInclude, group, sources(group, {2})}};
    EXPECT_EQ(include.told(100s), wanted);
    (void)include.query_newest(group, sources(group, {8, 9}));
    EXPECT_TRUE(include.told(100s).empty());

    Listening exclude(FilterMode::kExclude, {1, 2});
    (void)exclude.query_newest(group, sources(group, {2, 3}));
    wanted = {Told{Type::kModeIsInclude, group, sources(group, {3})}};
    EXPECT_EQ(exclude.told(100s), wanted);
  }
}

// RFC 3376 5.2 MUST: pending sources are added up; a group query among them asks for all.
TEST(Queries, OfSourcesAddUpUntilTheyAreAnswered) {
  Listening world(FilterMode::kInclude, {1, 2, 3});
  (void)world.query_v3(kGroup4, 100, sources(kGroup4, {1}));
  (void)world.query_v3(kGroup4, 100, sources(kGroup4, {3}));
  std::vector wanted = {Told{Type::kModeIsInclude, kGroup4, sources(kGroup4, {1, 3})}};
  EXPECT_EQ(world.told(100s), wanted);
  (void)world.query_v3(kGroup4, 100, sources(kGroup4, {1}));
  (void)world.query_v3(kGroup4, 100);
  (void)world.query_v3(kGroup4, 100, sources(kGroup4, {1}));
  wanted = {Told{Type::kModeIsInclude, kGroup4, sources(kGroup4, {1, 2, 3})}};
  EXPECT_EQ(world.told(100s), wanted);
}

TEST(Queries, ThatGoAstrayAreDropped) {
  Listening world;
  std::array<std::byte, wire::IgmpLayout::kSize> igmp{};
  wire::write(wire::IgmpHeader{.type = wire::IgmpType::kMembershipQuery, .group = kGroup4},
              std::span(igmp));
  EXPECT_EQ(world.membership.on_query(*wire::IgmpQueryView::parse(igmp),
                                      IpAddress::v4(239, 7, 7, 7), world.now),
            DropReason::kIgmpMalformed);
  wire::write(wire::IgmpHeader{.type = wire::IgmpType::kMembershipQuery,
                               .group = IpAddress::v4(10, 0, 0, 1)},
              std::span(igmp));
  EXPECT_EQ(world.membership.on_query(*wire::IgmpQueryView::parse(igmp), IpAddress::all_hosts_v4(),
                                      world.now),
            DropReason::kIgmpMalformed);
  std::array<std::byte, wire::MldLayout::kSize> mld{};
  wire::write(wire::MldHeader{.type = wire::Icmpv6Type::kMulticastListenerQuery,
                              .group = source(kGroup6, 1)},
              std::span(mld));
  EXPECT_EQ(world.membership.on_query(*wire::MldQueryView::parse(mld), IpAddress::all_nodes_v6(),
                                      world.now),
            DropReason::kMldMalformed);
  EXPECT_TRUE(world.run(100s).empty());
}

// RFC 3376 7.2.1 MUST: an older querier makes the host answer in its version, until it has been
// silent for the Older Version Querier Present Timeout.
TEST(Queries, OfOlderVersionsLowerTheVersionForAWhile) {
  Listening world;
  (void)world.query_v2(IpAddress::any_v4());
  EXPECT_EQ(world.membership.igmp_version(world.now), IgmpVersion::kV2);
  auto sent = world.run(10s);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].igmp->type, wire::IgmpType::kV2MembershipReport);
  (void)world.query_v1();
  sent = world.run(10s);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].igmp->type, wire::IgmpType::kV1MembershipReport);
  (void)world.run(249s);
  EXPECT_EQ(world.membership.igmp_version(world.now), IgmpVersion::kV1);
  (void)world.run(2s);
  EXPECT_EQ(world.membership.igmp_version(world.now), IgmpVersion::kV3);
  (void)world.query_v3(IpAddress::any_v4());
  EXPECT_EQ(world.told(10s).size(), 1U);
}

// The version changes with the clock, and whoever asks first after that finds the new one.
TEST(Queries, OfAnOlderVersionAreForgottenByALeaveAsWell) {
  Listening world;
  (void)world.query_v2(IpAddress::any_v4());
  (void)world.run(10s);
  world.now += 260s;  // beyond the timeout, and nothing was asked of the engine meanwhile
  ASSERT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  EXPECT_FALSE(world.membership.is_member(kGroup4));
  const auto told = world.told(100s);
  ASSERT_EQ(told.size(), 2U);
  for (const Told& record : told) {
    EXPECT_EQ(record.type, Type::kChangeToIncludeMode);
    EXPECT_EQ(record.group, kGroup4);
  }
}

// RFC 3810 8.2.1 MUST: the same of MLD, whose version 1 has milliseconds.
TEST(Queries, OfMldVersionOneLowerTheVersionForAWhile) {
  Listening world;
  (void)world.query_mld1(kGroup6, 500);
  EXPECT_EQ(world.membership.mld_version(world.now), MldVersion::kV1);
  EXPECT_EQ(world.membership.igmp_version(world.now), IgmpVersion::kV3) << "a family by itself";
  const Time asked = world.now;
  const auto sent = world.run(10s);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].mld->type, wire::Icmpv6Type::kMulticastListenerReport);
  EXPECT_LE(sent[0].at - asked, 500ms);
  (void)world.run(251s);
  EXPECT_EQ(world.membership.mld_version(world.now), MldVersion::kV2);
}

// RFC 3376 7.2.1 MUST: a change of version cancels pending answers and retransmissions.
TEST(Queries, OfAnOlderVersionCancelWhatIsPending) {
  Listening world;
  (void)world.query_v3(IpAddress::any_v4());
  (void)world.query_v2(IpAddress::v4(239, 9, 9, 9));
  EXPECT_TRUE(world.run(20s).empty());
}

// RFC 2236 3 MUST: a host that hears another's report stops its own, and its goodbye.
// RFC 3376 5 MUST: in version 3 nobody is suppressed.
TEST(Queries, AreAnsweredByOneHostInOlderVersionsOnly) {
  Listening world;
  (void)world.query_v2(IpAddress::any_v4());
  world.membership.on_report(kGroup4, world.now);
  EXPECT_TRUE(world.run(20s).empty());
  ASSERT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  EXPECT_TRUE(world.run(20s).empty()) << "somebody else reported last";
  (void)world.query_general(kGroup6);
  world.membership.on_report(kGroup6, world.now);
  EXPECT_EQ(world.told(20s).size(), 1U);
}

// RFC 2236 3 MUST: a running timer is only reset when the new query wants an answer sooner.
TEST(Queries, OfAnOlderVersionMoveTimersOnlyEarlier) {
  Listening world;
  (void)world.query_v2(IpAddress::any_v4(), 100);
  const Time asked = world.now;
  (void)world.query_v2(IpAddress::any_v4(), 5);
  (void)world.query_v2(IpAddress::any_v4(), 100);
  const auto sent = world.run(20s);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LE(sent[0].at - asked, 500ms);
}

TEST(Queries, AreNotHeardWhileTheLinkIsDownAndAllIsToldWhenItIsBack) {
  Listening world;
  world.membership.on_link_change(false, world.now);
  EXPECT_EQ(world.query_v3(IpAddress::any_v4()), DropReason::kInterfaceDown);
  EXPECT_TRUE(world.run(100s).empty());
  world.membership.on_link_change(true, world.now);
  EXPECT_EQ(world.told(100s).size(), 4U) << "two groups, twice";
}

}  // namespace
}  // namespace strata::multicast::queries_test
