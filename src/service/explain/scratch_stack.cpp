// SPDX-License-Identifier: Apache-2.0
#include "service/explain/scratch_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stack/core.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"

namespace strata::service {

ScratchDevice::ScratchDevice(std::string name, const DeviceCapabilities& offers)
    : name_(std::move(name)), offers_(offers) {
  // What it keeps is looked at as it would be on a wire.
  offers_.completes_checksums = false;
  offers_.tcp_segment_bytes_max = 0;
  offers_.udp_segment_bytes_max = 0;
  offers_.vouches_for_bytes = false;
}

void ScratchDevice::receive(PacketPool& pool, PacketBatch& batch) {
  while (!arriving_.empty() && batch.room() != 0) {
    PacketPtr packet = pool.allocate_for(arriving_.front().size(), kHeadroom);
    if (packet == nullptr) return;
    copy_bytes(arriving_.front(), packet->append(arriving_.front().size()));
    arriving_.pop_front();
    batch.push(std::move(packet));
  }
}

void ScratchDevice::transmit(PacketBatch& batch) {
  for (const Packet* packet : batch.packets()) {
    if (packet == nullptr) continue;
    sent_.emplace_back(packet->size());
    packet->copy_out(0, sent_.back());
  }
  batch.clear();
}

Outcome<std::unique_ptr<ScratchStack>> ScratchStack::copy_of(Stack& live, Time now) {
  std::unique_ptr<ScratchStack> scratch(new ScratchStack(live));
  StackConfig config = live.core().config;
  config.memory = &scratch->memory_;
  config.pool = &scratch->pool_;
  config.tcp = live.tcp_config();
  auto made = Stack::create(config);
  if (!made) return failed(fmt::format("no copy of the stack: {}", to_text(made.error())));
  scratch->stack_.emplace(std::move(*made));
  if (auto done = scratch->copy_interfaces(now); !done) return std::unexpected(done.error());
  if (auto done = scratch->copy_addresses(now); !done) return std::unexpected(done.error());
  scratch->copy_routes();
  scratch->copy_neighbors(now);
  scratch->copy_groups(now);
  scratch->copy_sockets();
  // What it has to say about itself is not about the packet.
  scratch->stack_->flush(now);
  for (const auto& device : scratch->devices_) device->forget_sent();
  return scratch;
}

// Sockets go before the stack that they are of.
ScratchStack::~ScratchStack() {
  udp_.clear();
  listeners_.clear();
}

ScratchDevice* ScratchStack::device(std::string_view interface) {
  const auto found =
      std::ranges::find(devices_, interface, [](const auto& device) { return device->name(); });
  return found == devices_.end() ? nullptr : found->get();
}

Outcome<void> ScratchStack::copy_interfaces(Time now) {
  Outcome<void> done;
  // VLANs come after what they lie on: a parent has a lower number.
  live_.core().for_each_interface([&](const stack::Interface& from) {
    if (from.is_loopback() || !done) return;
    const InterfaceConfig config{.name = from.name.view(),
                                 .mtu = from.mtu,
                                 .mac = from.mac,
                                 .ipv6 = from.has_ipv6,
                                 .accept_router_advertisements = from.hears_routers,
                                 .detect_duplicates = false};
    Result<InterfaceId> added = std::unexpected(Error::kInvalidArgument);
    if (from.parent == nullptr) {
      devices_.push_back(
          std::make_unique<ScratchDevice>(std::string(from.name.view()), from.capabilities()));
      added = stack_->add_interface(*devices_.back(), config, now);
    } else if (const auto parent = stack_->find_interface(from.parent->name.view())) {
      added = stack_->add_vlan(*parent, from.vlan, config, now);
    }
    if (!added) {
      done = failed(fmt::format("no copy of {}: {}", from.name.view(), to_text(added.error())));
    } else if (!from.is_up) {
      static_cast<void>(stack_->set_interface_up(*added, false, now));
    }
  });
  stack_->set_forwarding(live_.core().config.forward_ipv4, live_.core().config.forward_ipv6);
  return done;
}

namespace {

struct NamedAddress {
  std::string interface;
  Prefix prefix;
  bool is_usable = true;
};

std::string interface_name(const Stack& stack, InterfaceId wanted) {
  std::string name;
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == wanted) name = std::string(entry.name.view());
  });
  return name;
}

