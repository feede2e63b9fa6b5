// SPDX-License-Identifier: Apache-2.0
#include "service/capture/captured_segment.h"

#include <gtest/gtest.h>

#include "support/tcp_frames.h"

namespace strata::service::captured_segment_test {
namespace {

using namespace support;

const MacAddress kHere = MacAddress::from_value(0x0200'0000'0001);
const MacAddress kThere = MacAddress::from_value(0x0200'0000'0002);

Frame packet_between(const char* source, const char* destination) {
  return tcp_packet(
      {*IpAddress::parse(source), 4000}, {*IpAddress::parse(destination), 80},
      {.sequence_number = 7, .acknowledgment_number = 9, .flags = wire::kTcpAck, .window = 100},
      text("hello"));
}

void expect_it(const std::optional<CapturedSegment>& segment) {
  ASSERT_TRUE(segment.has_value());
  EXPECT_EQ(segment->source.port, 4000);
  EXPECT_EQ(segment->destination.port, 80);
  EXPECT_EQ(segment->sequence, 7U);
  EXPECT_EQ(segment->acknowledgment, 9U);
  EXPECT_EQ(segment->window, 100);
  EXPECT_EQ(segment->text_bytes, 5U);
}

TEST(CapturedSegment, IsReadBehindEachLink) {
  for (const Frame& packet :
       {packet_between("10.0.0.1", "10.0.0.2"), packet_between("fd00::1", "fd00::2")}) {
    expect_it(captured_segment(Medium::kIp, packet.all()));
    expect_it(captured_segment(Medium::kEthernet, ip_frame(kHere, kThere, packet).all()));
  }
}

// Ethernet pads short frames, and captures cut long ones: what IP says counts.
TEST(CapturedSegment, CountsTextAsIpDoes) {
  const Frame packet = packet_between("10.0.0.1", "10.0.0.2");
  expect_it(captured_segment(Medium::kIp, (packet + Frame(20)).all()));
  expect_it(captured_segment(Medium::kIp, packet.all().first(packet.size() - 4)));
}

TEST(CapturedSegment, NeverReadsBeyondWhatIsThere) {
  const Frame frame = ip_frame(kHere, kThere, packet_between("10.0.0.1", "10.0.0.2"));
  const std::size_t headers = 14 + 20 + 20;
  for (std::size_t size = 0; size < headers; ++size) {
    EXPECT_FALSE(captured_segment(Medium::kEthernet, frame.all().first(size)).has_value()) << size;
  }
  expect_it(captured_segment(Medium::kEthernet, frame.all().first(headers)));
}

TEST(CapturedSegment, IsNotInOtherPackets) {
  const IpAddress from = IpAddress::v4(10, 0, 0, 1);
  const IpAddress to = IpAddress::v4(10, 0, 0, 2);
  EXPECT_FALSE(captured_segment(Medium::kIp, udp_packet({from, 1}, {to, 2}, text("x")).all()));
  wire::Ipv4Header later{.protocol = wire::kIpProtocolTcp, .source = from, .destination = to};
  later.fragment_offset = 800;
  EXPECT_FALSE(captured_segment(Medium::kIp, ipv4_packet(later, pattern(40)).all()));
}

}  // namespace
}  // namespace strata::service::captured_segment_test
