// SPDX-License-Identifier: Apache-2.0
// Addresses as values: MacAddress, IpAddress (IPv4 as v4-mapped), Prefix, Endpoint.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "strata/bytes.h"

namespace strata {

class MacAddress {
 public:
  constexpr MacAddress() = default;
  [[nodiscard]] static constexpr MacAddress from_bytes(std::span<const std::byte, 6> bytes) {
    MacAddress address;
    copy_bytes(bytes, address.octets_);
    return address;
  }
  [[nodiscard]] static constexpr MacAddress from_value(std::uint64_t value) {
    MacAddress address;
    for (std::size_t i = 0; i < 6; ++i) {
      address.octets_[i] = static_cast<std::byte>(value >> (8U * (5 - i)));
    }
    return address;
  }
  [[nodiscard]] static constexpr MacAddress broadcast() { return from_value(0xffff'ffff'ffff); }
  // RFC 1112 6.4 and RFC 2464 7: where a multicast group is sent on Ethernet.
  [[nodiscard]] static constexpr MacAddress for_multicast(const class IpAddress& group);
  // "02:00:5e:10:00:00"; colons or dashes.
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);

  [[nodiscard]] constexpr std::span<const std::byte, 6> bytes() const { return octets_; }
  [[nodiscard]] constexpr bool is_multicast() const {
    return (octets_[0] & std::byte{1}) != std::byte{0};
  }
  [[nodiscard]] constexpr bool is_broadcast() const { return *this == broadcast(); }
  [[nodiscard]] constexpr bool is_unspecified() const { return *this == MacAddress{}; }

  friend constexpr bool operator==(const MacAddress& a, const MacAddress& b) {
    return a.value() == b.value();
  }
  friend constexpr std::strong_ordering operator<=>(const MacAddress& a, const MacAddress& b) {
    return a.value() <=> b.value();
  }

 private:
  [[nodiscard]] constexpr std::uint64_t value() const {
    return (std::uint64_t{load_big_endian<std::uint32_t>(octets_.data())} << 16U) |
           load_big_endian<std::uint16_t>(octets_.data() + 4);
  }

  std::array<std::byte, 6> octets_{};
};

