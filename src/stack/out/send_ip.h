// SPDX-License-Identifier: Apache-2.0
// Way out: where a packet goes, from which address, and its IP header.
#pragma once

#include <optional>

#include "stack/core.h"
#include "stack/in/arrival.h"

namespace strata::stack {

// What a sender knows of the packet it wants to send.
struct DepartureQuery {
  IpAddress destination{};
  IpAddress source{};                    // unspecified: choose one (RFC 6724)
  InterfaceId interface = kNoInterface;  // leave through this one only
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;  // 0: the interface's or the stack's; to a group: never leave
  std::uint8_t traffic_class = 0;
  FragmentPolicy fragment_policy = FragmentPolicy::kFragment;
  bool loops_groups = true;  // hear our own group packets
};

// The answer: everything send_ip needs.
struct Departure {
  enum class Kind : std::uint8_t { kUnicast, kLocal, kMulticast, kBroadcast };

  Interface* interface = nullptr;
  IpAddress next_hop{};
  IpAddress source{};
  IpAddress destination{};
  std::size_t mtu = 0;
  Kind kind = Kind::kUnicast;
  // No neighbours in the query are neighbours here: bytes that were written one by one would be
  // copied as one word, and the processor would wait for them.
  std::uint8_t hop_limit = 0;
  FragmentPolicy fragment_policy = FragmentPolicy::kFragment;
  std::uint8_t protocol = 0;
  bool loops_groups = true;
  std::uint8_t traffic_class = 0;

  [[nodiscard]] bool is_v4() const { return destination.is_v4(); }
};

[[nodiscard]] Result<Departure> depart(Core& core, const DepartureQuery& query);

// Puts an IP header in front and sends, fragmenting where the policy allows. The packet begins with
// its transport header. A failure has been counted.
Result<void> send_ip(Core& core, PacketPtr packet, const Departure& departure, Time now);

// Sends what has its IP header already, as raw sockets may ask for.
Result<void> send_ip_packet(Core& core, PacketPtr packet, const Departure& departure, Time now);

// The same behind the hooks for what is made here: where forwarded packets join.
Result<void> send_onto_link(Core& core, PacketPtr packet, const Departure& departure, Time now);

// Sets the checksum of an ICMP message, which ICMPv6 takes over a pseudo-header.
void finish_icmp_checksum(Packet& message, const Departure& departure);

// Reads the header of a packet that is not on its way in: what its sender must be told of.
[[nodiscard]] std::optional<Arrival> arrival_of(const Packet& packet, Interface& interface);

}  // namespace strata::stack
