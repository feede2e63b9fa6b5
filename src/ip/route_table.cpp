// SPDX-License-Identifier: Apache-2.0
#include "ip/route_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace strata::ip {
namespace {

// Bit `position` of the 16-byte form, 0 being the first on the wire.
[[nodiscard]] unsigned bit_at(const IpAddress& address, unsigned position) {
  const std::uint64_t word = position < 64 ? address.high() : address.low();
  return static_cast<unsigned>(word >> (63U - position % 64U) & 1U);
}

[[nodiscard]] unsigned common_bits(const IpAddress& a, const IpAddress& b) {
  const std::uint64_t high = a.high() ^ b.high();
  if (high != 0) return static_cast<unsigned>(std::countl_zero(high));
  return 64U + static_cast<unsigned>(std::countl_zero(a.low() ^ b.low()));
}

[[nodiscard]] IpAddress masked(const IpAddress& address, unsigned length) {
  const std::uint64_t high = length == 0    ? 0
                             : length >= 64 ? ~std::uint64_t{0}
                                            : ~std::uint64_t{0} << (64 - length);
  const std::uint64_t low = length <= 64 ? 0 : ~std::uint64_t{0} << (128 - length);
  return IpAddress::v6(address.high() & high, address.low() & low);
}

[[nodiscard]] bool is_well_formed(const Route& route) {
  const bool is_v4 = route.destination.is_v4();
  if (route.destination.length() > (is_v4 ? 32U : 128U)) return false;
  // A short IPv6 prefix over the mapped range would change family once its host bits are cleared.
  if (route.destination.network().is_v4() != is_v4) return false;
  if (!route.gateway.is_unspecified() && route.gateway.is_v4() != is_v4) return false;
  if (route.gateway.is_multicast()) return false;
  return route.interface != kNoInterface;
}

[[nodiscard]] Route normalized(const Route& route) {
  Route stored = route;
  stored.destination = route.destination.network();
  // "On link" has one spelling, so that the same path compares equal.
  if (stored.gateway.is_unspecified()) stored.gateway = IpAddress{};
  return stored;
}

}  // namespace

RouteTable::RouteTable(Memory& memory, std::uint32_t routes_max)
    : nodes_(memory, routes_max * 2), entries_(memory, routes_max) {}

const Route* RouteTable::lookup(const IpAddress& destination, InterfaceId bound) const {
  const Route* best = nullptr;
  Index at = roots_[destination.is_v4() ? 0 : 1];
  while (at != kNoIndex) {
    const Node& node = nodes_[at];
    if (common_bits(node.address, destination) < node.length) break;
    for (Index i = node.routes; i != kNoIndex; i = entries_[i].next) {
      const Route& route = entries_[i].route;
      if (bound != kNoInterface && route.interface != bound) continue;
      best = &route;
      break;
    }
    if (node.length == 128) break;
    at = node.children[bit_at(destination, node.length)];
  }
  return best;
}

Result<void> RouteTable::insert(const Route& route) {
  if (!is_well_formed(route)) return std::unexpected(Error::kInvalidArgument);
  const Route stored = normalized(route);
  if (find(stored) != nullptr) return std::unexpected(Error::kAlreadyExists);
  // The entry first: an entry can be taken back without a trace, a node only with its fork.
  const Index entry = entries_.try_create(Entry{stored});
  if (entry == kNoIndex) return std::unexpected(Error::kOutOfMemory);
  const Index node = make_node(stored.destination);
  if (node == kNoIndex) {
    entries_.destroy(entry);
    return std::unexpected(Error::kOutOfMemory);
  }
  link_route(node, entry);
  next_expiry_ = earlier(next_expiry_, stored.expires);
  changed();
  return {};
}

Result<void> RouteTable::replace(const Route& route) {
  if (!is_well_formed(route)) return std::unexpected(Error::kInvalidArgument);
  const Route stored = normalized(route);
  const Index node = find_node(stored.destination);
  const Index entry = node == kNoIndex ? kNoIndex : find_entry(node, stored);
  if (entry == kNoIndex) return insert(stored);
  unlink_route(node, entry);
  entries_[entry].route = stored;
  link_route(node, entry);
  refresh_expiry();
  changed();
  return {};
}

Result<void> RouteTable::remove(const Route& route) {
  if (!is_well_formed(route)) return std::unexpected(Error::kInvalidArgument);
  const Route wanted = normalized(route);
  const Index node = find_node(wanted.destination);
  const Index entry = node == kNoIndex ? kNoIndex : find_entry(node, wanted);
  if (entry == kNoIndex) return std::unexpected(Error::kNotFound);
  unlink_route(node, entry);
  entries_.destroy(entry);
  remove_if_useless(node);
  refresh_expiry();
  changed();
  return {};
}

std::uint32_t RouteTable::remove_interface(InterfaceId interface) {
  return remove_where([&](const Route& route) { return route.interface == interface; });
}

void RouteTable::on_deadline(Time now) {
  if (!next_expiry_ || *next_expiry_ > now) return;
  remove_where([&](const Route& route) { return route.expires && *route.expires <= now; });
}

const Route* RouteTable::find(const Route& route) const {
  const Route wanted = normalized(route);
  const Index node = find_node(wanted.destination);
  const Index entry = node == kNoIndex ? kNoIndex : find_entry(node, wanted);
  return entry == kNoIndex ? nullptr : &entries_[entry].route;
}

