// SPDX-License-Identifier: Apache-2.0
// ARP (RFC 826) between Ethernet and IPv4: who has this address, and where.
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/ethertype.h"
#include "strata/wire/field.h"

namespace strata::wire {

//   0               16              32
//   +---------------+---------------+
//   | hardware = 1  | protocol=0800 |
//   | hlen=6 plen=4 |   operation   |
//   |    sender hardware address    |
//   |               |  sender       |
//   | protocol addr |  target       |
//   |    hardware address           |
//   |    target protocol address    |
//   +-------------------------------+
struct ArpLayout {
  using HardwareType = Field<std::uint16_t, 0>;
  using ProtocolType = Field<std::uint16_t, HardwareType::kEnd>;
  using HardwareLength = Field<std::uint8_t, ProtocolType::kEnd>;
  using ProtocolLength = Field<std::uint8_t, HardwareLength::kEnd>;
  using Operation = Field<std::uint16_t, ProtocolLength::kEnd>;
  using SenderMac = MacField<Operation::kEnd>;
  using SenderIp = Ipv4Field<SenderMac::kEnd>;
  using TargetMac = MacField<SenderIp::kEnd>;
  using TargetIp = Ipv4Field<TargetMac::kEnd>;
  static constexpr std::size_t kSize = TargetIp::kEnd;
  static_assert(kSize == 28);

  static constexpr std::uint16_t kHardwareEthernet = 1;
  static constexpr std::uint16_t kHardwareIeee802 = 6;
};

enum class ArpOperation : std::uint16_t {
  kRequest = 1,
  kReply = 2,
};

struct ArpHeader {
  ArpOperation operation = ArpOperation::kRequest;
  MacAddress sender_mac;
  IpAddress sender_ip = IpAddress::any_v4();
  MacAddress target_mac;
  IpAddress target_ip = IpAddress::any_v4();

  friend constexpr bool operator==(const ArpHeader&, const ArpHeader&) = default;
};

class ArpView {
 public:
  // `packet` is the frame's payload; Ethernet pads it to 46 bytes. An operation that is neither
  // request nor reply is not an error here: RFC 826 lets the receiver learn from it all the same.
  [[nodiscard]] static constexpr Parsed<ArpView> parse(Bytes packet) {
    if (packet.size() < ArpLayout::kSize) return std::unexpected(ParseError::kTooShort);
    // RFC 1042: IEEE 802 stations may say 6; on Ethernet it means the same six-byte addresses.
    const std::uint16_t hardware = ArpLayout::HardwareType::get(packet);
    if (hardware != ArpLayout::kHardwareEthernet && hardware != ArpLayout::kHardwareIeee802) {
      return std::unexpected(ParseError::kBadValue);
    }
    if (ArpLayout::ProtocolType::get(packet) != kEtherTypeIpv4) {
      return std::unexpected(ParseError::kBadValue);
    }
    if (ArpLayout::HardwareLength::get(packet) != 6 ||
        ArpLayout::ProtocolLength::get(packet) != 4) {
      return std::unexpected(ParseError::kBadLength);
    }
    return ArpView(packet.first<ArpLayout::kSize>());
  }

  [[nodiscard]] constexpr ArpOperation operation() const {
    return ArpOperation{ArpLayout::Operation::get(bytes_)};
  }
  [[nodiscard]] constexpr MacAddress sender_mac() const {
    return ArpLayout::SenderMac::get(bytes_);
  }
  [[nodiscard]] constexpr IpAddress sender_ip() const { return ArpLayout::SenderIp::get(bytes_); }
  [[nodiscard]] constexpr MacAddress target_mac() const {
    return ArpLayout::TargetMac::get(bytes_);
  }
  [[nodiscard]] constexpr IpAddress target_ip() const { return ArpLayout::TargetIp::get(bytes_); }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }  // without the padding
  [[nodiscard]] constexpr ArpHeader header() const {
    return {operation(), sender_mac(), sender_ip(), target_mac(), target_ip()};
  }

 private:
  explicit constexpr ArpView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

constexpr void write(const ArpHeader& header, std::span<std::byte, ArpLayout::kSize> out) {
  ArpLayout::HardwareType::set(out, ArpLayout::kHardwareEthernet);
  ArpLayout::ProtocolType::set(out, kEtherTypeIpv4);
  ArpLayout::HardwareLength::set(out, 6);
  ArpLayout::ProtocolLength::set(out, 4);
  ArpLayout::Operation::set(out, static_cast<std::uint16_t>(header.operation));
  ArpLayout::SenderMac::set(out, header.sender_mac);
  ArpLayout::SenderIp::set(out, header.sender_ip);
  ArpLayout::TargetMac::set(out, header.target_mac);
  ArpLayout::TargetIp::set(out, header.target_ip);
}

}  // namespace strata::wire
