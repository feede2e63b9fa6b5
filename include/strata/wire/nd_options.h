// SPDX-License-Identifier: Apache-2.0
// Options of neighbor discovery: RFC 4861 4.6, RFC 4191 (routes), RFC 3971 (nonce), RFC 8106 (DNS).
//
// NdOptions iterates over all options and never leaves its bytes: an option of length 0, or one
// that claims more than there is, ends the walk. NdOptions::parse refuses such a list as a whole,
// which is what RFC 4861 asks of a receiver.
//
// An option of fixed size decodes straight into plain values: X::parse(option) and write(x, out).
// One of variable size has a View, which hands out its bytes, and a free write.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "strata/wire/field.h"

namespace strata::wire {

enum class NdOptionType : std::uint8_t {
  kSourceLinkLayerAddress = 1,
  kTargetLinkLayerAddress = 2,
  kPrefixInformation = 3,
  kRedirectedHeader = 4,
  kMtu = 5,
  kNonce = 14,                // RFC 3971, RFC 7527
  kRouteInformation = 24,     // RFC 4191
  kRecursiveDnsServers = 25,  // RFC 8106
  kDnsSearchList = 31,        // RFC 8106
};

inline constexpr std::size_t kNdOptionUnit = 8;  // lengths count these
inline constexpr std::uint32_t kNdInfiniteLifetime = 0xffff'ffff;

// RFC 4191 2.1, a two-bit signed number; 2 is reserved.
enum class RouterPreference : std::uint8_t { kMedium = 0, kHigh = 1, kLow = 3 };

[[nodiscard]] constexpr std::optional<RouterPreference> router_preference(std::uint8_t bits) {
  if (bits == 2 || bits > 3) return std::nullopt;
  return static_cast<RouterPreference>(bits);
}

struct NdOptionLayout {
  using Type = Field<std::uint8_t, 0>;
  using Length = Field<std::uint8_t, Type::kEnd>;  // the whole option, in units of 8 bytes
  static constexpr std::size_t kSize = Length::kEnd;
};

class NdOptionView {
 public:
  // `bytes` starts at the option and may hold more behind it.
  [[nodiscard]] static constexpr Parsed<NdOptionView> parse(Bytes bytes) {
    if (bytes.size() < NdOptionLayout::kSize) return std::unexpected(ParseError::kTooShort);
    const std::size_t size = NdOptionLayout::Length::get(bytes) * kNdOptionUnit;
    if (size == 0 || size > bytes.size()) return std::unexpected(ParseError::kBadLength);
    return NdOptionView(bytes.first(size));
  }

  [[nodiscard]] constexpr NdOptionType type() const {
    return static_cast<NdOptionType>(NdOptionLayout::Type::get(bytes_));
  }
  // Type and length included; a multiple of 8 and never empty.
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr Bytes data() const { return bytes_.subspan(NdOptionLayout::kSize); }

 private:
  explicit constexpr NdOptionView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

class NdOptions {
 public:
  class Iterator {
   public:
    using value_type = NdOptionView;
    using difference_type = std::ptrdiff_t;
    explicit constexpr Iterator(Bytes rest) : rest_(rest) {}
    [[nodiscard]] constexpr NdOptionView operator*() const { return *NdOptionView::parse(rest_); }
    constexpr Iterator& operator++() {
      rest_ = rest_.subspan((**this).bytes().size());
      return *this;
    }
    constexpr void operator++(int) { ++*this; }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return !NdOptionView::parse(it.rest_).has_value();
    }

   private:
    Bytes rest_;
  };

  // Any bytes: the walk ends at the first option that is malformed.
  explicit constexpr NdOptions(Bytes bytes) : bytes_(bytes) {}
  // RFC 4861 6.1.1: a message with an option of length 0 MUST be discarded.
  [[nodiscard]] static constexpr Parsed<NdOptions> parse(Bytes bytes) {
    for (Bytes rest = bytes; !rest.empty();) {
      const auto option = NdOptionView::parse(rest);
      if (!option) return std::unexpected(ParseError::kBadLength);
      rest = rest.subspan(option->bytes().size());
    }
    return NdOptions(bytes);
  }

