// SPDX-License-Identifier: Apache-2.0
#include "stack/replace_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "stack/core.h"
#include "stack/out/send_frame.h"
#include "strata/wire/tcp.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/tcp_frames.h"
#include "support/udp_port.h"

namespace strata::stack::replace_device_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

MATCHER_P(FromMac, mac, "") { return decode(arg.all()).link.source == mac; }

std::size_t mtu_of(const Stack& stack, std::string_view name) {
  std::size_t mtu = 0;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.name.view() == name) mtu = entry.mtu;
  });
  return mtu;
}

// RFC 5227 2.3 and RFC 4861 7.2.6: who keeps our old address would send into nowhere.
TEST(ReplaceDevice, ANewAddressIsToldToEverybody) {
  Host host;
  TestDevice other({.mac = kOtherMac});
  ASSERT_TRUE(host.stack.replace_device(host.eth0, other, host.now));
  host.run_for(5s);
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
  const Frames sent = other.take_sent();
  EXPECT_THAT(sent, Each(FromMac(kOtherMac)));
  EXPECT_THAT(sent, Contains(AllOf(IsArpRequest(host.own4), ToMac(MacAddress::broadcast()))));
  EXPECT_THAT(
      sent, Contains(IsIpv6(AllOf(To(IpAddress::all_nodes_v6()),
                                  Carries(IsIcmp(wire::Icmpv6Type::kNeighborAdvertisement, 0))))));
  other.push(ip_frame(kOtherMac, kPeerMac, echo_request(host.peer4, host.own4, 1, 1, {})));
  host.settle();
  EXPECT_THAT(other.take_sent(),
              Contains(IsIpv4(Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)))));
}

TEST(ReplaceDevice, AnAddressThatWasChosenStays) {
  Bench bench;
  TestDevice first({.mac = kPeerMac});
  TestDevice second({.mac = kOtherMac});
  InterfaceConfig config;
  config.mac = kOurMac;
  config.detect_duplicates = false;
  const InterfaceId id = bench.add(first, config);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  ASSERT_TRUE(bench.stack.replace_device(id, second, bench.now));
  bench.run_for(5s);
  const Frames sent = second.take_sent();
  EXPECT_THAT(sent, Contains(IsArpRequest(address("10.0.0.1"))));
  EXPECT_THAT(sent, Each(FromMac(kOurMac)));
}

TEST(ReplaceDevice, WhatDoesNotFitIsRefusedAndChangesNothing) {
  Host host;
  TestDevice tunnel({.medium = Medium::kIp});
  TestDevice narrow({.mtu = 1279, .mac = kOtherMac});
  TestDevice none({.mtu = 67, .mac = kOtherMac});
  EXPECT_EQ(host.stack.replace_device(host.eth0, tunnel, host.now).error(),
            Error::kInvalidArgument);
  EXPECT_EQ(host.stack.replace_device(host.eth0, none, host.now).error(), Error::kInvalidArgument);
  EXPECT_EQ(host.stack.replace_device(host.eth0, narrow, host.now).error(), Error::kNotSupported);
  EXPECT_EQ(host.stack.replace_device(kLoopbackId, narrow, host.now).error(), Error::kNotFound);
  EXPECT_THAT(host.from_peer(echo_request(host.peer4, host.own4, 1, 1, {})), SizeIs(1));
  EXPECT_THAT(narrow.take_sent(), IsEmpty());
}

TEST(ReplaceDevice, TheMtuFollowsTheDeviceUnlessItWasChosen) {
  Host host;
  InterfaceConfig config;
  config.name = "eth0.7";
  config.detect_duplicates = false;
  VlanTags tags;
  tags.count = 1;
  tags.tags[0].id = 7;
  ASSERT_TRUE(host.stack.add_vlan(host.eth0, tags, config, host.now));
  TestDevice jumbo({.mtu = 9000, .mac = kOurMac});
  TestDevice usual({.mtu = 1500, .mac = kOurMac});
  ASSERT_TRUE(host.stack.replace_device(host.eth0, jumbo, host.now));
  EXPECT_EQ(mtu_of(host.stack, ""), 9000U);
  EXPECT_EQ(mtu_of(host.stack, "eth0.7"), 9000U);
  ASSERT_TRUE(host.stack.set_mtu(host.eth0, 4000, host.now));
  ASSERT_TRUE(host.stack.replace_device(host.eth0, usual, host.now));
  EXPECT_EQ(mtu_of(host.stack, ""), 1500U);
  EXPECT_EQ(mtu_of(host.stack, "eth0.7"), 1500U);
  ASSERT_TRUE(host.stack.replace_device(host.eth0, jumbo, host.now));
  EXPECT_EQ(mtu_of(host.stack, ""), 4000U);
}

