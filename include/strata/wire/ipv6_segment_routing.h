// SPDX-License-Identifier: Apache-2.0
// The routing header of segment routing (RFC 8754), type 4 of ipv6_routing.h.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv6_routing.h"

namespace strata::wire {

// RFC 8754 2: the segment list is in reverse, segments_left() names the active one.
//   +-------+-------+---------------+
//   | last  | flags |      tag      |
struct Ipv6SegmentRouteLayout {
  using LastEntry = Field<std::uint8_t, Ipv6RoutingLayout::kCommonSize>;
  using Flags = Field<std::uint8_t, LastEntry::kEnd>;
  using Tag = Field<std::uint16_t, Flags::kEnd>;
  static_assert(Tag::kEnd == Ipv6RoutingLayout::kSize);
};

struct Ipv6SegmentRouteHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t header_length = Ipv6RoutingLayout::kSize + 16;  // segments and TLVs included
  std::uint8_t segments_left = 0;
  std::uint8_t last_entry = 0;  // index of the last segment
  std::uint8_t flags = 0;
  std::uint16_t tag = 0;

  friend constexpr bool operator==(const Ipv6SegmentRouteHeader&,
                                   const Ipv6SegmentRouteHeader&) = default;
};

class Ipv6SegmentRouteView {
 public:
  [[nodiscard]] static constexpr Parsed<Ipv6SegmentRouteView> parse(
      const Ipv6RoutingView& routing) {
    if (routing.type() != Ipv6RoutingLayout::kTypeSegment) {
      return std::unexpected(ParseError::kBadValue);
    }
    const std::size_t last = Ipv6SegmentRouteLayout::LastEntry::get(routing.bytes());
    if (Ipv6RoutingLayout::kSize + ((last + 1) * 16) > routing.bytes().size()) {
      return std::unexpected(ParseError::kBadLength);
    }
    // RFC 8754 4.3.1.1: more left than listed is an error, one beyond the list is a reduced header.
    if (routing.segments_left() > last + 1) return std::unexpected(ParseError::kBadValue);
    return Ipv6SegmentRouteView(routing.bytes());
  }

  [[nodiscard]] constexpr std::uint8_t last_entry() const {
    return Ipv6SegmentRouteLayout::LastEntry::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t flags() const {
    return Ipv6SegmentRouteLayout::Flags::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t tag() const {
    return Ipv6SegmentRouteLayout::Tag::get(bytes_);
  }
  [[nodiscard]] constexpr std::size_t segment_count() const {
    return last_entry() + std::size_t{1};
  }
  // `index` < segment_count().
  [[nodiscard]] constexpr IpAddress segment(std::size_t index) const {
    return IpAddress::from_bytes(
        bytes_.subspan(Ipv6RoutingLayout::kSize + (16 * index)).first<16>());
  }
  [[nodiscard]] constexpr Bytes tlvs() const {  // RFC 8754 2.1
    return bytes_.subspan(Ipv6RoutingLayout::kSize + (16 * segment_count()));
  }
  [[nodiscard]] constexpr Ipv6SegmentRouteHeader header() const {
    return {Ipv6RoutingLayout::NextHeader::get(bytes_),
            static_cast<std::uint16_t>(bytes_.size()),
            Ipv6RoutingLayout::SegmentsLeft::get(bytes_),
            last_entry(),
            flags(),
            tag()};
  }

 private:
  explicit constexpr Ipv6SegmentRouteView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The segments and the TLVs follow `out`.
constexpr void write(const Ipv6SegmentRouteHeader& header,
                     std::span<std::byte, Ipv6RoutingLayout::kSize> out) {
  write(Ipv6RoutingHeader{header.next_header, header.header_length, Ipv6RoutingLayout::kTypeSegment,
                          header.segments_left},
        out.first<Ipv6RoutingLayout::kCommonSize>());
  Ipv6SegmentRouteLayout::LastEntry::set(out, header.last_entry);
  Ipv6SegmentRouteLayout::Flags::set(out, header.flags);
  Ipv6SegmentRouteLayout::Tag::set(out, header.tag);
}

}  // namespace strata::wire