  [[nodiscard]] constexpr Iterator begin() const { return Iterator(bytes_); }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }
  // The first option of a type.
  [[nodiscard]] constexpr std::optional<NdOptionView> find(NdOptionType type) const {
    for (const NdOptionView option : *this) {
      if (option.type() == type) return option;
    }
    return std::nullopt;
  }
  // The address in the first source or target link-layer address option, if it is a MAC address.
  [[nodiscard]] constexpr std::optional<MacAddress> link_layer_address(NdOptionType type) const;
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// Checks what every option of fixed size must fulfil.
template <typename Layout>
[[nodiscard]] constexpr std::optional<ParseError> nd_option_error(const NdOptionView& option,
                                                                  NdOptionType type) {
  if (option.type() != type) return ParseError::kBadVersion;
  if (option.bytes().size() != Layout::kSize) return ParseError::kBadLength;
  return std::nullopt;
}

constexpr void write_nd_option_head(NdOptionType type, MutableBytes option) {
  NdOptionLayout::Type::set(option, static_cast<std::uint8_t>(type));
  NdOptionLayout::Length::set(option, static_cast<std::uint8_t>(option.size() / kNdOptionUnit));
}

// RFC 4861 4.6.1, for Ethernet (RFC 2464 6).
struct LinkLayerAddressLayout : NdOptionLayout {
  using Address = MacField<Length::kEnd>;
  static constexpr std::size_t kSize = Address::kEnd;
  static_assert(kSize == kNdOptionUnit);
};

struct LinkLayerAddressOption {
  NdOptionType type = NdOptionType::kSourceLinkLayerAddress;  // or kTargetLinkLayerAddress
  MacAddress address{};

  [[nodiscard]] static constexpr Parsed<LinkLayerAddressOption> parse(const NdOptionView& option) {
    const bool is_target = option.type() == NdOptionType::kTargetLinkLayerAddress;
    const auto type =
        is_target ? NdOptionType::kTargetLinkLayerAddress : NdOptionType::kSourceLinkLayerAddress;
    if (const auto error = nd_option_error<LinkLayerAddressLayout>(option, type)) {
      return std::unexpected(*error);
    }
    return LinkLayerAddressOption{type, LinkLayerAddressLayout::Address::get(option.bytes())};
  }
  friend constexpr bool operator==(const LinkLayerAddressOption&,
                                   const LinkLayerAddressOption&) = default;
};

constexpr void write(const LinkLayerAddressOption& option,
                     std::span<std::byte, LinkLayerAddressLayout::kSize> out) {
  write_nd_option_head(option.type, out);
  LinkLayerAddressLayout::Address::set(out, option.address);
}

constexpr std::optional<MacAddress> NdOptions::link_layer_address(NdOptionType type) const {
  const auto option = find(type);
  if (!option) return std::nullopt;
  const auto parsed = LinkLayerAddressOption::parse(*option);
  if (!parsed) return std::nullopt;
  return parsed->address;
}

// RFC 4861 4.6.2:
//   0       8       16      24      32
//   +-------+-------+-------+-------+
//   | type  |  4    |pfx len|LA     |
//   +-------+-------+-------+-------+
//   |         valid lifetime        |
//   |       preferred lifetime      |
//   |            reserved           |
//   |          prefix (16)          |
struct PrefixInformationLayout : NdOptionLayout {
  using PrefixLength = Field<std::uint8_t, Length::kEnd>;
  using Flags = Field<std::uint8_t, PrefixLength::kEnd>;
  using OnLink = Bits<Flags, 7, 1>;
  using Autonomous = Bits<Flags, 6, 1>;
  using ValidLifetime = Field<std::uint32_t, Flags::kEnd>;
  using PreferredLifetime = Field<std::uint32_t, ValidLifetime::kEnd>;
  using Reserved = Field<std::uint32_t, PreferredLifetime::kEnd>;
  using Address = Ipv6Field<Reserved::kEnd>;
  static constexpr std::size_t kSize = Address::kEnd;
  static_assert(kSize == 32);
};

struct PrefixInformationOption {
  Prefix prefix{};
  bool on_link = false;
  bool autonomous = false;  // RFC 4862: make addresses from it
  std::uint32_t valid_lifetime_s = 0;
  std::uint32_t preferred_lifetime_s = 0;

