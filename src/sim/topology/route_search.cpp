// SPDX-License-Identifier: Apache-2.0
#include "sim/topology/route_search.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace strata::sim {
namespace {

constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kOwn = kNowhere - 1;      // the node is on that wire
constexpr std::uint32_t kAny = kNowhere - 2;      // no wire has this network
constexpr std::uint32_t kSeveral = kNowhere - 3;  // not one way for all

// Which of two equally short first hops a wire takes: the one with the higher draw.
std::uint64_t draw(std::size_t wire, std::uint32_t hop) {
  std::uint64_t z = (std::uint64_t{wire} << 32U | hop) * 0x9e37'79b9'7f4a'7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d0'49bb'1331'11ebU;
  return z ^ (z >> 31U);
}

class RouteSearch {
 public:
  explicit RouteSearch(const WireGraph& graph)
      : graph_(graph), hops_(graph.wires.size()), steps_(graph.wires.size()) {
    std::size_t units = 1;
    for (const Wire& wire : graph.wires) {
      units = std::max(units, wire.first_unit + wire.units);
      const bool has_hosts = std::ranges::any_of(wire.members, [&](std::size_t member) {
        return !graph.forwards[graph.members[member].node];
      });
      has_hosts_.push_back(has_hosts);
    }
    hop_of_unit_.resize(std::bit_ceil(units));
  }

  std::vector<PlannedRoute> run() && {
    for (std::size_t node = 0; node < graph_.forwards.size(); ++node) {
      const std::size_t first = graph_.first_member[node];
      const std::size_t links = graph_.first_member[node + 1] - first;
      if (links == 0) continue;
      const bool is_apart = graph_.wires.size() <= kWiresApartMax;
      if (!is_apart && links == 1 && add_default(first)) continue;
      search(node);
      if (is_apart) {
        add_each(node);
      } else {
        add_joined(node);
      }
    }
    return std::move(routes_);
  }

 private:
  // The one way out of the only wire of a host. False: there is none, or a choice.
  bool add_default(std::size_t member) {
    const WireMember& own = graph_.members[member];
    std::size_t found = member;
    for (const std::size_t other : graph_.wires[own.wire].members) {
      if (other == member || !graph_.forwards[graph_.members[other].node]) continue;
      if (found != member) return false;
      found = other;
    }
    if (found == member) return false;
    const IpAddress& gateway = graph_.members[found].address.address();
    const IpAddress any = gateway.is_v4() ? IpAddress::v4(0) : IpAddress{};
    if (gateway.is_v4() != own.address.is_v4()) return false;
    routes_.push_back({own.node, Prefix(any, 0), gateway});
    return true;
  }

  // From the node's own wires outwards, one wire further at a time.
  void search(std::size_t node) {
    std::ranges::fill(hops_, kNowhere);
    queue_.clear();
    for (std::size_t i = graph_.first_member[node]; i < graph_.first_member[node + 1]; ++i) {
      const std::size_t wire = graph_.members[i].wire;
      if (hops_[wire] == kOwn) continue;
      hops_[wire] = kOwn;
      steps_[wire] = 0;
      queue_.push_back(wire);
    }
    for (std::size_t done = 0; done < queue_.size(); ++done) {
      const std::size_t wire = queue_[done];
      for (const std::size_t member : graph_.wires[wire].members) {
        const std::size_t next = graph_.members[member].node;
        if (next == node || !graph_.forwards[next]) continue;
        const auto hop = hops_[wire] == kOwn ? static_cast<std::uint32_t>(member) : hops_[wire];
        for (std::size_t i = graph_.first_member[next]; i < graph_.first_member[next + 1]; ++i) {
          reach(graph_.members[i].wire, steps_[wire] + 1, hop);
        }
      }
    }
  }

  void reach(std::size_t wire, std::uint32_t steps, std::uint32_t hop) {
    if (hops_[wire] == kNowhere) {
      hops_[wire] = hop;
      steps_[wire] = steps;
      queue_.push_back(wire);
    } else if (steps_[wire] == steps && hops_[wire] != hop && has_hosts_[wire] &&
               draw(wire, hop) > draw(wire, hops_[wire])) {
      hops_[wire] = hop;
    }
  }

  void add(std::size_t node, const Prefix& destination, std::uint32_t hop) {
    const IpAddress& gateway = graph_.members[hop].address.address();
    if (destination.is_v4() == gateway.is_v4()) routes_.push_back({node, destination, gateway});
  }

  void add_each(std::size_t node) {
    for (std::size_t wire = 0; wire < graph_.wires.size(); ++wire) add_networks(node, wire);
  }

  void add_networks(std::size_t node, std::size_t wire) {
    if (hops_[wire] == kNowhere || hops_[wire] == kOwn) return;
    known_.clear();
    for (const std::size_t member : graph_.wires[wire].members) {
      const Prefix network = graph_.members[member].address.network();
      if (std::ranges::find(known_, network) != known_.end()) continue;
      known_.push_back(network);
      add(node, network, hops_[wire]);
    }
  }

  // Networks given out are laid side by side; what is one way on both sides of a border is joined.
  void add_joined(std::size_t node) {
    std::ranges::fill(hop_of_unit_, kAny);
    for (std::size_t wire = 0; wire < graph_.wires.size(); ++wire) {
      const Wire& at = graph_.wires[wire];
      if (at.has_given) {
        add_networks(node, wire);
        continue;
      }
      // The network of a wire of one's own is known from the address: it is the longer prefix.
      const std::uint32_t hop = hops_[wire] == kOwn ? kAny : hops_[wire];
      std::fill_n(hop_of_unit_.begin() + static_cast<std::ptrdiff_t>(at.first_unit), at.units, hop);
    }
    const std::uint32_t all = join(node, 0, hop_of_unit_.size());
    add_units(node, 0, hop_of_unit_.size(), all);
  }

  // The one way of all units of this part, which has been added where it is not that of the whole.
  std::uint32_t join(std::size_t node, std::size_t first, std::size_t count) {
    if (count == 1) return hop_of_unit_[first];
    const std::size_t half = count / 2;
    const std::uint32_t low = join(node, first, half);
    const std::uint32_t high = join(node, first + half, half);
    if (low == high || high == kAny) return low;
    if (low == kAny) return high;
    add_units(node, first, half, low);
    add_units(node, first + half, half, high);
    return kSeveral;
  }

  void add_units(std::size_t node, std::size_t first, std::size_t count, std::uint32_t hop) {
    if (hop >= kSeveral) return;
    const unsigned length = 24 - static_cast<unsigned>(std::countr_zero(count));
    const auto address = static_cast<std::uint32_t>((std::size_t{10} << 24U) | (first << 8U));
    add(node, Prefix(IpAddress::v4(address), length), hop);
  }

  const WireGraph& graph_;
  std::vector<std::uint32_t> hops_;  // by wire: the member that is the gateway, or one of the above
  std::vector<std::uint32_t> steps_;  // by wire
  std::vector<bool> has_hosts_;       // by wire
  std::vector<std::size_t> queue_;
  std::vector<Prefix> known_;
  std::vector<std::uint32_t> hop_of_unit_;
  std::vector<PlannedRoute> routes_;
};

}  // namespace

std::vector<PlannedRoute> search_routes(const WireGraph& graph) { return RouteSearch(graph).run(); }

}  // namespace strata::sim
