// SPDX-License-Identifier: Apache-2.0
// What a person may ask of a stack, in the plain values of the public interface.
#include "stack/observe.h"

#include <utility>

#include "stack/core.h"

namespace strata {
namespace {

AddressState state_of(ip::AddressState state) {
  switch (state) {
    case ip::AddressState::kTentative: return AddressState::kTentative;
    case ip::AddressState::kPreferred: return AddressState::kPreferred;
    case ip::AddressState::kDeprecated: return AddressState::kDeprecated;
    case ip::AddressState::kDuplicate: return AddressState::kDuplicate;
    case ip::AddressState::kExpired: return AddressState::kDeprecated;
  }
  return AddressState::kTentative;
}

RouteOrigin origin_of(ip::RouteOrigin origin) {
  switch (origin) {
    case ip::RouteOrigin::kConnected: return RouteOrigin::kConnected;
    case ip::RouteOrigin::kStatic: return RouteOrigin::kStatic;
    case ip::RouteOrigin::kRouterAdvertisement: return RouteOrigin::kRouterAdvertisement;
    case ip::RouteOrigin::kRedirect: return RouteOrigin::kRedirect;
    case ip::RouteOrigin::kProtocol: return RouteOrigin::kProtocol;
  }
  return RouteOrigin::kStatic;
}

NeighborState state_of(const neighbor::EntryView& entry) {
  if (entry.is_static) return NeighborState::kPermanent;
  switch (entry.state) {
    case neighbor::State::kIncomplete: return NeighborState::kIncomplete;
    case neighbor::State::kReachable: return NeighborState::kReachable;
    case neighbor::State::kStale: return NeighborState::kStale;
    case neighbor::State::kDelay: return NeighborState::kDelay;
    case neighbor::State::kProbe: return NeighborState::kProbe;
    case neighbor::State::kUnreachable:
    case neighbor::State::kFailed: return NeighborState::kUnreachable;
  }
  return NeighborState::kIncomplete;
}

}  // namespace

const StackCounters& Stack::counters() const { return core_->counters; }

std::uint64_t Stack::drops(DropReason reason) const { return core_->drops[reason]; }

void Stack::for_each_interface(InlineFunction<void(const InterfaceEntry&)> visit) const {
  core_->for_each_interface([&](const stack::Interface& interface) {
    visit({.id = interface.id,
           .name = interface.name,
           .mac = interface.mac,
           .mtu = interface.mtu,
           .ipv6_mtu = interface.has_ipv6 ? interface.ipv6_mtu : 0,
           .is_up = interface.can_send(),
           .vlan = interface.vlan,
           .received_packets = interface.received_packets,
           .received_bytes = interface.received_bytes,
           .sent_packets = interface.sent_packets,
           .sent_bytes = interface.sent_bytes});
  });
}

void Stack::for_each_address(InlineFunction<void(const AddressEntry&)> visit) const {
  core_->for_each_interface([&](const stack::Interface& interface) {
    for (const ip::InterfaceAddress& address : interface.addresses->all()) {
      visit({.prefix = address.prefix(),
             .interface = interface.id,
             .state = state_of(address.state)});
    }
  });
}

void Stack::for_each_route(InlineFunction<void(const RouteEntry&)> visit) const {
  core_->routes.for_each([&](const ip::Route& route) {
    visit({.destination = route.destination,
           .gateway = route.gateway,
           .interface = route.interface,
           .metric = route.metric,
           .origin = origin_of(route.origin)});
  });
}

void Stack::for_each_neighbor(Time now, InlineFunction<void(const NeighborEntry&)> visit) const {
  core_->for_each_interface([&](const stack::Interface& interface) {
    interface.neighbors->for_each(now, [&](const neighbor::EntryView& entry) {
      visit({.address = entry.address,
             .mac = entry.mac,
             .interface = interface.id,
             .state = state_of(entry),
             .is_router = entry.is_router});
    });
  });
}

void Stack::for_each_dns_server(InlineFunction<void(const IpAddress&)> visit) const {
  core_->for_each_interface([&](const stack::Interface& interface) {
    const ip::DnsServers& dns = interface.dns_servers;
    for (std::size_t i = 0; i < dns.count; ++i) visit(dns.servers[i]);
  });
}

namespace {

void visit_tcp_row(void* visit, const tcp::SocketRow& row) {
  (*static_cast<InlineFunction<void(const SocketEntry&)>*>(visit))(stack::entry_of(row));
}

}  // namespace

void Stack::for_each_socket(InlineFunction<void(const SocketEntry&)> visit) const {
  if (core_->tcp != nullptr) core_->tcp->for_each_row(visit_tcp_row, &visit);
  stack::for_each_other_socket(*core_, std::move(visit));
}

SocketEntry stack::entry_of(const tcp::SocketRow& row) {
  return {.kind = SocketEntry::Kind::kTcp,
          .state = row.state,
          .local = row.local,
          .remote = row.remote,
          .queued_packets = row.receive_queue,
          .send_queue = row.send_queue};
}

void stack::for_each_other_socket(Core& core, InlineFunction<void(const SocketEntry&)> visit) {
  core.udp.for_each([&](const udp::Socket& socket) {
    visit({.kind = SocketEntry::Kind::kUdp,
           .local = socket.local,
           .remote = socket.remote,
           .queued_packets = socket.queue.size(),
           .dropped = socket.queue.dropped()});
  });
  core.echo.for_each([&](const icmp::EchoSocket& socket) {
    visit({.kind = SocketEntry::Kind::kIcmp,
           .local = socket.local,
           .remote = socket.remote,
           .queued_packets = socket.queue.size(),
           .dropped = socket.queue.dropped()});
  });
  const auto& raw = core.raw.raw;
  for (Index i = raw.next_used(0); i != kNoIndex; i = raw.next_used(i + 1)) {
    visit({.kind = SocketEntry::Kind::kRaw,
           .local = {raw[i].local, raw[i].protocol},
           .remote = {raw[i].remote, 0},
           .queued_packets = raw[i].queue.size(),
           .dropped = raw[i].queue.dropped()});
  }
  const auto& packet = core.raw.packet;
  for (Index i = packet.next_used(0); i != kNoIndex; i = packet.next_used(i + 1)) {
    visit({.kind = SocketEntry::Kind::kPacket,
           .local = {IpAddress{}, packet[i].ethertype, packet[i].interface},
           .queued_packets = packet[i].queue.size(),
           .dropped = packet[i].queue.dropped()});
  }
}

}  // namespace strata
