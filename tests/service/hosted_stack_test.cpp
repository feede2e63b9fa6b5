// SPDX-License-Identifier: Apache-2.0
#include "service/hosted_stack.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::hosted_stack_test {
namespace {

TEST(HostedStack, IsReadyOnceNoAddressIsBeingChecked) {
  Lab lab;
  EXPECT_TRUE(lab.ours->stack().is_local(*IpAddress::parse("10.77.0.2")));
  lab.run_for(std::chrono::seconds(4));
  EXPECT_TRUE(lab.ours->is_ready());
  MemoryLink link;
  const Port port{.name = "checked",
                  .device = &link.end(0),
                  .feeding = Feeding::kSameLoop,
                  .addresses = {*Prefix::parse("10.1.0.2/24")},
                  .mtu = 0,
                  .detect_duplicates = true};
  auto made = HostedStack::create(*lab.loop, {.name = "checked"}, {&port, 1});
  ASSERT_TRUE(made.has_value());
  EXPECT_FALSE((*made)->is_ready());
  lab.run_for(std::chrono::seconds(12));
  EXPECT_TRUE((*made)->is_ready());
  link.clear();
}

TEST(HostedStack, SaysWhatTheDeviceCannotDo) {
  Lab lab;
  MemoryLink link;
  const Port port{.name = "x",
                  .device = &link.end(0),
                  .feeding = Feeding::kSameLoop,
                  .addresses = {},
                  .mtu = 9000};
  const auto made = HostedStack::create(*lab.loop, {.name = "x"}, {&port, 1});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().text, "x: an MTU of 9000 is more than the device carries, which is 1500");
}

TEST(HostedStack, AGatewayIsANeighbour) {
  Lab lab;
  EXPECT_TRUE(lab.ours->add_default_route(*IpAddress::parse("10.77.0.1")).has_value());
  EXPECT_TRUE(lab.ours->add_default_route(*IpAddress::parse("fd77::1")).has_value());
  Lab other;
  const auto refused = other.ours->add_default_route(*IpAddress::parse("192.0.2.1"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().text.starts_with("gateway 192.0.2.1: "));
}

}  // namespace
}  // namespace strata::service::hosted_stack_test
