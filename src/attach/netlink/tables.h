// SPDX-License-Identifier: Apache-2.0
// What a stack has, as rtnetlink(7) tells it: links, addresses, routes, neighbours.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "attach/netlink/message.h"
#include "strata/stack.h"

namespace strata::attach {

// IFF_UP and so on.
[[nodiscard]] unsigned interface_flags(const InterfaceEntry& entry);
[[nodiscard]] bool is_loopback(const InterfaceEntry& entry);
// ARPHRD_ETHER and so on.
[[nodiscard]] std::uint16_t hardware_type(const InterfaceEntry& entry);

// AF_UNSPEC is both.
[[nodiscard]] inline bool is_of_family(const IpAddress& address, int family) {
  return family == AF_UNSPEC || (family == AF_INET) == address.is_v4();
}

// The link that a route leads to; kNoInterface: none has its gateway on it.
[[nodiscard]] InterfaceId interface_of(const Stack& stack, const RouteEntry& route);
// IFA_F_PERMANENT and so on.
[[nodiscard]] std::uint32_t address_flags(const AddressEntry& entry);

// As a part of a dump; alone, as an answer or as news of what is new or another; as gone.
enum class Telling : std::uint8_t { kDumped, kAlone, kGone };

void write_link(const InterfaceEntry& entry, Telling how, MessageWriter& writer);
void write_address(const Stack& stack, const AddressEntry& entry, Telling how,
                   MessageWriter& writer);
void write_route(const Stack& stack, const RouteEntry& route, Telling how, MessageWriter& writer);
void write_neighbor(const NeighborEntry& entry, Telling how, MessageWriter& writer);

void write_links(const Stack& stack, MessageWriter& writer);
void write_addresses(const Stack& stack, int family, MessageWriter& writer);
void write_routes(const Stack& stack, int family, MessageWriter& writer);
void write_neighbors(const Stack& stack, int family, Time now, MessageWriter& writer);

// The way that a packet to `destination` would take; 0, or minus an errno.
[[nodiscard]] int write_route_to(Stack& stack, const IpAddress& destination, MessageWriter& writer);

}  // namespace strata::attach
