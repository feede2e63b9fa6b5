// SPDX-License-Identifier: Apache-2.0
#include "stack/out/send_icmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/wire/ipv4_options.h"
#include "support/bench.h"
#include "support/matchers.h"

namespace strata::stack::send_icmp_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr icmp::ErrorContent kNoRouteError{.kind = icmp::ErrorKind::kNoRoute};

// An error about `packet`, as if it had come in over eth0.
Frames error_about(Host& host, const Frame& packet) {
  PacketPtr offender = host.pool.allocate_for(packet.size());
  copy_bytes(packet.all(), offender->append(packet.size()));
  Core& core = host.stack.core();
  send_icmp_error(core, *offender, *core.interface(host.eth0), kNoRouteError, host.now);
  host.settle();
  return host.device.take_sent();
}

Frame datagram(const IpAddress& from, const IpAddress& to, std::size_t size) {
  return udp_packet({from, 9}, {to, 7}, pattern(size));
}

// RFC 1812 4.3.2.3 SHOULD: an error carries as much of the offender as fits 576 bytes.
// RFC 4443 2.4 MUST: an ICMPv6 error carries as much of the offender as fits the minimum MTU.
TEST(SendIcmpError, QuotesAsMuchAsFits) {
  Host host;
  const Frame offender4 = datagram(host.peer4, address("192.0.2.1"), 1400);
  const Frames out4 = error_about(host, offender4);
  ASSERT_THAT(
      out4,
      ElementsAre(IsIpv4(AllOf(From(host.own4), To(host.peer4),
                               Carries(IsIcmp(wire::Icmpv4Type::kDestinationUnreachable, 0))))));
  const Frame packet4 = decode(out4[0].all()).packet;
  EXPECT_EQ(packet4.size(), 576U);
  EXPECT_EQ(Frame(packet4.all().subspan(28)), Frame(offender4.all().first(548)));
  const Frame offender6 = datagram(host.peer6, address("2001:db8::1"), 1400);
  const Frames out6 = error_about(host, offender6);
  ASSERT_THAT(
      out6,
      ElementsAre(IsIpv6(AllOf(From(host.own6), To(host.peer6),
                               Carries(IsIcmp(wire::Icmpv6Type::kDestinationUnreachable, 0))))));
  EXPECT_EQ(decode(out6[0].all()).packet.size(), 1280U);
}

// RFC 1812 4.3.2.5 SHOULD: errors of IPv4 have a precedence of 6 or 7.
TEST(SendIcmpError, HasThePrecedenceOfControl) {
  Host host;
  EXPECT_THAT(error_about(host, datagram(host.peer4, address("192.0.2.1"), 20)),
              ElementsAre(IsIpv4(HasTrafficClass(0xc0))));
  EXPECT_THAT(error_about(host, datagram(host.peer6, address("2001:db8::1"), 20)),
              ElementsAre(IsIpv6(HasTrafficClass(0))));
}

// RFC 1122 3.2.2 MUST NOT: no error about an error, a group, a broadcast, or a sender that is none.
TEST(SendIcmpError, IsNotSentAboutWhatMustNotBeAnswered) {
  Host host;
  const Frame inner = datagram(host.own4, host.peer4, 20);
  for (const Frame& packet :
       {icmp_packet(host.peer4, host.own4, wire::Icmpv4Type::kTimeExceeded, 0, Frame(4) + inner),
        datagram(host.peer4, address("239.1.1.1"), 20),
        datagram(host.peer4, address("255.255.255.255"), 20),
        datagram(IpAddress::any_v4(), host.own4, 20), datagram(address("239.1.1.1"), host.own4, 20),
        icmp_packet(host.peer6, host.own6, wire::Icmpv6Type::kTimeExceeded, 0, Frame(44)),
        datagram(IpAddress::any_v6(), host.own6, 20)}) {
    EXPECT_THAT(error_about(host, packet), IsEmpty());
  }
  EXPECT_EQ(host.stack.counters().icmp_errors_sent, 0U);
  EXPECT_EQ(host.drops(DropReason::kIcmpRateLimited), 0U);
}