  // The rules of RFC 4862 5.5.3 on lifetimes and link-local prefixes stay with the caller.
  [[nodiscard]] static constexpr Parsed<PrefixInformationOption> parse(const NdOptionView& option) {
    using Layout = PrefixInformationLayout;
    if (const auto error = nd_option_error<Layout>(option, NdOptionType::kPrefixInformation)) {
      return std::unexpected(*error);
    }
    const Bytes bytes = option.bytes();
    const unsigned length = Layout::PrefixLength::get(bytes);
    const IpAddress address = Layout::Address::get(bytes);
    // A v4-mapped prefix would be taken for an IPv4 one from here on.
    if (length > 128 || address.is_v4()) return std::unexpected(ParseError::kBadValue);
    return PrefixInformationOption{
        // RFC 4861 4.6.2: the bits behind the prefix length MUST be ignored.
        .prefix = Prefix(address, length).network(),
        .on_link = Layout::OnLink::get(bytes) != 0,
        .autonomous = Layout::Autonomous::get(bytes) != 0,
        .valid_lifetime_s = Layout::ValidLifetime::get(bytes),
        .preferred_lifetime_s = Layout::PreferredLifetime::get(bytes),
    };
  }
  friend constexpr bool operator==(const PrefixInformationOption&,
                                   const PrefixInformationOption&) = default;
};

constexpr void write(const PrefixInformationOption& option,
                     std::span<std::byte, PrefixInformationLayout::kSize> out) {
  using Layout = PrefixInformationLayout;
  write_nd_option_head(NdOptionType::kPrefixInformation, out);
  Layout::PrefixLength::set(out, static_cast<std::uint8_t>(option.prefix.length()));
  Layout::Flags::set(out, 0);
  Layout::OnLink::set(out, option.on_link ? 1 : 0);
  Layout::Autonomous::set(out, option.autonomous ? 1 : 0);
  Layout::ValidLifetime::set(out, option.valid_lifetime_s);
  Layout::PreferredLifetime::set(out, option.preferred_lifetime_s);
  Layout::Reserved::set(out, 0);
  Layout::Address::set(out, option.prefix.network().address());
}

// RFC 4861 4.6.4.
struct MtuLayout : NdOptionLayout {
  using Reserved = Field<std::uint16_t, Length::kEnd>;
  using Mtu = Field<std::uint32_t, Reserved::kEnd>;
  static constexpr std::size_t kSize = Mtu::kEnd;
  static_assert(kSize == kNdOptionUnit);
};

struct MtuOption {
  std::uint32_t mtu = 0;

  [[nodiscard]] static constexpr Parsed<MtuOption> parse(const NdOptionView& option) {
    if (const auto error = nd_option_error<MtuLayout>(option, NdOptionType::kMtu)) {
      return std::unexpected(*error);
    }
    return MtuOption{MtuLayout::Mtu::get(option.bytes())};
  }
  friend constexpr bool operator==(const MtuOption&, const MtuOption&) = default;
};

constexpr void write(const MtuOption& option, std::span<std::byte, MtuLayout::kSize> out) {
  write_nd_option_head(NdOptionType::kMtu, out);
  MtuLayout::Reserved::set(out, 0);
  MtuLayout::Mtu::set(out, option.mtu);
}

// RFC 4191 2.3: the prefix takes 0, 8 or 16 bytes, as many as its length needs.
struct RouteInformationLayout : NdOptionLayout {
  using PrefixLength = Field<std::uint8_t, Length::kEnd>;
  using Flags = Field<std::uint8_t, PrefixLength::kEnd>;
  using Preference = Bits<Flags, 3, 2>;
  using RouteLifetime = Field<std::uint32_t, Flags::kEnd>;
  static constexpr std::size_t kSize = RouteLifetime::kEnd;  // without the prefix
  static_assert(kSize == kNdOptionUnit);
};

struct RouteInformationOption {
  Prefix prefix{};
  RouterPreference preference = RouterPreference::kMedium;
  std::uint32_t route_lifetime_s = 0;

