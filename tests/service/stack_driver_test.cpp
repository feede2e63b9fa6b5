// SPDX-License-Identifier: Apache-2.0
#include "service/stack_driver.h"

#include <gtest/gtest.h>

#include "service/lab.h"

namespace strata::service::stack_driver_test {
namespace {

// An interface of a host, which the host changes.
class HostsDevice final : public Device {
 public:
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return granted; }
  void receive(PacketPool& /*pool*/, PacketBatch& /*batch*/) override {}
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override { batch.clear(); }
  [[nodiscard]] int descriptor() const override { return number; }

  DeviceCapabilities granted{.mac = MacAddress::from_value(0x0200'0000'0009)};
  int number = 77;
};

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

std::size_t mtu_of(const Stack& stack, InterfaceId interface) {
  std::size_t mtu = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == interface) mtu = entry.mtu;
  });
  return mtu;
}

TEST(StackDriver, AnInterfaceFollowsItsDevice) {
  Lab lab;
  HostsDevice device;
  Stack& stack = lab.ours->stack();
  InterfaceConfig config;
  config.name = "hosts";
  const auto interface = stack.add_interface(device, config, lab_now);
  ASSERT_TRUE(interface.has_value());
  StackDriver driver(stack);
  int told = 0;
  driver.add(device, *interface, Feeding::kDescriptor, 1400);
  driver.on_lost([&told](InterfaceId) { ++told; });
  for (const auto& [granted, followed] :
       {std::pair(1300UL, 1300UL), std::pair(9000UL, 1400UL), std::pair(1280UL, 1280UL)}) {
    device.granted.mtu = granted;
    driver.turn(lab_now);
    EXPECT_EQ(mtu_of(stack, *interface), followed) << granted;
  }
  EXPECT_EQ(told, 0);
  device.number = -1;
  driver.turn(lab_now);
  driver.turn(lab_now);
  EXPECT_EQ(told, 1);
  ASSERT_TRUE(stack.remove_interface(*interface, lab_now).has_value());
}

}  // namespace
}  // namespace strata::service::stack_driver_test