// RFC 1812 4.3.2.8 SHOULD: errors are limited in rate.
// RFC 4443 2.4 MUST: so are ICMPv6 errors.
TEST(SendIcmpError, IsLimitedInRateAndCounted) {
  Host host;
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    sent += error_about(host, datagram(host.peer4, address("192.0.2.1"), 20)).size();
  }
  EXPECT_GE(sent, 1U);
  EXPECT_LT(sent, 100U);
  EXPECT_EQ(host.drops(DropReason::kIcmpRateLimited), 100 - sent);
  host.run_for(10s);
  EXPECT_EQ(error_about(host, datagram(host.peer4, address("192.0.2.1"), 20)).size(), 1U);
}

// RFC 1122 3.2.2.6 MUST: the data of an echo request comes back unchanged, from the address asked.
TEST(SendEchoReply, ReturnsTheDataFromTheAddressAsked) {
  Host host;
  const Frame data = bytes({0, 7, 0, 1}) + pattern(800);
  EXPECT_THAT(
      host.from_peer(icmp_packet(host.peer4, host.own4, wire::Icmpv4Type::kEchoRequest, 0, data)),
      ElementsAre(
          IsIpv4(AllOf(From(host.own4), To(host.peer4),
                       Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)), Carries(HasRest(data))))));
  EXPECT_THAT(
      host.from_peer(icmp_packet(host.peer6, host.own6, wire::Icmpv6Type::kEchoRequest, 0, data)),
      ElementsAre(
          IsIpv6(AllOf(From(host.own6), To(host.peer6),
                       Carries(IsIcmp(wire::Icmpv6Type::kEchoReply, 0)), Carries(HasRest(data))))));
}

// RFC 1122 3.2.2.6 SHOULD: a recorded route and timestamps are brought up to date and go back whole
// with the reply.
TEST(SendEchoReply, TakesWhatRecordsTheWayBack) {
  Host host;
  wire::Ipv4OptionWriter asked;
  ASSERT_TRUE(asked.add_router_alert());
  ASSERT_TRUE(asked.add_record_route(3));
  ASSERT_TRUE(asked.add_timestamp(true, 2));
  const Frame message = icmp_message(host.peer4, host.own4, 8, 0, bytes({0, 7, 0, 1}) + text("hi"));
  const Frames out = host.from_peer(ipv4_packet(
      {.protocol = wire::kIpProtocolIcmpv4, .source = host.peer4, .destination = host.own4},
      message, Frame(asked.bytes())));
  ASSERT_THAT(out, ElementsAre(IsIpv4(AllOf(From(host.own4), To(host.peer4),
                                            Carries(IsIcmp(wire::Icmpv4Type::kEchoReply, 0)),
                                            Carries(HasRest(bytes({0, 7, 0, 1}) + text("hi")))))));
  const Frame packet = decode(out[0].all()).packet;
  const auto view = wire::Ipv4View::parse(packet.all());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->checksum_is_valid());
  wire::Ipv4OptionReader reader(view->options());
  const auto route = reader.next();
  ASSERT_TRUE(route && route->type == wire::kIpv4OptionRecordRoute);
  const auto recorded = wire::Ipv4RouteOptionView::parse(*route);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->slots(), 3U);
  EXPECT_EQ(recorded->slots_used(), 1U);
  EXPECT_EQ(recorded->address(0), host.own4);
  const auto times = reader.next();
  ASSERT_TRUE(times && times->type == wire::kIpv4OptionTimestamp);
  const auto stamped = wire::Ipv4TimestampOptionView::parse(*times);
  ASSERT_TRUE(stamped);
  EXPECT_EQ(stamped->slots_used(), 1U);
  EXPECT_EQ(stamped->address(0), host.own4);
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace strata::stack::send_icmp_test
