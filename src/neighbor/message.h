// SPDX-License-Identifier: Apache-2.0
// What a neighbour cache is told and what it asks to be done, as values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/drop_reason.h"
#include "strata/packet.h"
#include "strata/wire/arp.h"

namespace strata::neighbor {

// RFC 3971 5.3.2, six bytes: proves to RFC 7527 that a solicitation is our own come back.
using Nonce = std::array<std::byte, 6>;

// --- in -----------------------------------------------------------------------------------------

struct Solicitation {
  IpAddress source;
  IpAddress destination;
  IpAddress target;
  std::optional<MacAddress> source_link_layer;  // the option, not the frame's source
  Bytes nonce{};                                // the option's value; empty when absent
};

struct Advertisement {
  IpAddress source;
  IpAddress destination;
  IpAddress target;
  bool is_router = false;
  bool is_solicited = false;
  bool is_override = false;
  std::optional<MacAddress> target_link_layer;
};

// --- out ----------------------------------------------------------------------------------------

struct SendArp {
  wire::ArpHeader header;
  MacAddress destination;
};

// Hop limit 255; with a source link-layer option unless the source is unspecified.
struct SendSolicitation {
  IpAddress target;
  IpAddress destination;  // the solicited-node group, or the target itself for a probe
  IpAddress source;       // unspecified while duplicates are looked for
  MacAddress destination_mac;
  std::optional<Nonce> nonce;
};

// Hop limit 255; always with the target link-layer option, which is our own address.
struct SendAdvertisement {
  IpAddress target;
  IpAddress destination;
  IpAddress source;
  // Empty when a unicast destination is not in the cache: send it like any packet.
  std::optional<MacAddress> destination_mac;
  bool is_solicited = false;
  bool is_override = false;
  // The router flag is the sender's: the stack sets it on interfaces that forward.
};

// A parked packet whose next hop answered.
struct Release {
  PacketPtr packet;
  MacAddress destination;
  IpAddress next_hop;
};

// A packet that could not be delivered: the stack counts it and tells the sender by ICMP.
struct Undeliverable {
  PacketPtr packet;
  DropReason reason = DropReason::kNeighborUnresolved;
  IpAddress next_hop;
};

// Another station uses one of our addresses.
struct Duplicate {
  IpAddress address;
  std::optional<MacAddress> other;  // ND need not tell
  bool must_cease = true;           // false: the address was defended and stays in use
};

// Duplicate detection found nobody: the address may be used.
struct AddressReady {
  IpAddress address;
};

// RFC 4861 7.2.5: a neighbour says it is no router any more; forget routes over it.
struct RouterLost {
  IpAddress address;
};

// RFC 4861 6.3.6: a router does not answer any more, or answers again.
struct RouterHeard {
  IpAddress address;
  bool is_reachable = true;
};

using Output = std::variant<SendArp, SendSolicitation, SendAdvertisement, Release, Undeliverable,
                            Duplicate, AddressReady, RouterLost, RouterHeard>;

}  // namespace strata::neighbor
