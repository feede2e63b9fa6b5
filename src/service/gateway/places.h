// SPDX-License-Identifier: Apache-2.0
// Places: the addresses of the little network between a stack and its rootless gateway.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/address.h"

namespace strata::service {

//   10.0.2.15, fd77:2::15   the stack behind the gateway
//   10.0.2.2,  fd77:2::2    the gateway; connections to it reach the host's own loopback
//   10.0.2.3,  fd77:2::3    the host's resolver, wherever that is
inline constexpr Prefix kInside4{IpAddress::v4(10, 0, 2, 15), 24};
inline constexpr Prefix kInside6{IpAddress::v6(0xfd77'0002'0000'0000, 0x15), 64};
inline constexpr IpAddress kGateway4 = IpAddress::v4(10, 0, 2, 2);
inline constexpr IpAddress kGateway6 = IpAddress::v6(0xfd77'0002'0000'0000, 2);
inline constexpr IpAddress kGatewayDns4 = IpAddress::v4(10, 0, 2, 3);
inline constexpr IpAddress kGatewayDns6 = IpAddress::v6(0xfd77'0002'0000'0000, 3);

// RFC 1035 4.2, RFC 7858 3.1.
inline constexpr std::uint16_t kDnsPort = 53;
inline constexpr std::uint16_t kDnsOverTlsPort = 853;

[[nodiscard]] inline const IpAddress& gateway_of(const IpAddress& like) {
  return like.is_v4() ? kGateway4 : kGateway6;
}

[[nodiscard]] inline bool is_gateway(const IpAddress& address) {
  return address == kGateway4 || address == kGateway6;
}
[[nodiscard]] inline bool is_gateway_dns(const IpAddress& address) {
  return address == kGatewayDns4 || address == kGatewayDns6;
}

struct HostPlaces {
  std::optional<IpAddress> resolver;  // of the host
  bool reaches_loopback = true;
  std::optional<IpAddress> inside4 = kInside4.address(), inside6 = kInside6.address();

  // Where on the host's network somebody is whom the inside calls `outside`; none: nowhere.
  [[nodiscard]] std::optional<Endpoint> target_of(const Endpoint& outside) const {
    if (is_gateway(outside.address)) {
      if (!reaches_loopback) return std::nullopt;
      const bool is_v4 = outside.address.is_v4();
      return Endpoint{is_v4 ? IpAddress::v4(127, 0, 0, 1) : IpAddress::v6(0, 1), outside.port};
    }
    if (is_gateway_dns(outside.address)) {
      // The resolver is often a program of this host, which serves more than names.
      const bool is_dns = outside.port == kDnsPort || outside.port == kDnsOverTlsPort;
      if (!resolver || !(is_dns || reaches_loopback)) return std::nullopt;
      return Endpoint{*resolver, outside.port};
    }
    // Linux takes 0.0.0.0 and :: for its loopback.
    if (outside.address.is_loopback() || outside.address.is_unspecified()) return std::nullopt;
    return Endpoint{outside.address, outside.port};
  }
  // How the inside is to call a client of the host's network. Addresses that mean something else
  // on another link, or host, are the gateway's.
  [[nodiscard]] static Endpoint name_of(const Endpoint& client) {
    const bool is_bound = client.address.is_loopback() || client.address.is_link_local();
    return {is_bound ? gateway_of(client.address) : client.address, client.port};
  }
  // How the inside knows who has sent something to a flow of its own: by the name under which it
  // would reach them. Who has none stays out, and so nobody passes for another. `by_dns_name`: it
  // has called the host's resolver by the name that this has here.
  [[nodiscard]] std::optional<Endpoint> caller(const Endpoint& remote, bool is_v4,
                                               bool by_dns_name) const {
    Endpoint name = name_of(remote);
    if (by_dns_name && resolver == remote.address) {
      name = {is_v4 ? kGatewayDns4 : kGatewayDns6, remote.port};
    }
    const bool is_known = name.address.is_v4() == is_v4 && target_of(name) == remote;
    return is_known ? std::optional(name) : std::nullopt;
  }
  // Whom inside a client of this family reaches; none: nobody has such an address there.
  [[nodiscard]] std::optional<IpAddress> inside_for(const IpAddress& client) const {
    return client.is_v4() ? inside4 : inside6;
  }
};

}  // namespace strata::service
