// SPDX-License-Identifier: Apache-2.0
// Ethernet II (RFC 894, RFC 2464): fourteen bytes in front of every frame.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/ethertype.h"
#include "strata/wire/field.h"

namespace strata::wire {

//   +-------------------+-------------------+------------+---------
//   |  destination (6)  |    source (6)     |  type (2)  | payload
//   +-------------------+-------------------+------------+---------
struct EthernetLayout {
  using Destination = MacField<0>;
  using Source = MacField<Destination::kEnd>;
  using Type = Field<std::uint16_t, Source::kEnd>;
  static constexpr std::size_t kSize = Type::kEnd;
  static_assert(kSize == 14);
};

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  std::uint16_t type = 0;  // an ethertype; up to 1500 an IEEE 802.3 length (llc.h)

  friend constexpr bool operator==(const EthernetHeader&, const EthernetHeader&) = default;
};

class EthernetView {
 public:
  // `frame` carries no frame check sequence. It may end with padding that only upper layers see.
  [[nodiscard]] static constexpr Parsed<EthernetView> parse(Bytes frame) {
    if (frame.size() < EthernetLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return EthernetView(frame);
  }

  [[nodiscard]] constexpr MacAddress destination() const {
    return EthernetLayout::Destination::get(bytes_);
  }
  [[nodiscard]] constexpr MacAddress source() const { return EthernetLayout::Source::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t type() const { return EthernetLayout::Type::get(bytes_); }
  // IEEE 802.3 3.2.6: the type field of such a frame is the length of its payload.
  [[nodiscard]] constexpr bool type_is_length() const { return type() <= kEthernetLengthMax; }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(EthernetLayout::kSize); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr EthernetHeader header() const {
    return {destination(), source(), type()};
  }

 private:
  explicit constexpr EthernetView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const EthernetHeader& header,
                     std::span<std::byte, EthernetLayout::kSize> out) {
  EthernetLayout::Destination::set(out, header.destination);
  EthernetLayout::Source::set(out, header.source);
  EthernetLayout::Type::set(out, header.type);
}

}  // namespace strata::wire