std::vector<NamedAddress> addresses_of(const Stack& stack) {
  std::vector<NamedAddress> all;
  stack.for_each_address([&](const AddressEntry& entry) {
    const bool is_usable =
        entry.state == AddressState::kPreferred || entry.state == AddressState::kDeprecated;
    all.push_back({interface_name(stack, entry.interface), entry.prefix, is_usable});
  });
  return all;
}

bool has(const std::vector<NamedAddress>& list, const NamedAddress& wanted) {
  return std::ranges::any_of(list, [&](const NamedAddress& each) {
    return each.is_usable && each.interface == wanted.interface && each.prefix == wanted.prefix;
  });
}

}  // namespace

// A stack makes addresses of its own, too: what the other has not goes.
Outcome<void> ScratchStack::copy_addresses(Time now) {
  const auto wanted = addresses_of(live_);
  const auto there = addresses_of(*stack_);
  for (const NamedAddress& each : there) {
    const auto id = stack_->find_interface(each.interface);
    if (id && !has(wanted, each)) {
      static_cast<void>(stack_->remove_address(*id, each.prefix.address(), now));
    }
  }
  for (const NamedAddress& each : wanted) {
    const auto id = stack_->find_interface(each.interface);
    if (!id || !each.is_usable || has(there, each)) continue;
    if (const auto added = stack_->add_address(*id, each.prefix, now); !added) {
      return failed(
          fmt::format("no copy of {}: {}", to_text(each.prefix).view(), to_text(added.error())));
    }
  }
  return {};
}

void ScratchStack::copy_routes() {
  live_.for_each_route([&](const RouteEntry& from) {
    if (from.origin == RouteOrigin::kConnected) return;
    RouteEntry route = from;
    if (from.interface != kNoInterface) {
      const auto id = stack_->find_interface(interface_name(live_, from.interface));
      route.interface = id ? *id : kNoInterface;
    }
    static_cast<void>(stack_->add_route(route));
  });
}

void ScratchStack::copy_neighbors(Time now) {
  live_.for_each_neighbor(now, [&](const NeighborEntry& from) {
    const auto id = stack_->find_interface(interface_name(live_, from.interface));
    if (!id || from.mac.is_unspecified()) return;
    static_cast<void>(stack_->add_neighbor(*id, from.address, from.mac, now));
  });
}

void ScratchStack::copy_groups(Time now) {
  live_.core().for_each_interface([&](stack::Interface& from) {
    const auto id = stack_->find_interface(from.name.view());
    stack::Interface* const to = id ? stack_->core().interface(*id) : nullptr;
    if (to == nullptr) return;
    std::as_const(from.groups)->for_each([&](const auto& group) {
      [[maybe_unused]] const auto joined =
          to->groups.tell().join(stack::kStackSocketKey, group.group, now);
    });
  });
}

void ScratchStack::copy_sockets() {
  live_.for_each_socket([&](const SocketEntry& from) {
    if (from.kind == SocketEntry::Kind::kUdp && from.local.port != 0) {
      auto socket = UdpSocket::open(*stack_);
      if (!socket || !socket->bind(from.local)) return;
      if (!from.remote.address.is_unspecified() && !socket->connect(from.remote)) return;
      udp_.push_back(std::move(*socket));
    } else if (from.kind == SocketEntry::Kind::kTcp && from.state == TcpState::kListen) {
      auto listener = TcpListener::listen(*stack_, from.local, {});
      if (listener) listeners_.push_back(std::move(*listener));
    }
  });
  copy_echo_sockets();
  copy_raw_sockets();
  copy_packet_sockets();
}

std::optional<InterfaceId> ScratchStack::copied(InterfaceId interface) const {
  if (interface == kNoInterface) return kNoInterface;
  const auto found = stack_->find_interface(interface_name(live_, interface));
  return found ? std::optional(*found) : std::nullopt;
}

// These three are copied from table to table: their handles are nobody's here. Where there is no
// room for one, it hears nothing; nor does one that is bound to an interface that is gone.
void ScratchStack::copy_echo_sockets() {
  icmp::EchoTable& to = stack_->core().echo;
  live_.core().echo.for_each([&](const icmp::EchoSocket& from) {
    const auto bound = copied(from.options.bound_interface);
    if (!bound) return;
    const auto handle = to.open(from.family);
    icmp::EchoSocket* const copy = handle ? to.find(*handle) : nullptr;
    if (copy == nullptr || from.local.port == 0) return;
    if (!to.bind(*copy, from.local.address, from.local.port)) return;
    copy->remote = from.remote;
    copy->options.bound_interface = *bound;
  });
}

