// SPDX-License-Identifier: Apache-2.0
// Interface: a device, or a VLAN on one, with all that belongs to its link.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/watched.h"
#include "ip/address_list.h"
#include "ip/discovery/router_discovery.h"
#include "multicast/membership.h"
#include "neighbor/cache.h"
#include "strata/address.h"
#include "strata/device.h"
#include "strata/packet_batch.h"
#include "strata/stack_config.h"

namespace strata::stack {

struct Core;

// What addresses and neighbours of an interface need to be made; see Core.
struct InterfaceParts {
  Memory& memory;
  Rng& rng;
  const SipKey& secret;
  ip::LocalAddresses& local;
  bool& any_news;
  std::uint32_t neighbors_max;
};

struct Interface {
  Interface(const InterfaceParts& parts, InterfaceId interface_id, const MacAddress& address,
            std::size_t bytes_max, const InterfaceConfig& config);

  InterfaceId id;
  FixedText<15> name;
  MacAddress mac;
  std::size_t mtu;
  Medium medium = Medium::kEthernet;
  std::size_t mtu_wanted;                 // by its owner; 0: as much as the device carries
  bool keeps_mac;                         // its owner chose the address: no device changes it
  std::optional<std::uint8_t> hop_limit;  // as a router advertised it
  std::uint32_t ipv6_mtu = 0;             // follows from `mtu` and `advertised_mtu`: set_mtus

  Device* device = nullptr;     // none: the loopback interface, or a VLAN
  Interface* parent = nullptr;  // of a VLAN: whose device it uses
  VlanTags vlan;

  bool is_up = true;
  bool has_ipv6;
  bool hears_routers;  // router advertisements configure it
  bool detects_duplicates;
  std::uint32_t advertised_mtu = 0;  // by a router; 0: by none
  ip::DnsServers dns_servers;        // as routers advertised them (RFC 8106)
  bool was_full = false;             // the transmit queue refused something since it last had room

  News news;  // of these four
  Watched<ip::AddressList> addresses;
  Watched<neighbor::Cache> neighbors;
  Watched<multicast::Membership> groups;
  Watched<ip::RouterDiscovery> routers;
  Time engines_due = Time::min();  // when one of the four must be asked without being told anything
  PacketQueue transmit_queue;
  std::optional<Time> retry_at;  // the device had no room: when to try it again
  PacketQueue refused;           // frames that hooks have seen and the device had no room for

  std::uint64_t received_packets = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_packets = 0;
  std::uint64_t sent_bytes = 0;

  [[nodiscard]] bool is_loopback() const { return device == nullptr && parent == nullptr; }
  // The interface whose device and transmit queue this one uses.
  [[nodiscard]] Interface& port() { return parent == nullptr ? *this : *parent; }
  [[nodiscard]] const DeviceCapabilities& capabilities() const;
  // RFC 4861 4.6.4: what routers advertise is the MTU of IPv6; other protocols keep the link's.
  void set_mtus(std::size_t link, std::uint32_t advertised);
  [[nodiscard]] std::size_t mtu_for(const IpAddress& destination) const {
    return destination.is_v4() ? mtu : ipv6_mtu;
  }
  // Down, or without a link below it.
  [[nodiscard]] bool can_send() const;
};

// The longest report a group message may fill, of IGMP or MLD: it is built in one small buffer.
[[nodiscard]] inline std::uint32_t group_message_mtu(const Interface& interface) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>({interface.mtu, interface.ipv6_mtu, 1500}));
}

// Counts what leaves on the interface a person asks about, be it a VLAN, and on its port.
inline void count_sent(Interface& interface, std::size_t bytes) {
  for (Interface* each = &interface; each != nullptr; each = each->parent) {
    ++each->sent_packets;
    each->sent_bytes += bytes;
  }
}
inline void count_received(Interface& interface, std::size_t packets, std::size_t bytes) {
  interface.received_packets += packets;
  interface.received_bytes += bytes;
}

}  // namespace strata::stack
