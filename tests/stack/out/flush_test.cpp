// SPDX-License-Identifier: Apache-2.0
#include "stack/out/flush.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::flush_test {
namespace {

using namespace support;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CountingHook final : public Hook {
 public:
  void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict>, Time) override {
    seen += packets.size();
  }
  std::size_t seen = 0;
};

// What a device promised room for and then refused goes first next time, and once past the hooks.
TEST(Flush, RefusedFramesKeepTheirPlaceAndAreShownOnce) {
  Host host;
  CountingHook hook;
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kFrameOut, hook));
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  for (unsigned i = 0; i < 10; ++i) ASSERT_TRUE(port.send({host.peer4, 9}, bytes({i})));
  host.device.takes_at_once = 3;
  host.stack.flush(host.now);
  EXPECT_THAT(host.device.sent(), SizeIs(3));
  for (unsigned i = 10; i < 12; ++i) ASSERT_TRUE(port.send({host.peer4, 9}, bytes({i})));
  host.device.takes_at_once = SIZE_MAX;
  host.stack.flush(host.now);
  const Frames sent = host.device.take_sent();
  ASSERT_THAT(sent, SizeIs(12));
  for (unsigned i = 0; i < 12; ++i) {
    EXPECT_EQ(decode(sent[i].all()).upper.back(), static_cast<std::byte>(i));
  }
  EXPECT_EQ(hook.seen, 12U);
}

TEST(Flush, AFullDeviceHoldsPacketsBackAndSendersAreToldOfRoom) {
  BenchOptions options;
  options.stack.transmit_queue_max = 8;
  Host host(options);
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  int told = 0;
  port.socket().ready.callback = [&](Readiness news) { told += news.writable ? 1 : 0; };
  host.device.room_left = 0;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(port.send({host.peer4, 9}, text("x")));
  EXPECT_EQ(port.send({host.peer4, 9}, text("x")).error(), Error::kWouldBlock);
  host.stack.flush(host.now);
  EXPECT_THAT(host.device.sent(), IsEmpty());
  EXPECT_EQ(told, 0);
  // What nobody can be asked to wait with is dropped.
  (void)host.from_peer(echo_request(host.peer4, host.own4, 1, 1, {}));
  EXPECT_EQ(host.drops(DropReason::kTransmitQueueFull), 1U);
  host.device.room_left = SIZE_MAX;
  host.settle();
  EXPECT_THAT(host.device.take_sent(), SizeIs(8));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(port.send({host.peer4, 9}, text("x")));
}

TEST(Flush, ProgramsAreToldAfterwardsAndTheirAnswersLeaveInTheSameTurn) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  ASSERT_TRUE(port.socket().ready.set(
      [&](Readiness) { EXPECT_TRUE(port.send({host.peer4, 9}, port.receive())); }, host.memory));
  host.device.push(
      ip_frame(kOurMac, kPeerMac, udp_packet({host.peer4, 9}, {host.own4, 7}, text("echo"))));
  host.stack.poll(host.now);
  EXPECT_EQ(port.waiting(), 1U);
  host.stack.flush(host.now);
  EXPECT_THAT(host.device.take_sent(), ElementsAre(IsIpv4(HasUdpPayload(text("echo")))));
}

TEST(Flush, RemovingAnInterfaceEndsWhatWaitedForIt) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  host.device.room_left = 0;
  ASSERT_TRUE(port.send({host.peer4, 9}, text("x")));
  ASSERT_TRUE(port.send({IpAddress::v4(10, 0, 0, 77), 9}, text("parked")));
  ASSERT_TRUE(host.stack.remove_interface(host.eth0, host.now));
  EXPECT_EQ(host.drops(DropReason::kInterfaceDown), 1U);
  EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(port.send({host.peer4, 9}, text("x")).error(), Error::kNetworkUnreachable);
}

}  // namespace
}  // namespace strata::stack::flush_test
