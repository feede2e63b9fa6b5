// SPDX-License-Identifier: Apache-2.0
// Way out: where a packet goes, from which address, and its IP header.
#pragma once

#include <optional>

#include "stack/core.h"
#include "stack/in/arrival.h"
#include "stack/out/departure.h"

namespace strata::stack {

[[nodiscard]] Result<Departure> depart(Core& core, const DepartureQuery& query);

// For groups, broadcasts and link-local addresses that name no interface: the one of the default
// route, else the first that can carry them, or will as soon as its addresses are checked. Null:
// there is none.
[[nodiscard]] Interface* interface_for_link(Core& core, const IpAddress& destination);

// What was decided for another packet that asked the same; null: depart() must decide. Good until
// the next call of depart().
[[nodiscard]] inline bool may_recall_departure(const Core& core, const DepartureQuery& query) {
  return !query.source.is_unspecified() &&
         (core.path_mtus.size() == 0 || !heeds_path_mtu(query.fragment_policy));
}
[[nodiscard]] inline DepartureGrounds departure_grounds(const Core& core) {
  return {core.routes.generation(), core.local.generation(), core.link_generation};
}
[[nodiscard]] inline const Departure* recall_departure(const Core& core,
                                                       const DepartureQuery& query) {
  if (!may_recall_departure(core, query)) return nullptr;
  return core.departures.recall(query, departure_grounds(core));
}

// Puts an IP header in front and sends, fragmenting where the policy allows. The packet begins with
// its transport header. A failure has been counted.
Result<void> send_ip(Core& core, PacketPtr packet, const Departure& departure, Time now);

// The same with IPv4 options, which are padded to a multiple of four bytes.
Result<void> send_with_options(Core& core, PacketPtr packet, const Departure& departure,
                               Bytes options, Time now);

// Sends what has its IP header already, as raw sockets may ask for.
Result<void> send_ip_packet(Core& core, PacketPtr packet, const Departure& departure, Time now);

// The same behind the hooks for what is made here: where forwarded packets join.
Result<void> send_onto_link(Core& core, PacketPtr packet, const Departure& departure, Time now);

// Sets the checksum of an ICMP message, which ICMPv6 takes over a pseudo-header.
void finish_icmp_checksum(Packet& message, const Departure& departure);

// Reads the header of a packet that is not on its way in: what its sender must be told of.
[[nodiscard]] std::optional<Arrival> arrival_of(const Packet& packet, Interface& interface);

}  // namespace strata::stack
