// SPDX-License-Identifier: Apache-2.0
// UDP (RFC 768): eight bytes of header in front of a datagram.
#pragma once

#include <cstdint>
#include <span>

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

constexpr void write(const UdpHeader& header, std::span<std::byte, UdpLayout::kSize> out) {
  UdpLayout::SourcePort::set(out, header.source_port);
  UdpLayout::DestinationPort::set(out, header.destination_port);
  UdpLayout::Length::set(out, header.length);
  UdpLayout::Checksum::set(out, header.checksum);
}

}  // namespace strata::wire
