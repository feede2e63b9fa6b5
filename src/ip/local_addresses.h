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
    const std::uint64_t mixed = mixed_of(destination);
    if (!may_have(mixed)) return nullptr;
    Line& line = lines_[(mixed ^ arrived) % kLines];
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
  // Two questions a packet are about somebody else's address, of which a router sees many. Nearly
  // all of them end here, at a bit that no entry's address has.
  static constexpr unsigned kPresentBits = 8;
  static constexpr std::size_t kWordBits = 64;

  [[nodiscard]] static std::uint64_t mixed_of(const IpAddress& address) {
    const std::uint64_t mixed = (address.low() ^ address.high()) * 0x9e37'79b9'7f4a'7c15U;
    return mixed >> 32U;
  }
  [[nodiscard]] static std::size_t bit_of(std::uint64_t mixed) {
    return static_cast<std::size_t>(mixed >> (32U - kPresentBits));
  }
  [[nodiscard]] bool may_have(std::uint64_t mixed) const {
    const std::size_t bit = bit_of(mixed);
    return (present_[bit / kWordBits] >> bit % kWordBits & 1U) != 0;
  }
  void mark_present(const IpAddress& address);

  // The answers of the last packets, as in RouteCache: misses are remembered, too, and a change of
  // the table makes all lines stale.
  struct Line {
    IpAddress destination{};
    const LocalAddress* entry = nullptr;
    std::uint32_t generation = 0;
    InterfaceId arrived = kNoInterface;
  };
  static constexpr std::size_t kLines = 4;

  [[nodiscard]] const LocalAddress* search(const IpAddress& destination, InterfaceId arrived) const;
  [[nodiscard]] std::uint32_t hash_of(const IpAddress& address) const;
  [[nodiscard]] Index locate(const IpAddress& address, InterfaceId interface, LocalKind kind) const;

  SipKey key_;
  HashIndex index_;
  Slab<LocalAddress> entries_;
  std::uint32_t generation_ = 1;
  std::array<std::uint64_t, (1U << kPresentBits) / kWordBits> present_{};
  mutable std::array<Line, kLines> lines_{};
};

}  // namespace strata::ip
