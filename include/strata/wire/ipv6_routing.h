// SPDX-License-Identifier: Apache-2.0
// IPv6 routing headers (RFC 8200 4.4): types 0, 2 (mobile), 3 (RPL) and 4 (segment routing).
//
// A host that is no router for any of them needs only segments_left(): zero means skip the header,
// anything else means drop and report (RFC 8200 4.4). Type 0 stays readable, so that it can be
// named when it is refused (RFC 5095).
#pragma once

#include <array>
#include <cstdint>

#include "strata/wire/field.h"

namespace strata::wire {

// RFC 8200 4.4:
//   0       8       16      24      32
//   +-------+-------+-------+-------+
//   | next  |length | type  | left  |
//   |   type-specific data ...      |
//   +-------------------------------+
struct Ipv6RoutingLayout {
  using NextHeader = Field<std::uint8_t, 0>;
  using Length = Field<std::uint8_t, NextHeader::kEnd>;  // units of eight bytes after the first
  using Type = Field<std::uint8_t, Length::kEnd>;
  using SegmentsLeft = Field<std::uint8_t, Type::kEnd>;
  static constexpr std::size_t kSize = 8;

  static constexpr std::uint8_t kTypeSource = 0;   // deprecated by RFC 5095
  static constexpr std::uint8_t kTypeMobile = 2;   // RFC 6275 6.4
  static constexpr std::uint8_t kTypeRpl = 3;      // RFC 6554
  static constexpr std::uint8_t kTypeSegment = 4;  // RFC 8754
};

class Ipv6RoutingView {
 public:
  // `bytes` begin at the routing header; more may follow it.
  [[nodiscard]] static constexpr Parsed<Ipv6RoutingView> parse(Bytes bytes) {
    if (bytes.size() < Ipv6RoutingLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t size = (std::size_t{Ipv6RoutingLayout::Length::get(bytes)} + 1) * 8;
    if (size > bytes.size()) return std::unexpected(ParseError::kBadLength);
    return Ipv6RoutingView(bytes.first(size));
  }

  [[nodiscard]] constexpr std::uint8_t next_header() const {
    return Ipv6RoutingLayout::NextHeader::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t type() const { return Ipv6RoutingLayout::Type::get(bytes_); }
  [[nodiscard]] constexpr std::uint8_t segments_left() const {
    return Ipv6RoutingLayout::SegmentsLeft::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }

 private:
  explicit constexpr Ipv6RoutingView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Types 0 and 2: four reserved bytes, then whole addresses. Type 2 has exactly one.
class Ipv6SourceRouteView {
 public:
  [[nodiscard]] static constexpr Parsed<Ipv6SourceRouteView> parse(const Ipv6RoutingView& routing) {
    const bool is_mobile = routing.type() == Ipv6RoutingLayout::kTypeMobile;
    if (!is_mobile && routing.type() != Ipv6RoutingLayout::kTypeSource) {
      return std::unexpected(ParseError::kBadValue);
    }
    const std::size_t room = routing.bytes().size() - Ipv6RoutingLayout::kSize;
    if (room % 16 != 0 || (is_mobile && room != 16)) {
      return std::unexpected(ParseError::kBadLength);
    }
    // RFC 6275 6.4: a home address that is still to be visited, once.
    if (is_mobile ? routing.segments_left() != 1 : routing.segments_left() > room / 16) {
      return std::unexpected(ParseError::kBadValue);
    }
    return Ipv6SourceRouteView(routing.bytes());
  }

  [[nodiscard]] constexpr std::size_t address_count() const {
    return (bytes_.size() - Ipv6RoutingLayout::kSize) / 16;
  }
  // `index` < address_count().
  [[nodiscard]] constexpr IpAddress address(std::size_t index) const {
    return IpAddress::from_bytes(
        bytes_.subspan(Ipv6RoutingLayout::kSize + (16 * index)).first<16>());
  }

 private:
  explicit constexpr Ipv6SourceRouteView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// RFC 6554 3: addresses without the leading bytes they share with the destination address.
//   +-------+-------+-------+-------+
//   |CmprI|E| pad | reserved         |
struct Ipv6RplRouteLayout {
  using Word = Field<std::uint32_t, 4>;
  using SharedBytes = Bits<Word, 28, 4>;      // CmprI, of every address but the last
  using SharedBytesLast = Bits<Word, 24, 4>;  // CmprE
  using Padding = Bits<Word, 20, 4>;
};

class Ipv6RplRouteView {
 public:
  [[nodiscard]] static constexpr Parsed<Ipv6RplRouteView> parse(const Ipv6RoutingView& routing) {
    using Layout = Ipv6RplRouteLayout;
    if (routing.type() != Ipv6RoutingLayout::kTypeRpl) {
      return std::unexpected(ParseError::kBadValue);
    }
    const Bytes bytes = routing.bytes();
    const std::size_t room = bytes.size() - Ipv6RoutingLayout::kSize;
    const std::size_t padding = Layout::Padding::get(bytes);
    const std::size_t last = 16 - Layout::SharedBytesLast::get(bytes);
    const std::size_t each = 16 - Layout::SharedBytes::get(bytes);
    // RFC 6554 4.2: n = ((Hdr Ext Len * 8) - Pad - (16 - CmprE)) / (16 - CmprI) + 1.
    if (room < padding + last || (room - padding - last) % each != 0) {
      return std::unexpected(ParseError::kBadLength);
    }
    const std::size_t count = ((room - padding - last) / each) + 1;
    if (routing.segments_left() > count) return std::unexpected(ParseError::kBadValue);
    return Ipv6RplRouteView(bytes, count);
  }

  [[nodiscard]] constexpr std::size_t address_count() const { return count_; }
  // `index` < address_count(). `destination` is that of the packet, which lends the shared bytes.
  [[nodiscard]] constexpr IpAddress address(std::size_t index, const IpAddress& destination) const {
    const std::size_t each_shared = Ipv6RplRouteLayout::SharedBytes::get(bytes_);
    const std::size_t shared =
        index + 1 < count_ ? each_shared : Ipv6RplRouteLayout::SharedBytesLast::get(bytes_);
    std::array<std::byte, 16> octets{};
    copy_bytes(destination.bytes(), octets);
    const std::size_t at = Ipv6RoutingLayout::kSize + (index * (16 - each_shared));
    copy_bytes(bytes_.subspan(at, 16 - shared), MutableBytes(octets).subspan(shared));
    return IpAddress::from_bytes(octets);
  }

 private:
  constexpr Ipv6RplRouteView(Bytes bytes, std::size_t count) : bytes_(bytes), count_(count) {}
  Bytes bytes_;
  std::size_t count_;
};

// RFC 8754 2: the segment list is in reverse, segments_left() names the active one.
//   +-------+-------+---------------+
//   | last  | flags |      tag      |
struct Ipv6SegmentRouteLayout {
  using LastEntry = Field<std::uint8_t, 4>;
  using Flags = Field<std::uint8_t, LastEntry::kEnd>;
  using Tag = Field<std::uint16_t, Flags::kEnd>;
  static_assert(Tag::kEnd == Ipv6RoutingLayout::kSize);
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

 private:
  explicit constexpr Ipv6SegmentRouteView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

}  // namespace strata::wire