template <typename Predicate>
std::uint32_t RouteTable::remove_where(Predicate matches) {
  std::uint32_t removed = 0;
  // Removing a node may remove its parent but no node elsewhere, and slab order does not care.
  for (Index at = nodes_.next_used(0); at != kNoIndex; at = nodes_.next_used(at + 1)) {
    const std::uint32_t before = removed;
    for (Index i = nodes_[at].routes; i != kNoIndex;) {
      const Index next = entries_[i].next;
      if (matches(entries_[i].route)) {
        unlink_route(at, i);
        entries_.destroy(i);
        ++removed;
      }
      i = next;
    }
    if (removed != before) remove_if_useless(at);
  }
  if (removed != 0) {
    refresh_expiry();
    changed();
  }
  return removed;
}

Index RouteTable::find_node(const Prefix& prefix) const {
  const unsigned length = prefix.mapped_length();
  Index at = roots_[prefix.is_v4() ? 0 : 1];
  while (at != kNoIndex) {
    const Node& node = nodes_[at];
    if (node.length > length || common_bits(node.address, prefix.address()) < node.length) break;
    if (node.length == length) return at;
    at = node.children[bit_at(prefix.address(), node.length)];
  }
  return kNoIndex;
}

// The node of a prefix, made when it is not there. Two cases beside a plain leaf: the new prefix
// holds the node in its place, or both hang from a fork where they part.
Index RouteTable::make_node(const Prefix& prefix) {
  const IpAddress address = prefix.address();
  const unsigned length = prefix.mapped_length();
  const unsigned family = prefix.is_v4() ? 0 : 1;
  Index parent = kNoIndex;
  Index at = roots_[family];
  unsigned shared = 0;
  while (at != kNoIndex) {
    const Node& node = nodes_[at];
    shared = std::min({common_bits(node.address, address), unsigned{node.length}, length});
    if (shared < node.length) break;
    if (node.length == length) return at;
    parent = at;
    at = node.children[bit_at(address, node.length)];
  }
  const Index leaf =
      nodes_.try_create(Node{.address = address, .length = static_cast<std::uint8_t>(length)});
  if (leaf == kNoIndex) return kNoIndex;
  if (at == kNoIndex) {
    put_in_place_of(kNoIndex, leaf, parent, prefix.is_v4());
    return leaf;
  }
  Index above = leaf;
  if (shared < length) {
    above = nodes_.try_create(
        Node{.address = masked(address, shared), .length = static_cast<std::uint8_t>(shared)});
    if (above == kNoIndex) {
      nodes_.destroy(leaf);
      return kNoIndex;
    }
    nodes_[above].children[bit_at(address, shared)] = leaf;
    nodes_[leaf].parent = above;
  }
  put_in_place_of(at, above, parent, prefix.is_v4());
  nodes_[above].children[bit_at(nodes_[at].address, shared)] = at;
  nodes_[at].parent = above;
  return leaf;
}

// `parent` (or the root) points to `new_child` where it pointed to `old_child`. With no old child
// the side follows from the address.
void RouteTable::put_in_place_of(Index old_child, Index new_child, Index parent, bool is_v4) {
  if (new_child != kNoIndex) nodes_[new_child].parent = parent;
  if (parent == kNoIndex) {
    roots_[is_v4 ? 0 : 1] = new_child;
    return;
  }
  Node& above = nodes_[parent];
  const Index named = old_child != kNoIndex ? old_child : new_child;
  above.children[bit_at(nodes_[named].address, above.length)] = new_child;
}

// Invariant 1: without routes, a leaf goes, and a node with one child gives it its place. Taking
// a leaf from a fork leaves the fork with one child, so the parent is asked again, once.
void RouteTable::remove_if_useless(Index at) {
  while (at != kNoIndex) {
    const Node node = nodes_[at];
    const auto [left, right] = node.children;
    if (node.routes != kNoIndex || (left != kNoIndex && right != kNoIndex)) return;
    const Index child = left != kNoIndex ? left : right;
    put_in_place_of(at, child, node.parent, node.address.is_v4());
    nodes_.destroy(at);
    at = node.parent;
  }
}

void RouteTable::link_route(Index node, Index entry) {
  const std::uint32_t metric = entries_[entry].route.metric;
  Index* at = &nodes_[node].routes;
  while (*at != kNoIndex && entries_[*at].route.metric <= metric) at = &entries_[*at].next;
  entries_[entry].next = *at;
  *at = entry;
}

void RouteTable::unlink_route(Index node, Index entry) {
  Index* at = &nodes_[node].routes;
  while (*at != entry) at = &entries_[*at].next;
  *at = entries_[entry].next;
}

Index RouteTable::find_entry(Index node, const Route& route) const {
  for (Index at = nodes_[node].routes; at != kNoIndex; at = entries_[at].next) {
    if (entries_[at].route.is_same_path(route)) return at;
  }
  return kNoIndex;
}

// Depth first, a node before its children.
Index RouteTable::next_in_order(Index at) const {
  for (const Index child : nodes_[at].children) {
    if (child != kNoIndex) return child;
  }
  for (Index above = nodes_[at].parent; above != kNoIndex; above = nodes_[at].parent) {
    const Index right = nodes_[above].children[1];
    if (right != kNoIndex && right != at) return right;
    at = above;
  }
  return kNoIndex;
}

void RouteTable::refresh_expiry() {
  next_expiry_.reset();
  for (Index at = entries_.next_used(0); at != kNoIndex; at = entries_.next_used(at + 1)) {
    next_expiry_ = earlier(next_expiry_, entries_[at].route.expires);
  }
}

}  // namespace strata::ip
