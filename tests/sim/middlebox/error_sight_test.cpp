// SPDX-License-Identifier: Apache-2.0
#include "sim/middlebox/error_sight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::sim::error_sight_test {
namespace {

using Buffer = std::vector<std::byte>;

const Endpoint kInside{IpAddress::v4(10, 0, 0, 1), 5555};
const Endpoint kOutside{IpAddress::v4(192, 0, 2, 1), 40'000};
const Endpoint kServer{IpAddress::v4(198, 51, 100, 7), 53};
constexpr std::size_t kPayload = 40;

// A datagram as it is on the wire, from the IP header on.
Buffer datagram(const Endpoint& from, const Endpoint& to, bool has_checksum) {
  constexpr std::size_t kUdp = wire::UdpLayout::kSize + kPayload;
  Buffer bytes(wire::Ipv4Layout::kSize + kUdp, std::byte{0x5a});
  const MutableBytes packet(bytes);
  wire::Ipv4Header ip{.total_length = static_cast<std::uint16_t>(bytes.size()),
                      .protocol = wire::kIpProtocolUdp,
                      .source = from.address,
                      .destination = to.address};
  ip.checksum = wire::checksum_of(ip);
  wire::write(ip, packet.first<wire::Ipv4Layout::kSize>());
  const MutableBytes udp = packet.subspan(wire::Ipv4Layout::kSize);
  wire::write(
      wire::UdpHeader{.source_port = from.port, .destination_port = to.port, .length = kUdp},
      udp.first<wire::UdpLayout::kSize>());
  if (!has_checksum) return bytes;
  const wire::Sum sum =
      wire::partial_sum(udp) +
      wire::pseudo_header_sum(from.address, to.address, wire::kIpProtocolUdp, kUdp);
  wire::UdpLayout::Checksum::set(udp, wire::fold_for_udp(sum));
  return bytes;
}

class ErrorSightTest : public testing::Test {
 protected:
  // The frame of an error that quotes this.
  PacketPtr error_about(Bytes quote, wire::Icmpv4Type type) {
    const std::size_t size = wire::Icmpv4Layout::kSize + quote.size();
    PacketPtr frame = pool.allocate();
    const MutableBytes bytes =
        frame->append(wire::EthernetLayout::kSize + wire::Ipv4Layout::kSize + size);
    wire::write({MacAddress::from_value(1), MacAddress::from_value(2), wire::kEtherTypeIpv4},
                bytes.first<wire::EthernetLayout::kSize>());
    const MutableBytes ip = bytes.subspan(wire::EthernetLayout::kSize);
    wire::write(
        wire::Ipv4Header{.total_length = static_cast<std::uint16_t>(wire::Ipv4Layout::kSize + size),
                         .protocol = wire::kIpProtocolIcmpv4,
                         .source = kServer.address,
                         .destination = kOutside.address},
        ip.first<wire::Ipv4Layout::kSize>());
    const MutableBytes message = ip.subspan(wire::Ipv4Layout::kSize);
    wire::Icmpv4Layout::Type::set(message, static_cast<std::uint8_t>(type));
    wire::Icmpv4Layout::Code::set(message, 3);
    wire::Icmpv4Layout::Checksum::set(message, 0);
    wire::Icmpv4Layout::Rest::set(message, 0);
    copy_bytes(quote, message.subspan(wire::Icmpv4Layout::kSize));
    wire::Icmpv4Layout::Checksum::set(message, wire::fold(wire::partial_sum(message)));
    return frame;
  }
  PacketPtr unreachable(Bytes quote) {
    return error_about(quote, wire::Icmpv4Type::kDestinationUnreachable);
  }

  HeapMemory memory;
  PacketPool pool{memory, {}};
};

TEST_F(ErrorSightTest, SeesWhomTheErrorIsAbout) {
  const PacketPtr frame = unreachable(datagram(kOutside, kServer, true));
  const auto sight = look_into_error(*frame);
  ASSERT_TRUE(sight.has_value());
  EXPECT_EQ(sight->protocol, wire::kIpProtocolUdp);
  EXPECT_EQ(sight->source, kOutside);
  EXPECT_EQ(sight->destination, kServer);
}

TEST_F(ErrorSightTest, SeesNothingInWhatIsNoneOfItsBusiness) {
  const Buffer whole = datagram(kOutside, kServer, true);
  for (std::size_t size = 0; size < wire::Ipv4Layout::kSize + 4; ++size) {
    EXPECT_FALSE(look_into_error(*unreachable(Bytes(whole).first(size))).has_value()) << size;
  }
  Buffer fragment = whole;
  wire::Ipv4Layout::MoreFragments::set(fragment, 1);
  EXPECT_FALSE(look_into_error(*unreachable(fragment)).has_value());
  Buffer echo = whole;
  wire::Ipv4Layout::Protocol::set(echo, wire::kIpProtocolIcmpv4);
  EXPECT_FALSE(look_into_error(*unreachable(echo)).has_value());
  for (const auto type : {wire::Icmpv4Type::kRedirect, wire::Icmpv4Type::kEchoReply}) {
    EXPECT_FALSE(look_into_error(*error_about(whole, type)).has_value());
  }
}

// RFC 5508 4.2 MUST: what is quoted is what was sent, however little is quoted.
TEST_F(ErrorSightTest, WhatIsQuotedBecomesWhatWasSent) {
  for (const bool has_checksum : {true, false}) {
    const Buffer outer = datagram(kOutside, kServer, has_checksum);
    const Buffer inner = datagram(kInside, kServer, has_checksum);
    // RFC 792: the IP header and eight bytes at least.
    for (std::size_t size = wire::Ipv4Layout::kSize + 8; size <= outer.size(); ++size) {
      const PacketPtr frame = unreachable(Bytes(outer).first(size));
      const auto sight = look_into_error(*frame);
      ASSERT_TRUE(sight.has_value()) << size;
      rewrite_quote(*frame, *sight, QuotedEnd::kSource, kInside);
      const Bytes quote = frame->bytes().subspan(sight->quote, size);
      EXPECT_TRUE(std::ranges::equal(quote, Bytes(inner).first(size))) << size;
      EXPECT_EQ(wire::fold(wire::partial_sum(frame->bytes().subspan(sight->message))), 0) << size;
    }
  }
}

TEST_F(ErrorSightTest, AndSoDoesItsDestination) {
  const Buffer inner = datagram(kServer, kInside, true);
  const Buffer outer = datagram(kServer, kOutside, true);
  const PacketPtr frame = unreachable(inner);
  rewrite_quote(*frame, *look_into_error(*frame), QuotedEnd::kDestination, kOutside);
  const auto sight = look_into_error(*frame);
  ASSERT_TRUE(sight.has_value());
  EXPECT_EQ(sight->destination, kOutside);
  EXPECT_TRUE(std::ranges::equal(frame->bytes().subspan(sight->quote), outer));
  EXPECT_EQ(wire::fold(wire::partial_sum(frame->bytes().subspan(sight->message))), 0);
}

}  // namespace
}  // namespace strata::sim::error_sight_test
