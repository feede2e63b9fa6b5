// SPDX-License-Identifier: Apache-2.0
#include "multicast/membership.h"

#include <limits>

#include "multicast/multicast_testing.h"

namespace strata::multicast::membership_test {
namespace {

constexpr SocketKey kOne = 1;
constexpr SocketKey kTwo = 2;

TEST(Membership, JoinsOncePerSocketAndLeavesOnce) {
  World world;
  EXPECT_FALSE(world.membership.is_member(kGroup4));
  EXPECT_TRUE(world.membership.join(kOne, kGroup4, world.now));
  EXPECT_EQ(world.membership.join(kOne, kGroup4, world.now).error(), Error::kAlreadyExists);
  EXPECT_TRUE(world.membership.join(kTwo, kGroup4, world.now));
  EXPECT_TRUE(world.membership.leave(kOne, kGroup4, world.now));
  EXPECT_EQ(world.membership.leave(kOne, kGroup4, world.now).error(), Error::kNotFound);
  EXPECT_TRUE(world.membership.is_member(kGroup4)) << "the other socket is";
  EXPECT_TRUE(world.membership.leave(kTwo, kGroup4, world.now));
  EXPECT_FALSE(world.membership.is_member(kGroup4));
}

TEST(Membership, RefusesWhatIsNoGroupOrNoSource) {
  World world;
  EXPECT_EQ(world.membership.join(kOne, source(kGroup4, 1), world.now).error(),
            Error::kInvalidArgument);
  for (const IpAddress& bad : {kGroup4, IpAddress::any_v4(), source(kGroup6, 1)}) {
    EXPECT_EQ(world.membership.add_source(kOne, kGroup4, bad, world.now).error(),
              Error::kInvalidArgument);
  }
}

// RFC 3376 3.1 MUST: a socket only receives from sources its own filter wants.
TEST(Membership, AcceptsPerSocketWhatItsFilterPasses) {
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    World world;
    ASSERT_TRUE(world.membership.set_filter(kOne, group, FilterMode::kInclude,
                                            sources(group, {1, 2}), world.now));
    ASSERT_TRUE(world.membership.set_filter(kTwo, group, FilterMode::kExclude,
                                            sources(group, {2, 3}), world.now));
    const std::array one = {false, true, true, false, false};
    const std::array two = {true, true, false, false, true};
    for (unsigned number = 1; number < 5; ++number) {
      const IpAddress from = source(group, number);
      EXPECT_EQ(world.membership.accepts(kOne, group, from), one[number]) << number;
      EXPECT_EQ(world.membership.accepts(kTwo, group, from), two[number]) << number;
      EXPECT_EQ(world.membership.is_wanted(group, from), one[number] || two[number]) << number;
    }
    EXPECT_FALSE(world.membership.accepts(3, group, source(group, 1)));
  }
}

TEST(Membership, ChangesSourcesOneByOneAsRfc3678Says) {
  World world;
  Membership& membership = world.membership;
  const IpAddress a = source(kGroup4, 1);
  const IpAddress b = source(kGroup4, 2);
  EXPECT_EQ(membership.drop_source(kOne, kGroup4, a, world.now).error(), Error::kInvalidArgument);
  EXPECT_EQ(membership.block_source(kOne, kGroup4, a, world.now).error(), Error::kInvalidArgument);
  EXPECT_TRUE(membership.add_source(kOne, kGroup4, a, world.now));
  EXPECT_EQ(membership.add_source(kOne, kGroup4, a, world.now).error(), Error::kAlreadyExists);
  EXPECT_EQ(membership.block_source(kOne, kGroup4, b, world.now).error(), Error::kInvalidArgument);
  EXPECT_TRUE(membership.add_source(kOne, kGroup4, b, world.now));
  EXPECT_TRUE(membership.drop_source(kOne, kGroup4, a, world.now));
  EXPECT_FALSE(membership.accepts(kOne, kGroup4, a));
  EXPECT_TRUE(membership.drop_source(kOne, kGroup4, b, world.now));
  EXPECT_FALSE(membership.is_member(kGroup4)) << "the last source leaves";

  EXPECT_TRUE(membership.join(kOne, kGroup4, world.now));
  EXPECT_TRUE(membership.block_source(kOne, kGroup4, a, world.now));
  EXPECT_EQ(membership.add_source(kOne, kGroup4, b, world.now).error(), Error::kInvalidArgument);
  EXPECT_FALSE(membership.accepts(kOne, kGroup4, a));
  EXPECT_TRUE(membership.unblock_source(kOne, kGroup4, a, world.now));
  EXPECT_EQ(membership.unblock_source(kOne, kGroup4, a, world.now).error(), Error::kNotFound);
  EXPECT_TRUE(membership.accepts(kOne, kGroup4, a));
  EXPECT_TRUE(membership.add_source(kOne, kGroup4, b, world.now)) << "nothing is blocked any more";
  EXPECT_FALSE(membership.accepts(kOne, kGroup4, a));
}

TEST(Membership, LeavesEverythingOfAClosedSocket) {
  World world;
  for (unsigned i = 0; i < 10; ++i) {
    ASSERT_TRUE(world.membership.join(kOne, IpAddress::v4(0xef00'0001 + i), world.now));
  }
  ASSERT_TRUE(world.membership.join(kTwo, kGroup4, world.now));
  world.membership.leave_all(kOne, world.now);
  std::size_t joined = 0;
  world.membership.for_each([&](const GroupView& view) {
    ++joined;
    EXPECT_EQ(view.group, kGroup4);
    EXPECT_EQ(view.mode, FilterMode::kExclude);
    EXPECT_EQ(view.sockets, 1U);
  });
  EXPECT_EQ(joined, 1U);
}

TEST(Membership, KeepsItsLimitsAndChangesNothingBeyondThem) {
  World world(
      {.groups_max = 2, .memberships_max = 3, .sources_max = 5, .sources_per_filter_max = 3});
  Membership& membership = world.membership;
  const auto group = [](unsigned number) { return IpAddress::v4(0xef00'0001 + number); };
  EXPECT_EQ(membership
                .set_filter(kOne, group(0), FilterMode::kInclude, sources(group(0), {1, 2, 3, 4}),
                            world.now)
                .error(),
            Error::kOutOfMemory);
  EXPECT_TRUE(membership.set_filter(kOne, group(0), FilterMode::kInclude,
                                    sources(group(0), {1, 2, 3}), world.now));
  EXPECT_EQ(
      membership
          .set_filter(kTwo, group(0), FilterMode::kInclude, sources(group(0), {1, 2, 3}), world.now)
          .error(),
      Error::kOutOfMemory);
  EXPECT_TRUE(membership.join(kOne, group(1), world.now));
  EXPECT_EQ(membership.join(kOne, group(2), world.now).error(), Error::kOutOfMemory);
  EXPECT_FALSE(membership.is_member(group(2)));
  EXPECT_TRUE(membership.join(kTwo, group(1), world.now));
  EXPECT_EQ(membership.join(3, group(1), world.now).error(), Error::kOutOfMemory);
  membership.leave_all(kOne, world.now);
  membership.leave_all(kTwo, world.now);
  (void)world.run(100s);
  EXPECT_TRUE(membership.join(kOne, group(2), world.now)) << "limits count what is there";
}

TEST(Membership, OwnsNoMemoryOnceEverythingIsLeftAndTold) {
  World world;
  EXPECT_EQ(world.memory.bytes_used(), 0U);
  for (const IpAddress& group : {kGroup4, kGroup6}) {
    ASSERT_TRUE(world.membership.set_filter(kOne, group, FilterMode::kInclude,
                                            sources(group, {1, 2, 3}), world.now));
    ASSERT_TRUE(world.membership.join(kTwo, group, world.now));
  }
  (void)world.run(5s);
  EXPECT_GT(world.memory.bytes_used(), 0U);
  world.membership.leave_all(kOne, world.now);
  world.membership.leave_all(kTwo, world.now);
  (void)world.run(5s);
  EXPECT_EQ(world.memory.bytes_used(), 0U);
  EXPECT_EQ(world.membership.next_deadline(), std::nullopt);
}

TEST(Membership, SurvivesMemoryThatRunsOut) {
  for (std::size_t limit = 0; limit < 30'000; limit += 333) {
    HeapMemory memory(limit);
    Rng rng(1);
    Membership membership(memory, rng);
    Time now{1s};
    for (unsigned i = 0; i < 20; ++i) {
      const IpAddress group = IpAddress::v4(0xef00'0001 + i);
      const bool joined =
          membership
              .set_filter(kOne, group, FilterMode::kInclude, sources(group, {1, 2, 3, 4}), now)
              .has_value();
      EXPECT_EQ(membership.is_member(group), joined) << limit;
    }
    for (int turn = 0; turn < 20; ++turn) {
      now += 1s;
      membership.on_deadline(now);
      while (membership.next_output(now)) {
      }
    }
    membership.leave_all(kOne, now);
    membership.for_each([](const GroupView&) { ADD_FAILURE() << "left behind"; });
  }
}

// Merged filters are what the sockets want together, and no more; limits hold; nothing storms.
TEST(Membership, HoldsItsInvariantsUnderRandomUse) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    World world({}, seed);
    Rng rng(seed * 77);
    std::size_t sent = 0;
    for (int step = 0; step < 400; ++step) {
      const IpAddress& group = rng.below(2) == 0 ? kGroup4 : kGroup6;
      const SocketKey socket = rng.below(4);
      Sources chosen;
      for (unsigned number = 1; number <= 6; ++number) {
        if (rng.below(3) == 0) chosen.push_back(source(group, number));
      }
      switch (rng.below(8)) {
        case 0: world.membership.leave_all(socket, world.now); break;
        case 1: (void)world.query_general(group); break;
        case 2: (void)world.query_newest(group, chosen); break;
        case 3:
          if (rng.below(5) == 0)
            (void)(rng.below(2) == 0 ? world.query_v1() : world.query_v2(group));
          break;
        case 4: world.membership.on_report(group, world.now); break;
        case 5:
          if (rng.below(10) == 0) world.membership.on_link_change(rng.below(4) != 0, world.now);
          break;
        default:
          (void)world.membership.set_filter(
              socket, group, rng.below(2) == 0 ? FilterMode::kInclude : FilterMode::kExclude,
              chosen, world.now);
      }
      for (unsigned number = 1; number <= 7; ++number) {
        bool is_wanted = false;
        for (SocketKey key = 0; key < 4; ++key) {
          is_wanted |= world.membership.accepts(key, group, source(group, number));
        }
        ASSERT_EQ(world.membership.is_wanted(group, source(group, number)), is_wanted) << seed;
      }
      sent += world.run(Duration(rng.below(2'000'000'000))).size();
    }
    EXPECT_LT(sent, 400U * 8U) << seed;
    for (SocketKey key = 0; key < 4; ++key) world.membership.leave_all(key, world.now);
    world.membership.on_link_change(false, world.now);
    EXPECT_EQ(world.memory.bytes_used(), 0U) << seed;
  }
}

}  // namespace
}  // namespace strata::multicast::membership_test
