// SPDX-License-Identifier: Apache-2.0
#include "stack/out/fit_device.h"

#include <algorithm>

#include "stack/out/packet_sum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::stack {
namespace {

// Where the headers of a super-segment lie; each segment repeats them.
struct Headers {
  std::size_t network = 0;
  std::size_t transport = 0;
  std::size_t payload = 0;
  bool is_v4 = false;
  bool is_tcp = false;
};

std::optional<Headers> read_headers(const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const Bytes bytes = frame.bytes();
  Headers headers{.network = notes.network_offset,
                  .transport = notes.transport_offset,
                  .is_tcp = notes.segment_kind == SegmentKind::kTcp};
  if (headers.network >= bytes.size() || headers.transport <= headers.network) return std::nullopt;
  headers.is_v4 = std::to_integer<unsigned>(bytes[headers.network]) >> 4U == 4;
  const std::size_t ip = headers.is_v4 ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize;
  if (headers.transport < headers.network + ip) return std::nullopt;
  const std::size_t least = headers.is_tcp ? wire::TcpLayout::kSize : wire::UdpLayout::kSize;
  if (bytes.size() < headers.transport + least) return std::nullopt;
  const Bytes transport = bytes.subspan(headers.transport);
  headers.payload = headers.transport +
                    (headers.is_tcp ? std::size_t{wire::TcpLayout::DataOffset::get(transport)} * 4
                                    : wire::UdpLayout::kSize);
  if (headers.payload < headers.transport + least || headers.payload > bytes.size()) {
    return std::nullopt;
  }
  return headers;
}

void set_ip_length(MutableBytes ip, const Headers& headers, std::size_t frame_size,
                   std::size_t number) {
  const std::size_t size = frame_size - headers.network;
  if (!headers.is_v4) {
    return wire::Ipv6Layout::PayloadLength::set(
        ip, static_cast<std::uint16_t>(size - wire::Ipv6Layout::kSize));
  }
  wire::Ipv4Layout::TotalLength::set(ip, static_cast<std::uint16_t>(size));
  // RFC 6864 4: segments that may yet be fragmented need identifications of their own.
  const auto first = wire::Ipv4Layout::Identification::get(ip);
  wire::Ipv4Layout::Identification::set(ip, static_cast<std::uint16_t>(first + number));
  wire::set_ipv4_checksum(ip.first(headers.transport - headers.network));
}

// RFC 9293 3.10.7.4 and RFC 3168 6.1.2: FIN and PSH belong to the last byte, CWR to the first.
void set_tcp_fields(MutableBytes tcp, std::size_t offset, bool is_first, bool is_last) {
  using Layout = wire::TcpLayout;
  Layout::SequenceNumber::set(
      tcp, Layout::SequenceNumber::get(tcp) + static_cast<std::uint32_t>(offset));
  std::uint16_t flags = Layout::Flags::get(tcp);
  constexpr std::uint16_t kFinPsh = 0x009;
  constexpr std::uint16_t kCwr = 0x080;
  if (!is_last) flags = static_cast<std::uint16_t>(flags & ~kFinPsh);
  if (!is_first) flags = static_cast<std::uint16_t>(flags & ~kCwr);
  Layout::Flags::set(tcp, flags);
}

void set_checksum(Packet& segment, const Headers& headers) {
  const MutableBytes bytes = segment.mutable_bytes();
  const MutableBytes transport = bytes.subspan(headers.transport);
  const MutableBytes ip = bytes.subspan(headers.network);
  const auto size = static_cast<std::uint32_t>(segment.size() - headers.transport);
  const IpAddress source =
      headers.is_v4 ? wire::Ipv4Layout::Source::get(ip) : wire::Ipv6Layout::Source::get(ip);
  const IpAddress destination = headers.is_v4 ? wire::Ipv4Layout::Destination::get(ip)
                                              : wire::Ipv6Layout::Destination::get(ip);
  const std::uint8_t protocol = headers.is_tcp ? wire::kIpProtocolTcp : wire::kIpProtocolUdp;
  const auto sum_all = [&] {
    return packet_sum(segment, headers.transport) +
           wire::pseudo_header_sum(source, destination, protocol, size);
  };
  if (headers.is_tcp) {
    wire::TcpLayout::Checksum::set(transport, 0);
    return wire::TcpLayout::Checksum::set(transport, fold(sum_all()));
  }
  wire::UdpLayout::Length::set(transport, static_cast<std::uint16_t>(size));
  wire::UdpLayout::Checksum::set(transport, 0);
  wire::UdpLayout::Checksum::set(transport, fold_for_udp(sum_all()));
}

PacketPtr make_segment(Core& core, const Packet& frame, const Headers& headers, std::size_t offset,
                       std::size_t count) {
  PacketPtr segment = core.pool.allocate();
  if (segment == nullptr || headers.payload > segment->tailroom()) return nullptr;
  PacketPtr payload = frame.share(headers.payload + offset, count);
  if (payload == nullptr) return nullptr;
  frame.copy_out(0, segment->append(headers.payload));
  segment->append_chain(std::move(payload));
  segment->notes() = frame.notes();
  segment->notes().segment_kind = SegmentKind::kNone;
  segment->notes().segment_size = 0;
  segment->notes().checksum = ChecksumState::kVerified;
  const std::size_t step = frame.notes().segment_size;
  const MutableBytes bytes = segment->mutable_bytes();
  set_ip_length(bytes.subspan(headers.network), headers, segment->size(), offset / step);
  if (headers.is_tcp) {
    const bool is_last = headers.payload + offset + count == frame.size();
    set_tcp_fields(bytes.subspan(headers.transport), offset, offset == 0, is_last);
  }
  set_checksum(*segment, headers);
  return segment;
}

void cut(Core& core, PacketPtr frame, PacketQueue& out) {
  const std::optional<Headers> headers = read_headers(*frame);
  const std::size_t step = frame->notes().segment_size;
  if (!headers || step == 0) return drop(core, std::move(frame), DropReason::kDeviceFailed);
  for (std::size_t offset = 0; headers->payload + offset < frame->size(); offset += step) {
    const std::size_t count = std::min(step, frame->size() - headers->payload - offset);
    PacketPtr segment = make_segment(core, *frame, *headers, offset, count);
    if (segment == nullptr) return core.drops.add(DropReason::kPoolEmpty);
    out.push(std::move(segment));
  }
}

// RFC 1071: the field holds the pseudo-header's sum; the rest is added and the whole turned round.
void complete_checksum(Core& core, PacketPtr frame, PacketQueue& out) {
  PacketNotes& notes = frame->notes();
  const std::size_t field = std::size_t{notes.transport_offset} + notes.checksum_offset;
  if (field + 2 > frame->slice_size()) {
    return drop(core, std::move(frame), DropReason::kDeviceFailed);
  }
  using Checksum = wire::Field<std::uint16_t, 0>;
  const wire::Sum sum = packet_sum(*frame, notes.transport_offset);
  const bool is_udp = notes.checksum_offset == wire::UdpLayout::Checksum::kBegin;
  Checksum::set(frame->mutable_bytes().subspan(field), is_udp ? fold_for_udp(sum) : fold(sum));
  notes.checksum = ChecksumState::kVerified;
  out.push(std::move(frame));
}

bool device_cuts(const DeviceCapabilities& capabilities, const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const std::size_t limit = notes.segment_kind == SegmentKind::kTcp
                                ? capabilities.tcp_segment_bytes_max
                                : capabilities.udp_segment_bytes_max;
  return frame.size() - notes.network_offset <= limit;
}

}  // namespace

void fit_to_device(Core& core, const DeviceCapabilities& capabilities, PacketPtr frame,
                   PacketQueue& out) {
  if (frame->notes().segment_kind != SegmentKind::kNone) {
    if (!device_cuts(capabilities, *frame)) return cut(core, std::move(frame), out);
  } else if (frame->notes().checksum == ChecksumState::kPartial &&
             !capabilities.completes_checksums && !capabilities.vouches_for_bytes) {
    return complete_checksum(core, std::move(frame), out);
  }
  out.push(std::move(frame));
}

}  // namespace strata::stack
