// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "stack/in/deliver.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::deliver_udp_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
const IpAddress kOwn6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);
const IpAddress kPeer6 = IpAddress::v6(0xfd00'0000'0000'0000, 2);
const IpAddress kGroup = IpAddress::v4(239, 1, 1, 1);
const IpAddress kGroup6 = IpAddress::v6(0xff0e'0000'0000'0000, 0x1234);

Frame with_header(unsigned length, unsigned checksum) {
  Frame datagram = udp_datagram({kPeer, 9}, {kOwn, 7}, text("hello"));
  wire::UdpLayout::Length::set(datagram.writable(), static_cast<std::uint16_t>(length));
  wire::UdpLayout::Checksum::set(datagram.writable(), static_cast<std::uint16_t>(checksum));
  return datagram;
}

TEST(DeliverUdp, BothFamiliesReachOneSocket) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  host.from_peer(udp_packet({host.peer4, 9}, {host.own4, 7}, text("four")));
  host.from_peer(udp_packet({host.peer6, 9}, {host.own6, 7}, text("six")));
  EXPECT_EQ(port.receive(), text("four"));
  EXPECT_EQ(port.receive(), text("six"));
  EXPECT_EQ(host.all_drops(), 0U);
}

struct Case {
  const char* name;
  IpAddress source;
  IpAddress destination;
  Frame datagram;
  DropReason reason;
};

class UdpDrops : public testing::TestWithParam<Case> {};

TEST_P(UdpDrops, CountTheirReason) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  const Case& is = GetParam();
  EXPECT_THAT(
      host.from_peer(ip_packet(is.source, is.destination, wire::kIpProtocolUdp, is.datagram)),
      IsEmpty());
  EXPECT_EQ(host.drops(is.reason), 1U);
  EXPECT_EQ(port.waiting(), 0U);
}

// RFC 1122 4.1.3.4 MUST: a datagram with a wrong checksum is silently discarded.
// RFC 8200 8.1 MUST: an IPv6 receiver discards datagrams without a checksum.
INSTANTIATE_TEST_SUITE_P(
    Reasons, UdpDrops,
    testing::Values(
        Case{"Short", kPeer, kOwn, pattern(7), DropReason::kUdpTooShort},
        Case{"LengthBeyondPacket", kPeer, kOwn, with_header(100, 0), DropReason::kUdpBadLength},
        Case{"LengthBelowHeader", kPeer, kOwn, with_header(7, 0), DropReason::kUdpBadLength},
        Case{"Checksum", kPeer, kOwn, with_header(13, 0x1234), DropReason::kUdpBadChecksum},
        Case{"NoChecksum6", kPeer6, kOwn6, with_header(13, 0), DropReason::kUdpNoChecksum}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// RFC 1122 4.1.3.4 MUST: a datagram without a checksum is taken over IPv4.
TEST(DeliverUdp, Ipv4NeedsNoChecksum) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  host.from_peer(ip_packet(kPeer, kOwn, wire::kIpProtocolUdp, with_header(13, 0)));
  EXPECT_EQ(port.receive(), text("hello"));
}

// RFC 6935 5 MAY: a tunnel's port may take datagrams without a checksum over IPv6.
TEST(DeliverUdp, ATunnelMayAgreeToNoChecksumOverIpv6) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  port.options().accept_zero_checksum = true;
  host.from_peer(ip_packet(kPeer6, kOwn6, wire::kIpProtocolUdp, with_header(13, 0)));
  EXPECT_EQ(port.receive(), text("hello"));
}

TEST(DeliverUdp, WhatComesWithoutChecksumOverIpv6IsNotAnsweredEither) {
  Host host;
  EXPECT_THAT(host.from_peer(ip_packet(kPeer6, kOwn6, wire::kIpProtocolUdp, with_header(13, 0))),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kUdpNoChecksum), 1U);
}

