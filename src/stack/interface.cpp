// SPDX-License-Identifier: Apache-2.0
#include "stack/interface.h"

#include <algorithm>

namespace strata::stack {
namespace {

constexpr std::size_t kIpv6MtuMin = 1280;  // RFC 8200 5

// As many as an interface has addresses: each may be of another prefix.
constexpr std::uint32_t kAnycastAddressesMax = 32;

neighbor::Config neighbor_config(std::uint32_t entries_max, const InterfaceConfig& config) {
  neighbor::Config result;
  result.entries_max = entries_max;
  result.proxies_max += kAnycastAddressesMax;
  if (!config.detect_duplicates) {
    result.duplicate_detection.transmits = 0;
    result.conflict_detection.probes = 0;
  }
  return result;
}

ip::RouterDiscoveryConfig discovery_config(InterfaceId id, const MacAddress& mac, std::size_t mtu,
                                           const InterfaceConfig& config) {
  ip::RouterDiscoveryConfig result;
  result.interface = id;
  result.mac = mac;
  result.link_mtu = static_cast<std::uint32_t>(mtu);
  result.addresses.makes_temporary = config.temporary_addresses;
  result.accepts_default_routers = config.accept_router_advertisements;
  result.accepts_routes = config.accept_router_advertisements;
  return result;
}

const DeviceCapabilities kLoopbackCapabilities{
    .medium = Medium::kIp, .mtu = 65535, .completes_checksums = true, .vouches_for_bytes = true};

}  // namespace

Interface::Interface(const InterfaceParts& parts, InterfaceId interface_id,
                     const MacAddress& address, std::size_t bytes_max,
                     const InterfaceConfig& config)
    : id(interface_id),
      name(FixedText<15>::of(config.name)),
      mac(address),
      mtu(bytes_max),
      mtu_wanted(config.mtu),
      keeps_mac(!config.mac.is_unspecified()),
      // RFC 8200 5: a link that cannot carry 1280 bytes cannot carry IPv6.
      has_ipv6(config.ipv6 && bytes_max >= kIpv6MtuMin),
      hears_routers(config.accept_router_advertisements),
      detects_duplicates(config.detect_duplicates),
      news(parts.any_news),
      addresses(news, parts.memory, parts.local, interface_id),
      neighbors(news, parts.memory, parts.rng, parts.secret, address,
                neighbor_config(parts.neighbors_max, config)),
      groups(news, parts.memory, parts.rng),
      routers(news, parts.memory, parts.rng, parts.secret,
              discovery_config(interface_id, address, bytes_max, config)) {
  set_mtus(bytes_max, 0);
}

const DeviceCapabilities& Interface::capabilities() const {
  const Interface& below = parent == nullptr ? *this : *parent;
  return below.device == nullptr ? kLoopbackCapabilities : below.device->capabilities();
}

void Interface::set_mtus(std::size_t link, std::uint32_t advertised) {
  mtu = link;
  advertised_mtu = advertised;
  std::size_t bytes = advertised == 0 ? link : std::min<std::size_t>(link, advertised);
  // A lease may ask for less (RFC 2132 5.1), but that is of IPv4: IPv6 needs its least.
  if (has_ipv6) bytes = std::max(bytes, std::min(kIpv6MtuMin, capabilities().mtu));
  ipv6_mtu = static_cast<std::uint32_t>(bytes);
}

bool Interface::can_send() const {
  if (!is_up) return false;
  return parent == nullptr ? device == nullptr || device->is_up() : parent->can_send();
}

}  // namespace strata::stack
