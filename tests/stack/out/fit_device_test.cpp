// SPDX-License-Identifier: Apache-2.0
#include "stack/out/fit_device.h"

#include <gtest/gtest.h>

#include <numeric>

#include "stack/core.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"
#include "support/bench.h"

namespace strata::stack::fit_device_test {
namespace {

using namespace support;

constexpr std::size_t kLink = wire::EthernetLayout::kSize;

PacketNotes merged(SegmentKind kind, std::uint16_t segment_size) {
  PacketNotes notes;
  notes.segment_size = segment_size;
  notes.segment_kind = kind;
  return notes;
}

class FitDevice : public testing::Test {
 protected:
  // A TCP super-segment as a device that merges would hand it over.
  PacketPtr super_segment(std::size_t payload_size, std::uint16_t segment_size,
                          bool is_v6 = false) {
    Frame tcp(wire::TcpLayout::kSize);
    write(wire::TcpHeader{.source_port = 1000,
                          .destination_port = 2000,
                          .sequence_number = 0xffff'ff00,
                          .acknowledgment_number = 7,
                          .flags = wire::kTcpAck | wire::kTcpPsh | wire::kTcpCwr,
                          .window = 100},
          std::span(tcp).first<wire::TcpLayout::kSize>());
    const Frame payload = pattern(payload_size);
    tcp.insert(tcp.end(), payload.begin(), payload.end());
    const Frame ip = is_v6 ? ip_packet(host.own6, host.peer6, wire::kIpProtocolTcp, tcp)
                           : ip_packet(host.own4, host.peer4, wire::kIpProtocolTcp, tcp);
    return packet_of(ip, merged(SegmentKind::kTcp, segment_size));
  }
  PacketPtr packet_of(const Frame& ip, PacketNotes notes) {
    const Frame frame = ip_frame(kPeerMac, kOurMac, ip);
    PacketPtr packet = host.pool.allocate_for(frame.size());
    copy_bytes(frame.all(), packet->append(frame.size()));
    notes.network_offset = kLink;
    const bool is_v4 = std::to_integer<unsigned>(ip[0]) >> 4U == 4;
    notes.transport_offset = kLink + (is_v4 ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize);
    packet->notes() = notes;
    return packet;
  }
  std::vector<Frame> fit(PacketPtr packet, const DeviceCapabilities& capabilities = {}) {
    PacketQueue out;
    fit_to_device(host.stack.core(), capabilities, std::move(packet), out);
    std::vector<Frame> frames;
    while (const PacketPtr piece = out.pop()) {
      Frame frame(piece->size());
      piece->copy_out(0, frame.writable());
      frames.push_back(std::move(frame));
    }
    return frames;
  }

