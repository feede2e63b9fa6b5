// SPDX-License-Identifier: Apache-2.0
// IPv4 (RFC 791): twenty bytes of header and up to forty of options in front of a payload.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/checksum.h"
#include "strata/wire/field.h"

namespace strata::wire {

// RFC 791 3.1:
//   0       8       16              32
//   +-------+-------+---------------+
//   |ver|IHL| DS|ECN| total length  |
//   |identification |flags| offset  |
//   |  TTL  | proto |   checksum    |
//   |            source             |
//   |          destination          |
//   |     options, 0 to 40 bytes    |
//   +-------------------------------+
struct Ipv4Layout {
  using VersionIhl = Field<std::uint8_t, 0>;
  using Version = Bits<VersionIhl, 4, 4>;
  using HeaderWords = Bits<VersionIhl, 0, 4>;
  using TrafficClass = Field<std::uint8_t, VersionIhl::kEnd>;
  using TotalLength = Field<std::uint16_t, TrafficClass::kEnd>;
  using Identification = Field<std::uint16_t, TotalLength::kEnd>;
  using FlagsOffset = Field<std::uint16_t, Identification::kEnd>;
  using Reserved = Bits<FlagsOffset, 15, 1>;
  using DontFragment = Bits<FlagsOffset, 14, 1>;
  using MoreFragments = Bits<FlagsOffset, 13, 1>;
  using FragmentUnits = Bits<FlagsOffset, 0, 13>;  // of eight bytes
  using TimeToLive = Field<std::uint8_t, FlagsOffset::kEnd>;
  using Protocol = Field<std::uint8_t, TimeToLive::kEnd>;
  using Checksum = Field<std::uint16_t, Protocol::kEnd>;
  using Source = Ipv4Field<Checksum::kEnd>;
  using Destination = Ipv4Field<Source::kEnd>;
  static constexpr std::size_t kSize = Destination::kEnd;
  static constexpr std::size_t kSizeMax = 60;
  static constexpr std::size_t kOptionsMax = kSizeMax - kSize;
  static_assert(kSize == 20);
};

struct Ipv4Header {
  std::uint8_t header_length = Ipv4Layout::kSize;  // bytes, options included; a multiple of four
  std::uint8_t traffic_class = 0;                  // six bits DSCP, two bits ECN (RFC 3168)
  std::uint16_t total_length = Ipv4Layout::kSize;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // bytes, a multiple of eight
  std::uint8_t time_to_live = 64;
  std::uint8_t protocol = 0;
  std::uint16_t checksum = 0;
  IpAddress source = IpAddress::any_v4();
  IpAddress destination = IpAddress::any_v4();

  friend constexpr bool operator==(const Ipv4Header&, const Ipv4Header&) = default;
};

class Ipv4View {
 public:
  // `packet` is what the link carried; bytes beyond the total length are padding and cut off.
  // The checksum is not looked at: a device may have vouched for it. See checksum_is_valid().
  [[nodiscard]] static constexpr Parsed<Ipv4View> parse(Bytes packet) {
    const Parsed<Ipv4View> view = parse_quoted(packet);
    if (!view) return view;
    if (view->total_length() > packet.size()) return std::unexpected(ParseError::kBadLength);
    return view;
  }

  // The same for a packet quoted by an ICMP error, which may end anywhere after the header.
  [[nodiscard]] static constexpr Parsed<Ipv4View> parse_quoted(Bytes packet) {
    if (packet.size() < Ipv4Layout::kSize) return std::unexpected(ParseError::kTooShort);
    if (Ipv4Layout::Version::get(packet) != 4) return std::unexpected(ParseError::kBadVersion);
    const std::size_t header_length = std::size_t{Ipv4Layout::HeaderWords::get(packet)} * 4;
    const std::size_t total_length = Ipv4Layout::TotalLength::get(packet);
    if (header_length < Ipv4Layout::kSize || header_length > packet.size() ||
        total_length < header_length) {
      return std::unexpected(ParseError::kBadLength);
    }
    return Ipv4View(packet.first(total_length < packet.size() ? total_length : packet.size()));
  }

