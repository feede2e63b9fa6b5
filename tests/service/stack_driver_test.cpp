// SPDX-License-Identifier: Apache-2.0
#include "service/stack_driver.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::stack_driver_test {
namespace {

TEST(StackDriver, ATurnHasWorkedWhenAPacketMoved) {
  Lab lab;
  lab.run_for(std::chrono::seconds(20));
  EXPECT_FALSE(lab.ours->driver().turn(lab.loop->now()));
  auto packet = lab.theirs->stack().pool().allocate();
  const auto interface = lab.theirs->stack().find_interface("theirs");
  ASSERT_TRUE(lab.theirs->stack()
                  .send_frame(*interface, MacAddress::broadcast(), 0x88b5, std::move(packet))
                  .has_value());
  EXPECT_TRUE(lab.theirs->driver().turn(lab.loop->now()));
  EXPECT_TRUE(lab.ours->driver().turn(lab.loop->now()));
  EXPECT_FALSE(lab.ours->driver().turn(lab.loop->now()));
}

TEST(StackDriver, AsksADeviceThatCannotTell) {
  Lab lab;
  MemoryLink link;
  const Port port{.name = "asked",
                  .device = &link.end(0),
                  .feeding = Feeding::kMustAsk,
                  .addresses = {},
                  .mtu = 0};
  auto made = HostedStack::create(*lab.loop, {.name = "asked"}, {&port, 1});
  ASSERT_TRUE(made.has_value());
  lab.run_for(std::chrono::seconds(20));
  const auto deadline = (*made)->driver().next_deadline();
  ASSERT_TRUE(deadline.has_value());
  EXPECT_LE(*deadline, lab.loop->now() + std::chrono::milliseconds(1));
  link.clear();
}

TEST(StackDriver, ADeviceThatIsGoneIsToldOnce) {
  Lab lab;
  StackDriver driver(lab.ours->stack());
  int told = 0;
  NullOptions options;
  const auto device = make_null_device(options);
  driver.add(*device, 2, Feeding::kDescriptor);
  driver.on_lost([&told](InterfaceId) { ++told; });
  driver.on_descriptor_lost(12'345);
  EXPECT_EQ(told, 0);
  driver.on_descriptor_lost(device->descriptor());
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace strata::service::stack_driver_test
