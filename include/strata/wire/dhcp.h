// SPDX-License-Identifier: Apache-2.0
// DHCPv4 messages (RFC 2131 2): the fixed part. What the options say: dhcp_options.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

// RFC 2131 2, figure 1:
//   0       8       16      24      32
//   +-------+-------+-------+-------+
//   |  op   | htype | hlen  | hops  |
//   |              xid              |
//   |     secs      |B    flags     |   B: answer by broadcast
//   |  ciaddr: mine, when I use it  |
//   |  yiaddr: yours                |
//   |  siaddr: next server          |
//   |  giaddr: relay agent          |
//   |  chaddr (16)                  |
//   |  sname (64)    file (128)     |
//   |  63 82 53 63    options ...   |
//   +-------------------------------+
struct DhcpLayout {
  using Operation = Field<std::uint8_t, 0>;
  using HardwareType = Field<std::uint8_t, Operation::kEnd>;
  using HardwareLength = Field<std::uint8_t, HardwareType::kEnd>;
  using Hops = Field<std::uint8_t, HardwareLength::kEnd>;
  using TransactionId = Field<std::uint32_t, Hops::kEnd>;
  using Seconds = Field<std::uint16_t, TransactionId::kEnd>;
  using Flags = Field<std::uint16_t, Seconds::kEnd>;
  using Broadcast = Bits<Flags, 15, 1>;
  using ClientAddress = Ipv4Field<Flags::kEnd>;
  using YourAddress = Ipv4Field<ClientAddress::kEnd>;
  using ServerAddress = Ipv4Field<YourAddress::kEnd>;
  using RelayAddress = Ipv4Field<ServerAddress::kEnd>;
  static constexpr std::size_t kHardwareAddress = RelayAddress::kEnd;
  static constexpr std::size_t kHardwareAddressSize = 16;
  static constexpr std::size_t kServerName = kHardwareAddress + kHardwareAddressSize;
  static constexpr std::size_t kServerNameSize = 64;
  static constexpr std::size_t kFile = kServerName + kServerNameSize;
  static constexpr std::size_t kFileSize = 128;
  using Cookie = Field<std::uint32_t, kFile + kFileSize>;
  static constexpr std::size_t kSize = Cookie::kEnd;
  static_assert(kSize == 240);
};

inline constexpr std::uint32_t kDhcpCookie = 0x6382'5363;  // RFC 2131 3
inline constexpr std::uint16_t kDhcpServerPort = 67;
inline constexpr std::uint16_t kDhcpClientPort = 68;
inline constexpr std::uint8_t kDhcpEthernet = 1;

enum class DhcpOperation : std::uint8_t { kRequest = 1, kReply = 2 };

struct DhcpHeader {
  DhcpOperation operation = DhcpOperation::kRequest;
  std::uint8_t hardware_type = kDhcpEthernet;
  std::uint8_t hardware_length = 6;
  std::uint8_t hops = 0;
  std::uint32_t transaction_id = 0;
  std::uint16_t seconds = 0;
  bool broadcast = false;
  IpAddress client_address = IpAddress::any_v4();
  IpAddress your_address = IpAddress::any_v4();
  IpAddress server_address = IpAddress::any_v4();
  IpAddress relay_address = IpAddress::any_v4();
  std::array<std::byte, DhcpLayout::kHardwareAddressSize> hardware_address{};

  friend constexpr bool operator==(const DhcpHeader&, const DhcpHeader&) = default;
};

class DhcpView {
 public:
  // `message` is the whole UDP payload. BOOTP without the cookie is not DHCP.
  [[nodiscard]] static constexpr Parsed<DhcpView> parse(Bytes message) {
    if (message.size() < DhcpLayout::kSize) return std::unexpected(ParseError::kTooShort);
    if (DhcpLayout::Cookie::get(message) != kDhcpCookie) {
      return std::unexpected(ParseError::kBadVersion);
    }
    if (DhcpLayout::HardwareLength::get(message) > DhcpLayout::kHardwareAddressSize) {
      return std::unexpected(ParseError::kBadLength);
    }
    return DhcpView(message);
  }

  [[nodiscard]] constexpr DhcpHeader header() const {
    DhcpHeader header{
        .operation = static_cast<DhcpOperation>(DhcpLayout::Operation::get(bytes_)),
        .hardware_type = DhcpLayout::HardwareType::get(bytes_),
        .hardware_length = DhcpLayout::HardwareLength::get(bytes_),
        .hops = DhcpLayout::Hops::get(bytes_),
        .transaction_id = DhcpLayout::TransactionId::get(bytes_),
        .seconds = DhcpLayout::Seconds::get(bytes_),
        .broadcast = DhcpLayout::Broadcast::get(bytes_) != 0,
        .client_address = DhcpLayout::ClientAddress::get(bytes_),
        .your_address = DhcpLayout::YourAddress::get(bytes_),
        .server_address = DhcpLayout::ServerAddress::get(bytes_),
        .relay_address = DhcpLayout::RelayAddress::get(bytes_),
    };
    copy_bytes(bytes_.subspan(DhcpLayout::kHardwareAddress, DhcpLayout::kHardwareAddressSize),
               header.hardware_address);
    return header;
  }
  // Text of the server, or options (RFC 2132 9.3).
  [[nodiscard]] constexpr Bytes server_name() const {
    return bytes_.subspan(DhcpLayout::kServerName, DhcpLayout::kServerNameSize);
  }
  [[nodiscard]] constexpr Bytes file() const {
    return bytes_.subspan(DhcpLayout::kFile, DhcpLayout::kFileSize);
  }
  [[nodiscard]] constexpr Bytes options() const { return bytes_.subspan(DhcpLayout::kSize); }

 private:
  explicit constexpr DhcpView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Server name and file are left empty.
constexpr void write(const DhcpHeader& header, std::span<std::byte, DhcpLayout::kSize> out) {
  DhcpLayout::Operation::set(out, static_cast<std::uint8_t>(header.operation));
  DhcpLayout::HardwareType::set(out, header.hardware_type);
  DhcpLayout::HardwareLength::set(out, header.hardware_length);
  DhcpLayout::Hops::set(out, header.hops);
  DhcpLayout::TransactionId::set(out, header.transaction_id);
  DhcpLayout::Seconds::set(out, header.seconds);
  DhcpLayout::Flags::set(out, 0);
  DhcpLayout::Broadcast::set(out, header.broadcast ? 1 : 0);
  DhcpLayout::ClientAddress::set(out, header.client_address);
  DhcpLayout::YourAddress::set(out, header.your_address);
  DhcpLayout::ServerAddress::set(out, header.server_address);
  DhcpLayout::RelayAddress::set(out, header.relay_address);
  copy_bytes(header.hardware_address,
             out.subspan<DhcpLayout::kHardwareAddress, DhcpLayout::kHardwareAddressSize>());
  for (std::size_t i = DhcpLayout::kServerName; i < DhcpLayout::Cookie::kBegin; ++i) {
    out[i] = std::byte{0};
  }
  DhcpLayout::Cookie::set(out, kDhcpCookie);
}

}  // namespace strata::wire
