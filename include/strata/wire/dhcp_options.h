// SPDX-License-Identifier: Apache-2.0
// DHCPv4 options (RFC 2132): reading them in all three fields, long ones, and writing them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "strata/wire/dhcp.h"

//   options ...   file (if option 52 says so)   sname (likewise)
//
// 1. The three areas are read as one list, in this order (RFC 2131 4.1); each ends at option 255.
// 2. An option that comes several times is one option whose parts are put together (RFC 3396).

namespace strata::wire {

enum class DhcpOption : std::uint8_t {
  kPad = 0,
  kSubnetMask = 1,
  kRouter = 3,
  kDomainNameServer = 6,
  kHostName = 12,
  kDomainName = 15,
  kInterfaceMtu = 26,
  kNtpServers = 42,
  kRequestedAddress = 50,
  kLeaseTime = 51,
  kOverload = 52,
  kMessageType = 53,
  kServerIdentifier = 54,
  kParameterRequestList = 55,
  kMessage = 56,
  kMaximumMessageSize = 57,
  kRenewalTime = 58,
  kRebindingTime = 59,
  kClientIdentifier = 61,
  kDomainSearch = 119,
  kClasslessRoutes = 121,
  kEnd = 255,
};

enum class DhcpMessageType : std::uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
  kInform = 8,
};

struct DhcpOptionView {
  DhcpOption code;
  Bytes data;
};

// The options of one area. Ends at option 255, and at the first that reaches beyond the area.
class DhcpOptionReader {
 public:
  explicit constexpr DhcpOptionReader(Bytes area) : rest_(area) {}
  [[nodiscard]] constexpr std::optional<DhcpOptionView> next() {
    while (!rest_.empty() && rest_.front() == std::byte{0}) rest_ = rest_.subspan(1);
    if (rest_.empty() || is_malformed_) return std::nullopt;
    const auto code = static_cast<DhcpOption>(rest_.front());
    if (code == DhcpOption::kEnd) {
      rest_ = {};
      return std::nullopt;
    }
    const std::size_t size = rest_.size() < 2 ? SIZE_MAX : std::to_integer<std::size_t>(rest_[1]);
    if (rest_.size() < 2 || size > rest_.size() - 2) {
      is_malformed_ = true;
      return std::nullopt;
    }
    const DhcpOptionView option{code, rest_.subspan(2, size)};
    rest_ = rest_.subspan(2 + size);
    return option;
  }
  [[nodiscard]] constexpr bool is_malformed() const { return is_malformed_; }

 private:
  Bytes rest_;
  bool is_malformed_ = false;
};

// All options of a message.
class DhcpOptions {
 public:
  explicit constexpr DhcpOptions(const DhcpView& message) : areas_{message.options(), {}, {}} {
    DhcpOptionReader reader(message.options());
    while (const auto option = reader.next()) {
      if (option->code != DhcpOption::kOverload || option->data.size() != 1) continue;
      // RFC 2132 9.3: 1 the file, 2 the name, 3 both.
      const auto which = std::to_integer<unsigned>(option->data[0]);
      if ((which & 1U) != 0) areas_[1] = message.file();
      if ((which & 2U) != 0) areas_[2] = message.server_name();
    }
    for (const Bytes area : areas_) {
      DhcpOptionReader check(area);
      while (check.next()) {
      }
      is_malformed_ = is_malformed_ || check.is_malformed();
    }
  }

  // The option's bytes: where they lie, or put together in `scratch`. Nothing when there is no such
  // option, or its parts do not fit.
  [[nodiscard]] constexpr std::optional<Bytes> find(DhcpOption code, MutableBytes scratch) const {
    std::optional<Bytes> first;
    std::size_t size = 0;  // of what was put together
    bool is_long = false;
    for (const Bytes area : areas_) {
      DhcpOptionReader reader(area);
      while (const auto option = reader.next()) {
        if (option->code != code) continue;
        if (!first) {
          first = option->data;
          continue;
        }
        if (!is_long) {
          if (first->size() > scratch.size()) return std::nullopt;
          copy_bytes(*first, scratch.first(first->size()));
          size = first->size();
          is_long = true;
        }
        if (option->data.size() > scratch.size() - size) return std::nullopt;
        copy_bytes(option->data, scratch.subspan(size, option->data.size()));
        size += option->data.size();
      }
    }
    if (is_long) return Bytes(scratch).first(size);
    return first;
  }

  // Options of a fixed size; nothing when the size is another.
  [[nodiscard]] constexpr std::optional<std::uint8_t> find_u8(DhcpOption code) const {
    return find_number<std::uint8_t>(code);
  }
  [[nodiscard]] constexpr std::optional<std::uint16_t> find_u16(DhcpOption code) const {
    return find_number<std::uint16_t>(code);
  }
  [[nodiscard]] constexpr std::optional<std::uint32_t> find_u32(DhcpOption code) const {
    return find_number<std::uint32_t>(code);
  }
  [[nodiscard]] constexpr std::optional<IpAddress> find_address(DhcpOption code) const {
    const auto value = find_u32(code);
    return value ? std::optional(IpAddress::v4(*value)) : std::nullopt;
  }
  [[nodiscard]] constexpr std::optional<DhcpMessageType> message_type() const {
    const auto value = find_u8(DhcpOption::kMessageType);
    return value ? std::optional(static_cast<DhcpMessageType>(*value)) : std::nullopt;
  }
  // Some area ends in the middle of an option.
  [[nodiscard]] constexpr bool is_malformed() const { return is_malformed_; }