// RFC 1122 4.1.3.1 SHOULD: a datagram to a port nobody has is answered with port unreachable.
TEST(DeliverUdp, NobodyListensIsToldInBothFamilies) {
  Host host;
  EXPECT_THAT(
      host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, text("x"))),
      ElementsAre(IsIpv4(AllOf(From(kOwn), To(kPeer),
                               Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 3))))));
  // RFC 4443 3.1 SHOULD: code 4.
  EXPECT_THAT(
      host.from_peer(udp_packet({kPeer6, 9}, {kOwn6, 7}, text("x"))),
      ElementsAre(IsIpv6(AllOf(From(kOwn6), To(kPeer6),
                               Carries(IsIcmp(wire::Icmpv6Type::kDestinationUnreachable, 4))))));
  EXPECT_EQ(host.drops(DropReason::kUdpNoSocket), 2U);
}

TEST(DeliverUdp, AFullQueueDrops) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  port.socket().queue.set_buffer_bytes_max(kSmallBufferBytes);
  host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, text("first")));
  host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, text("second")));
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 1U);
  EXPECT_EQ(port.receive(), text("first"));
}

// RFC 1122 4.1.3.3 MUST NOT be reported: errors about broadcasts would multiply.
TEST(DeliverUdp, BroadcastsGoToAllAndAreNeverAnswered) {
  Host host;
  EXPECT_THAT(
      host.from_peer_to_group(udp_packet({kPeer, 9}, {IpAddress::limited_broadcast(), 7}, {})),
      IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kUdpNoSocket), 1U);
  UdpPort one(host, {}, AddressFamily::kIpv4);
  UdpPort two(host, {}, AddressFamily::kIpv4);
  for (UdpPort* port : {&one, &two}) {
    port->options().reuse_address = true;
    ASSERT_TRUE(host.stack.core().udp.bind(port->socket(), {IpAddress::any_v4(), 7}));
  }
  for (const IpAddress& all : {IpAddress::limited_broadcast(), IpAddress::v4(10, 0, 0, 255)}) {
    host.exchange(
        ip_frame(MacAddress::broadcast(), kPeerMac, udp_packet({kPeer, 9}, {all, 7}, text("b"))));
    EXPECT_EQ(one.receive(), text("b"));
    EXPECT_EQ(two.receive(), text("b"));
  }
}

// RFC 3376 3.2 MUST: what a socket's source filter refuses is not delivered to it.
TEST(DeliverUdp, SourceFiltersChooseAmongSenders) {
  Host host;
  for (const auto& [group, source] : {std::pair{kGroup, kPeer}, std::pair{kGroup6, kPeer6}}) {
    UdpPort port(host, {IpAddress::any_v6(), 7});
    auto& groups = host.stack.core().interface(host.eth0)->groups.tell();
    const auto key = udp_socket_key(port.handle());
    // Joined with no socket filter of its own: another's membership is not this socket's.
    ASSERT_TRUE(groups.join(77, group, host.now));
    host.from_peer_to_group(udp_packet({source, 9}, {group, 7}, text("x")));
    EXPECT_EQ(port.waiting(), 0U);
    ASSERT_TRUE(groups.join(key, group, host.now));
    host.from_peer_to_group(udp_packet({source, 9}, {group, 7}, text("y")));
    EXPECT_EQ(port.receive(), text("y"));
    ASSERT_TRUE(groups.block_source(key, group, source, host.now));
    host.from_peer_to_group(udp_packet({source, 9}, {group, 7}, text("z")));
    EXPECT_EQ(port.waiting(), 0U);
    groups.leave_all(key, host.now);
    groups.leave_all(77, host.now);
  }
  EXPECT_EQ(host.drops(DropReason::kUdpSourceNotPermitted), 4U);
}

TEST(DeliverUdp, AMergedDatagramIsTakenApartUnlessAskedFor) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  PacketNotes notes;
  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 1000;
  notes.checksum = ChecksumState::kVerified;
  const Frame whole = pattern(2500);
  const Frame frame = ip_frame(kOurMac, kPeerMac, udp_packet({kPeer, 9}, {kOwn, 7}, whole));
  host.exchange(frame, notes);
  Frame together;
  std::vector<std::size_t> sizes;
  while (port.waiting() != 0) {
    const Frame part = port.receive();
    sizes.push_back(part.size());
    together += part.all();
  }
  EXPECT_THAT(sizes, ElementsAre(1000U, 1000U, 500U));
  EXPECT_EQ(together, whole);
  port.options().receive_super_segments = true;
  host.exchange(frame, notes);
  EXPECT_EQ(port.receive(), whole);
}