// What waits was made for the old device.
TEST(ReplaceDevice, FramesThatWaitBecomeFramesOfTheNewDevice) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  host.device.offers.completes_checksums = true;
  host.device.room_left = 0;
  for (unsigned i = 0; i < 5; ++i) ASSERT_TRUE(port.send({host.peer4, 9}, bytes({i})));
  host.stack.flush(host.now);
  TestDevice other({.mac = kOtherMac});
  ASSERT_TRUE(host.stack.replace_device(host.eth0, other, host.now));
  host.settle();
  const Frames sent = other.take_sent();
  std::vector<std::byte> seen;
  for (const Frame& frame : sent) {
    if (decode(frame.all()).protocol != wire::kIpProtocolUdp) continue;
    EXPECT_THAT(frame, AllOf(FromMac(kOtherMac), IsIpv4(Carries(IsUdp(7, 9)))));
    seen.push_back(decode(frame.all()).upper.back());
  }
  EXPECT_EQ(seen,
            (std::vector{std::byte{0}, std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
}

// A super-segment for a device that cuts, with pieces as long as its MTU let them be.
TEST(ReplaceDevice, SuperSegmentsThatWaitAreCutAsTheNewDeviceNeedsIt) {
  constexpr std::size_t kLink = 14;
  for (const bool cuts : {false, true}) {
    Host host;
    TestDevice jumbo(
        {.mtu = 9000, .mac = kOurMac, .completes_checksums = true, .tcp_segment_bytes_max = 65535});
    ASSERT_TRUE(host.stack.replace_device(host.eth0, jumbo, host.now));
    host.run_for(5s);
    jumbo.room_left = 0;
    const Frame text = pattern(20'000);
    const Frame ip = tcp_packet({host.own4, 1}, {host.peer4, 2},
                                {.sequence_number = 100, .flags = wire::kTcpAck}, text);
    const Frame frame = ip_frame(kPeerMac, kOurMac, ip);
    PacketPtr packet = host.pool.allocate_for(frame.size());
    copy_bytes(frame.all(), packet->append(frame.size()));
    PacketNotes& notes = packet->notes();
    notes.network_offset = kLink;
    notes.transport_offset = kLink + 20;
    notes.checksum = ChecksumState::kPartial;
    notes.checksum_offset = wire::TcpLayout::Checksum::kBegin;
    notes.segment_kind = SegmentKind::kTcp;
    notes.segment_size = 8960;
    enqueue(host.stack.core(), *host.stack.core().interface(host.eth0), std::move(packet));
    host.stack.flush(host.now);

    TestDevice usual({.mtu = 1500, .mac = kOtherMac});
    if (cuts) usual.offers.tcp_segment_bytes_max = 65535;
    if (cuts) usual.offers.completes_checksums = true;
    ASSERT_TRUE(host.stack.replace_device(host.eth0, usual, host.now));
    host.settle();
    Frame all;
    std::uint32_t next = 100;
    for (const Frame& sent : usual.take_sent()) {
      const auto segment = decode_tcp(sent);
      if (!segment) continue;
      EXPECT_THAT(sent, FromMac(kOtherMac));
      EXPECT_TRUE(cuts || sent.size() <= 1514U) << sent.size();
      EXPECT_EQ(segment->header.sequence_number, next);
      next += static_cast<std::uint32_t>(segment->payload.size());
      all = all + segment->payload;
    }
    EXPECT_EQ(all, text) << cuts;
  }
}

TEST(ReplaceDevice, WhatTheOldDeviceStillHoldsIsTakenIn) {
  Host host;
  TestDevice other({.mtu = 1400, .mac = kOtherMac});
  const Frame question = echo_request(host.peer4, host.own4, 1, 1, pattern(1450));
  for (int i = 0; i < 70; ++i) host.device.push(ip_frame(kOurMac, kPeerMac, question));
  ASSERT_TRUE(host.stack.replace_device(host.eth0, other, host.now));
  int batches = 0;
  while (host.stack.receive_from(host.eth0, host.device, host.now)) ++batches;
  EXPECT_EQ(batches, 2);
  EXPECT_FALSE(host.device.has_arrivals());
  EXPECT_EQ(host.drops(DropReason::kFrameNotForUs), 0U);
  EXPECT_EQ(host.drops(DropReason::kFrameTooLong), 0U);
  EXPECT_EQ(host.stack.counters().echo_replies_sent, 70U);
  host.settle();
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
  EXPECT_FALSE(host.stack.receive_from(99, host.device, host.now));
}

TEST(ReplaceDevice, ADeviceWithoutLinkLayerIsExchangedAsWell) {
  Bench bench;
  TestDevice first({.medium = Medium::kIp});
  TestDevice second({.medium = Medium::kIp, .mtu = 1400});
  const InterfaceId id = bench.add(first);
  ASSERT_TRUE(bench.stack.add_address(id, prefix("10.0.0.1/24"), bench.now));
  ASSERT_TRUE(bench.stack.replace_device(id, second, bench.now));
  second.push(echo_request(address("10.0.0.2"), address("10.0.0.1"), 1, 1, {}));
  bench.devices.push_back(&second);
  bench.settle();
  EXPECT_THAT(second.take_sent(), Contains(IsBareIp(From(address("10.0.0.1")))));
  EXPECT_THAT(first.take_sent(), Not(Contains(IsBareIp(To(address("10.0.0.2"))))));
}

}  // namespace
}  // namespace strata::stack::replace_device_test