  Host host;
};

TEST_F(FitDevice, CutsATcpSuperSegmentIntoSegmentsThatStandAlone) {
  const auto frames = fit(super_segment(3000, 1400));
  ASSERT_EQ(frames.size(), 3U);
  std::uint32_t sequence = 0xffff'ff00;  // wraps on the way
  Frame all;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto ip = wire::Ipv4View::parse(frames[i].all().subspan(kLink));
    ASSERT_TRUE(ip) << i;
    EXPECT_TRUE(ip->checksum_is_valid()) << i;
    const auto tcp = wire::TcpView::parse(ip->payload());
    ASSERT_TRUE(tcp) << i;
    EXPECT_EQ(tcp->header().sequence_number, sequence) << i;
    EXPECT_TRUE(is_valid(upper_sum(ip->source(), ip->destination(), ip->protocol(), ip->payload())))
        << i;
    EXPECT_EQ(tcp->header().flags.contains(wire::kTcpPsh), i == 2) << i;
    EXPECT_EQ(tcp->header().flags.contains(wire::kTcpCwr), i == 0) << i;
    sequence += static_cast<std::uint32_t>(tcp->payload().size());
    all.insert(all.end(), tcp->payload().begin(), tcp->payload().end());
  }
  EXPECT_EQ(all, pattern(3000));
}

// What a small buffer cannot hold is not copied, but is the same on the wire; a last one that is
// short is copied all the same.
TEST_F(FitDevice, CutsASuperSegmentIntoSegmentsLargerThanASmallBuffer) {
  for (const std::size_t text_size : {10'001U, 8'100U}) {
    const auto frames = fit(super_segment(text_size, 4001));
    ASSERT_EQ(frames.size(), 3U);
    Frame all;
    for (const Frame& frame : frames) {
      const auto ip = wire::Ipv4View::parse(frame.all().subspan(kLink));
      ASSERT_TRUE(ip);
      EXPECT_TRUE(
          is_valid(upper_sum(ip->source(), ip->destination(), ip->protocol(), ip->payload())));
      const auto tcp = wire::TcpView::parse(ip->payload());
      ASSERT_TRUE(tcp);
      all.insert(all.end(), tcp->payload().begin(), tcp->payload().end());
    }
    EXPECT_EQ(all, pattern(text_size));
  }
}

// The fields of IPv6 lie elsewhere, and it has neither checksum nor identification of its own.
TEST_F(FitDevice, CutsASuperSegmentOfIpv6) {
  for (const std::uint16_t size : {std::uint16_t{1400}, std::uint16_t{4001}}) {
    const std::size_t text_size = 2U * size + 201U;
    const auto frames = fit(super_segment(text_size, size, true));
    ASSERT_EQ(frames.size(), 3U) << size;
    std::uint32_t sequence = 0xffff'ff00;
    Frame all;
    for (const Frame& frame : frames) {
      const auto ip = wire::Ipv6View::parse(frame.all().subspan(kLink));
      ASSERT_TRUE(ip);
      EXPECT_EQ(ip->source(), host.own6);
      EXPECT_EQ(ip->destination(), host.peer6);
      EXPECT_EQ(ip->payload().size(), frame.size() - kLink - wire::Ipv6Layout::kSize);
      const auto tcp = wire::TcpView::parse(ip->payload());
      ASSERT_TRUE(tcp);
      EXPECT_EQ(tcp->header().sequence_number, sequence);
      EXPECT_TRUE(is_valid(
          upper_sum(ip->source(), ip->destination(), wire::kIpProtocolTcp, ip->payload())));
      EXPECT_EQ(tcp->header().flags.contains(wire::kTcpPsh), &frame == &frames.back());
      sequence += static_cast<std::uint32_t>(tcp->payload().size());
      all.insert(all.end(), tcp->payload().begin(), tcp->payload().end());
    }
    EXPECT_EQ(all, pattern(text_size)) << size;
  }
}

TEST_F(FitDevice, LeavesASuperSegmentToADeviceThatCuts) {
  DeviceCapabilities cutter;
  cutter.tcp_segment_bytes_max = 65535;
  EXPECT_EQ(fit(super_segment(3000, 1400), cutter).size(), 1U);
  cutter.tcp_segment_bytes_max = 2000;
  EXPECT_EQ(fit(super_segment(3000, 1400), cutter).size(), 3U);
}

TEST_F(FitDevice, CutsAUdpSuperSegmentIntoDatagrams) {
  const Frame ip = udp_packet({host.own4, 1}, {host.peer4, 2}, pattern(250));
  const auto frames = fit(packet_of(ip, merged(SegmentKind::kUdp, 100)));
  ASSERT_EQ(frames.size(), 3U);
  for (const Frame& frame : frames) {
    const Decoded is = decode(frame.all());
    EXPECT_TRUE(is.checksum_is_right());
  }
  const auto last = wire::Ipv4View::parse(frames[2].all().subspan(kLink));
  ASSERT_TRUE(last);
  EXPECT_EQ(wire::UdpView::parse(last->payload())->payload().size(), 50U);
}

TEST_F(FitDevice, FinishesAPartialChecksumForADeviceThatCannot) {
  const Frame ip = udp_packet({host.own4, 1}, {host.peer4, 2}, pattern(33));
  const auto half_done = [&] {
    PacketNotes notes;
    notes.checksum_offset = wire::UdpLayout::Checksum::kBegin;
    notes.checksum = ChecksumState::kPartial;
    PacketPtr packet = packet_of(ip, notes);
    const auto length = static_cast<std::uint32_t>(ip.size() - wire::Ipv4Layout::kSize);
    const wire::Sum pseudo =
        wire::pseudo_header_sum(host.own4, host.peer4, wire::kIpProtocolUdp, length);
    const auto partial = static_cast<std::uint16_t>(~fold(pseudo));
    wire::UdpLayout::Checksum::set(packet->mutable_bytes().subspan(kLink + wire::Ipv4Layout::kSize),
                                   partial);
    return packet;
  };
  const auto finished = fit(half_done());
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(finished[0], ip_frame(kPeerMac, kOurMac, ip));
  DeviceCapabilities capable;
  capable.completes_checksums = true;
  EXPECT_NE(fit(half_done(), capable)[0], finished[0]);
}

TEST_F(FitDevice, DropsASuperSegmentWhoseHeadersMakeNoSense) {
  PacketPtr packet = super_segment(3000, 1400);
  packet->notes().transport_offset = 5;
  EXPECT_TRUE(fit(std::move(packet)).empty());
  packet = super_segment(3000, 0);
  EXPECT_TRUE(fit(std::move(packet)).empty());
  EXPECT_EQ(host.drops(DropReason::kDeviceFailed), 2U);
}

TEST_F(FitDevice, DoesNotCutAFrameIntoMoreSegmentsThanTcpWouldMake) {
  EXPECT_TRUE(fit(super_segment(kSegmentsMax + 1, 1)).empty());
  EXPECT_EQ(host.drops(DropReason::kDeviceFailed), 1U);
  EXPECT_EQ(host.drops(DropReason::kPoolEmpty), 0U);
  EXPECT_EQ(fit(super_segment(480, 48)).size(), 10U);
}

}  // namespace
}  // namespace strata::stack::fit_device_test
