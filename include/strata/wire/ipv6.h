// SPDX-License-Identifier: Apache-2.0
// IPv6 (RFC 8200 3): forty bytes of header; everything optional is in ipv6_extension.h.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

// RFC 8200 3:
//   0   4           12              32
//   +---+-----------+---------------+
//   |ver| tr. class |  flow label   |
//   | payload length| next  |  hop  |
//   |        source, 16 bytes       |
//   |     destination, 16 bytes     |
//   +-------------------------------+
struct Ipv6Layout {
  using VersionClassFlow = Field<std::uint32_t, 0>;
  using Version = Bits<VersionClassFlow, 28, 4>;
  using TrafficClass = Bits<VersionClassFlow, 20, 8>;
  using FlowLabel = Bits<VersionClassFlow, 0, 20>;
  using PayloadLength = Field<std::uint16_t, VersionClassFlow::kEnd>;
  using NextHeader = Field<std::uint8_t, PayloadLength::kEnd>;
  using HopLimit = Field<std::uint8_t, NextHeader::kEnd>;
  using Source = Ipv6Field<HopLimit::kEnd>;
  using Destination = Ipv6Field<Source::kEnd>;
  static constexpr std::size_t kSize = Destination::kEnd;
  static_assert(kSize == 40);
};

struct Ipv6Header {
  std::uint8_t traffic_class = 0;  // six bits DSCP, two bits ECN (RFC 3168)
  std::uint32_t flow_label = 0;    // twenty bits (RFC 6437)
  std::uint16_t payload_length = 0;
  std::uint8_t next_header = 0;
  std::uint8_t hop_limit = 64;
  IpAddress source;
  IpAddress destination;

  friend constexpr bool operator==(const Ipv6Header&, const Ipv6Header&) = default;
};

class Ipv6View {
 public:
  // `packet` is what the link carried; bytes beyond the payload length are padding and cut off.
  [[nodiscard]] static constexpr Parsed<Ipv6View> parse(Bytes packet) {
    const Parsed<Ipv6View> view = parse_quoted(packet);
    if (!view) return view;
    if (view->total_length() > packet.size()) return std::unexpected(ParseError::kBadLength);
    return view;
  }

  // The same for a packet quoted by an ICMPv6 error, which may end anywhere after the header.
  [[nodiscard]] static constexpr Parsed<Ipv6View> parse_quoted(Bytes packet) {
    if (packet.size() < Ipv6Layout::kSize) return std::unexpected(ParseError::kTooShort);
    if (Ipv6Layout::Version::get(packet) != 6) return std::unexpected(ParseError::kBadVersion);
    const std::size_t total = Ipv6Layout::kSize + Ipv6Layout::PayloadLength::get(packet);
    return Ipv6View(packet.first(total < packet.size() ? total : packet.size()));
  }

  [[nodiscard]] constexpr std::uint8_t traffic_class() const {
    return static_cast<std::uint8_t>(Ipv6Layout::TrafficClass::get(bytes_));
  }
  [[nodiscard]] constexpr std::uint32_t flow_label() const {
    return Ipv6Layout::FlowLabel::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t payload_length() const {
    return Ipv6Layout::PayloadLength::get(bytes_);
  }
  [[nodiscard]] constexpr std::size_t total_length() const {
    return Ipv6Layout::kSize + payload_length();
  }
  [[nodiscard]] constexpr std::uint8_t next_header() const {
    return Ipv6Layout::NextHeader::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t hop_limit() const {
    return Ipv6Layout::HopLimit::get(bytes_);
  }
  // As on the wire. A v4-mapped address there would read as an IPv4 one: receive_ipv6 drops it.
  [[nodiscard]] constexpr IpAddress source() const { return Ipv6Layout::Source::get(bytes_); }
  [[nodiscard]] constexpr IpAddress destination() const {
    return Ipv6Layout::Destination::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(Ipv6Layout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // header and payload
  [[nodiscard]] constexpr Ipv6Header header() const {
    return {traffic_class(), flow_label(), payload_length(), next_header(),
            hop_limit(),     source(),     destination()};
  }

 private:
  explicit constexpr Ipv6View(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const Ipv6Header& header, std::span<std::byte, Ipv6Layout::kSize> out) {
  Ipv6Layout::VersionClassFlow::set(out, (std::uint32_t{6} << 28U) |
                                             (std::uint32_t{header.traffic_class} << 20U) |
                                             (header.flow_label & 0xf'ffffU));
  Ipv6Layout::PayloadLength::set(out, header.payload_length);
  Ipv6Layout::NextHeader::set(out, header.next_header);
  Ipv6Layout::HopLimit::set(out, header.hop_limit);
  Ipv6Layout::Source::set(out, header.source);
  Ipv6Layout::Destination::set(out, header.destination);
}

}  // namespace strata::wire