// 16 bytes for both families; IPv4 is v4-mapped (::ffff:a.b.c.d), so nothing above ip/ needs two
// versions of itself. The wire cannot alias it: receive_ipv6 refuses v4-mapped addresses.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // "::"
  [[nodiscard]] static constexpr IpAddress from_bytes(std::span<const std::byte, 16> bytes) {
    IpAddress address;
    copy_bytes(bytes, address.octets_);
    return address;
  }
  [[nodiscard]] static constexpr IpAddress v4(std::uint32_t host_order) {
    // In two whole words, as it is read: smaller writes would have to be waited for.
    return v6(0, 0xffff'0000'0000U | host_order);
  }
  [[nodiscard]] static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c,
                                              std::uint8_t d) {
    return v4((std::uint32_t{a} << 24U) | (std::uint32_t{b} << 16U) | (std::uint32_t{c} << 8U) |
              std::uint32_t{d});
  }
  [[nodiscard]] static constexpr IpAddress v6(std::uint64_t high, std::uint64_t low) {
    IpAddress address;
    store_big_endian<std::uint64_t>(address.octets_.data(), high);
    store_big_endian<std::uint64_t>(address.octets_.data() + 8, low);
    return address;
  }
  [[nodiscard]] static constexpr IpAddress any_v4() { return v4(0); }
  [[nodiscard]] static constexpr IpAddress any_v6() { return IpAddress{}; }
  [[nodiscard]] static constexpr IpAddress loopback_v4() { return v4(127, 0, 0, 1); }
  [[nodiscard]] static constexpr IpAddress loopback_v6() { return v6(0, 1); }
  [[nodiscard]] static constexpr IpAddress limited_broadcast() { return v4(0xffff'ffff); }
  // RFC 4291 2.7.1: ff02::1, ff02::2 and the solicited-node group of an address.
  [[nodiscard]] static constexpr IpAddress all_nodes_v6() { return v6(0xff02'0000'0000'0000, 1); }
  [[nodiscard]] static constexpr IpAddress all_routers_v6() { return v6(0xff02'0000'0000'0000, 2); }
  [[nodiscard]] constexpr IpAddress solicited_node_group() const {
    return v6(0xff02'0000'0000'0000, 0x0000'0001'ff00'0000 | (low() & 0xff'ffff));
  }
  [[nodiscard]] static constexpr IpAddress all_hosts_v4() { return v4(224, 0, 0, 1); }

  // "10.0.0.1", "fe80::1". No zone, no surrounding space, no octal.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr std::span<const std::byte, 16> bytes() const { return octets_; }
  [[nodiscard]] constexpr std::uint64_t high() const {
    return load_big_endian<std::uint64_t>(octets_.data());
  }
  [[nodiscard]] constexpr std::uint64_t low() const {
    return load_big_endian<std::uint64_t>(octets_.data() + 8);
  }
  [[nodiscard]] constexpr bool is_v4() const { return high() == 0 && (low() >> 32U) == 0xffff; }
  [[nodiscard]] constexpr bool is_v6() const { return !is_v4(); }
  // The IPv4 address in host order; meaningful only when is_v4().
  [[nodiscard]] constexpr std::uint32_t v4_value() const {
    return load_big_endian<std::uint32_t>(octets_.data() + 12);
  }

  [[nodiscard]] constexpr bool is_unspecified() const {
    return is_v4() ? v4_value() == 0 : (high() | low()) == 0;
  }
  [[nodiscard]] constexpr bool is_loopback() const {
    return is_v4() ? (v4_value() >> 24U) == 127 : high() == 0 && low() == 1;
  }
  [[nodiscard]] constexpr bool is_multicast() const {
    return is_v4() ? (v4_value() >> 28U) == 0xe : (high() >> 56U) == 0xff;
  }
  [[nodiscard]] constexpr bool is_limited_broadcast() const {
    return is_v4() && v4_value() == 0xffff'ffff;
  }
  // RFC 1122 3.2.1.3: 240/4 but the limited broadcast address.
  [[nodiscard]] constexpr bool is_reserved_v4() const {
    return is_v4() && (v4_value() >> 28U) == 0xf && !is_limited_broadcast();
  }
  [[nodiscard]] constexpr bool is_link_local() const {
    return is_v4() ? (v4_value() >> 16U) == 0xa9fe : (high() >> 54U) == (0xfe80U >> 6U);
  }
  [[nodiscard]] constexpr bool is_unique_local() const { return (high() >> 57U) == (0xfcU >> 1U); }
  // RFC 4291 2.7: the scope nibble of an IPv6 group (1 interface, 2 link, 5 site, 14 global).
  [[nodiscard]] constexpr unsigned multicast_scope() const {
    return static_cast<unsigned>((high() >> 48U) & 0xf);
  }

  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    const auto x = std::bit_cast<Words>(a.octets_);
    const auto y = std::bit_cast<Words>(b.octets_);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }
  friend constexpr std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
    if (const auto order = a.high() <=> b.high(); order != 0) return order;
    return a.low() <=> b.low();
  }

 private:
  using Words = std::array<std::uint64_t, 2>;

  std::array<std::byte, 16> octets_{};
};

constexpr MacAddress MacAddress::for_multicast(const IpAddress& group) {
  if (group.is_v4()) return from_value(0x0100'5e00'0000 | (group.v4_value() & 0x7f'ffff));
  return from_value(0x3333'0000'0000 | (group.low() & 0xffff'ffff));
}

// An address and how many of its leading bits count. For IPv4, 0 to 32.
class Prefix {
 public:
  constexpr Prefix() = default;
  constexpr Prefix(const IpAddress& address, unsigned length)
      : address_(address), length_(static_cast<std::uint8_t>(length)) {}
  // "10.0.0.0/8", "fd77::/64". The host bits may be set: "10.77.0.2/24" keeps its address.
  [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);

  [[nodiscard]] constexpr const IpAddress& address() const { return address_; }
  [[nodiscard]] constexpr unsigned length() const { return length_; }
  [[nodiscard]] constexpr bool is_v4() const { return address_.is_v4(); }
  // How many bits of the 16-byte form count.
  [[nodiscard]] constexpr unsigned mapped_length() const {
    return is_v4() ? length_ + 96U : length_;
  }
  [[nodiscard]] constexpr bool contains(const IpAddress& address) const {
    const auto [high, low] = mask();
    return is_v4() == address.is_v4() && ((address.high() ^ address_.high()) & high) == 0 &&
           ((address.low() ^ address_.low()) & low) == 0;
  }
  // The same prefix with its host bits cleared.
  [[nodiscard]] constexpr Prefix network() const {
    const auto [high, low] = mask();
    return {IpAddress::v6(address_.high() & high, address_.low() & low), length_};
  }
  // RFC 1812 5.3.5: the directed broadcast address; none for /31, /32 (RFC 3021) and IPv6.
  [[nodiscard]] constexpr std::optional<IpAddress> directed_broadcast() const {
    if (!is_v4() || length_ >= 31) return std::nullopt;
    return IpAddress::v4(address_.v4_value() | (0xffff'ffffU >> length_));
  }

  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  struct Mask {
    std::uint64_t high, low;
  };
  [[nodiscard]] constexpr Mask mask() const {
    const unsigned bits = mapped_length();
    return {bits == 0    ? 0
            : bits >= 64 ? ~std::uint64_t{0}
                         : ~std::uint64_t{0} << (64 - bits),
            bits <= 64    ? 0
            : bits >= 128 ? ~std::uint64_t{0}
                          : ~std::uint64_t{0} << (128 - bits)};
  }

  IpAddress address_;
  std::uint8_t length_ = 0;
};

// Names one interface of a stack; 0 means none. It is also the zone of a scoped address.
using InterfaceId = std::uint16_t;
inline constexpr InterfaceId kNoInterface = 0;

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  InterfaceId zone = kNoInterface;  // which link, for link-local and multicast addresses

  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// Text in a fixed buffer, so that the lower ranks can name an address without allocating.
template <std::size_t kCapacity>
struct FixedText {
  std::array<char, kCapacity> characters{};
  std::uint8_t length = 0;

  // As much of the text as fits.
  [[nodiscard]] static constexpr FixedText of(std::string_view text) {
    FixedText made;
    made.length = static_cast<std::uint8_t>(std::min(text.size(), kCapacity));
    std::copy_n(text.begin(), made.length, made.characters.begin());
    return made;
  }
  [[nodiscard]] constexpr std::string_view view() const { return {characters.data(), length}; }
  constexpr operator std::string_view() const { return view(); }
  friend constexpr bool operator==(const FixedText& a, const FixedText& b) {
    return a.view() == b.view();
  }
};

[[nodiscard]] FixedText<17> to_text(const MacAddress& address);
[[nodiscard]] FixedText<45> to_text(const IpAddress& address);  // RFC 5952
[[nodiscard]] FixedText<49> to_text(const Prefix& prefix);
[[nodiscard]] FixedText<60> to_text(const Endpoint& endpoint);  // "[fe80::1%2]:80"

}  // namespace strata
