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
struct Places {
  std::size_t network = 0;
  std::size_t transport = 0;
  std::size_t payload = 0;
  bool is_v4 = false;
  bool is_tcp = false;
};

std::optional<Places> find_places(const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const Bytes bytes = frame.bytes();
  Places places{.network = notes.network_offset,
                .transport = notes.transport_offset,
                .is_tcp = notes.segment_kind == SegmentKind::kTcp};
  if (places.network >= bytes.size() || places.transport <= places.network) return std::nullopt;
  places.is_v4 = std::to_integer<unsigned>(bytes[places.network]) >> 4U == 4;
  const std::size_t ip = places.is_v4 ? wire::Ipv4Layout::kSize : wire::Ipv6Layout::kSize;
  if (places.transport < places.network + ip) return std::nullopt;
  const std::size_t least = places.is_tcp ? wire::TcpLayout::kSize : wire::UdpLayout::kSize;
  if (bytes.size() < places.transport + least) return std::nullopt;
  const Bytes transport = bytes.subspan(places.transport);
  places.payload = places.transport +
                   (places.is_tcp ? std::size_t{wire::TcpLayout::DataOffset::get(transport)} * 4
                                  : wire::UdpLayout::kSize);
  if (places.payload < places.transport + least || places.payload > bytes.size()) {
    return std::nullopt;
  }
  return places;
}

// RFC 9293 3.10.7.4 and RFC 3168 6.1.2: FIN and PSH belong to the last byte, CWR to the first.
std::uint16_t flags_of_piece(std::uint16_t offset_and_flags, bool is_first, bool is_last) {
  constexpr std::uint16_t kFinPsh = 0x009;
  constexpr std::uint16_t kCwr = 0x080;
  unsigned flags = offset_and_flags;
  if (!is_last) flags &= ~unsigned{kFinPsh};
  if (!is_first) flags &= ~unsigned{kCwr};
  return static_cast<std::uint16_t>(flags);
}

// The headers of all segments of one super-segment. The fields that differ are zero in the sums, so
// that no segment's header is read back to be summed.
class Headers {
 public:
  // Nothing when the notes do not fit the bytes.
  static std::optional<Headers> read(const Packet& frame) {
    const std::optional<Places> places = find_places(frame);
    if (!places) return std::nullopt;
    return Headers(frame.bytes().first(places->payload), *places);
  }

  [[nodiscard]] std::size_t size() const { return places_.payload; }
  // For `count` bytes of text, whose sum is `text`, from `offset` on: segment `number`.
  void write(MutableBytes to, std::size_t number, std::size_t offset, std::size_t count,
             bool is_last, wire::Sum text) const {
    copy_bytes(bytes_, to);
    write_ip(to.subspan(places_.network), number, count);
    if (places_.is_tcp) {
      write_tcp(to.subspan(places_.transport), offset, count, is_last, text);
    } else {
      write_udp(to.subspan(places_.transport), count, text);
    }
  }

 private:
  using Ipv4 = wire::Ipv4Layout;
  using Ipv6 = wire::Ipv6Layout;
  using Tcp = wire::TcpLayout;
  using Udp = wire::UdpLayout;

  Headers(Bytes bytes, const Places& places) : bytes_(bytes), places_(places) {
    const Bytes ip = bytes.subspan(places.network);
    const Bytes transport = bytes.subspan(places.transport);
    const std::uint8_t protocol = places.is_tcp ? wire::kIpProtocolTcp : wire::kIpProtocolUdp;
    if (places.is_v4) {
      ip_ = wire::partial_sum(ip.first(places.transport - places.network)) +
            -wire::Sum::of(Ipv4::TotalLength::get(ip)) +
            -wire::Sum::of(Ipv4::Identification::get(ip)) + -wire::Sum::of(Ipv4::Checksum::get(ip));
      transport_ =
          wire::pseudo_header_sum(Ipv4::Source::get(ip), Ipv4::Destination::get(ip), protocol, 0);
    } else {
      transport_ =
          wire::pseudo_header_sum(Ipv6::Source::get(ip), Ipv6::Destination::get(ip), protocol, 0);
    }
    transport_ += wire::partial_sum(transport);
    if (places.is_tcp) {
      transport_ += -wire::Sum::of(Tcp::SequenceNumber::get(transport)) +
                    -wire::Sum::of(Tcp::OffsetAndFlags::get(transport)) +
                    -wire::Sum::of(Tcp::Checksum::get(transport));
    } else {
      transport_ += -wire::Sum::of(Udp::Length::get(transport)) +
                    -wire::Sum::of(Udp::Checksum::get(transport));
    }
  }

