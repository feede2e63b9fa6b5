// SPDX-License-Identifier: Apache-2.0
// AddressTable: behind which port of a switch a station was last seen (IEEE 802.1Q 8.8).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/hash_index.h"
#include "base/intrusive_list.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/time.h"

//   index: keyed hash of (VLAN, address) ──> entry ──> list of its port, oldest first
//
// 1. Addresses come from strangers: the table is bounded and its hash keyed. When it is full, the
//    oldest address of the port that holds most makes room, so that a flood of forged addresses
//    pushes out its own.
// 2. An address that was not heard of for `age_max` is not found any more. Nothing wakes for it:
//    learning takes old ones away as it goes.

namespace strata::bridge {

inline constexpr std::size_t kPortsMax = 64;

struct AddressEntry {
  MacAddress mac;
  std::uint16_t vlan = 0;
  std::uint8_t port = 0;
  Time seen{};
};

class AddressTable {
 public:
  enum class Learnt : std::uint8_t { kKnown, kNew, kMoved, kNoMemory };

  AddressTable(Memory& memory, const SipKey& key, Duration age_max, std::uint32_t addresses_max);
  ~AddressTable() { clear(); }
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  Learnt learn(std::uint16_t vlan, const MacAddress& mac, std::size_t port, Time now);
  [[nodiscard]] std::optional<std::size_t> find(std::uint16_t vlan, const MacAddress& mac,
                                                Time now) const;
  void forget_port(std::size_t port);
  void clear();

  // Old ones that nobody has taken away yet are left out.
  template <typename Visit>
  void for_each(Time now, Visit visit) const {
    for (Index i = entries_.next_used(0); i != kNoIndex; i = entries_.next_used(i + 1)) {
      const Entry& entry = entries_[i];
      if (!is_old(entry, now)) visit(static_cast<const AddressEntry&>(entry));
    }
  }
  // With those that are old.
  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t shed() const { return shed_; }

 private:
  struct Entry : AddressEntry {
    Index index = kNoIndex;
    ListLink<Entry> link{};
  };
  struct Port {
    IntrusiveList<Entry, &Entry::link> addresses;  // the one unheard of for longest first
    std::uint32_t count = 0;
  };

  [[nodiscard]] std::uint32_t hash_of(std::uint16_t vlan, const MacAddress& mac) const;
  [[nodiscard]] Index locate(std::uint32_t hash, std::uint16_t vlan, const MacAddress& mac) const;
  [[nodiscard]] bool is_old(const Entry& entry, Time now) const {
    return now - entry.seen >= age_max_;
  }
  void move(Entry& entry, std::size_t port);
  void forget(Entry& entry);
  void forget_old(Time now);
  void make_room();

  SipKey key_;
  Duration age_max_;
  Slab<Entry> entries_;
  HashIndex index_;
  std::array<Port, kPortsMax> ports_;
  std::uint64_t shed_ = 0;
};

}  // namespace strata::bridge
