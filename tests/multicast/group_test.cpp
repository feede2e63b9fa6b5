// SPDX-License-Identifier: Apache-2.0
#include "multicast/group.h"

#include "multicast/multicast_testing.h"

namespace strata::multicast::group_test {
namespace {

struct MergeCase {
  const char* name;
  std::vector<std::pair<FilterMode, std::vector<unsigned>>> filters;
  FilterMode mode;
  std::vector<unsigned> sources;
};

constexpr FilterMode kIn = FilterMode::kInclude;
constexpr FilterMode kEx = FilterMode::kExclude;

// RFC 3376 3.2 MUST: EXCLUDE wins and blocks what all EXCLUDE filters block and no INCLUDE wants;
// INCLUDE filters alone are united.
// RFC 3810 4.2 MUST: the same rules derive the state of a listening interface.
TEST(Group, MergesTheFiltersOfItsSockets) {
  const MergeCase cases[] = {
      {"nobody", {}, kIn, {}},
      {"one include", {{kIn, {1, 2}}}, kIn, {1, 2}},
      {"two includes", {{kIn, {1, 2}}, {kIn, {2, 3}}}, kIn, {1, 2, 3}},
      {"any source", {{kEx, {}}}, kEx, {}},
      {"any source beside an include", {{kEx, {}}, {kIn, {1}}}, kEx, {}},
      {"two excludes", {{kEx, {1, 2, 3}}, {kEx, {2, 3, 4}}}, kEx, {2, 3}},
      // The examples of the RFC: s1 EXCLUDE a b c d, s2 EXCLUDE b c d e, s3 INCLUDE d e f.
      {"the RFC's own", {{kEx, {1, 2, 3, 4}}, {kEx, {2, 3, 4, 5}}, {kIn, {4, 5, 6}}}, kEx, {2, 3}},
      {"the same, include first",
       {{kIn, {4, 5, 6}}, {kEx, {1, 2, 3, 4}}, {kEx, {2, 3, 4, 5}}},
       kEx,
       {2, 3}},
  };
  for (const MergeCase& row : cases) {
    HeapMemory memory;
    Group group(memory, kGroup4);
    std::vector<std::unique_ptr<Member>> members;
    for (const auto& [mode, numbers] : row.filters) {
      members.push_back(std::make_unique<Member>(memory, members.size()));
      members.back()->filter.mode = mode;
      for (const unsigned number : numbers) {
        ASSERT_TRUE(members.back()->filter.sources.try_add(source(kGroup4, number)));
      }
      group.members.push_back(*members.back());
    }
    Filter merged(memory);
    ASSERT_TRUE(try_merge(group, merged));
    EXPECT_EQ(merged.mode, row.mode) << row.name;
    Sources wanted;
    for (const unsigned number : row.sources) wanted.push_back(source(kGroup4, number));
    EXPECT_TRUE(std::ranges::equal(merged.sources.span(), wanted)) << row.name;
    group.members.clear();
  }
}

// RFC 3810 6 MUST: ff02::1 and groups of scope 0 and 1 are never reported.
// RFC 3376 5 MUST: 224.0.0.1 is never reported.
TEST(Group, KnowsWhichGroupsRoutersNeedNotHearOf) {
  EXPECT_FALSE(is_reported(IpAddress::all_hosts_v4()));
  EXPECT_FALSE(is_reported(IpAddress::all_nodes_v6()));
  EXPECT_FALSE(is_reported(IpAddress::v6(0xff01'0000'0000'0000, 0xfb)));
  EXPECT_FALSE(is_reported(IpAddress::v6(0xff10'0000'0000'0000, 0xfb)));
  EXPECT_TRUE(is_reported(IpAddress::v4(224, 0, 0, 251)));
  EXPECT_TRUE(is_reported(source(kGroup6, 7).solicited_node_group())) << "switches need it";
  EXPECT_TRUE(is_reported(kGroup6));
}

TEST(Group, TellsSourcesApartOnlyWhileThereIsMemoryForIt) {
  HeapMemory plenty;
  HeapMemory none(0);
  Group group(none, kGroup4);
  Filter before(plenty);
  Filter after(plenty);
  ASSERT_TRUE(before.sources.try_add(source(kGroup4, 1)));
  ASSERT_TRUE(after.sources.try_add(source(kGroup4, 2)));
  std::swap(group.filter, after);
  group.note_change(before, 2);
  EXPECT_EQ(group.mode_changes_left, 2) << "the whole filter is told instead";
  EXPECT_TRUE(group.has_untold_change());
  group.count_change_told();
  group.count_change_told();
  EXPECT_FALSE(group.has_untold_change());
}

}  // namespace
}  // namespace strata::multicast::group_test
