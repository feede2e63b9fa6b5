// SPDX-License-Identifier: Apache-2.0
// IPv6 routing headers (RFC 8200 4.4): what all types share, and types 0, 2 (mobile) and 3 (RPL).
// Type 4 is in ipv6_segment_routing.h.
//
// A host that is no router for any of them needs only segments_left(): zero means skip the header,
// anything else means drop and report (RFC 8200 4.4). Type 0 stays readable, so that it can be
// named when it is refused (RFC 5095).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/ip_protocol.h"

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
  static constexpr std::size_t kCommonSize = SegmentsLeft::kEnd;  // of what all types share
  static constexpr std::size_t kSize = 8;  // of the fixed part, with four bytes of the type's own
  static_assert(kCommonSize == 4);

  static constexpr std::uint8_t kTypeSource = 0;   // deprecated by RFC 5095
  static constexpr std::uint8_t kTypeMobile = 2;   // RFC 6275 6.4
  static constexpr std::uint8_t kTypeRpl = 3;      // RFC 6554
  static constexpr std::uint8_t kTypeSegment = 4;  // RFC 8754
};

struct Ipv6RoutingHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t header_length = Ipv6RoutingLayout::kSize;  // 8 to 2048, a multiple of eight
  std::uint8_t type = Ipv6RoutingLayout::kTypeSource;
  std::uint8_t segments_left = 0;

  friend constexpr bool operator==(const Ipv6RoutingHeader&, const Ipv6RoutingHeader&) = default;
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
  [[nodiscard]] constexpr Ipv6RoutingHeader header() const {
    return {next_header(), static_cast<std::uint16_t>(bytes_.size()), type(), segments_left()};
  }

 private:
  explicit constexpr Ipv6RoutingView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The type's own bytes follow `out`.
constexpr void write(const Ipv6RoutingHeader& header,
                     std::span<std::byte, Ipv6RoutingLayout::kCommonSize> out) {
  using Layout = Ipv6RoutingLayout;
  Layout::NextHeader::set(out, header.next_header);
  Layout::Length::set(out, static_cast<std::uint8_t>((header.header_length / 8U) - 1U));
  Layout::Type::set(out, header.type);
  Layout::SegmentsLeft::set(out, header.segments_left);
}

// Types 0 and 2: four reserved bytes, then whole addresses. Type 2 has exactly one.
struct Ipv6SourceRouteLayout {
  using Reserved = Field<std::uint32_t, Ipv6RoutingLayout::kCommonSize>;
  static_assert(Reserved::kEnd == Ipv6RoutingLayout::kSize);
};

struct Ipv6SourceRouteHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t header_length = Ipv6RoutingLayout::kSize;  // eight, and sixteen for each address
  std::uint8_t type = Ipv6RoutingLayout::kTypeSource;      // or kTypeMobile
  std::uint8_t segments_left = 0;

  friend constexpr bool operator==(const Ipv6SourceRouteHeader&,
                                   const Ipv6SourceRouteHeader&) = default;
};

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
  [[nodiscard]] constexpr Ipv6SourceRouteHeader header() const {
    using Layout = Ipv6RoutingLayout;
    return {Layout::NextHeader::get(bytes_), static_cast<std::uint16_t>(bytes_.size()),
            Layout::Type::get(bytes_), Layout::SegmentsLeft::get(bytes_)};
  }

 private:
  explicit constexpr Ipv6SourceRouteView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The addresses follow `out`.
constexpr void write(const Ipv6SourceRouteHeader& header,
                     std::span<std::byte, Ipv6RoutingLayout::kSize> out) {
  write(Ipv6RoutingHeader{header.next_header, header.header_length, header.type,
                          header.segments_left},
        out.first<Ipv6RoutingLayout::kCommonSize>());
  Ipv6SourceRouteLayout::Reserved::set(out, 0);
}

// RFC 6554 3: addresses without the leading bytes they share with the destination address.
//   +-------+-------+-------+-------+
//   |CmprI|E| pad | reserved         |
struct Ipv6RplRouteLayout {
  using Word = Field<std::uint32_t, Ipv6RoutingLayout::kCommonSize>;
  using SharedBytes = Bits<Word, 28, 4>;      // CmprI, of every address but the last
  using SharedBytesLast = Bits<Word, 24, 4>;  // CmprE
  using Padding = Bits<Word, 20, 4>;
  static_assert(Word::kEnd == Ipv6RoutingLayout::kSize);
};

struct Ipv6RplRouteHeader {
  std::uint8_t next_header = kIpProtocolNoNextHeader;
  std::uint16_t header_length = Ipv6RoutingLayout::kSize + 16;  // addresses and padding included
  std::uint8_t segments_left = 0;
  std::uint8_t shared_bytes = 0;       // 0 to 15, of every address but the last
  std::uint8_t shared_bytes_last = 0;  // 0 to 15
  std::uint8_t padding = 0;            // 0 to 15, bytes after the last address

  friend constexpr bool operator==(const Ipv6RplRouteHeader&, const Ipv6RplRouteHeader&) = default;
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
  [[nodiscard]] constexpr Ipv6RplRouteHeader header() const {
    using Layout = Ipv6RplRouteLayout;
    return {Ipv6RoutingLayout::NextHeader::get(bytes_),
            static_cast<std::uint16_t>(bytes_.size()),
            Ipv6RoutingLayout::SegmentsLeft::get(bytes_),
            static_cast<std::uint8_t>(Layout::SharedBytes::get(bytes_)),
            static_cast<std::uint8_t>(Layout::SharedBytesLast::get(bytes_)),
            static_cast<std::uint8_t>(Layout::Padding::get(bytes_))};
  }

 private:
  constexpr Ipv6RplRouteView(Bytes bytes, std::size_t count) : bytes_(bytes), count_(count) {}
  Bytes bytes_;
  std::size_t count_;
};

// The addresses and the padding follow `out`.
constexpr void write(const Ipv6RplRouteHeader& header,
                     std::span<std::byte, Ipv6RoutingLayout::kSize> out) {
  write(Ipv6RoutingHeader{header.next_header, header.header_length, Ipv6RoutingLayout::kTypeRpl,
                          header.segments_left},
        out.first<Ipv6RoutingLayout::kCommonSize>());
  Ipv6RplRouteLayout::Word::set(out, 0);
  Ipv6RplRouteLayout::SharedBytes::set(out, header.shared_bytes);
  Ipv6RplRouteLayout::SharedBytesLast::set(out, header.shared_bytes_last);
  Ipv6RplRouteLayout::Padding::set(out, header.padding);
}

}  // namespace strata::wire
