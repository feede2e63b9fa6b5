// SPDX-License-Identifier: Apache-2.0
// What was learnt from answers, and for how long it holds.
#pragma once

#include <cstdint>

#include "base/hash_index.h"
#include "base/index_list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "dns/config.h"
#include "dns/reply.h"
#include "strata/wire/dns_name.h"

// 1. At most `entries_max` entries; a new one takes the place of the oldest.
// 2. An entry is found only before it expires; nothing else removes it, and no timer is needed.
// 3. The hash is keyed: whoever chooses the names cannot make them collide.

namespace strata::dns {

class Cache {
 public:
  enum class Kind : std::uint8_t { kAddresses, kNoData, kNoName };
  struct Entry {
    wire::DnsName name;  // in lower case
    wire::DnsType type{};
    Kind kind{};
    AddressSet addresses{};
    Time expires{};
    IndexLink by_age{};
  };

  Cache(Memory& memory, const SipKey& key, std::uint32_t entries_max)
      : key_(key), index_(memory), entries_(memory, entries_max) {}

  // Null when there is none that still holds.
  [[nodiscard]] const Entry* find(const wire::DnsName& name, wire::DnsType type, Time now) const;
  void keep(const wire::DnsName& name, wire::DnsType type, Kind kind, const AddressSet& addresses,
            Time expires);
  void clear();
  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }

 private:
  [[nodiscard]] std::uint32_t hash_of(const wire::DnsName& lower, wire::DnsType type) const;
  [[nodiscard]] Index locate(const wire::DnsName& lower, wire::DnsType type) const;
  void destroy(Index index);

  SipKey key_;
  HashIndex index_;
  Slab<Entry> entries_;
  IndexList<Entry, &Entry::by_age> by_age_;
};

}  // namespace strata::dns
