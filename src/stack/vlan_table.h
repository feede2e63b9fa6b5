// SPDX-License-Identifier: Apache-2.0
// VlanTable: which interface the tagged frames of a port belong to; sorted, so that thousands of
// VLANs cost a dozen comparisons.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "base/vector.h"
#include "strata/address.h"
#include "strata/stack_config.h"
#include "strata/wire/vlan.h"

namespace strata::stack {

// One or two tags without their priorities, which tell no VLANs apart (IEEE 802.1Q 6.9).
class VlanKey {
 public:
  [[nodiscard]] static constexpr VlanKey of(const VlanTags& vlan) {
    VlanKey key;
    for (std::size_t i = 0; i < vlan.count; ++i) key.append(vlan.tags[i].tpid, vlan.tags[i].id);
    return key;
  }
  [[nodiscard]] static constexpr VlanKey of(const wire::VlanTags& vlan) {
    VlanKey key;
    for (std::size_t i = 0; i < vlan.count; ++i) {
      key.append(vlan.tags[i].tpid, vlan.tags[i].header.id);
    }
    return key;
  }
  friend constexpr auto operator<=>(const VlanKey&, const VlanKey&) = default;

 private:
  constexpr void append(std::uint16_t tpid, std::uint16_t id) {
    tags_ = tags_ << 32U | std::uint64_t{tpid} << 16U | id;
  }
  std::uint64_t tags_ = 0;
};

class VlanTable {
 public:
  explicit VlanTable(Memory& memory) : rows_(memory) {}

  // kNoInterface: there is no such VLAN.
  [[nodiscard]] InterfaceId find(InterfaceId port, const VlanKey& key) const {
    const std::size_t at = place_of(port, key);
    return holds(at, port, key) ? rows_[at].vlan : kNoInterface;
  }
  // False: no memory. The VLAN is not there yet.
  [[nodiscard]] bool try_add(InterfaceId port, const VlanKey& key, InterfaceId vlan) {
    return rows_.try_insert_at(place_of(port, key), {key, port, vlan});
  }
  void remove(InterfaceId port, const VlanKey& key) {
    const std::size_t at = place_of(port, key);
    if (holds(at, port, key)) rows_.erase_at(at);
  }

 private:
  struct Row {
    VlanKey key;
    InterfaceId port = kNoInterface;
    InterfaceId vlan = kNoInterface;
  };

  [[nodiscard]] std::size_t place_of(InterfaceId port, const VlanKey& key) const {
    const auto is_before = [](const Row& row, const std::tuple<InterfaceId, VlanKey>& wanted) {
      return std::tuple(row.port, row.key) < wanted;
    };
    const Row* const at =
        std::lower_bound(rows_.begin(), rows_.end(), std::tuple(port, key), is_before);
    return static_cast<std::size_t>(at - rows_.begin());
  }
  [[nodiscard]] bool holds(std::size_t at, InterfaceId port, const VlanKey& key) const {
    return at < rows_.size() && rows_[at].port == port && rows_[at].key == key;
  }

  Vector<Row> rows_;
};

}  // namespace strata::stack