  void write_ip(MutableBytes ip, std::size_t number, std::size_t count) const {
    const std::size_t size = places_.payload - places_.network + count;
    if (!places_.is_v4) {
      return Ipv6::PayloadLength::set(ip, static_cast<std::uint16_t>(size - Ipv6::kSize));
    }
    // RFC 6864 4: segments that may yet be fragmented need identifications of their own.
    const Bytes first = bytes_.subspan(places_.network);
    const auto identification =
        static_cast<std::uint16_t>(Ipv4::Identification::get(first) + number);
    const auto length = static_cast<std::uint16_t>(size);
    Ipv4::TotalLength::set(ip, length);
    Ipv4::Identification::set(ip, identification);
    Ipv4::Checksum::set(ip, fold(ip_ + wire::Sum::of(length) + wire::Sum::of(identification)));
  }

  void write_tcp(MutableBytes tcp, std::size_t offset, std::size_t count, bool is_last,
                 wire::Sum text) const {
    const Bytes first = bytes_.subspan(places_.transport);
    const std::uint32_t sequence =
        Tcp::SequenceNumber::get(first) + static_cast<std::uint32_t>(offset);
    const std::uint16_t flags =
        flags_of_piece(Tcp::OffsetAndFlags::get(first), offset == 0, is_last);
    Tcp::SequenceNumber::set(tcp, sequence);
    Tcp::OffsetAndFlags::set(tcp, flags);
    Tcp::Checksum::set(tcp, fold(transport_ + wire::Sum::of(sequence) + wire::Sum::of(flags) +
                                 wire::Sum::of(transport_size(count)) + text));
  }

  void write_udp(MutableBytes udp, std::size_t count, wire::Sum text) const {
    const std::uint32_t size = transport_size(count);
    Udp::Length::set(udp, static_cast<std::uint16_t>(size));
    // The length counts twice: in the pseudo-header, and in the header.
    Udp::Checksum::set(udp,
                       fold_for_udp(transport_ + wire::Sum::of(size) + wire::Sum::of(size) + text));
  }

  [[nodiscard]] std::uint32_t transport_size(std::size_t count) const {
    return static_cast<std::uint32_t>(places_.payload - places_.transport + count);
  }

  Bytes bytes_;
  Places places_;
  wire::Sum ip_;
  wire::Sum transport_;  // with the pseudo-header
};

// The text of a super-segment, from slice to slice.
class Text {
 public:
  Text(const Packet& frame, std::size_t offset) : slice_(&frame), offset_(offset) {}

  // What is sent by reference: a shorter one may yet be copied behind it.
  void skip(std::size_t count) {
    while (count > slice_->slice_size() - offset_) {
      count -= slice_->slice_size() - offset_;
      slice_ = slice_->next_slice();
      offset_ = 0;
    }
    offset_ += count;
  }

  // The next bytes, summed while they are copied.
  wire::Sum copy_to(MutableBytes to) {
    wire::Sum sum;
    bool is_odd = false;
    while (!to.empty()) {
      while (offset_ == slice_->slice_size()) {
        slice_ = slice_->next_slice();
        offset_ = 0;
      }
      const std::size_t count = std::min(to.size(), slice_->slice_size() - offset_);
      const Bytes from = slice_->bytes().subspan(offset_, count);
      sum = combine(sum, wire::copy_and_sum(from, to.first(count)), is_odd);
      is_odd = is_odd != (count % 2 != 0);
      offset_ += count;
      to = to.subspan(count);
    }
    return sum;
  }

 private:
  const Packet* slice_;
  std::size_t offset_;
};

// Text of the usual size is copied: it must be read for its sum anyway, and one slice is cheaper on
// all the way from here than two. What a small buffer cannot hold is shared.
PacketPtr make_segment(PacketPool& pool, const Packet& frame, const Headers& headers, Text& text,
                       std::size_t offset, std::size_t count) {
  PacketPtr segment = pool.allocate();
  if (segment == nullptr || headers.size() > segment->tailroom()) return nullptr;
  const MutableBytes front = segment->append(headers.size());
  wire::Sum sum;
  if (count <= segment->tailroom()) {
    sum = text.copy_to(segment->append(count));
  } else {
    PacketPtr shared = frame.share(headers.size() + offset, count);
    if (shared == nullptr) return nullptr;
    sum = packet_sum(*shared, 0);
    segment->append_chain(std::move(shared));
    text.skip(count);
  }
  const PacketNotes& notes = frame.notes();
  const bool is_last = headers.size() + offset + count == frame.size();
  headers.write(front, offset / notes.segment_size, offset, count, is_last, sum);
  segment->notes() = notes;
  segment->notes().arrival = Time{};  // it is no packet that came: see PacketKey
  segment->notes().segment_kind = SegmentKind::kNone;
  segment->notes().segment_size = 0;
  segment->notes().checksum = ChecksumState::kVerified;
  return segment;
}

