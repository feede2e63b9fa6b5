// SPDX-License-Identifier: Apache-2.0
// IEEE 802.3 frames: a length instead of a type, then LLC (802.2) and often SNAP (RFC 1042).
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/ethernet.h"
#include "strata/wire/ethertype.h"
#include "strata/wire/field.h"

namespace strata::wire {

// IEEE 802.2 3.2; the control field of unnumbered frames is one byte.
//   0       8       16      24
//   +-------+-------+-------+---------
//   | dsap  | ssap  |control| payload
//   +-------+-------+-------+---------
struct LlcLayout {
  using DestinationSap = Field<std::uint8_t, 0>;
  using SourceSap = Field<std::uint8_t, DestinationSap::kEnd>;
  using Control = Field<std::uint8_t, SourceSap::kEnd>;
  static constexpr std::size_t kSize = Control::kEnd;
  static_assert(kSize == 3);

  static constexpr std::uint8_t kSapSpanningTree = 0x42;
  static constexpr std::uint8_t kSapSnap = 0xaa;
  static constexpr std::uint8_t kSapIsIs = 0xfe;
  static constexpr std::uint8_t kControlUnnumbered = 0x03;  // UI, RFC 1042
};

struct LlcHeader {
  std::uint8_t destination_sap = LlcLayout::kSapSnap;
  std::uint8_t source_sap = LlcLayout::kSapSnap;
  std::uint8_t control = LlcLayout::kControlUnnumbered;

  friend constexpr bool operator==(const LlcHeader&, const LlcHeader&) = default;
};

class LlcView {
 public:
  // `bytes` are the payload of an 802.3 frame, already cut to its length field.
  [[nodiscard]] static constexpr Parsed<LlcView> parse(Bytes bytes) {
    if (bytes.size() < LlcLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return LlcView(bytes);
  }

  [[nodiscard]] constexpr std::uint8_t destination_sap() const {
    return LlcLayout::DestinationSap::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t source_sap() const {
    return LlcLayout::SourceSap::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint8_t control() const { return LlcLayout::Control::get(bytes_); }
  [[nodiscard]] constexpr bool is_snap() const { return header() == LlcHeader{}; }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(LlcLayout::kSize); }
  [[nodiscard]] constexpr LlcHeader header() const {
    return {destination_sap(), source_sap(), control()};
  }

 private:
  explicit constexpr LlcView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const LlcHeader& header, std::span<std::byte, LlcLayout::kSize> out) {
  LlcLayout::DestinationSap::set(out, header.destination_sap);
  LlcLayout::SourceSap::set(out, header.source_sap);
  LlcLayout::Control::set(out, header.control);
}

// RFC 1042: after LLC aa-aa-03, an organisation and a type that it defines.
struct SnapLayout {
  using OrganizationHigh = Field<std::uint8_t, 0>;
  using OrganizationLow = Field<std::uint16_t, OrganizationHigh::kEnd>;
  using Type = Field<std::uint16_t, OrganizationLow::kEnd>;
  static constexpr std::size_t kSize = Type::kEnd;
  static_assert(kSize == 5);

  static constexpr std::uint32_t kOrganizationEthernet = 0x000000;  // Type is an ethertype
  static constexpr std::uint32_t kOrganizationBridged = 0x0000f8;   // the same, IEEE 802.1H
};

struct SnapHeader {
  std::uint32_t organization = SnapLayout::kOrganizationEthernet;  // 24 bits
  std::uint16_t type = 0;

  friend constexpr bool operator==(const SnapHeader&, const SnapHeader&) = default;
};

class SnapView {
 public:
  // `bytes` begin after the LLC header.
  [[nodiscard]] static constexpr Parsed<SnapView> parse(Bytes bytes) {
    if (bytes.size() < SnapLayout::kSize) return std::unexpected(ParseError::kTooShort);
    return SnapView(bytes);
  }

  [[nodiscard]] constexpr std::uint32_t organization() const {
    return (std::uint32_t{SnapLayout::OrganizationHigh::get(bytes_)} << 16U) |
           SnapLayout::OrganizationLow::get(bytes_);
  }
  [[nodiscard]] constexpr std::uint16_t type() const { return SnapLayout::Type::get(bytes_); }
  [[nodiscard]] constexpr bool type_is_ethertype() const {
    return organization() == SnapLayout::kOrganizationEthernet ||
           organization() == SnapLayout::kOrganizationBridged;
  }
  [[nodiscard]] constexpr Bytes payload() const { return bytes_.subspan(SnapLayout::kSize); }
  [[nodiscard]] constexpr SnapHeader header() const { return {organization(), type()}; }

 private:
  explicit constexpr SnapView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const SnapHeader& header, std::span<std::byte, SnapLayout::kSize> out) {
  SnapLayout::OrganizationHigh::set(out, static_cast<std::uint8_t>(header.organization >> 16U));
  SnapLayout::OrganizationLow::set(out, static_cast<std::uint16_t>(header.organization));
  SnapLayout::Type::set(out, header.type);
}

// What a frame carries. An LLC protocol without an ethertype (spanning tree, IS-IS) has
// `ethertype` 0, which IEEE never assigns, and `payload` begins at its LLC header.
struct FrameContent {
  std::uint16_t ethertype = 0;
  Bytes payload;
};

// `type` is the field before `payload`, in the Ethernet header or in the innermost VLAN tag.
[[nodiscard]] constexpr Parsed<FrameContent> classify_frame(std::uint16_t type, Bytes payload) {
  if (type >= kEtherTypeMin) return FrameContent{type, payload};
  if (type > kEthernetLengthMax) return std::unexpected(ParseError::kBadValue);
  if (type > payload.size()) return std::unexpected(ParseError::kBadLength);
  const Bytes content = payload.first(type);
  const Parsed<LlcView> llc = LlcView::parse(content);
  if (!llc) return std::unexpected(llc.error());
  if (!llc->is_snap()) return FrameContent{0, content};
  const Parsed<SnapView> snap = SnapView::parse(llc->payload());
  if (!snap) return std::unexpected(snap.error());
  // RFC 1042: types below the first ethertype mean nothing under this organisation.
  if (!snap->type_is_ethertype() || snap->type() < kEtherTypeMin) return FrameContent{0, content};
  return FrameContent{snap->type(), snap->payload()};
}

[[nodiscard]] constexpr Parsed<FrameContent> classify_frame(const EthernetView& frame) {
  return classify_frame(frame.type(), frame.payload());
}

}  // namespace strata::wire
