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

TEST(HostedStack, AVlanIsAnInterfaceNamedAfterItsDeviceAndNumbers) {
  Lab lab;
  MemoryLink link;
  Port port{.name = "averylongdevice",
            .device = &link.end(0),
            .feeding = Feeding::kSameLoop,
            .addresses = {},
            .mtu = 0,
            .detect_duplicates = false};
  port.vlans = {{.tags = *parse_vlan("10"), .addresses = {*Prefix::parse("10.10.0.2/24")}},
                {.tags = *parse_vlan("100.20"), .addresses = {}, .mtu = 1300}};
  const auto made = HostedStack::create(*lab.loop, {.name = "v"}, {&port, 1});
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_TRUE((*made)->stack().is_local(*IpAddress::parse("10.10.0.2")));
  std::vector<std::pair<std::string, std::size_t>> seen;
  (*made)->stack().for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.vlan.count != 0) seen.emplace_back(entry.name.view(), entry.mtu);
  });
  EXPECT_EQ(seen, (decltype(seen){{"averylongdev.10", 1500}, {"averylon.100.20", 1300}}));
  port.vlans.push_back(port.vlans.front());
  EXPECT_NE(HostedStack::create(*lab.loop, {.name = "v"}, {&port, 1}).error().text.find("no VLAN"),
            std::string::npos);
  link.clear();
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
