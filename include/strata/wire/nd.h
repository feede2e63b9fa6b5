// SPDX-License-Identifier: Apache-2.0
// Neighbor discovery messages (RFC 4861 4), with the flags of RFC 4191, 4389 and 6275.
//
// parse makes every check of RFC 4861 6.1, 7.1 and 8.1 that the message alone decides: its
// length, code 0, addresses that must not be multicast, and options that all have a length.
// What needs the IPv6 header stays with the caller: hop limit 255, checksum, link-local source of
// advertisements and redirects, and the rules for the unspecified source.
//
// A message is followed by options; options() iterates over them (nd_options.h).
#pragma once

#include <cstdint>
#include <span>

#include "strata/wire/field.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/nd_options.h"

namespace strata::wire {

[[nodiscard]] constexpr bool is_neighbor_discovery(Icmpv6Type type) {
  return type >= Icmpv6Type::kRouterSolicitation && type <= Icmpv6Type::kRedirect;
}

// RFC 4861 6.1 to 8.1: what all five messages must fulfil.
template <typename Layout>
[[nodiscard]] constexpr Parsed<NdOptions> parse_nd_message(Bytes message, Icmpv6Type type) {
  if (message.size() < Layout::kSize) return std::unexpected(ParseError::kTooShort);
  if (Layout::Type::get(message) != static_cast<std::uint8_t>(type)) {
    return std::unexpected(ParseError::kBadVersion);
  }
  if (Layout::Code::get(message) != 0) return std::unexpected(ParseError::kBadValue);
  return NdOptions::parse(message.subspan(Layout::kSize));
}

// RFC 4861 7.1: a target MUST NOT be a multicast address. Nor may it be v4-mapped, which would be
// taken for one of our IPv4 addresses.
[[nodiscard]] constexpr bool is_nd_target(const IpAddress& address) {
  return address.is_v6() && !address.is_multicast();
}

// RFC 4861 4.1.
struct RouterSolicitationLayout : Icmpv6Layout {
  using Reserved = Field<std::uint32_t, Checksum::kEnd>;
  static constexpr std::size_t kSize = Reserved::kEnd;
  static_assert(kSize == 8);
};

struct RouterSolicitationHeader {
  std::uint16_t checksum = 0;

  friend constexpr bool operator==(const RouterSolicitationHeader&,
                                   const RouterSolicitationHeader&) = default;
};

class RouterSolicitationView {
 public:
  [[nodiscard]] static constexpr Parsed<RouterSolicitationView> parse(Bytes message) {
    const auto options =
        parse_nd_message<RouterSolicitationLayout>(message, Icmpv6Type::kRouterSolicitation);
    if (!options) return std::unexpected(options.error());
    return RouterSolicitationView(message, *options);
  }

