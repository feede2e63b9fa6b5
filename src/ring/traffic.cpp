// SPDX-License-Identifier: Apache-2.0
#include "ring/traffic.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "strata/check.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::ring {
namespace {

constexpr std::size_t kIpAt = wire::EthernetLayout::kSize;
constexpr std::size_t kUdpAt = kIpAt + wire::Ipv4Layout::kSize;
constexpr std::size_t kMarkAt = kUdpAt + wire::UdpLayout::kSize;
constexpr std::size_t kFlowAt = kMarkAt + 4;
constexpr std::size_t kKindAt = kFlowAt + 2;
constexpr std::size_t kNumberAt = kKindAt + 2;
constexpr std::size_t kEnd = kNumberAt + 8;
static_assert(kEnd <= TrafficOptions::kFrameBytesMin);

constexpr std::uint32_t kMark = 0x73'70'6b'67;  // "spkg"
constexpr std::uint16_t kFirstPort = 1024;
constexpr std::uint16_t kDiscardPort = 9;  // RFC 863
constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint16_t kData = 0;
constexpr std::uint16_t kLast = 1;

// RFC 2544 C.2.2: addresses for the benchmarks of network devices.
constexpr IpAddress kFrom = IpAddress::v4(198, 18, 0, 1);
constexpr IpAddress kTo = IpAddress::v4(198, 19, 0, 1);

}  // namespace

TrafficSource::TrafficSource(const TrafficOptions& options)
    : template_(std::max(options.frame_bytes, TrafficOptions::kFrameBytesMin)),
      next_numbers_(options.flows) {
  STRATA_CHECK(options.flows != 0 && options.flows <= TrafficOptions::kFlowsMax);
  const auto ip_bytes = static_cast<std::uint16_t>(template_.size() - kIpAt);
  const MutableBytes bytes(template_);
  wire::write({.destination = options.to, .source = options.from, .type = kIpv4Type},
              bytes.first<wire::EthernetLayout::kSize>());
  wire::Ipv4Header ip;
  ip.total_length = ip_bytes;
  ip.dont_fragment = true;
  ip.protocol = kUdp;
  ip.source = kFrom;
  ip.destination = kTo;
  const auto ip_part = bytes.subspan<kIpAt, wire::Ipv4Layout::kSize>();
  wire::write(ip, ip_part);
  ip.checksum = wire::fold(wire::partial_sum(ip_part));
  wire::write(ip, ip_part);
  wire::UdpHeader udp;
  udp.source_port = kFirstPort;
  udp.destination_port = kDiscardPort;
  udp.length = static_cast<std::uint16_t>(ip_bytes - wire::Ipv4Layout::kSize);
  wire::write(udp, bytes.subspan<kUdpAt, wire::UdpLayout::kSize>());
  store_big_endian<std::uint32_t>(template_.data() + kMarkAt, kMark);
}

void TrafficSource::write(MutableBytes frame) {
  STRATA_CHECK(frame.size() == template_.size());
  const std::uint32_t flow = next_flow_;
  next_flow_ = flow + 1 == next_numbers_.size() ? 0 : flow + 1;
  copy_bytes(template_, frame);
  // The header's checksum does not cover the port, and the datagram has none (RFC 768).
  store_big_endian(frame.data() + kUdpAt, static_cast<std::uint16_t>(kFirstPort + flow));
  store_big_endian(frame.data() + kFlowAt, static_cast<std::uint16_t>(flow));
  store_big_endian(frame.data() + kNumberAt, next_numbers_[flow]++);
}

void TrafficSource::write_last(std::uint64_t sent, MutableBytes frame) const {
  STRATA_CHECK(frame.size() == template_.size());
  copy_bytes(template_, frame);
  store_big_endian(frame.data() + kKindAt, kLast);
  store_big_endian(frame.data() + kNumberAt, sent);
}

bool TrafficSink::count(Bytes frame) {
  // One copy of what is judged: the other side of a pipe may change its frames.
  std::array<std::byte, kEnd - kMarkAt> told;
  if (frame.size() < kEnd) {
    ++foreign_;
    return false;
  }
  std::memcpy(told.data(), frame.data() + kMarkAt, told.size());
  const auto kind = load_big_endian<std::uint16_t>(told.data() + (kKindAt - kMarkAt));
  if (load_big_endian<std::uint32_t>(told.data()) != kMark || (kind != kData && kind != kLast)) {
    ++foreign_;
    return false;
  }
  const auto flow = load_big_endian<std::uint16_t>(told.data() + (kFlowAt - kMarkAt));
  const auto number = load_big_endian<std::uint64_t>(told.data() + (kNumberAt - kMarkAt));
  if (kind == kLast) {
    announced_ = number;
    return true;
  }
  if (flow >= flows_.size()) flows_.resize(std::size_t{flow} + 1);
  bytes_ += frame.size();
  count_number(flows_[flow], number);
  return true;
}

void TrafficSink::count_number(Flow& flow, std::uint64_t number) {
  constexpr std::uint64_t kBits = 64;
  if (number >= flow.next) {
    const std::uint64_t skipped = number - flow.next;
    missing_ += skipped;
    flow.seen = skipped >= kBits - 1 ? 1 : (flow.seen << (skipped + 1)) | 1;
    flow.next = number + 1;
    ++received_;
    return;
  }
  const std::uint64_t behind = flow.next - 1 - number;
  const std::uint64_t bit = behind < kBits ? std::uint64_t{1} << behind : 0;
  if ((flow.seen & bit) != 0) {
    ++duplicates_;
    return;
  }
  flow.seen |= bit;
  ++received_;
  ++reordered_;
  if (missing_ != 0) --missing_;
}

std::uint64_t TrafficSink::lost() const {
  if (!announced_) return missing_;
  return *announced_ > received_ ? *announced_ - received_ : 0;
}

}  // namespace strata::ring