 private:
  template <typename T>
  [[nodiscard]] constexpr std::optional<T> find_number(DhcpOption code) const {
    std::array<std::byte, 8> scratch{};
    const auto data = find(code, scratch);
    if (!data || data->size() != sizeof(T)) return std::nullopt;
    return load_big_endian<T>(data->data());
  }

  std::array<Bytes, 3> areas_;
  bool is_malformed_ = false;
};

// RFC 3442: a prefix length, as many bytes of the prefix as it needs, a router.
struct DhcpRoute {
  Prefix destination{};
  IpAddress router = IpAddress::any_v4();  // unspecified: on the link itself

  friend constexpr bool operator==(const DhcpRoute&, const DhcpRoute&) = default;
};

class DhcpRouteReader {
 public:
  explicit constexpr DhcpRouteReader(Bytes data) : rest_(data) {}
  [[nodiscard]] constexpr std::optional<DhcpRoute> next() {
    if (rest_.empty() || is_malformed_) return std::nullopt;
    is_malformed_ = true;  // until it has proved otherwise
    const auto length = std::to_integer<unsigned>(rest_.front());
    const std::size_t significant = (length + 7) / 8;
    if (length > 32 || rest_.size() < 1 + significant + 4) return std::nullopt;
    std::array<std::byte, 4> network{};
    copy_bytes(rest_.subspan(1, significant), MutableBytes(network).first(significant));
    const IpAddress address = IpAddress::v4(load_big_endian<std::uint32_t>(network.data()));
    const auto router = load_big_endian<std::uint32_t>(rest_.data() + 1 + significant);
    rest_ = rest_.subspan(1 + significant + 4);
    is_malformed_ = false;
    // RFC 3442: bits beyond the mask are masked out before use.
    return DhcpRoute{Prefix(address, length).network(), IpAddress::v4(router)};
  }
  [[nodiscard]] constexpr bool is_malformed() const { return is_malformed_; }

 private:
  Bytes rest_;
  bool is_malformed_ = false;
};

// The bytes of one route; how many of them count.
[[nodiscard]] constexpr std::size_t write_dhcp_route(const DhcpRoute& route,
                                                     std::span<std::byte, 9> out) {
  const std::size_t significant = (route.destination.length() + 7) / 8;
  std::array<std::byte, 4> network{};
  store_big_endian(network.data(), route.destination.address().v4_value());
  out[0] = static_cast<std::byte>(route.destination.length());
  copy_bytes(Bytes(network).first(significant), out.subspan(1, significant));
  store_big_endian(out.data() + 1 + significant, route.router.v4_value());
  return 1 + significant + 4;
}

// Puts a message together. What does not fit is refused and leaves the message as it was.
class DhcpWriter {
 public:
  // RFC 1542 2.1: some relays and servers of old drop anything shorter than BOOTP's 300 bytes.
  static constexpr std::size_t kSizeMin = 300;

  // `out` holds kSizeMin bytes at least.
  constexpr DhcpWriter(const DhcpHeader& header, MutableBytes out) : out_(out) {
    write(header, out_.first<DhcpLayout::kSize>());
  }
  // More than 255 bytes become several options of this code (RFC 3396).
  constexpr bool add(DhcpOption code, Bytes data) {
    const std::size_t parts = data.empty() ? 1 : (data.size() + 254) / 255;
    // One byte stays for the end.
    if (out_.size() - size_ < parts * 2 + data.size() + 1) return false;
    do {
      const Bytes part = data.first(data.size() < 255 ? data.size() : 255);
      out_[size_] = static_cast<std::byte>(code);
      out_[size_ + 1] = static_cast<std::byte>(part.size());
      copy_bytes(part, out_.subspan(size_ + 2, part.size()));
      size_ += 2 + part.size();
      data = data.subspan(part.size());
    } while (!data.empty());
    return true;
  }
  template <std::unsigned_integral T>
  constexpr bool add(DhcpOption code, T value) {
    std::array<std::byte, sizeof(T)> data{};
    store_big_endian<T>(data.data(), value);
    return add(code, Bytes(data));
  }
  constexpr bool add(DhcpOption code, const IpAddress& address) {
    return add(code, address.v4_value());
  }
  // Ends the options and fills up; once, at the end.
  [[nodiscard]] constexpr Bytes finish() {
    out_[size_++] = static_cast<std::byte>(DhcpOption::kEnd);
    while (size_ < kSizeMin) out_[size_++] = std::byte{0};
    return Bytes(out_).first(size_);
  }

 private:
  MutableBytes out_;
  std::size_t size_ = DhcpLayout::kSize;
};

}  // namespace strata::wire
