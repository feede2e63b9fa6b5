// SPDX-License-Identifier: Apache-2.0
// PathMtuCache: how large a packet may be on the way to a destination (RFC 1191, RFC 8201).
#pragma once

#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/intrusive_list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/time.h"

// 1. An entry exists only for a path found to be smaller than its link: an empty cache says "the
//    link's MTU" and owns no memory.
// 2. Reports only lower an estimate, and never below the floor: a forged report costs efficiency,
//    never service. The caller has matched the report with something it sent.
// 3. An entry dies `age` after it was last lowered, and the link's MTU is tried anew (RFC
// 1191 6.3).
// 4. The cache is bounded and keyed; the entry changed longest ago makes room.

namespace strata::ip {

struct PathMtuConfig {
  std::uint32_t entries_max = 256;
  // RFC 1191 3 lets a path be as small as 68; what today's networks report below 552 is an attack.
  std::uint16_t ipv4_floor = 552;
  Duration age = std::chrono::minutes(10);
};

class PathMtuCache {
 public:
  PathMtuCache(Memory& memory, const SipKey& key, const PathMtuConfig& config = {});
  ~PathMtuCache();

  // What may be sent to `destination` through a link of `link_mtu`.
  [[nodiscard]] std::uint32_t mtu(const IpAddress& destination, std::uint32_t link_mtu,
                                  InterfaceId zone = kNoInterface) const;

  struct Report {
    IpAddress destination{};
    std::uint32_t mtu = 0;        // of the next hop; 0 from a router older than RFC 1191
    std::uint32_t sent_size = 0;  // total length of the packet that did not fit
    InterfaceId zone = kNoInterface;
  };
  // The new estimate when it fell; none when the report changes nothing.
  std::optional<std::uint32_t> on_packet_too_big(const Report& report, Time now);
  // A transport saw that packets of this size vanish (RFC 8899, RFC 4821): the same, without a
  // router's word for it.
  std::optional<std::uint32_t> on_black_hole(const IpAddress& destination, std::uint32_t mtu,
                                             Time now, InterfaceId zone = kNoInterface);
  // A transport's probe of this size arrived: the estimate rises to it.
  void on_probe_acknowledged(const IpAddress& destination, std::uint32_t mtu, Time now,
                             InterfaceId zone = kNoInterface);
  void forget(const IpAddress& destination, InterfaceId zone = kNoInterface);

  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  // Changes when an estimate does: cached sizes are stale then.
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

 private:
  struct Entry {
    IpAddress destination{};
    InterfaceId zone = kNoInterface;
    std::uint32_t mtu = 0;
    Time expires{};
    Index self = kNoIndex;
    ListLink<Entry> link;
  };

  [[nodiscard]] std::uint32_t hash_of(const IpAddress& destination, InterfaceId zone) const;
  [[nodiscard]] Index locate(const IpAddress& destination, InterfaceId zone) const;
  [[nodiscard]] Index create(const IpAddress& destination, InterfaceId zone);
  void destroy(Entry& entry);
  [[nodiscard]] std::uint32_t floor_of(const IpAddress& destination) const;
  std::optional<std::uint32_t> lower(const IpAddress& destination, InterfaceId zone,
                                     std::uint32_t mtu, std::uint32_t sent_size, Time now);

  SipKey key_;
  PathMtuConfig config_;
  HashIndex index_;
  Slab<Entry> entries_;
  IntrusiveList<Entry, &Entry::link> by_age_;  // one age for all: the front dies first
  std::uint32_t generation_ = 1;
};

// RFC 1191 7: the plateau below `size`, for routers that do not tell their MTU.
[[nodiscard]] std::uint32_t plateau_below(std::uint32_t size);

}  // namespace strata::ip