  [[nodiscard]] constexpr const NdOptions& options() const { return options_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr RouterSolicitationHeader header() const {
    return {Icmpv6Layout::Checksum::get(bytes_)};
  }

 private:
  constexpr RouterSolicitationView(Bytes bytes, const NdOptions& options)
      : bytes_(bytes), options_(options) {}
  Bytes bytes_;
  NdOptions options_;
};

constexpr void write(const RouterSolicitationHeader& header,
                     std::span<std::byte, RouterSolicitationLayout::kSize> out) {
  write(Icmpv6Header{.type = Icmpv6Type::kRouterSolicitation, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  RouterSolicitationLayout::Reserved::set(out, 0);
}

// RFC 4861 4.2, RFC 4191 2.2:
//   0       8       16              32
//   +-------+-------+---------------+
//   | type  | code  |   checksum    |
//   +-------+-------+---------------+
//   |hop lim|MOHPrfP|   lifetime    |   Prf is two bits, then P(roxy)
//   +-------+-------+---------------+
//   |       reachable time (ms)     |
//   +-------------------------------+
//   |       retrans timer (ms)      |
//   +-------------------------------+
struct RouterAdvertisementLayout : Icmpv6Layout {
  using CurHopLimit = Field<std::uint8_t, Checksum::kEnd>;
  using Flags = Field<std::uint8_t, CurHopLimit::kEnd>;
  using Managed = Bits<Flags, 7, 1>;
  using OtherConfiguration = Bits<Flags, 6, 1>;
  using HomeAgent = Bits<Flags, 5, 1>;
  using Preference = Bits<Flags, 3, 2>;
  using Proxy = Bits<Flags, 2, 1>;
  using RouterLifetime = Field<std::uint16_t, Flags::kEnd>;
  using ReachableTime = Field<std::uint32_t, RouterLifetime::kEnd>;
  using RetransTimer = Field<std::uint32_t, ReachableTime::kEnd>;
  static constexpr std::size_t kSize = RetransTimer::kEnd;
  static_assert(kSize == 16);
};

struct RouterAdvertisementHeader {
  std::uint16_t checksum = 0;
  std::uint8_t cur_hop_limit = 0;  // 0: unspecified
  bool managed = false;            // addresses by DHCPv6
  bool other_configuration = false;
  bool home_agent = false;  // RFC 6275
  bool proxy = false;       // RFC 4389
  RouterPreference preference = RouterPreference::kMedium;
  std::uint16_t router_lifetime_s = 0;  // 0: not a default router
  std::uint32_t reachable_time_ms = 0;  // 0: unspecified
  std::uint32_t retrans_timer_ms = 0;   // 0: unspecified

  friend constexpr bool operator==(const RouterAdvertisementHeader&,
                                   const RouterAdvertisementHeader&) = default;
};

class RouterAdvertisementView {
 public:
  [[nodiscard]] static constexpr Parsed<RouterAdvertisementView> parse(Bytes message) {
    const auto options =
        parse_nd_message<RouterAdvertisementLayout>(message, Icmpv6Type::kRouterAdvertisement);
    if (!options) return std::unexpected(options.error());
    return RouterAdvertisementView(message, *options);
  }

  [[nodiscard]] constexpr const NdOptions& options() const { return options_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr RouterAdvertisementHeader header() const {
    using Layout = RouterAdvertisementLayout;
    return {
        .checksum = Layout::Checksum::get(bytes_),
        .cur_hop_limit = Layout::CurHopLimit::get(bytes_),
        .managed = Layout::Managed::get(bytes_) != 0,
        .other_configuration = Layout::OtherConfiguration::get(bytes_) != 0,
        .home_agent = Layout::HomeAgent::get(bytes_) != 0,
        .proxy = Layout::Proxy::get(bytes_) != 0,
        // RFC 4191 2.2: the reserved value MUST be treated as medium.
        .preference =
            router_preference(Layout::Preference::get(bytes_)).value_or(RouterPreference::kMedium),
        .router_lifetime_s = Layout::RouterLifetime::get(bytes_),
        .reachable_time_ms = Layout::ReachableTime::get(bytes_),
        .retrans_timer_ms = Layout::RetransTimer::get(bytes_),
    };
  }

 private:
  constexpr RouterAdvertisementView(Bytes bytes, const NdOptions& options)
      : bytes_(bytes), options_(options) {}
  Bytes bytes_;
  NdOptions options_;
};

constexpr void write(const RouterAdvertisementHeader& header,
                     std::span<std::byte, RouterAdvertisementLayout::kSize> out) {
  using Layout = RouterAdvertisementLayout;
  write(Icmpv6Header{.type = Icmpv6Type::kRouterAdvertisement, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  Layout::CurHopLimit::set(out, header.cur_hop_limit);
  Layout::Flags::set(out, 0);
  Layout::Managed::set(out, header.managed ? 1 : 0);
  Layout::OtherConfiguration::set(out, header.other_configuration ? 1 : 0);
  Layout::HomeAgent::set(out, header.home_agent ? 1 : 0);
  Layout::Preference::set(out, static_cast<std::uint8_t>(header.preference));
  Layout::Proxy::set(out, header.proxy ? 1 : 0);
  Layout::RouterLifetime::set(out, header.router_lifetime_s);
  Layout::ReachableTime::set(out, header.reachable_time_ms);
  Layout::RetransTimer::set(out, header.retrans_timer_ms);
}

// RFC 4861 4.3.
struct NeighborSolicitationLayout : Icmpv6Layout {
  using Reserved = Field<std::uint32_t, Checksum::kEnd>;
  using Target = Ipv6Field<Reserved::kEnd>;
  static constexpr std::size_t kSize = Target::kEnd;
  static_assert(kSize == 24);
};

struct NeighborSolicitationHeader {
  std::uint16_t checksum = 0;
  IpAddress target{};

  friend constexpr bool operator==(const NeighborSolicitationHeader&,
                                   const NeighborSolicitationHeader&) = default;
};

class NeighborSolicitationView {
 public:
  [[nodiscard]] static constexpr Parsed<NeighborSolicitationView> parse(Bytes message) {
    const auto options =
        parse_nd_message<NeighborSolicitationLayout>(message, Icmpv6Type::kNeighborSolicitation);
    if (!options) return std::unexpected(options.error());
    const NeighborSolicitationView view(message, *options);
    if (!is_nd_target(view.target())) return std::unexpected(ParseError::kBadValue);
    return view;
  }

  [[nodiscard]] constexpr IpAddress target() const {
    return NeighborSolicitationLayout::Target::get(bytes_);
  }
  [[nodiscard]] constexpr const NdOptions& options() const { return options_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr NeighborSolicitationHeader header() const {
    return {Icmpv6Layout::Checksum::get(bytes_), target()};
  }

 private:
  constexpr NeighborSolicitationView(Bytes bytes, const NdOptions& options)
      : bytes_(bytes), options_(options) {}
  Bytes bytes_;
  NdOptions options_;
};

constexpr void write(const NeighborSolicitationHeader& header,
                     std::span<std::byte, NeighborSolicitationLayout::kSize> out) {
  write(Icmpv6Header{.type = Icmpv6Type::kNeighborSolicitation, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  NeighborSolicitationLayout::Reserved::set(out, 0);
  NeighborSolicitationLayout::Target::set(out, header.target);
}

// RFC 4861 4.4: R, S and O are the three highest bits of the second word.
struct NeighborAdvertisementLayout : Icmpv6Layout {
  using Flags = Field<std::uint32_t, Checksum::kEnd>;
  using Router = Bits<Flags, 31, 1>;
  using Solicited = Bits<Flags, 30, 1>;
  using Override = Bits<Flags, 29, 1>;
  using Target = Ipv6Field<Flags::kEnd>;
  static constexpr std::size_t kSize = Target::kEnd;
  static_assert(kSize == 24);
};

struct NeighborAdvertisementHeader {
  std::uint16_t checksum = 0;
  bool router = false;
  bool solicited = false;
  bool override_cached = false;  // O: replace a link-layer address already known
  IpAddress target{};

  friend constexpr bool operator==(const NeighborAdvertisementHeader&,
                                   const NeighborAdvertisementHeader&) = default;
};

class NeighborAdvertisementView {
 public:
  [[nodiscard]] static constexpr Parsed<NeighborAdvertisementView> parse(Bytes message) {
    const auto options =
        parse_nd_message<NeighborAdvertisementLayout>(message, Icmpv6Type::kNeighborAdvertisement);
    if (!options) return std::unexpected(options.error());
    const NeighborAdvertisementView view(message, *options);
    if (!is_nd_target(view.target())) return std::unexpected(ParseError::kBadValue);
    return view;
  }

  [[nodiscard]] constexpr bool router() const { return Layout::Router::get(bytes_) != 0; }
  [[nodiscard]] constexpr bool solicited() const { return Layout::Solicited::get(bytes_) != 0; }
  [[nodiscard]] constexpr bool override_cached() const {
    return Layout::Override::get(bytes_) != 0;
  }
  [[nodiscard]] constexpr IpAddress target() const { return Layout::Target::get(bytes_); }
  [[nodiscard]] constexpr const NdOptions& options() const { return options_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr NeighborAdvertisementHeader header() const {
    return {Layout::Checksum::get(bytes_), router(), solicited(), override_cached(), target()};
  }

 private:
  using Layout = NeighborAdvertisementLayout;
  constexpr NeighborAdvertisementView(Bytes bytes, const NdOptions& options)
      : bytes_(bytes), options_(options) {}
  Bytes bytes_;
  NdOptions options_;
};

constexpr void write(const NeighborAdvertisementHeader& header,
                     std::span<std::byte, NeighborAdvertisementLayout::kSize> out) {
  using Layout = NeighborAdvertisementLayout;
  write(Icmpv6Header{.type = Icmpv6Type::kNeighborAdvertisement, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  Layout::Flags::set(out, 0);
  Layout::Router::set(out, header.router ? 1 : 0);
  Layout::Solicited::set(out, header.solicited ? 1 : 0);
  Layout::Override::set(out, header.override_cached ? 1 : 0);
  Layout::Target::set(out, header.target);
}

// RFC 4861 4.5.
struct NdRedirectLayout : Icmpv6Layout {
  using Reserved = Field<std::uint32_t, Checksum::kEnd>;
  using Target = Ipv6Field<Reserved::kEnd>;
  using Destination = Ipv6Field<Target::kEnd>;
  static constexpr std::size_t kSize = Destination::kEnd;
  static_assert(kSize == 40);
};

struct NdRedirectHeader {
  std::uint16_t checksum = 0;
  IpAddress target{};  // the better first hop; equal to destination when that is on the link
  IpAddress destination{};

  friend constexpr bool operator==(const NdRedirectHeader&, const NdRedirectHeader&) = default;
};

class NdRedirectView {
 public:
  [[nodiscard]] static constexpr Parsed<NdRedirectView> parse(Bytes message) {
    const auto options = parse_nd_message<NdRedirectLayout>(message, Icmpv6Type::kRedirect);
    if (!options) return std::unexpected(options.error());
    const NdRedirectView view(message, *options);
    // RFC 4861 8.1: the destination is no group, the target a router or the destination itself.
    const bool target_fits = (view.target().is_v6() && view.target().is_link_local()) ||
                             view.target() == view.destination();
    if (!is_nd_target(view.destination()) || !target_fits) {
      return std::unexpected(ParseError::kBadValue);
    }
    return view;
  }

  [[nodiscard]] constexpr IpAddress target() const { return NdRedirectLayout::Target::get(bytes_); }
  [[nodiscard]] constexpr IpAddress destination() const {
    return NdRedirectLayout::Destination::get(bytes_);
  }
  [[nodiscard]] constexpr const NdOptions& options() const { return options_; }
  [[nodiscard]] constexpr Bytes bytes() const { return bytes_; }
  [[nodiscard]] constexpr NdRedirectHeader header() const {
    return {Icmpv6Layout::Checksum::get(bytes_), target(), destination()};
  }

 private:
  constexpr NdRedirectView(Bytes bytes, const NdOptions& options)
      : bytes_(bytes), options_(options) {}
  Bytes bytes_;
  NdOptions options_;
};

constexpr void write(const NdRedirectHeader& header,
                     std::span<std::byte, NdRedirectLayout::kSize> out) {
  write(Icmpv6Header{.type = Icmpv6Type::kRedirect, .checksum = header.checksum},
        out.first<Icmpv6Layout::kSize>());
  NdRedirectLayout::Reserved::set(out, 0);
  NdRedirectLayout::Target::set(out, header.target);
  NdRedirectLayout::Destination::set(out, header.destination);
}

}  // namespace strata::wire
