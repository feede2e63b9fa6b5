// SPDX-License-Identifier: Apache-2.0
// LocalAddresses: "is this destination ours?" for every packet, over all interfaces of a stack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "strata/address.h"
#include "strata/memory.h"

namespace strata::ip {

enum class LocalKind : std::uint8_t { kUnicast, kDirectedBroadcast, kAnycast };

struct LocalAddress {
  IpAddress address{};
  InterfaceId interface = kNoInterface;
  LocalKind kind = LocalKind::kUnicast;
  // Not ours yet (RFC 4862 5.4): only duplicate detection may look at what is sent to it.
  bool is_tentative = false;
};

// Kept by the AddressLists; others only ask. Groups are the business of multicast/, and the
// limited broadcast needs no table.
class LocalAddresses {
 public:
  LocalAddresses(Memory& memory, const SipKey& key, std::uint32_t addresses_max = 1024);

  // The entry for a packet that came in through `arrived`. A link-local IPv6 destination matches
  // on that interface only (RFC 4007 9); any other address of the host matches wherever the
  // packet came in (the weak host model, RFC 1122 3.3.4.2), that interface's own entry first.
  // The entry stays where it is until generation() changes.
  [[nodiscard]] const LocalAddress* find(const IpAddress& destination,
                                         InterfaceId arrived = kNoInterface) const {
    Line& line = lines_[(destination.low() ^ arrived) % kLines];
    if (line.generation == generation_ && line.destination == destination &&
        line.arrived == arrived) [[likely]] {
      return line.entry;
    }
    line = {destination, search(destination, arrived), generation_, arrived};
    return line.entry;
  }
  // A usable unicast address of ours, for sockets that bind and for refusing spoofed sources.
  [[nodiscard]] bool is_local(const IpAddress& address, InterfaceId zone = kNoInterface) const;

  // False at the limit. Several entries may share an address on different interfaces.
  [[nodiscard]] bool insert(const LocalAddress& entry);
  void erase(const IpAddress& address, InterfaceId interface, LocalKind kind);
  void set_tentative(const IpAddress& address, InterfaceId interface, bool is_tentative);

  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  // Changes with every change: what callers cached about an address is stale then.
  [[nodiscard]] std::uint32_t generation() const { return generation_; }

 private:
  // The answers of the last packets, as in RouteCache: misses are remembered, too, and a change of
  // the table makes all lines stale.
  struct Line {
    IpAddress destination{};
    const LocalAddress* entry = nullptr;
    std::uint32_t generation = 0;
    InterfaceId arrived = kNoInterface;
  };
  static constexpr std::size_t kLines = 8;

  [[nodiscard]] const LocalAddress* search(const IpAddress& destination, InterfaceId arrived) const;
  [[nodiscard]] std::uint32_t hash_of(const IpAddress& address) const;
  [[nodiscard]] Index locate(const IpAddress& address, InterfaceId interface, LocalKind kind) const;

  SipKey key_;
  HashIndex index_;
  Slab<LocalAddress> entries_;
  std::uint32_t generation_ = 1;
  mutable std::array<Line, kLines> lines_{};
};

}  // namespace strata::ip
