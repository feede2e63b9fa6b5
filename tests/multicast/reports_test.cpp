// SPDX-License-Identifier: Apache-2.0
#include "multicast/multicast_testing.h"

namespace strata::multicast::reports_test {
namespace {

constexpr SocketKey kOne = 1;
constexpr SocketKey kTwo = 2;

struct Step {
  FilterMode mode;
  std::initializer_list<unsigned> sources;
};
struct ChangeCase {
  Step before, after;
  std::vector<std::pair<Type, std::vector<unsigned>>> told;
};

// RFC 3376 5.1 MUST: the table of state-change records.
// RFC 3810 6.1 MUST: the same table for listeners.
TEST(Reports, TellChangesAsTheTableSays) {
  constexpr FilterMode kIn = FilterMode::kInclude;
  constexpr FilterMode kEx = FilterMode::kExclude;
  const ChangeCase cases[] = {
      {{kIn, {}}, {kEx, {}}, {{Type::kChangeToExcludeMode, {}}}},
      {{kIn, {}}, {kIn, {1, 2}}, {{Type::kAllowNewSources, {1, 2}}}},
      {{kIn, {1, 2}},
       {kIn, {2, 3}},
       {{Type::kAllowNewSources, {3}}, {Type::kBlockOldSources, {1}}}},
      {{kEx, {1, 2}},
       {kEx, {2, 3}},
       {{Type::kAllowNewSources, {1}}, {Type::kBlockOldSources, {3}}}},
      {{kIn, {1}}, {kEx, {2}}, {{Type::kChangeToExcludeMode, {2}}}},
      {{kEx, {1}}, {kIn, {2}}, {{Type::kChangeToIncludeMode, {2}}}},
      {{kEx, {}}, {kIn, {}}, {{Type::kChangeToIncludeMode, {}}}},
      {{kIn, {1}}, {kIn, {}}, {{Type::kBlockOldSources, {1}}}},
      {{kEx, {1}}, {kEx, {1}}, {}},
  };
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    for (const ChangeCase& row : cases) {
      World world;
      const auto apply = [&](const Step& step) {
        ASSERT_TRUE(world.membership.set_filter(kOne, group, step.mode,
                                                sources(group, step.sources), world.now));
      };
      apply(row.before);
      (void)world.run(10s);
      apply(row.after);
      std::vector<Told> wanted;
      for (const auto& [type, numbers] : row.told) {
        wanted.push_back({type, group, {}});
        for (const unsigned number : numbers)
          wanted.back().sources.push_back(source(group, number));
      }
      EXPECT_EQ(world.told(0s), wanted);
      EXPECT_EQ(world.told(1s), wanted) << "once more, within the unsolicited report interval";
      EXPECT_TRUE(world.told(100s).empty());
    }
  }
}

// RFC 3376 4.2.14 MUST: version 3 reports go to 224.0.0.22.
// RFC 3810 5.2.14 MUST: version 2 reports go to ff02::16.
TEST(Reports, GoToTheRoutersThatListenForThem) {
  World world;
  ASSERT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  EXPECT_EQ(world.pull().at(0).destination, IpAddress::v4(224, 0, 0, 22));
  ASSERT_TRUE(world.membership.join(kOne, kGroup6, world.now));
  EXPECT_EQ(world.pull().at(0).destination, IpAddress::v6(0xff02'0000'0000'0000, 0x16));
}

TEST(Reports, SayNothingOfGroupsThatRoutersNeedNotKnow) {
  World world;
  for (const IpAddress& group : {IpAddress::all_hosts_v4(), IpAddress::all_nodes_v6(),
                                 IpAddress::v6(0xff01'0000'0000'0000, 0xfb)}) {
    ASSERT_TRUE(world.membership.join(kOne, group, world.now));
    EXPECT_TRUE(world.membership.is_member(group));
    (void)world.query_general(group);
  }
  EXPECT_TRUE(world.run(100s).empty());
}

TEST(Reports, SayNothingWhenASecondSocketWantsTheSame) {
  World world;
  ASSERT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  (void)world.run(10s);
  ASSERT_TRUE(world.membership.join(kTwo, kGroup4, world.now));
  ASSERT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  EXPECT_TRUE(world.run(10s).empty());
}

// RFC 3376 5.1 MUST: a change is told Robustness Variable times.
TEST(Reports, AreRepeatedAsTheQuerierWishes) {
  World world;
  (void)world.query_v3(IpAddress::any_v4(), 1, {}, 5);
  (void)world.run(10s);
  ASSERT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  EXPECT_EQ(world.told(100s).size(), 5U);
}

TEST(Reports, MergeAChangeIntoOneNotToldYet) {
  World world;
  ASSERT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  EXPECT_EQ(world.told(0s).size(), 1U);
  ASSERT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  const auto told = world.told(100s);
  ASSERT_EQ(told.size(), 2U);
  for (const Told& record : told) EXPECT_EQ(record.type, Type::kChangeToIncludeMode);
}

// RFC 3376 4.2.16 MUST: what does not fit a report is split over several; EXCLUDE lists are cut.
TEST(Reports, AreSplitToFitTheMtu) {
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    for (const FilterMode mode : {FilterMode::kInclude, FilterMode::kExclude}) {
      World world;
      world.membership.set_mtu(200);
      Sources many;
      for (unsigned number = 1; number <= 60; ++number) many.push_back(source(group, number));
      ASSERT_TRUE(world.membership.set_filter(kOne, group, mode, many, world.now));
      Sources told;
      const auto sent = world.pull();
      for (const Sent& report : sent) {
        std::size_t size = group.is_v4() ? 32 : 56;
        for (const Told& record : report.records) {
          size += group.is_v4() ? 8 + 4 * record.sources.size() : 20 + 16 * record.sources.size();
          told.insert(told.end(), record.sources.begin(), record.sources.end());
        }
        EXPECT_LE(size, 200U);
      }
      if (mode == FilterMode::kInclude) {
        EXPECT_GT(sent.size(), 1U);
        EXPECT_EQ(told, many);
      } else {
        EXPECT_EQ(sent.size(), 1U);
        EXPECT_LT(told.size(), many.size());
      }
    }
  }
}

TEST(Reports, PackManyGroupsIntoFewMessages) {
  World world;
  for (unsigned i = 0; i < 64; ++i) {
    ASSERT_TRUE(world.membership.join(kOne, IpAddress::v4(0xef00'0001 + i), world.now));
  }
  const auto sent = world.pull();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].records.size(), 64U);
}

// RFC 2236 3 SHOULD: a join is repeated; the last to report says goodbye to 224.0.0.2.
// RFC 2710 4 SHOULD: the same of MLD, to ff02::2.
TEST(Reports, SpeakTheOlderVersionsWhenConfigured) {
  World world({.igmp_version = IgmpVersion::kV2, .mld_version = MldVersion::kV1});
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    ASSERT_TRUE(world.membership.join(kOne, group, world.now));
    const auto joined = world.run(10s);
    ASSERT_EQ(joined.size(), 2U);
    for (const Sent& sent : joined) {
      EXPECT_EQ(sent.destination, group);
      if (group.is_v4()) {
        EXPECT_EQ(sent.igmp, (wire::IgmpHeader{.group = group}));
      } else {
        EXPECT_EQ(sent.mld, (wire::MldHeader{.group = group}));
      }
    }
    ASSERT_TRUE(world.membership.leave(kOne, group, world.now));
    const auto left = world.run(10s);
    ASSERT_EQ(left.size(), 1U);
    if (group.is_v4()) {
      EXPECT_EQ(left[0].igmp->type, wire::IgmpType::kV2LeaveGroup);
      EXPECT_EQ(left[0].destination, IpAddress::v4(224, 0, 0, 2));
    } else {
      EXPECT_EQ(left[0].mld->type, wire::Icmpv6Type::kMulticastListenerDone);
      EXPECT_EQ(left[0].destination, IpAddress::all_routers_v6());
    }
  }
}

TEST(Reports, OfVersionOneNeverSayGoodbye) {
  World world({.igmp_version = IgmpVersion::kV1});
  ASSERT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  EXPECT_EQ(world.pull().at(0).igmp->type, wire::IgmpType::kV1MembershipReport);
  ASSERT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  EXPECT_TRUE(world.run(100s).empty());
}

}  // namespace
}  // namespace strata::multicast::reports_test