DropReason cut(PacketPool& pool, const Packet& frame, PacketQueue& out) {
  const std::optional<Headers> headers = Headers::read(frame);
  const std::size_t step = frame.notes().segment_size;
  if (!headers || step == 0) return DropReason::kDeviceFailed;
  Text text(frame, headers->size());
  const std::size_t text_size = frame.size() - headers->size();
  if (text_size > step * kSegmentsMax) return DropReason::kDeviceFailed;
  for (std::size_t offset = 0; offset < text_size; offset += step) {
    const std::size_t count = std::min(step, text_size - offset);
    PacketPtr segment = make_segment(pool, frame, *headers, text, offset, count);
    if (segment == nullptr) return DropReason::kPoolEmpty;
    out.push(std::move(segment));
  }
  return DropReason::kNone;
}

// RFC 1071: the field holds the pseudo-header's sum; the rest is added and the whole turned round.
DropReason complete_checksum(Packet& frame) {
  PacketNotes& notes = frame.notes();
  const std::size_t field = std::size_t{notes.transport_offset} + notes.checksum_offset;
  if (field + 2 > frame.slice_size()) return DropReason::kDeviceFailed;
  using Checksum = wire::Field<std::uint16_t, 0>;
  const wire::Sum sum = packet_sum(frame, notes.transport_offset);
  const bool is_udp = notes.checksum_offset == wire::UdpLayout::Checksum::kBegin;
  Checksum::set(frame.mutable_bytes().subspan(field), is_udp ? fold_for_udp(sum) : fold(sum));
  notes.checksum = ChecksumState::kVerified;
  return DropReason::kNone;
}

bool device_cuts(const DeviceCapabilities& capabilities, const Packet& frame) {
  const PacketNotes& notes = frame.notes();
  const std::size_t limit = notes.segment_kind == SegmentKind::kTcp
                                ? capabilities.tcp_segment_bytes_max
                                : capabilities.udp_segment_bytes_max;
  return frame.size() - notes.network_offset <= limit;
}

// A segment whose checksum the device was to finish says what it is.
bool is_single_tcp(const PacketNotes& notes) {
  return notes.segment_kind == SegmentKind::kNone && notes.checksum == ChecksumState::kPartial &&
         notes.checksum_offset == wire::TcpLayout::Checksum::kBegin;
}

}  // namespace

void shorten_segments(Packet& frame, std::size_t mtu) {
  PacketNotes& notes = frame.notes();
  const bool is_single = is_single_tcp(notes);
  if (notes.segment_kind != SegmentKind::kTcp && !is_single) return;
  const PacketNotes before = notes;
  notes.segment_kind = SegmentKind::kTcp;
  const std::optional<Places> places = find_places(frame);
  const std::size_t headers = places ? places->payload - places->network : mtu;
  const std::size_t text = places ? frame.size() - places->payload : 0;
  const std::size_t longest = is_single ? text : std::min<std::size_t>(text, notes.segment_size);
  if (headers >= mtu || headers + longest <= mtu) {
    notes = before;
    return;
  }
  notes.segment_size = static_cast<std::uint16_t>(std::min<std::size_t>(mtu - headers, UINT16_MAX));
}

DropReason fit_frame(PacketPool& pool, const DeviceCapabilities& capabilities, PacketPtr frame,
                     PacketQueue& out) {
  DropReason why = DropReason::kNone;
  if (frame->notes().segment_kind != SegmentKind::kNone) {
    if (!device_cuts(capabilities, *frame)) return cut(pool, *frame, out);
  } else if (frame->notes().checksum == ChecksumState::kPartial &&
             !capabilities.completes_checksums && !capabilities.vouches_for_bytes) {
    why = complete_checksum(*frame);
  }
  if (why == DropReason::kNone) out.push(std::move(frame));
  return why;
}

void fit_to_device(Core& core, const DeviceCapabilities& capabilities, PacketPtr frame,
                   PacketQueue& out) {
  const DropReason why = fit_frame(core.pool, capabilities, std::move(frame), out);
  if (why != DropReason::kNone) core.drops.add(why);
}

}  // namespace strata::stack