  [[nodiscard]] constexpr std::size_t size() const {
    return RouteInformationLayout::kSize + (prefix.length() + 63U) / 64U * kNdOptionUnit;
  }
  [[nodiscard]] static constexpr Parsed<RouteInformationOption> parse(const NdOptionView& option);
  friend constexpr bool operator==(const RouteInformationOption&,
                                   const RouteInformationOption&) = default;
};

constexpr Parsed<RouteInformationOption> RouteInformationOption::parse(const NdOptionView& option) {
  using Layout = RouteInformationLayout;
  if (option.type() != NdOptionType::kRouteInformation) {
    return std::unexpected(ParseError::kBadVersion);
  }
  const Bytes bytes = option.bytes();
  const unsigned length = Layout::PrefixLength::get(bytes);
  if (length > 128) return std::unexpected(ParseError::kBadValue);
  const Bytes sent = bytes.subspan(Layout::kSize);
  if (sent.size() > 16 || sent.size() * 8 < length) return std::unexpected(ParseError::kBadLength);
  // RFC 4191 2.3: with the reserved preference the option MUST be ignored.
  const auto preference = router_preference(Layout::Preference::get(bytes));
  if (!preference) return std::unexpected(ParseError::kBadValue);
  std::array<std::byte, 16> address{};
  copy_bytes(sent, MutableBytes(address).first(sent.size()));
  const IpAddress prefix = IpAddress::from_bytes(address);
  if (prefix.is_v4()) return std::unexpected(ParseError::kBadValue);
  // The bits behind the prefix length are reserved and ignored.
  return RouteInformationOption{Prefix(prefix, length).network(), *preference,
                                Layout::RouteLifetime::get(bytes)};
}

// `out` holds option.size() bytes. Bits behind the prefix length are sent as zero.
constexpr void write(const RouteInformationOption& option, MutableBytes out) {
  using Layout = RouteInformationLayout;
  const MutableBytes written = out.first(option.size());
  write_nd_option_head(NdOptionType::kRouteInformation, written);
  Layout::PrefixLength::set(written, static_cast<std::uint8_t>(option.prefix.length()));
  Layout::Flags::set(written, 0);
  Layout::Preference::set(written, static_cast<std::uint8_t>(option.preference));
  Layout::RouteLifetime::set(written, option.route_lifetime_s);
  const IpAddress network = option.prefix.network().address();
  copy_bytes(network.bytes().first(written.size() - Layout::kSize), written.subspan(Layout::kSize));
}

// RFC 4861 4.6.3: six reserved bytes, then as much of the redirected packet as fits, padded.
struct RedirectedHeaderLayout : NdOptionLayout {
  static constexpr std::size_t kSize = kNdOptionUnit;
};

class RedirectedHeaderView {
 public:
  [[nodiscard]] static constexpr Parsed<RedirectedHeaderView> parse(const NdOptionView& option) {
    if (option.type() != NdOptionType::kRedirectedHeader) {
      return std::unexpected(ParseError::kBadVersion);
    }
    return RedirectedHeaderView(option.bytes());
  }
  // From its IPv6 header on; cut, and followed by up to seven bytes of padding.
  [[nodiscard]] constexpr Bytes quoted() const {
    return bytes_.subspan(RedirectedHeaderLayout::kSize);
  }

 private:
  explicit constexpr RedirectedHeaderView(Bytes bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

// Quotes `packet` up to a multiple of 8 bytes that fits in `out`; returns the option's size, or 0
// if `out` cannot hold any option.
constexpr std::size_t write_redirected_header(Bytes packet, MutableBytes out) {
  const std::size_t room = std::min(out.size() / kNdOptionUnit, std::size_t{255}) * kNdOptionUnit;
  if (room < RedirectedHeaderLayout::kSize) return 0;
  const std::size_t wanted = (packet.size() + kNdOptionUnit - 1) / kNdOptionUnit * kNdOptionUnit;
  const std::size_t size =
      RedirectedHeaderLayout::kSize + std::min(wanted, room - RedirectedHeaderLayout::kSize);
  const MutableBytes written = out.first(size);
  std::ranges::fill(written, std::byte{0});
  write_nd_option_head(NdOptionType::kRedirectedHeader, written);
  const MutableBytes quote = written.subspan(RedirectedHeaderLayout::kSize);
  const std::size_t quoted = std::min(packet.size(), quote.size());
  copy_bytes(packet.first(quoted), quote.first(quoted));
  return size;
}

// RFC 3971 5.3.2, RFC 7527 4.1: six bytes, or more in steps of eight. Duplicate address detection
// recognises its own solicitation by it when the link loops it back.
class NonceView {
 public:
  [[nodiscard]] static constexpr Parsed<NonceView> parse(const NdOptionView& option) {
    if (option.type() != NdOptionType::kNonce) return std::unexpected(ParseError::kBadVersion);
    return NonceView(option.data());
  }
  [[nodiscard]] constexpr Bytes nonce() const { return nonce_; }

 private:
  explicit constexpr NonceView(Bytes nonce) : nonce_(nonce) {}
  Bytes nonce_;
};

// `out` is two bytes longer than `nonce` and a multiple of 8.
constexpr void write_nonce(Bytes nonce, MutableBytes out) {
  write_nd_option_head(NdOptionType::kNonce, out);
  copy_bytes(nonce, out.subspan(NdOptionLayout::kSize, nonce.size()));
}

}  // namespace strata::wire
