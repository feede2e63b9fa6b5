// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/in/deliver.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::deliver_raw_test {
namespace {

using namespace support;
using testing::IsEmpty;
using testing::SizeIs;

TEST(DeliverRaw, EverySocketOfTheProtocolGetsACopy) {
  Host host;
  RawTable& raw = host.stack.core().raw;
  const Handle one = raw.raw.try_create(AddressFamily::kIpv4, std::uint8_t{1});
  const Handle two = raw.raw.try_create(AddressFamily::kIpv4, std::uint8_t{1});
  const Handle six = raw.raw.try_create(AddressFamily::kIpv6, std::uint8_t{1});
  ASSERT_TRUE(one && two && six);
  const Frame ping = echo_request(host.peer4, host.own4, 1, 1, text("x"));
  EXPECT_THAT(host.from_peer(ping), SizeIs(1));  // answered all the same
  EXPECT_EQ(raw.raw.find(one)->queue.size(), 1U);
  EXPECT_EQ(raw.raw.find(two)->queue.size(), 1U);
  EXPECT_EQ(raw.raw.find(six)->queue.size(), 0U);
  const PacketPtr copy = raw.raw.find(one)->queue.pop();
  EXPECT_EQ(Frame(copy->bytes()), ping);
  // Bound, connected and tied to an interface: what does not fit is not theirs.
  raw.raw.find(two)->local = IpAddress::v4(10, 0, 0, 9);
  raw.raw.find(one)->remote = IpAddress::v4(10, 0, 0, 9);
  (void)host.from_peer(ping);
  raw.raw.find(one)->remote = {};
  raw.raw.find(one)->options.bound_interface = kLoopbackId;
  (void)host.from_peer(ping);
  EXPECT_EQ(raw.raw.find(one)->queue.size(), 0U);
  EXPECT_EQ(raw.raw.find(two)->queue.size(), 1U);
  raw.raw.find(two)->local = {};
  raw.raw.find(two)->queue.set_buffer_bytes_max(1);
  (void)host.from_peer(ping);
  EXPECT_EQ(host.drops(DropReason::kRawQueueFull), 1U);
}

// Who hears a protocol speaks it: the sender is not told that nobody does.
TEST(DeliverRaw, AHeardProtocolIsNotUnreachable) {
  Host host;
  ASSERT_TRUE(host.stack.core().raw.raw.try_create(AddressFamily::kIpv4, std::uint8_t{200}));
  EXPECT_THAT(host.from_peer(ip_packet(host.peer4, host.own4, 200, text("x"))), IsEmpty());
  EXPECT_EQ(host.all_drops(), 0U);
}

}  // namespace
}  // namespace strata::stack::deliver_raw_test
