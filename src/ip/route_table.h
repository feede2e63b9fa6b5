// SPDX-License-Identifier: Apache-2.0
// RouteTable: the forwarding table of a host or a small router (RFC 1122 3.3.1, RFC 1812 5.2.4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/index.h"
#include "base/slab.h"
#include "ip/route.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/time.h"

// A path-compressed binary trie for each family. A node names a prefix; its children lie inside
// that prefix and differ in the first bit behind it:
//
//   10.0.0.0/8 [metric 0, metric 100]
//     0 - 10.0.0.0/24 [metric 0]
//     1 - 10.128.0.0/9 (no routes: a fork)
//           0 - 10.130.1.0/24 [metric 0]
//           1 - 10.200.0.0/16 [metric 0]
//
// 1. A node without routes has two children: there are fewer nodes than twice the prefixes.
// 2. The routes of a node are sorted by metric, equal ones by age: the first usable one wins.
// 3. A look-up goes down once and remembers the last node that answered.
// 4. Memory follows use, up to routes_max routes; an empty table owns none.
// 5. Routes stay where they are until generation() changes.

namespace strata::ip {

class RouteTable final : public Fib {
 public:
  RouteTable(Memory& memory, std::uint32_t routes_max);

  [[nodiscard]] const Route* lookup(const IpAddress& destination,
                                    InterfaceId bound = kNoInterface) const override;

  // The destination's host bits are cleared. kAlreadyExists when the same path is there,
  // kOutOfMemory at the limit, kInvalidArgument when families or lengths do not fit together.
  [[nodiscard]] Result<void> insert(const Route& route);
  // Takes the place of the same path (Route::is_same_path), or is inserted.
  [[nodiscard]] Result<void> replace(const Route& route);
  // Removes the same path; its metric and what else it says do not matter.
  [[nodiscard]] Result<void> remove(const Route& route);
  // Removes every route through an interface that goes away. Returns how many.
  std::uint32_t remove_interface(InterfaceId interface);

  // The route that is the same path, or null.
  [[nodiscard]] const Route* find(const Route& route) const;

  // Every route, IPv4 first, by prefix and then metric. The visitor must not change the table.
  template <typename Visitor>
  void for_each(Visitor visit) const {
    for (const Index root : roots_) {
      for (Index node = root; node != kNoIndex; node = next_in_order(node)) {
        for (Index at = nodes_[node].routes; at != kNoIndex; at = entries_[at].next) {
          visit(entries_[at].route);
        }
      }
    }
  }

  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  [[nodiscard]] std::optional<Time> next_deadline() const { return next_expiry_; }
  // Removes the routes whose time has come.
  void on_deadline(Time now);

 private:
  struct Entry {
    Route route;
    Index next = kNoIndex;  // same prefix, higher metric
  };
  struct Node {
    IpAddress address;        // host bits clear
    std::uint8_t length = 0;  // of the 16-byte form
    Index parent = kNoIndex;
    std::array<Index, 2> children{kNoIndex, kNoIndex};
    Index routes = kNoIndex;
  };

  [[nodiscard]] Index find_node(const Prefix& prefix) const;
  [[nodiscard]] Index make_node(const Prefix& prefix);
  void remove_if_useless(Index node);
  void put_in_place_of(Index old_child, Index new_child, Index parent, bool is_v4);
  void link_route(Index node, Index entry);
  void unlink_route(Index node, Index entry);
  [[nodiscard]] Index find_entry(Index node, const Route& route) const;
  [[nodiscard]] Index next_in_order(Index node) const;
  template <typename Predicate>
  std::uint32_t remove_where(Predicate matches);
  void refresh_expiry();

  Slab<Node> nodes_;
  Slab<Entry> entries_;
  std::array<Index, 2> roots_{kNoIndex, kNoIndex};  // IPv4, IPv6
  std::optional<Time> next_expiry_;
};

}  // namespace strata::ip
