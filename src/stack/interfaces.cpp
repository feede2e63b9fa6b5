// SPDX-License-Identifier: Apache-2.0
#include "stack/interfaces.h"

#include <algorithm>
#include <memory>

#include "stack/addresses.h"
#include "stack/out/flush.h"
#include "stack/router_role.h"
#include "strata/wire/vlan.h"

namespace strata::stack {
namespace {

constexpr std::size_t kInterfacesMax = 4096;
constexpr std::size_t kMtuMin = 68;  // RFC 791 3.2

// A single tag rides on top of the MTU, as Ethernet allows for (IEEE 802.3as).
std::size_t room_for_tags(const VlanTags& tags) {
  return (tags.count - 1U) * wire::VlanLayout::kSize;
}

// What its owner wants, as far as there is room on the wire.
std::size_t fitting_mtu(const Interface& interface) {
  std::size_t most = interface.capabilities().mtu;
  if (interface.parent != nullptr) {
    most = interface.parent->mtu - (interface.mtu_wanted == 0 ? room_for_tags(interface.vlan) : 0);
  }
  return interface.mtu_wanted == 0 ? most : std::min(interface.mtu_wanted, most);
}

Result<Interface*> make_interface(Core& core, const MacAddress& mac, std::size_t mtu,
                                  const InterfaceConfig& config) {
  if (config.name.size() > FixedText<15>{}.characters.size()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  std::size_t place = 0;
  while (place < core.interfaces.size() && core.interfaces[place] != nullptr) ++place;
  if (place == core.interfaces.size() &&
      (place == kInterfacesMax || !core.interfaces.try_push_back(nullptr))) {
    return std::unexpected(Error::kOutOfMemory);
  }
  void* block = core.memory.allocate(sizeof(Interface), alignof(Interface));
  if (block == nullptr) return std::unexpected(Error::kOutOfMemory);
  const InterfaceParts parts{.memory = core.memory,
                             .rng = core.rng,
                             .secret = core.secret,
                             .local = core.local,
                             .any_news = core.any_news,
                             .neighbors_max = core.config.neighbors_max};
  auto* interface =
      new (block) Interface(parts, static_cast<InterfaceId>(place + 1), mac, mtu, config);
  core.interfaces[place] = interface;
  ++core.link_generation;
  return interface;
}

bool is_name_taken(const Core& core, std::string_view name) {
  bool taken = false;
  core.for_each_interface([&](const Interface& other) {
    taken = taken || (!name.empty() && other.name.view() == name);
  });
  return taken;
}

// What every link needs: the groups all nodes belong to and, for IPv6, a link-local address.
void bring_up(Core& core, Interface& interface, Time now) {
  interface.groups.tell().set_mtu(group_message_mtu(interface));
  if (interface.capabilities().medium == Medium::kEthernet) {
    (void)interface.groups.tell().join(kStackSocketKey, IpAddress::all_hosts_v4(), now);
  }
  if (!interface.has_ipv6) return;
  (void)interface.groups.tell().join(kStackSocketKey, IpAddress::all_nodes_v6(), now);
  const ip::Route link_local{.destination = {IpAddress::v6(0xfe80'0000'0000'0000, 0), 64},
                             .gateway = {},
                             .interface = interface.id,
                             .origin = ip::RouteOrigin::kConnected};
  (void)core.routes.replace(link_local);
  if (core.config.forward_ipv6) take_router_role(core, interface, now);
  interface.routers.tell().on_link_up(now);
}

void unmake_interface(Core& core, Interface& interface) {
  core.interfaces[interface.id - 1U] = nullptr;
  ++core.link_generation;
  std::destroy_at(&interface);
  core.memory.release(&interface, sizeof(Interface), alignof(Interface));
}

MacAddress usable_mac(const InterfaceConfig& config, const DeviceCapabilities& capabilities) {
  return config.mac.is_unspecified() ? capabilities.mac : config.mac;
}

}  // namespace

Result<void> add_loopback(Core& core) {
  InterfaceConfig config;
  config.name = "lo";
  config.detect_duplicates = false;
  config.accept_router_advertisements = false;
  const auto made = make_interface(core, {}, 65535, config);
  if (!made) return std::unexpected(made.error());
  Interface& loopback = **made;
  STRATA_CHECK(loopback.id == kLoopbackId);
  loopback.medium = Medium::kIp;
  for (const Prefix& prefix :
       {Prefix(IpAddress::loopback_v4(), 8), Prefix(IpAddress::loopback_v6(), 128)}) {
    const auto added =
        loopback.addresses.tell().add({.address = prefix.address(),
                                       .prefix_length = static_cast<std::uint8_t>(prefix.length()),
                                       .state = ip::AddressState::kPreferred},
                                      Time{});
    if (!added) return added;
  }
  // No router is there to be told of groups.
  loopback.groups.tell().on_link_change(false, Time{});
  return {};
}

Result<InterfaceId> add_port(Core& core, Device& device, const InterfaceConfig& config, Time now) {
  const DeviceCapabilities& capabilities = device.capabilities();
  const std::size_t mtu = config.mtu == 0 ? capabilities.mtu : config.mtu;
  if (mtu > capabilities.mtu || mtu < kMtuMin) return std::unexpected(Error::kInvalidArgument);
  if (is_name_taken(core, config.name)) return std::unexpected(Error::kAlreadyExists);
  const auto made = make_interface(core, usable_mac(config, capabilities), mtu, config);
  if (!made) return std::unexpected(made.error());
  Interface& interface = **made;
  interface.device = &device;
  interface.medium = capabilities.medium;
  bring_up(core, interface, now);
  return interface.id;
}

Result<InterfaceId> add_vlan_interface(Core& core, Interface& parent, const VlanTags& tags,
                                       const InterfaceConfig& config, Time now) {
  if (parent.device == nullptr || parent.medium != Medium::kEthernet || tags.count == 0 ||
      tags.count > tags.tags.size()) {
    return std::unexpected(Error::kInvalidArgument);
  }
  for (std::size_t i = 0; i < tags.count; ++i) {
    if (tags.tags[i].id == 0 || tags.tags[i].id >= 4095 || tags.tags[i].priority > 7 ||
        !wire::is_vlan_tpid(tags.tags[i].tpid)) {
      return std::unexpected(Error::kInvalidArgument);
    }
  }
  const VlanKey key = VlanKey::of(tags);
  if (is_name_taken(core, config.name) || core.vlans.find(parent.id, key) != kNoInterface) {
    return std::unexpected(Error::kAlreadyExists);
  }
  const std::size_t mtu = config.mtu == 0 ? parent.mtu - room_for_tags(tags) : config.mtu;
  if (mtu > parent.mtu || mtu < kMtuMin) return std::unexpected(Error::kInvalidArgument);
  const MacAddress mac = config.mac.is_unspecified() ? parent.mac : config.mac;
  if (mac != parent.mac) return std::unexpected(Error::kInvalidArgument);
  const auto made = make_interface(core, mac, mtu, config);
  if (!made) return std::unexpected(made.error());
  Interface& interface = **made;
  if (!core.vlans.try_add(parent.id, key, interface.id)) {
    unmake_interface(core, interface);
    return std::unexpected(Error::kOutOfMemory);
  }
  interface.parent = &parent;
  interface.vlan = tags;
  bring_up(core, interface, now);
  return interface.id;
}

Result<void> remove_interface(Core& core, Interface& interface, Time now) {
  if (interface.is_loopback()) return std::unexpected(Error::kNotPermitted);
  for (Interface* child : core.interfaces) {
    if (child != nullptr && child->parent == &interface) {
      (void)remove_interface(core, *child, now);
    }
  }
  if (core.config.forward_ipv6) give_up_router_role(core, interface, now);
  core.redirects.on_interface_down(interface.id);
  core.routes.remove_interface(interface.id);
  drop_queued(core, interface, DropReason::kInterfaceDown);
  if (interface.parent != nullptr) {
    core.vlans.remove(interface.parent->id, VlanKey::of(interface.vlan));
  }
  unmake_interface(core, interface);
  return {};
}

void set_interface_mtus(Core& core, Interface& interface, std::size_t link,
                        std::uint32_t advertised) {
  interface.set_mtus(link, advertised);
  ++core.link_generation;
  interface.groups.tell().set_mtu(group_message_mtu(interface));
}

void fit_interface_mtus(Core& core, Interface& interface) {
  for_each_on(core, interface, [&core](Interface& each) {
    set_interface_mtus(core, each, fitting_mtu(each), each.advertised_mtu);
  });
}

Result<void> set_interface_mtu(Core& core, Interface& interface, std::size_t mtu) {
  const std::size_t most =
      interface.parent != nullptr ? interface.parent->mtu : interface.capabilities().mtu;
  if (mtu < kMtuMin || mtu > most) return std::unexpected(Error::kInvalidArgument);
  interface.mtu_wanted = mtu;
  fit_interface_mtus(core, interface);
  return {};
}

Result<void> set_interface_up(Core& core, Interface& interface, bool up, Time now) {
  if (interface.is_up == up) return {};
  interface.is_up = up;
  ++core.link_generation;
  if (interface.is_loopback()) return {};  // nobody is there to be told, asked or lost
  interface.neighbors.tell().on_link_change(up, now);
  interface.groups.tell().on_link_change(up, now);
  if (up) {
    // Without a link layer nobody looks for duplicates, and says that there is none.
    if (interface.medium == Medium::kEthernet) interface.addresses.tell().on_link_up(now);
    if (interface.has_ipv6) interface.routers.tell().on_link_up(now);
    return {};
  }
  interface.routers.tell().on_link_down(now);
  core.redirects.on_interface_down(interface.id);
  drop_queued(core, interface, DropReason::kInterfaceDown);
  return {};
}

}  // namespace strata::stack
