// SPDX-License-Identifier: Apache-2.0
#include "strata/stack.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "stack/addresses.h"
#include "stack/core.h"
#include "stack/deadlines.h"
#include "stack/in/receive_frame.h"
#include "stack/in/receive_ip.h"
#include "stack/interfaces.h"
#include "stack/out/flush.h"
#include "stack/out/send_frame.h"
#include "stack/out/send_ip.h"
#include "stack/out/send_tcp.h"
#include "stack/replace_device.h"
#include "stack/router_role.h"

namespace strata {

using stack::Core;
using stack::Interface;

Result<Stack> Stack::create(const StackConfig& config) {
  if (config.memory == nullptr || config.pool == nullptr) {
    return std::unexpected(Error::kInvalidArgument);
  }
  void* block = config.memory->allocate(sizeof(Core), alignof(Core));
  if (block == nullptr) return std::unexpected(Error::kOutOfMemory);
  Stack made(new (block) Core(config));
  if (const auto added = stack::add_loopback(*made.core_); !added) {
    return std::unexpected(added.error());
  }
  return made;
}

Stack::Stack(Stack&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}

Stack& Stack::operator=(Stack&& other) noexcept {
  std::swap(core_, other.core_);
  return *this;
}

Stack::~Stack() {
  if (core_ == nullptr) return;
  Memory& memory = core_->memory;
  std::destroy_at(core_);
  memory.release(core_, sizeof(Core), alignof(Core));
}

namespace {

void receive_loopback(Core& core, Time now) {
  PacketBatch batch;
  while (batch.room() != 0) {
    PacketPtr packet = core.loopback.pop();
    if (packet == nullptr) break;
    packet->notes().arrival = now;
    batch.push(std::move(packet));
  }
  if (!batch.empty()) stack::receive_ip(core, batch, now);
}

}  // namespace

namespace {

// TCP gives only as much as the queues have room for, so it is asked again while devices take all.
void send_all(Core& core, Time now) {
  while (!stack::send_tcp(core, now)) {
    stack::flush_ports(core, now);
    if (!stack::has_room_for_tcp(core)) return;
  }
  stack::flush_ports(core, now);
}

}  // namespace

bool Stack::poll(Time now) {
  Core& core = *core_;
  core.last_turn = now;
  receive_loopback(core, now);
  bool more = !core.loopback.empty();
  // By index: a handler may add an interface while its packet is handed over.
  for (std::size_t i = 0; i < core.interfaces.size(); ++i) {
    Interface* port = core.interfaces[i];
    if (port == nullptr || port->device == nullptr) continue;
    PacketBatch batch;
    port->device->receive(core.pool, batch);
    if (batch.empty()) continue;
    more = more || batch.room() == 0;
    stack::receive_frames(core, *port, batch, now);
  }
  return more;
}

void Stack::flush(Time now) {
  core_->last_turn = now;
  stack::run_engines(*core_, now);
  send_all(*core_, now);
  if (core_->ready.empty()) return;
  core_->ready.tell();
  // What programs wrote when they were told goes out in the same turn.
  send_all(*core_, now);
}

std::optional<Time> Stack::next_deadline() const {
  // Packets to ourselves, and programs yet to be told, wait for nothing.
  if (!core_->loopback.empty() || !core_->ready.empty()) return Time::min();
  // Where there is no room for them, the queue in the way has a time of its own.
  if (core_->tcp != nullptr && core_->tcp->has_outgoing() && stack::has_room_for_tcp(*core_))
    return Time::min();
  return earlier(stack::next_flush(*core_), stack::next_engine_deadline(*core_));
}

Result<InterfaceId> Stack::add_interface(Device& device, const InterfaceConfig& config, Time now) {
  return stack::add_port(*core_, device, config, now);
}

Result<InterfaceId> Stack::add_vlan(InterfaceId parent, const VlanTags& tags,
                                    const InterfaceConfig& config, Time now) {
  Interface* found = core_->interface(parent);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::add_vlan_interface(*core_, *found, tags, config, now);
}

Result<void> Stack::remove_interface(InterfaceId interface, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::remove_interface(*core_, *found, now);
}

Result<void> Stack::set_interface_up(InterfaceId interface, bool up, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::set_interface_up(*core_, *found, up, now);
}

Result<void> Stack::set_mtu(InterfaceId interface, std::size_t mtu, Time /*now*/) {
  Interface* found = core_->interface(interface);
  if (found == nullptr || found->is_loopback()) return std::unexpected(Error::kNotFound);
  return stack::set_interface_mtu(*core_, *found, mtu);
}

Result<void> Stack::replace_device(InterfaceId interface, Device& device, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr || found->device == nullptr) return std::unexpected(Error::kNotFound);
  return stack::replace_device(*core_, *found, device, now);
}

