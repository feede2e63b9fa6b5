// SPDX-License-Identifier: Apache-2.0
// AddressTable: behind which port of a switch an address was last seen (IEEE 802.1Q 8.8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/time.h"

namespace strata::sim {

// Nothing that iterates over the table reaches a frame: entries are only found or forgotten.
class AddressTable {
 public:
  AddressTable(Duration age_max, std::size_t addresses_max)
      : age_max_(age_max), addresses_max_(addresses_max) {}

  // False when the table is full of addresses that are still fresh.
  bool learn(std::uint16_t vlan, const MacAddress& mac, std::size_t port, Time now) {
    const std::uint64_t key = key_of(vlan, mac);
    if (const auto known = entries_.find(key); known != entries_.end()) {
      known->second = {port, now};
      return true;
    }
    if (entries_.size() >= addresses_max_ && !forget_old(now)) return false;
    entries_.emplace(key, Entry{port, now});
    return true;
  }

  [[nodiscard]] std::optional<std::size_t> find(std::uint16_t vlan, const MacAddress& mac,
                                                Time now) const {
    const auto found = entries_.find(key_of(vlan, mac));
    if (found == entries_.end() || is_old(found->second, now)) return std::nullopt;
    return found->second.port;
  }

  void forget_port(std::size_t port) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.port == port; });
  }
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    std::size_t port = 0;
    Time seen{};
  };

  [[nodiscard]] static std::uint64_t key_of(std::uint16_t vlan, const MacAddress& mac) {
    const std::byte* octets = mac.bytes().data();
    return (std::uint64_t{vlan} << 48U) |
           (std::uint64_t{load_big_endian<std::uint16_t>(octets)} << 32U) |
           load_big_endian<std::uint32_t>(octets + 2);
  }
  [[nodiscard]] bool is_old(const Entry& entry, Time now) const {
    return now - entry.seen >= age_max_;
  }
  // At most once an age: a flood of new addresses must not search the table for each.
  bool forget_old(Time now) {
    if (now < next_forgetting_) return false;
    next_forgetting_ = now + age_max_ / 16;
    return std::erase_if(entries_, [&](const auto& entry) { return is_old(entry.second, now); }) !=
           0;
  }

  Duration age_max_;
  std::size_t addresses_max_;
  Time next_forgetting_{};
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace strata::sim