  [[nodiscard]] constexpr std::size_t header_length() const {
    return std::size_t{Ipv4Layout::HeaderWords::get(bytes_)} * 4;
  }
  [[nodiscard]] constexpr std::uint8_t traffic_class() const {
    return Ipv4Layout::TrafficClass::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t total_length() const {
    return Ipv4Layout::TotalLength::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t identification() const {
    return Ipv4Layout::Identification::get(bytes_);
  }
  [[nodiscard]] constexpr bool reserved_flag() const {
    return Ipv4Layout::Reserved::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr bool dont_fragment() const {
    return Ipv4Layout::DontFragment::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr bool more_fragments() const {
    return Ipv4Layout::MoreFragments::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr std::uint16_t fragment_offset() const {  // bytes
    return static_cast<std::uint16_t>(Ipv4Layout::FragmentUnits::get(bytes_) * 8U);
  }
  [[nodiscard]] constexpr bool is_fragment() const {
    return more_fragments() || fragment_offset() != 0;
  }
  [[nodiscard]] constexpr std::uint8_t time_to_live() const {
    return Ipv4Layout::TimeToLive::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t protocol() const {
    return Ipv4Layout::Protocol::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return Ipv4Layout::Checksum::get(bytes_);
  }
  [[nodiscard]] constexpr IpAddress source() const { return Ipv4Layout::Source::get(bytes_); }
  [[nodiscard]] constexpr IpAddress destination() const {
    return Ipv4Layout::Destination::get(bytes_);
  }
  [[nodiscard]] constexpr bool has_options() const { return header_length() > Ipv4Layout::kSize; }
  [[nodiscard]] constexpr Bytes options() const {  // for Ipv4Options (ipv4_options.h)
    return bytes_.subspan(Ipv4Layout::kSize, header_length() - Ipv4Layout::kSize);
  }
  [[nodiscard]] constexpr Bytes header_bytes() const { return bytes_.first(header_length()); }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(header_length()); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // header and payload
  [[nodiscard]] constexpr bool checksum_is_valid() const {
    return is_valid(ipv4_header_sum(header_bytes()));
  }
  [[nodiscard]] constexpr Ipv4Header header() const {
    return {static_cast<std::uint8_t>(header_length()),
            traffic_class(),
            total_length(),
            identification(),
            dont_fragment(),
            more_fragments(),
            fragment_offset(),
            time_to_live(),
            protocol(),
            checksum(),
            source(),
            destination()};
  }

 private:
  explicit constexpr Ipv4View(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The fixed part as big-endian numbers: written in these, so that nobody who reads it a moment
// later has to wait for its parts.
struct Ipv4Words {
  std::uint64_t first;   // version to fragment offset
  std::uint64_t second;  // time to live, protocol, checksum, source
  std::uint32_t third;   // destination
};
[[nodiscard]] constexpr Ipv4Words as_words(const Ipv4Header& header) {
  const unsigned flags = (header.dont_fragment ? 0x4000U : 0U) |
                         (header.more_fragments ? 0x2000U : 0U) |
                         ((header.fragment_offset / 8U) & 0x1fffU);
  return {(std::uint64_t{0x40U | (header.header_length / 4U)} << 56U) |
              (std::uint64_t{header.traffic_class} << 48U) |
              (std::uint64_t{header.total_length} << 32U) |
              (std::uint64_t{header.identification} << 16U) | flags,
          (std::uint64_t{header.time_to_live} << 56U) | (std::uint64_t{header.protocol} << 48U) |
              (std::uint64_t{header.checksum} << 32U) | header.source.v4_value(),
          header.destination.v4_value()};
}

// The checksum of a header without options whose checksum field is zero, before it is written.
[[nodiscard]] constexpr std::uint16_t checksum_of(const Ipv4Header& header) {
  const Ipv4Words words = as_words(header);
  return fold(Sum::of(words.first) + Sum::of(words.second) + Sum::of(words.third));
}

// The fixed part, the checksum field as given. Options follow it (ipv4_options.h), and
// set_ipv4_checksum() comes last.
constexpr void write(const Ipv4Header& header, std::span<std::byte, Ipv4Layout::kSize> out) {
  const Ipv4Words words = as_words(header);
  store_big_endian<std::uint64_t>(out.data(), words.first);
  store_big_endian<std::uint64_t>(out.data() + 8, words.second);
  store_big_endian<std::uint32_t>(out.data() + 16, words.third);
}

// `header` is the whole header, options included: 20 to 60 bytes, a multiple of four.
constexpr void set_ipv4_checksum(MutableBytes header) {
  Ipv4Layout::Checksum::set(header, 0);
  Ipv4Layout::Checksum::set(header, fold(ipv4_header_sum(header)));
}

}  // namespace strata::wire
