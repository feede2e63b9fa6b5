// SPDX-License-Identifier: Apache-2.0
#include "script/run/live_packet.h"

#include <gtest/gtest.h>

#include "script/language/parser.h"
#include "script/run/packet_text.h"

namespace strata::script::live_packet_test {
namespace {

PacketSpec packet(std::string_view text) {
  const auto script = parse_script("0 " + std::string(text), {});
  EXPECT_TRUE(script.has_value()) << text;
  return script ? std::get<PacketSpec>(script->events[0].action) : PacketSpec{};
}

Flow flow() {
  Flow flow;
  flow.local = {IpAddress::v4(192, 168, 0, 2), 8080};
  flow.remote = {IpAddress::v4(192, 0, 2, 1), 40000};
  flow.local_isn = 1000;
  flow.remote_isn = 500;
  flow.timestamps[100] = 777;
  flow.first_timestamp = Flow::FirstTimestamp{100, 777};
  return flow;
}

LivePacket built(std::string_view text) {
  const auto bytes = build_packet(packet(text), flow(), false);
  EXPECT_TRUE(bytes.has_value()) << text;
  const auto live = read_live_packet(*bytes, Time{});
  EXPECT_TRUE(live.has_value()) << text << (live ? "" : live.error());
  return live ? *live : LivePacket{};
}

TEST(LivePacket, SegmentsCarryTheNumbersOfTheWire) {
  const LivePacket live =
      built("< P. 1:101(100) ack 11 win 257 <nop,nop,TS val 5 ecr 100,nop,nop,sack 21:31>");
  EXPECT_EQ(live.tcp.sequence_number, 501U);
  EXPECT_EQ(live.tcp.acknowledgment_number, 1011U);
  EXPECT_EQ(live.tcp.window, 257);
  EXPECT_EQ(live.tcp.source_port, 40000);
  EXPECT_EQ(live.payload.size(), 100U);
  EXPECT_EQ(options_text(live.options), "nop,nop,TS val 5 ecr 777,nop,nop,sack 1021:1031");
}

TEST(LivePacket, SynSegmentsKeepTheNumbersOfTheScript) {
  const LivePacket live = built("< S 123:123(0) win 100 <mss 1000>");
  EXPECT_EQ(live.tcp.sequence_number, 123U);
}

TEST(LivePacket, EchoesOfNothingThatWasSentAreRefused) {
  const PacketSpec spec = packet("< . 1:1(0) ack 1 <nop,nop,TS val 5 ecr 101>");
  EXPECT_FALSE(build_packet(spec, flow(), false).has_value());
  const auto scaled = build_packet(spec, flow(), true);
  ASSERT_TRUE(scaled.has_value());
  EXPECT_EQ(options_text(read_live_packet(*scaled, Time{})->options), "nop,nop,TS val 5 ecr 778");
}

TEST(LivePacket, PortsAndIpHeaderAreTheScripts) {
  const LivePacket live = built("< (ttl 7, tos 0x2b) udp 1 > 2 (30)");
  EXPECT_EQ(live.tcp.source_port, 1);
  EXPECT_EQ(live.tcp.destination_port, 2);
  EXPECT_EQ(live.hop_limit, 7);
  EXPECT_EQ(live.traffic_class, 0x2b);
  EXPECT_EQ(live.payload.size(), 30U);
}

TEST(LivePacket, IcmpQuotesOurOwnPacket) {
  const LivePacket live = built("< icmp unreachable frag_needed mtu 1300 [1:1461(1460)]");
  EXPECT_EQ(live.icmp_type, 3);
  EXPECT_EQ(live.icmp_word, 1300U);
  ASSERT_EQ(live.payload.size(), 28U);
  EXPECT_EQ(load_big_endian<std::uint16_t>(live.payload.data() + 2), 1500);
  EXPECT_EQ(load_big_endian<std::uint32_t>(live.payload.data() + 24), 1001U);
}

TEST(LivePacket, EveryByteIsUnderAChecksum) {
  auto bytes = *build_packet(packet("< P. 1:11(10) ack 1"), flow(), false);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{0x10};
    EXPECT_FALSE(read_live_packet(bytes, Time{}).has_value()) << i;
    bytes[i] ^= std::byte{0x10};
  }
}

TEST(LivePacket, TakesAnyBytes) {
  for (std::size_t size = 0; size < 80; ++size) {
    for (const int fill : {0x00, 0x45, 0x60, 0xff}) {
      const std::vector<std::byte> bytes(size, static_cast<std::byte>(fill));
      EXPECT_FALSE(read_live_packet(bytes, Time{}).has_value() && size < 20);
    }
  }
}

}  // namespace
}  // namespace strata::script::live_packet_test
