// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "stack/in/deliver.h"
#include "support/bench.h"
#include "support/tcp_frames.h"

namespace strata::stack::deliver_tcp_test {
namespace {

using namespace support;

const IpAddress kOwn = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);

Frame syn() {
  return tcp_segment({kPeer, 4000}, {kOwn, 80}, {.sequence_number = 1, .flags = wire::kTcpSyn});
}

Frame with_offset(unsigned words) {
  Frame segment = syn();
  wire::TcpLayout::DataOffset::set(segment.writable(), static_cast<std::uint16_t>(words));
  return segment;
}

Frame with_wrong_checksum() {
  Frame segment = syn();
  segment[4] ^= std::byte{1};
  return segment;
}

struct Case {
  const char* name;
  IpAddress destination;
  Frame segment;
  DropReason reason;
};

class TcpDrops : public testing::TestWithParam<Case> {};

// RFC 9293 3.1 MUST: the receiver checks the checksum (MUST-3).
// RFC 9293 3.9.2.3 MUST: a segment to a broadcast or multicast address is discarded (MUST-57).
TEST_P(TcpDrops, CountTheirReasonAndAnswerNothing) {
  Host host;
  const Case& is = GetParam();
  const Frame packet = ip_packet(kPeer, is.destination, wire::kIpProtocolTcp, is.segment);
  const Frames answers =
      is.destination == kOwn ? host.from_peer(packet) : host.from_peer_to_group(packet);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(host.drops(is.reason), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, TcpDrops,
    testing::Values(Case{"Short", kOwn, pattern(19), DropReason::kTcpTooShort},
                    Case{"OffsetBelowHeader", kOwn, with_offset(4), DropReason::kTcpBadOffset},
                    Case{"OffsetBeyondSegment", kOwn, with_offset(6), DropReason::kTcpBadOffset},
                    Case{"Checksum", kOwn, with_wrong_checksum(), DropReason::kTcpBadChecksum},
                    Case{"Broadcast", IpAddress::limited_broadcast(), syn(),
                         DropReason::kTcpToGroup}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// RFC 9293 3.10.7.1 MUST: without a connection, a SYN is answered by a reset that acknowledges it.
TEST(DeliverTcp, NobodyListensIsToldByAReset) {
  Host host;
  const Frames answers = host.from_peer(ip_packet(kPeer, kOwn, wire::kIpProtocolTcp, syn()));
  ASSERT_EQ(answers.size(), 1U);
  const auto reset = decode_tcp(answers[0]);
  ASSERT_TRUE(reset.has_value());
  EXPECT_EQ(reset->header.flags, wire::kTcpRst | wire::kTcpAck);
  EXPECT_EQ(reset->header.acknowledgment_number, 2U);
  EXPECT_TRUE(decode(answers[0].all()).checksum_is_right());
}

}  // namespace
}  // namespace strata::stack::deliver_tcp_test