TEST(DeliverUdp, TheLongestMergedDatagramFitsAnIdleSocket) {
  Host host;
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  PacketNotes notes;
  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 1000;
  notes.checksum = ChecksumState::kVerified;
  const Frame whole = pattern(64'000);
  host.exchange(ip_frame(kOurMac, kPeerMac, udp_packet({kPeer, 9}, {kOwn, 7}, whole)), notes);
  Frame together;
  while (port.waiting() != 0) together += port.receive().all();
  EXPECT_EQ(together, whole);
  EXPECT_EQ(host.drops(DropReason::kUdpQueueFull), 0U);
}

// Destination options that every node skips (RFC 8200 4.2), eight as the limits allow.
Frame longest_options(std::uint8_t next_header, std::size_t size) {
  Frame header = bytes({next_header, static_cast<unsigned>(size / 8 - 1)});
  while (header.size() < size) {
    const std::size_t data = std::min<std::size_t>(255, size - header.size() - 2);
    header += bytes({0x1e, static_cast<unsigned>(data)}).all();
    header += Frame(data).all();
  }
  return header;
}

// The headers alone fill what a small buffer has behind its headroom.
TEST(DeliverUdp, AMergedDatagramMayHaveALongChainOfHeaders) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  PacketNotes notes;
  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 1000;
  notes.checksum = ChecksumState::kVerified;
  const Frame whole = pattern(2500);
  const Frame payload =
      longest_options(wire::kIpProtocolUdp, 1848) + udp_datagram({kPeer6, 9}, {kOwn6, 7}, whole);
  host.exchange(ip_frame(kOurMac, kPeerMac,
                         ip_packet(kPeer6, kOwn6, wire::kIpProtocolDestinationOptions, payload)),
                notes);
  EXPECT_EQ(port.waiting(), 3U);
  Frame together;
  while (port.waiting() != 0) together += port.receive().all();
  EXPECT_EQ(together, whole);
}

TEST(DeliverUdp, AMergedDatagramToAGroupIsTakenApartForWhoDidNotAsk) {
  Host host;
  UdpPort apart(host, {}, AddressFamily::kIpv4);
  UdpPort merged(host, {}, AddressFamily::kIpv4);
  merged.options().receive_super_segments = true;
  for (UdpPort* port : {&apart, &merged}) {
    port->options().reuse_address = true;
    ASSERT_TRUE(host.stack.core().udp.bind(port->socket(), {IpAddress::any_v4(), 7}));
  }
  PacketNotes notes;
  notes.segment_kind = SegmentKind::kUdp;
  notes.segment_size = 1000;
  notes.checksum = ChecksumState::kVerified;
  const Frame whole = pattern(1500);
  host.exchange(ip_frame(MacAddress::broadcast(), kPeerMac,
                         udp_packet({kPeer, 9}, {IpAddress::limited_broadcast(), 7}, whole)),
                notes);
  EXPECT_EQ(merged.receive(), whole);
  EXPECT_EQ(apart.waiting(), 2U);
  Frame together = apart.receive();
  together += apart.receive().all();
  EXPECT_EQ(together, whole);
}

TEST(DeliverUdp, ADryPoolIsCounted) {
  BenchOptions options;
  options.pool = {
      .small_buffers = 8, .large_buffers = 0, .external_buffers = 0, .extra_descriptors = 0};
  Host host(options);
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  // Each listener of a group needs a descriptor of its own.
  while (host.pool.descriptors_in_use() < 7) {
    const std::size_t before = port.waiting();
    host.from_peer(udp_packet({kPeer, 9}, {kOwn, 7}, text("x")));
    ASSERT_EQ(port.waiting(), before + 1);
  }
  host.exchange(ip_frame(MacAddress::broadcast(), kPeerMac,
                         udp_packet({kPeer, 9}, {IpAddress::limited_broadcast(), 7}, text("b"))));
  EXPECT_EQ(host.drops(DropReason::kPoolEmpty), 1U);
}

}  // namespace
}  // namespace strata::stack::deliver_udp_test
