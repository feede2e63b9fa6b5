// SPDX-License-Identifier: Apache-2.0
// UDP (RFC 768): eight bytes of header in front of a datagram.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/checksum.h"
#include "strata/wire/field.h"

namespace strata::wire {

// RFC 768:
//   0               16              32
//   +---------------+---------------+
//   |  source port  |   dest. port  |
//   |    length     |   checksum    |
//   +---------------+---------------+
struct UdpLayout {
  using SourcePort = Field<std::uint16_t, 0>;
  using DestinationPort = Field<std::uint16_t, SourcePort::kEnd>;
  using Length = Field<std::uint16_t, DestinationPort::kEnd>;
  using Checksum = Field<std::uint16_t, Length::kEnd>;
  static constexpr std::size_t kSize = Checksum::kEnd;
  static_assert(kSize == 8);
};

struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t length = UdpLayout::kSize;  // header and payload
  std::uint16_t checksum = 0;               // 0: the sender computed none (RFC 768)

  friend constexpr bool operator==(const UdpHeader&, const UdpHeader&) = default;
};

class UdpView {
 public:
  // `datagram` is the whole IP payload; bytes beyond the length field are padding.
  [[nodiscard]] static constexpr Parsed<UdpView> parse(Bytes datagram) {
    if (datagram.size() < UdpLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t length = UdpLayout::Length::get(datagram);
    if (length < UdpLayout::kSize || length > datagram.size()) {
      return std::unexpected(ParseError::kBadLength);
    }
    return UdpView(datagram.first(length));
  }

  [[nodiscard]] constexpr std::uint16_t source_port() const {
    return UdpLayout::SourcePort::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t destination_port() const {
    return UdpLayout::DestinationPort::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t length() const { return UdpLayout::Length::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t checksum() const {
    return UdpLayout::Checksum::get(bytes_);
  }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(UdpLayout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // header and payload
  [[nodiscard]] constexpr UdpHeader header() const {
    return {source_port(), destination_port(), length(), checksum()};
  }

 private:
  explicit constexpr UdpView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// The header as one big-endian number: written at once, so that nobody who reads it a moment later
// has to wait for its parts.
[[nodiscard]] constexpr std::uint64_t as_word(const UdpHeader& header) {
  return (std::uint64_t{header.source_port} << 48U) |
         (std::uint64_t{header.destination_port} << 32U) | (std::uint64_t{header.length} << 16U) |
         header.checksum;
}

// What the header adds to a checksum, before any of it is written.
[[nodiscard]] constexpr Sum sum_of(const UdpHeader& header) { return Sum::of(as_word(header)); }

constexpr void write(const UdpHeader& header, std::span<std::byte, UdpLayout::kSize> out) {
  store_big_endian<std::uint64_t>(out.data(), as_word(header));
}

}  // namespace strata::wire
