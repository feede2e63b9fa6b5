// SPDX-License-Identifier: Apache-2.0
#include "bridge/address_table.h"

#include <algorithm>
#include <chrono>

#include "strata/bytes.h"

namespace strata::bridge {

AddressTable::AddressTable(Memory& memory, const SipKey& key, Duration age_max,
                           std::uint32_t addresses_max)
    : key_(key), age_max_(age_max), entries_(memory, addresses_max), index_(memory) {}

std::uint32_t AddressTable::hash_of(std::uint16_t vlan, const MacAddress& mac) const {
  const std::byte* const octets = mac.bytes().data();
  const std::uint64_t word = (std::uint64_t{vlan} << 48U) |
                             (std::uint64_t{load_big_endian<std::uint16_t>(octets)} << 32U) |
                             load_big_endian<std::uint32_t>(octets + 2);
  return static_cast<std::uint32_t>(hash_words(key_, {word}));
}

Index AddressTable::locate(std::uint32_t hash, std::uint16_t vlan, const MacAddress& mac) const {
  return index_.find(hash,
                     [&](Index i) { return entries_[i].vlan == vlan && entries_[i].mac == mac; });
}

AddressTable::Learnt AddressTable::learn(std::uint16_t vlan, const MacAddress& mac,
                                         std::size_t port, Time now) {
  // The order within a port is kept to this accuracy, and costs nothing for each frame.
  constexpr Duration kFresh = std::chrono::seconds(1);
  const std::uint32_t hash = hash_of(vlan, mac);
  if (const Index known = locate(hash, vlan, mac); known != kNoIndex) {
    Entry& entry = entries_[known];
    const bool is_moved = entry.port != port && !is_old(entry, now);
    if (entry.port != port || now - entry.seen >= kFresh) {
      move(entry, port);
      entry.seen = now;
    }
    return is_moved ? Learnt::kMoved : Learnt::kKnown;
  }
  forget_old(now);
  if (entries_.full()) make_room();
  const Index index = entries_.try_create();
  if (index == kNoIndex) return Learnt::kNoMemory;
  if (!index_.insert(hash, index)) {
    entries_.destroy(index);
    return Learnt::kNoMemory;
  }
  Entry& entry = entries_[index];
  entry.mac = mac;
  entry.vlan = vlan;
  entry.port = static_cast<std::uint8_t>(port);
  entry.seen = now;
  entry.index = index;
  ports_[port].addresses.push_back(entry);
  ++ports_[port].count;
  return Learnt::kNew;
}

std::optional<std::size_t> AddressTable::find(std::uint16_t vlan, const MacAddress& mac,
                                              Time now) const {
  const Index index = locate(hash_of(vlan, mac), vlan, mac);
  if (index == kNoIndex || is_old(entries_[index], now)) return std::nullopt;
  return entries_[index].port;
}

void AddressTable::move(Entry& entry, std::size_t port) {
  ports_[entry.port].addresses.erase(entry);
  --ports_[entry.port].count;
  entry.port = static_cast<std::uint8_t>(port);
  ports_[port].addresses.push_back(entry);
  ++ports_[port].count;
}

void AddressTable::forget(Entry& entry) {
  ports_[entry.port].addresses.erase(entry);
  --ports_[entry.port].count;
  index_.erase(hash_of(entry.vlan, entry.mac), entry.index);
  entries_.destroy(entry.index);
}

// Two for each that comes: faster than they can come, and bounded.
void AddressTable::forget_old(Time now) {
  constexpr int kAtOnce = 2;
  int left = kAtOnce;
  for (Port& port : ports_) {
    while (left > 0 && port.count != 0 && is_old(*port.addresses.front(), now)) {
      forget(*port.addresses.front());
      --left;
    }
    if (left == 0) return;
  }
}

void AddressTable::make_room() {
  Port& largest = *std::ranges::max_element(ports_, {}, &Port::count);
  if (largest.count == 0) return;
  forget(*largest.addresses.front());
  ++shed_;
}

void AddressTable::forget_port(std::size_t port) {
  while (ports_[port].count != 0) forget(*ports_[port].addresses.front());
}

void AddressTable::clear() {
  for (std::size_t port = 0; port < kPortsMax; ++port) forget_port(port);
}

}  // namespace strata::bridge
