// SPDX-License-Identifier: Apache-2.0
// VLAN tags (IEEE 802.1Q, 802.1ad): four bytes between a frame's source address and its type.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "strata/wire/ethertype.h"
#include "strata/wire/field.h"

namespace strata::wire {

// The tag protocol identifier (8100, 88a8, or 9100 from before 802.1ad) stands where the frame's
// type would, so it belongs to the header before. What follows it:
//   0   3 4         16              32
//   +---+-+---------+---------------+
//   |pcp|d| vlan id |  inner type   |
//   +---+-+---------+---------------+
struct VlanLayout {
  using Control = Field<std::uint16_t, 0>;
  using Priority = Bits<Control, 13, 3>;
  using DropEligible = Bits<Control, 12, 1>;
  using Id = Bits<Control, 0, 12>;
  using Type = Field<std::uint16_t, Control::kEnd>;
  static constexpr std::size_t kSize = Type::kEnd;
  static_assert(kSize == 4);

  static constexpr std::uint16_t kIdPriorityOnly = 0;  // 802.1Q 9.6: a priority, no VLAN
  static constexpr std::uint16_t kIdReserved = 0xfff;  // 802.1Q 9.6: never on a link
};

struct VlanHeader {
  std::uint8_t priority = 0;  // 0 to 7
  bool drop_eligible = false;
  std::uint16_t id = 0;    // 0 to 4095
  std::uint16_t type = 0;  // of what follows: an ethertype, another TPID or a length

  friend constexpr bool operator==(const VlanHeader&, const VlanHeader&) = default;
};

class VlanView {
 public:
  // `bytes` begin after the TPID: the payload of the Ethernet header or of the outer tag.
  [[nodiscard]] static constexpr Parsed<VlanView> parse(Bytes bytes) {
    if (bytes.size() < VlanLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return VlanView(bytes);
  }

  [[nodiscard]] constexpr std::uint8_t priority() const {
    return static_cast<std::uint8_t>(VlanLayout::Priority::get(bytes_));
  }
  [[nodiscard]] constexpr bool drop_eligible() const {
    return VlanLayout::DropEligible::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr std::uint16_t id() const { return VlanLayout::Id::get(bytes_); }
  [[nodiscard]] constexpr std::uint16_t type() const { return VlanLayout::Type::get(bytes_); }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(VlanLayout::kSize); }
  [[nodiscard]] constexpr VlanHeader header() const {
    return {priority(), drop_eligible(), id(), type()};
  }

 private:
  explicit constexpr VlanView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const VlanHeader& header, std::span<std::byte, VlanLayout::kSize> out) {
  const unsigned control = ((header.priority & 7U) << 13U) | (header.drop_eligible ? 0x1000U : 0U) |
                           (header.id & 0xfffU);
  VlanLayout::Control::set(out, static_cast<std::uint16_t>(control));
  VlanLayout::Type::set(out, header.type);
}

// The tags of a frame, outermost first, and what they were wrapped around.
struct VlanTags {
  struct Tag {
    std::uint16_t tpid = 0;
    VlanHeader header;
  };
  static constexpr std::size_t kMax = 2;

  std::array<Tag, kMax> tags{};
  std::size_t count = 0;
  // A frame with more tags than kMax leaves a TPID here, which no handler answers to.
  std::uint16_t type = 0;
  Bytes payload;
};

// Takes the tags off a frame, given the type in its Ethernet header and the bytes after that.
// A frame without tags comes back as it is.
[[nodiscard]] constexpr Parsed<VlanTags> parse_vlan_tags(std::uint16_t type, Bytes payload) {
  VlanTags result;
  while (is_vlan_tpid(type) && result.count < VlanTags::kMax) {
    const Parsed<VlanView> view = VlanView::parse(payload);
    if (!view) return std::unexpected(view.error());
    result.tags[result.count++] = {type, view->header()};
    type = view->type();
    payload = view->payload();
  }
  result.type = type;
  result.payload = payload;
  return result;
}

}  // namespace strata::wire
