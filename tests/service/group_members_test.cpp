// SPDX-License-Identifier: Apache-2.0
#include "service/group_members.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::group_members_test {
namespace {

std::uint64_t reports_of(const Lab& lab) { return lab.ours->stack().counters().group_reports_sent; }

TEST(GroupMembers, AreReportedAsLongAsTheyLast) {
  Lab lab;
  lab.run_for(std::chrono::seconds(5));  // what every stack reports when it comes up
  const std::uint64_t before = reports_of(lab);
  {
    const auto members = GroupMembers::join(*lab.ours, {{*IpAddress::parse("239.1.2.3"), "ours"},
                                                        {*IpAddress::parse("ff15::7"), "ours"}});
    ASSERT_TRUE(members.has_value()) << members.error().text;
    lab.run_for(std::chrono::seconds(5));
    EXPECT_GE(reports_of(lab), before + 2);
  }
  const std::uint64_t after = reports_of(lab);
  lab.run_for(std::chrono::seconds(5));
  EXPECT_GE(reports_of(lab), after + 2) << "who leaves says so";
}

TEST(GroupMembers, SayWhyTheyCannotJoin) {
  Lab lab;
  const auto failure = [&](HostedStack& host, const char* group, const char* interface) {
    return GroupMembers::join(host, {{*IpAddress::parse(group), interface}}).error();
  };
  EXPECT_EQ(failure(*lab.ours, "239.1.2.3", "eth9").text, "there is no interface eth9");
  EXPECT_TRUE(GroupMembers::join(*lab.ours, {{*IpAddress::parse("239.1.2.3"), ""}}).has_value());
  const auto empty = HostedStack::create(*lab.loop, {.name = "empty"}, {});
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(failure(**empty, "239.1.2.3", "").text,
            "group 239.1.2.3: no interface has an address of its family");
}

}  // namespace
}  // namespace strata::service::group_members_test