void ScratchStack::copy_raw_sockets() {
  const auto& from = live_.core().raw.raw;
  auto& to = stack_->core().raw.raw;
  for (Index i = from.next_used(0); i != kNoIndex; i = from.next_used(i + 1)) {
    const auto bound = copied(from[i].options.bound_interface);
    if (!bound) continue;
    stack::RawSocket* const copy = to.find(to.try_create(from[i].family, from[i].protocol));
    if (copy == nullptr) return;
    copy->local = from[i].local;
    copy->remote = from[i].remote;
    copy->options.bound_interface = *bound;
  }
}

void ScratchStack::copy_packet_sockets() {
  const auto& from = live_.core().raw.packet;
  auto& to = stack_->core().raw.packet;
  for (Index i = from.next_used(0); i != kNoIndex; i = from.next_used(i + 1)) {
    const auto bound = copied(from[i].interface);
    if (!bound) continue;
    stack::PacketSocket* const copy = to.find(to.try_create(*bound, from[i].ethertype));
    if (copy == nullptr) return;
    copy->hears_others = from[i].hears_others;
  }
}

namespace {

struct Wanted {
  const Endpoint& local;
  const Endpoint& remote;
  Handle handle{};
};

void find_row(void* context, const tcp::SocketRow& row) {
  auto& wanted = *static_cast<Wanted*>(context);
  const bool is_same =
      row.local.address == wanted.local.address && row.local.port == wanted.local.port &&
      row.remote.address == wanted.remote.address && row.remote.port == wanted.remote.port;
  if (is_same) wanted.handle = row.handle;
}

}  // namespace

bool ScratchStack::copy_connection(const Endpoint& local, const Endpoint& remote, Time now) {
  const tcp::Transport* const from = live_.core().tcp;
  tcp::Transport* const to = stack_->core().ensure_tcp();
  if (from == nullptr || to == nullptr) return false;
  Wanted wanted{.local = local, .remote = remote};
  from->for_each_row(find_row, &wanted);
  const auto snapshot = from->snapshot(wanted.handle, now);
  if (!snapshot) return false;
  std::vector<std::byte> unread(snapshot->receiver.unread);
  std::vector<std::byte> queued(snapshot->sender.queued);
  from->copy_text(wanted.handle, unread, queued);
  return to->restore(*snapshot, unread, queued, now).has_value();
}

namespace {

std::uint8_t ecn_of(Bytes packet) {
  unsigned traffic_class = 0;
  if (const auto v4 = wire::Ipv4View::parse_quoted(packet)) traffic_class = v4->traffic_class();
  if (const auto v6 = wire::Ipv6View::parse_quoted(packet)) traffic_class = v6->traffic_class();
  return static_cast<std::uint8_t>(traffic_class & 3U);
}

// RFC 791 3.2: the protocol is part of what makes fragments belong together; RFC 8200 4.5 has none.
bool is_of(const ip::Fragment& fragment, const ScratchStack::Datagram& datagram) {
  return fragment.source == datagram.source && fragment.destination == datagram.destination &&
         fragment.identification == datagram.identification &&
         (!datagram.source.is_v4() || fragment.protocol == datagram.protocol);
}

}  // namespace

ScratchStack::Fragments ScratchStack::copy_fragments(const Datagram& datagram, Time now) {
  constexpr std::size_t kBeginning = wire::TcpLayout::kSize;
  Fragments copied_here;
  const auto try_here = [&](ip::Fragment fragment, const Packet& packet) {
    if (!is_of(fragment, datagram)) return;
    fragment.packet = packet.copy(pool_);
    if (fragment.packet == nullptr) return;
    if (fragment.offset == 0) {
      const std::size_t carried = packet.size() - fragment.header_length;
      copied_here.beginning.resize(std::min(carried, kBeginning));
      packet.copy_out(fragment.header_length, copied_here.beginning);
    }
    fragment.ecn = ecn_of(fragment.packet->bytes());
    fragment.interface = copied(fragment.interface).value_or(kNoInterface);
    static_cast<void>(stack_->core().reassembly.on_fragment(std::move(fragment), now));
    ++copied_here.count;
  };
  live_.core().reassembly.for_each_waiting(try_here);
  return copied_here;
}

}  // namespace strata::service
