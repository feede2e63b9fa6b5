// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_ip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::send_ip_test {
namespace {

using namespace support;
using testing::IsEmpty;
using testing::SizeIs;

// RFC 1122 3.2.1.3 MUST: 127/8 never leaves the host.
TEST(SendIp, LoopbackAndOwnAddressesStayInside) {
  Host host;
  UdpPort server(host, {IpAddress::any_v6(), 7});
  UdpPort client(host, {});
  for (const IpAddress& own : {IpAddress::loopback_v4(), IpAddress::v4(127, 8, 9, 10),
                               IpAddress::loopback_v6(), host.own4, host.own6}) {
    ASSERT_TRUE(client.send({own, 7}, text("inside"))) << to_text(own).view();
    host.settle();
    EXPECT_EQ(server.receive(), text("inside")) << to_text(own).view();
  }
  // RFC 4007 6: a link-local address of ours is reached through its own link.
  ASSERT_TRUE(client.send({host.own_link_local, 7, host.eth0}, text("link")));
  host.settle();
  EXPECT_EQ(server.receive(), text("link"));
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
  EXPECT_EQ(host.all_drops(), 0U);
}

TEST(SendIp, ErrorsReachSocketsOnLoopbackToo) {
  Host host;
  UdpPort client(host, {IpAddress::any_v6(), 8});
  ASSERT_TRUE(client.connect({IpAddress::loopback_v6(), 7}));
  ASSERT_TRUE(client.send({IpAddress::loopback_v6(), 7}, text("x")));
  host.settle();
  // RFC 4443 2.4 (e): the loopback address is a fine address here, where nobody can forge it.
  EXPECT_EQ(host.drops(DropReason::kUdpNoSocket), 1U);
}

// RFC 1122 3.3.3 MUST: what does not fit the link is cut, and put together at the other end.
// RFC 8200 4.5 MUST: the same for IPv6.
TEST(SendIp, LongDatagramsCrossInFragments) {
  Host a;
  Bench b;
  TestDevice device({.mac = kPeerMac});
  const InterfaceId eth0 = b.add(device);
  ASSERT_TRUE(b.stack.add_address(eth0, prefix("10.0.0.2/24"), b.now));
  ASSERT_TRUE(b.stack.add_address(eth0, prefix("fd00::2/64"), b.now));
  b.run_for(10s);
  (void)device.take_sent();
  UdpPort here(a, {IpAddress::any_v6(), 7});
  UdpPort there(b, {IpAddress::any_v6(), 7});
  for (const std::size_t size : {1472UL, 1473UL, 9000UL, 65507UL}) {
    const Frame payload = pattern(size);
    for (const auto& [own, peer] : {std::pair{a.own4, a.peer4}, {a.own6, a.peer6}}) {
      ASSERT_TRUE(here.send({peer, 7}, payload)) << size;
      carry(a, a.device, b, device);
      EXPECT_EQ(there.receive(), payload) << size;
      ASSERT_TRUE(there.send({own, 7}, payload)) << size;
      carry(a, a.device, b, device);
      EXPECT_EQ(here.receive(), payload) << size;
    }
  }
  EXPECT_EQ(a.all_drops() + b.all_drops(), 0U);
  EXPECT_EQ(a.pool.descriptors_in_use(), 0U);
  EXPECT_EQ(b.pool.descriptors_in_use(), 0U);
}

TEST(SendIp, TheLargestDatagramsHaveALimit) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  EXPECT_EQ(port.send({host.peer4, 9}, pattern(65508)).error(), Error::kMessageTooLong);
  EXPECT_EQ(port.send({host.peer6, 9}, pattern(65528)).error(), Error::kMessageTooLong);
  EXPECT_TRUE(port.send({host.peer6, 9}, pattern(65527)));
  ASSERT_TRUE(port.send({host.own6, 7}, pattern(65527)));
  ASSERT_TRUE(port.send({host.own4, 7}, pattern(65507)));
  host.settle();
  EXPECT_EQ(port.receive(), pattern(65527));
  EXPECT_EQ(port.receive(), pattern(65507));
}

TEST(SendIp, DontFragmentSetsTheBitAndRefusesWhatDoesNotFit) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  port.options().fragment_policy = FragmentPolicy::kDontFragment;
  ASSERT_TRUE(port.send({host.peer4, 9}, pattern(1472)));
  host.settle();
  const Frames sent = host.device.take_sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_TRUE(decode(sent[0].all()).v4->dont_fragment);
  EXPECT_EQ(port.send({host.peer4, 9}, pattern(1473)).error(), Error::kMessageTooLong);
  EXPECT_EQ(host.drops(DropReason::kPacketTooBig), 1U);
}

TEST(SendIp, WhatIsLeftToRoutersHasNoBitAndTheLinksSize) {
  Host host;
  (void)host.stack.core().path_mtus.on_black_hole(host.peer4, 900, host.now);
  UdpPort port(host, {IpAddress::any_v6(), 7});
  port.options().fragment_policy = FragmentPolicy::kByRouters;
  ASSERT_TRUE(port.send({host.peer4, 9}, pattern(1472)));
  ASSERT_TRUE(port.send({host.peer4, 9}, pattern(1473)));
  host.settle();
  const Frames sent = host.device.take_sent();
  ASSERT_THAT(sent, SizeIs(3)) << "whole, and in two fragments";
  EXPECT_FALSE(decode(sent[0].all()).v4->dont_fragment);
  EXPECT_EQ(decode(sent[0].all()).v4->total_length, 1500U);
}

