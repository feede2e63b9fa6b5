// SPDX-License-Identifier: Apache-2.0
// Group membership of UDP sockets (RFC 3376 2, RFC 3678).
#include "socket/native/datagram.h"
#include "stack/out/send_ip.h"
#include "strata/udp_socket.h"

namespace strata {
namespace {

using native::handle_of;

struct Place {
  udp::Socket& socket;
  stack::Interface& interface;
  multicast::SocketKey key;
};

// RFC 3678 3: without an interface the routes choose one. Nothing is sent yet, so that it may still
// be without a usable address.
stack::Interface* interface_for(stack::Core& core, const udp::Socket& socket,
                                const IpAddress& group, InterfaceId wanted) {
  if (wanted == kNoInterface) wanted = socket.options.bound_interface;
  if (wanted != kNoInterface) return core.interface(wanted);
  return stack::interface_for_link(core, group);
}

Result<Place> place_of(stack::Core* core, SocketId id, const IpAddress& group,
                       InterfaceId interface, Time now) {
  udp::Socket* socket = core == nullptr ? nullptr : core->udp.find(handle_of(id));
  if (socket == nullptr) return std::unexpected(Error::kInvalidHandle);
  if (!group.is_multicast() || !socket->speaks(group)) {
    return std::unexpected(Error::kInvalidArgument);
  }
  stack::Interface* found = interface_for(*core, *socket, group, interface);
  if (found == nullptr) return std::unexpected(Error::kNoDevice);
  core->last_turn = now;
  return Place{*socket, *found, stack::udp_socket_key(handle_of(id))};
}

}  // namespace

Result<void> UdpSocket::join_group(const IpAddress& group, InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  place->socket.is_in_groups = true;
  return place->interface.groups.tell().join(place->key, group, now);
}

Result<void> UdpSocket::leave_group(const IpAddress& group, InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  return place->interface.groups.tell().leave(place->key, group, now);
}

Result<void> UdpSocket::join_source_group(const IpAddress& group, const IpAddress& source,
                                          InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  place->socket.is_in_groups = true;
  return place->interface.groups.tell().add_source(place->key, group, source, now);
}

Result<void> UdpSocket::leave_source_group(const IpAddress& group, const IpAddress& source,
                                           InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  return place->interface.groups.tell().drop_source(place->key, group, source, now);
}

Result<void> UdpSocket::block_source(const IpAddress& group, const IpAddress& source,
                                     InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  return place->interface.groups.tell().block_source(place->key, group, source, now);
}

Result<void> UdpSocket::unblock_source(const IpAddress& group, const IpAddress& source,
                                       InterfaceId interface, Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  return place->interface.groups.tell().unblock_source(place->key, group, source, now);
}

Result<void> UdpSocket::set_source_filter(const IpAddress& group, SourceFilterMode mode,
                                          std::span<const IpAddress> sources, InterfaceId interface,
                                          Time now) {
  const auto place = place_of(core_, id_, group, interface, now);
  if (!place) return std::unexpected(place.error());
  place->socket.is_in_groups = true;
  const auto internal = mode == SourceFilterMode::kInclude ? multicast::FilterMode::kInclude
                                                           : multicast::FilterMode::kExclude;
  return place->interface.groups.tell().set_filter(place->key, group, internal, sources, now);
}

}  // namespace strata