bool Stack::receive_from(InterfaceId interface, Device& former, Time now) {
  Interface* found = core_->interface(interface);
  return found != nullptr && found->device != nullptr &&
         stack::receive_from(*core_, *found, former, now);
}

Result<InterfaceId> Stack::find_interface(std::string_view name) const {
  for (const Interface* interface : core_->interfaces) {
    if (interface != nullptr && interface->name.view() == name) return interface->id;
  }
  return std::unexpected(Error::kNotFound);
}

Result<void> Stack::add_address(InterfaceId interface, const Prefix& address, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  if (address.address().is_v6() && !found->has_ipv6) return std::unexpected(Error::kNotSupported);
  return stack::add_own_address(
      *core_, *found,
      {.address = address.address(), .prefix_length = static_cast<std::uint8_t>(address.length())},
      now);
}

Result<void> Stack::remove_address(InterfaceId interface, const IpAddress& address, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::remove_own_address(*core_, *found, address, now);
}

Result<void> Stack::add_proxy(InterfaceId interface, const IpAddress& address, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::add_proxy(*core_, *found, address, now);
}

Result<void> Stack::remove_proxy(InterfaceId interface, const IpAddress& address, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return stack::remove_proxy(*found, address, now);
}

bool Stack::is_local(const IpAddress& address) const {
  return address.is_loopback() || core_->local.is_local(address);
}

void Stack::set_forwarding(bool ipv4, bool ipv6) {
  core_->config.forward_ipv4 = ipv4;
  if (ipv4 || ipv6) core_->route_cache.widen(core_->memory);
  if (std::exchange(core_->config.forward_ipv6, ipv6) == ipv6) return;
  for (Interface* interface : core_->interfaces) {
    if (interface == nullptr) continue;
    if (ipv6) {
      stack::take_router_role(*core_, *interface, core_->last_turn);
    } else {
      stack::give_up_router_role(*core_, *interface, core_->last_turn);
    }
  }
}

const TcpConfig& Stack::tcp_config() const { return core_->config.tcp; }

void Stack::set_tcp_config(const TcpConfig& config) {
  core_->config.tcp = config;
  if (core_->tcp != nullptr) core_->tcp->set_config(config);
}

void Stack::forget_tcp_peers() {
  if (core_->tcp != nullptr) core_->tcp->forget_servers();
}

Result<void> Stack::add_neighbor(InterfaceId interface, const IpAddress& address,
                                 const MacAddress& mac, Time now) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  return found->neighbors.tell().add_static(address, mac, now);
}

Result<void> Stack::remove_neighbor(InterfaceId interface, const IpAddress& address) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  if (found->neighbors.tell().remove_static(address) || found->neighbors.tell().remove(address))
    return {};
  return std::unexpected(Error::kNotFound);
}

Result<void> Stack::send_frame(InterfaceId interface, const MacAddress& destination,
                               std::uint16_t ethertype, PacketPtr packet) {
  Interface* found = core_->interface(interface);
  if (found == nullptr) return std::unexpected(Error::kNotFound);
  if (found->medium != Medium::kEthernet) return std::unexpected(Error::kNotSupported);
  if (packet->size() > found->mtu) return std::unexpected(Error::kMessageTooLong);
  stack::send_frame(*core_, *found, destination, ethertype, std::move(packet));
  return {};
}

Result<void> Stack::send_ip(const IpAddress& source, const IpAddress& destination,
                            std::uint8_t protocol, PacketPtr packet, Time now) {
  // RFC 1112 6.1: group packets stay on the link unless somebody asks for more.
  const std::uint8_t hop_limit = destination.is_multicast() ? 1 : 0;
  const auto departure = stack::depart(
      *core_,
      {.destination = destination, .source = source, .protocol = protocol, .hop_limit = hop_limit});
  if (!departure) return std::unexpected(departure.error());
  return stack::send_ip(*core_, std::move(packet), *departure, now);
}

PacketPool& Stack::pool() const { return core_->pool; }

}  // namespace strata