// RFC 1112 6.1 MUST: a host hears its own group packets unless it asks not to.
TEST(SendIp, GroupPacketsAreHeardHereAsWell) {
  Host host;
  for (const IpAddress& group :
       {IpAddress::v4(239, 1, 1, 1), IpAddress::v6(0xff0e'0000'0000'0000, 0x1234)}) {
    UdpPort port(host, {IpAddress::any_v6(), 7});
    port.options().multicast_interface = host.eth0;
    auto& groups = host.stack.core().interface(host.eth0)->groups.tell();
    ASSERT_TRUE(groups.join(udp_socket_key(port.handle()), group, host.now));
    host.run_for(10s);
    (void)host.device.take_sent();
    ASSERT_TRUE(port.send({group, 7}, text("all")));
    host.settle();
    EXPECT_EQ(port.receive(), text("all"));
    EXPECT_THAT(host.device.take_sent(), SizeIs(1));
    port.options().multicast_loop = false;
    ASSERT_TRUE(port.send({group, 7}, text("others")));
    host.settle();
    EXPECT_EQ(port.waiting(), 0U);
    EXPECT_THAT(host.device.take_sent(), SizeIs(1));
    // A limit of 0 hops: for this host alone.
    port.options().multicast_loop = true;
    port.options().multicast_hop_limit = 0;
    ASSERT_TRUE(port.send({group, 7}, text("self")));
    host.settle();
    EXPECT_EQ(port.receive(), text("self"));
    EXPECT_THAT(host.device.take_sent(), IsEmpty());
    groups.leave_all(udp_socket_key(port.handle()), host.now);
  }
}

// No link is below it, and what waited for one would keep the stack awake for ever.
TEST(SendIp, GroupPacketsOverTheLoopbackInterfaceAreHeardOnce) {
  Host host;
  auto& groups = host.stack.core().interface(kLoopbackId)->groups.tell();
  for (const IpAddress& group :
       {IpAddress::v4(239, 1, 1, 1), IpAddress::v6(0xff02'0000'0000'0000, 0x1234)}) {
    UdpPort port(host, {IpAddress::any_v6(), 7});
    port.options().multicast_interface = kLoopbackId;
    port.options().multicast_hop_limit = 1;
    ASSERT_TRUE(groups.join(udp_socket_key(port.handle()), group, host.now));
    ASSERT_TRUE(port.send({group, 7}, text("all")));
    host.settle();
    EXPECT_EQ(port.receive(), text("all"));
    EXPECT_EQ(port.waiting(), 0U);
    groups.leave_all(udp_socket_key(port.handle()), host.now);
    ASSERT_TRUE(port.send({group, 7}, text("nobody")));
    host.settle();
    EXPECT_EQ(port.waiting(), 0U);
    EXPECT_GT(host.stack.next_deadline().value_or(kNever), host.now);
  }
  EXPECT_THAT(host.device.take_sent(), IsEmpty());
}

TEST(SendIp, SocketsOfTheLoopbackInterfaceReachThisHost) {
  Host host;
  UdpPort server(host, {IpAddress::any_v6(), 7});
  UdpPort client(host, {});
  client.options().bound_interface = kLoopbackId;
  for (const IpAddress& own : {IpAddress::loopback_v4(), host.own4, host.own6}) {
    ASSERT_TRUE(client.send({own, 7}, text("inside"))) << to_text(own).view();
    host.settle();
    EXPECT_EQ(server.receive(), text("inside")) << to_text(own).view();
  }
  EXPECT_EQ(client.send({host.peer4, 7}, text("outside")).error(), Error::kNetworkUnreachable);
}

TEST(SendIp, WaysThatAreNoneAreErrors) {
  Host host;
  UdpPort port(host, {IpAddress::any_v6(), 7});
  EXPECT_EQ(port.send({address("192.0.2.1"), 9}, {}).error(), Error::kNetworkUnreachable);
  EXPECT_EQ(port.send({address("2001:db8::1"), 9}, {}).error(), Error::kNetworkUnreachable);
  EXPECT_EQ(port.send({IpAddress::any_v4(), 9}, {}).error(), Error::kInvalidArgument);
  EXPECT_EQ(port.send({host.peer4, 0}, {}).error(), Error::kInvalidArgument);
  // RFC 1122 4.1.3.4: broadcasting must be asked for.
  EXPECT_EQ(port.send({IpAddress::limited_broadcast(), 9}, {}).error(), Error::kNotPermitted);
  EXPECT_EQ(port.send({IpAddress::v4(10, 0, 0, 255), 9}, {}).error(), Error::kNotPermitted);
}

TEST(SendIp, OwnProtocolsLeaveWithAHeader) {
  Host host;
  for (const IpAddress& peer : {host.peer4, host.peer6}) {
    // With all, little and no room in front.
    for (const std::size_t headroom : {kHeadroom, std::size_t{30}, std::size_t{0}}) {
      PacketPtr packet = host.pool.allocate(BufferClass::kSmall, headroom);
      copy_bytes(text("own").all(), packet->append(3));
      ASSERT_TRUE(host.stack.send_ip({}, peer, 200, std::move(packet), host.now));
    }
    host.settle();
    const Frames sent = host.device.take_sent();
    ASSERT_THAT(sent, SizeIs(3));
    for (const Frame& frame : sent) {
      const Decoded is = decode(frame.all());
      EXPECT_EQ(is.protocol, 200);
      EXPECT_EQ(is.upper, text("own"));
    }
  }
}

TEST(SendIp, AFullLoopbackIsCounted) {
  BenchOptions options;
  options.stack.transmit_queue_max = 4;
  Host host(options);
  for (int i = 0; i < 6; ++i) {
    PacketPtr packet = host.pool.allocate();
    (void)host.stack.send_ip({}, host.own4, 200, std::move(packet), host.now);
  }
  EXPECT_EQ(host.drops(DropReason::kTransmitQueueFull), 2U);
}

}  // namespace
}  // namespace strata::stack::send_ip_test
