// SPDX-License-Identifier: Apache-2.0
#include "service/devices/device_rack.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::device_rack_test {
namespace {

class DeviceRackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto port =
        rack.open({.spec = "null:sink", .addresses = {*Prefix::parse("10.1.0.2/24")}}, false);
    ASSERT_TRUE(port.has_value()) << port.error().text;
    auto made = HostedStack::create(*lab.loop, {.name = "node"}, {&*port, 1});
    ASSERT_TRUE(made.has_value()) << made.error().text;
    stack = std::move(*made);
  }
  std::string refusal(std::string_view interface, const std::string& spec) {
    const auto replaced = rack.replace(*stack, interface, spec);
    return replaced ? "" : replaced.error().text;
  }
  InterfaceEntry entry(std::string_view name) {
    InterfaceEntry found;
    stack->stack().for_each_interface([&](const InterfaceEntry& each) {
      if (each.name.view() == name) found = each;
    });
    return found;
  }

  Lab lab;
  DeviceRack rack;
  std::unique_ptr<HostedStack> stack;
};

TEST_F(DeviceRackTest, AnInterfaceGetsAnotherDevice) {
  ASSERT_TRUE(rack.replace(*stack, "sink", "null:other,mtu=9000,mac=02:00:00:00:00:77"));
  ASSERT_EQ(rack.slots().size(), 1U);
  EXPECT_EQ(rack.slots()[0].interface, "sink");
  EXPECT_EQ(rack.slots()[0].spec, "null:other,mtu=9000,mac=02:00:00:00:00:77");
  EXPECT_EQ(entry("sink").mtu, 9000U);
  EXPECT_EQ(entry("sink").mac, MacAddress::from_value(0x0200'0000'0077));
  lab.run_for(std::chrono::seconds(5));
  EXPECT_GT(rack.slots()[0].device->counters().sent_packets, 0U) << "it was announced there";
}

TEST_F(DeviceRackTest, WhatCannotBeIsRefusedAndTheOldOneStays) {
  const Device* before = rack.slots()[0].device.get();
  EXPECT_NE(refusal("sink", "pcap:/nonexistent.pcap").find("/nonexistent.pcap"), std::string::npos);
  EXPECT_NE(refusal("sink", "nonsense:x").find("nonsense"), std::string::npos);
  EXPECT_NE(refusal("sink", "null:narrow,mtu=1279").find("IPv6 needs 1280"), std::string::npos);
  EXPECT_NE(refusal("nobody", "null:x").find("no such interface"), std::string::npos);
  EXPECT_NE(refusal("lo", "null:x").find("no device of its own"), std::string::npos);
  EXPECT_EQ(rack.slots()[0].device.get(), before);
  EXPECT_EQ(rack.slots()[0].spec, "null:sink");
}

TEST_F(DeviceRackTest, APipeIsNotOpenedTwice) {
  const TemporaryFolder folder;
  const std::string pipe = "pipe:" + folder.path + "/link";
  ASSERT_TRUE(rack.replace(*stack, "sink", pipe));
  EXPECT_NE(refusal("sink", pipe).find("is the device of interface sink already"),
            std::string::npos);
  EXPECT_FALSE(rack.add(*stack, {.spec = pipe, .addresses = {}}).has_value());
  // Its end of the cable is free again once something else is in its place.
  ASSERT_TRUE(rack.replace(*stack, "sink", "null:sink"));
  ASSERT_TRUE(rack.replace(*stack, "sink", pipe));
}

// A device that always has something must not keep the stack from changing over.
TEST_F(DeviceRackTest, ADeviceThatNeverEndsIsLeftAllTheSame) {
  ASSERT_TRUE(rack.replace(*stack, "sink", "null:flood,frame=ffffffffffff02000000000988b50000"));
  lab.settle();
  EXPECT_TRUE(rack.replace(*stack, "sink", "null:sink"));
}

TEST_F(DeviceRackTest, DevicesComeAndGo) {
  const auto added = rack.add(
      *stack, {.spec = "null:second", .addresses = {*Prefix::parse("10.2.0.2/24")}, .mtu = 1400});
  ASSERT_TRUE(added.has_value()) << added.error().text;
  EXPECT_EQ(*added, "second");
  EXPECT_EQ(entry("second").mtu, 1400U);
  EXPECT_EQ(rack.slots().size(), 2U);
  lab.run_for(std::chrono::seconds(1));
  ASSERT_TRUE(rack.remove(*stack, "second"));
  EXPECT_FALSE(stack->has_interface("second"));
  EXPECT_EQ(rack.slots().size(), 1U);
  EXPECT_FALSE(rack.remove(*stack, "second"));
  lab.run_for(std::chrono::seconds(1));
  ASSERT_TRUE(rack.remove(*stack, "sink"));
  lab.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(rack.slots().empty());
}

TEST_F(DeviceRackTest, WhatCannotBeAddedLeavesNothingBehind) {
  EXPECT_FALSE(rack.add(*stack, {.spec = "null:sink", .addresses = {}}).has_value())
      << "the name is taken";
  EXPECT_FALSE(rack.add(*stack, {.spec = "null:x", .addresses = {*Prefix::parse("224.0.0.1/24")}})
                   .has_value());
  EXPECT_FALSE(rack.add(*stack, {.spec = "pcap:/nonexistent.pcap", .addresses = {}}).has_value());
  EXPECT_FALSE(stack->has_interface("x"));
  EXPECT_EQ(rack.slots().size(), 1U);
  EXPECT_TRUE(rack.replace(*stack, "sink", "null:y")) << "the first one is untouched";
}

}  // namespace
}  // namespace strata::service::device_rack_test
