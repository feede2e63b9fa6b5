// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "sim/topology/route_search.h"
#include "strata/sim_topology.h"

namespace strata::sim {
namespace {

constexpr std::size_t kUnitsMax = 65'536;  // /24s in 10.0.0.0/8
constexpr std::size_t kUnit = 256;

// Links that are one wire have one representative: links of a switch are joined.
class JoinedLinks {
 public:
  explicit JoinedLinks(std::size_t count) : of_(count) { std::iota(of_.begin(), of_.end(), 0U); }
  [[nodiscard]] std::size_t find(std::size_t link) {
    while (of_[link] != link) link = of_[link] = of_[of_[link]];
    return link;
  }
  void join(std::size_t a, std::size_t b) {
    const std::size_t first = find(a), second = find(b);
    of_[std::max(first, second)] = std::min(first, second);
  }

 private:
  std::vector<std::size_t> of_;
};

// Which wire each link is part of, numbered in the order of their first links.
std::vector<std::size_t> wire_of_links(const Topology& topology) {
  JoinedLinks joined(topology.links.size());
  const std::size_t none = topology.links.size();
  std::vector<std::size_t> link_of_switch(topology.nodes.size(), none);
  for (std::size_t i = 0; i < topology.links.size(); ++i) {
    for (const std::size_t node : {topology.links[i].from, topology.links[i].to}) {
      if (topology.nodes[node].kind != TopologyNode::Kind::kSwitch) continue;
      if (link_of_switch[node] != none) joined.join(link_of_switch[node], i);
      link_of_switch[node] = i;
    }
  }
  std::vector<std::size_t> wires(topology.links.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < wires.size(); ++i) {
    const std::size_t first = joined.find(i);
    wires[i] = first == i ? count++ : wires[first];
  }
  return wires;
}

class AddressPlanner {
 public:
  explicit AddressPlanner(const Topology& topology) : topology_(topology), graph_(make_graph()) {}

  std::expected<AddressPlan, PlanTrouble> plan() {
    take_given();
    for (std::size_t wire = 0; wire < graph_.wires.size() && !trouble_; ++wire) give_out(wire);
    if (!trouble_) refuse_twins();
    if (trouble_) return std::unexpected(*std::move(trouble_));
    AddressPlan plan;
    for (const WireMember& member : graph_.members) {
      plan.addresses.push_back({member.node, member.port, member.address});
    }
    plan.first_of_node = graph_.first_member;
    plan.routes = search_routes(graph_);
    return plan;
  }

 private:
  // Members by node and port; wires know theirs in the order of the links.
  WireGraph make_graph() {
    WireGraph graph;
    const std::size_t nodes = topology_.nodes.size();
    for (const TopologyNode& node : topology_.nodes) {
      graph.forwards.push_back(node.kind == TopologyNode::Kind::kRouter);
    }
    graph.first_member.assign(nodes + 1, 0);
    for_each_end([&](std::size_t node, std::size_t) { ++graph.first_member[node + 1]; });
    std::partial_sum(graph.first_member.begin(), graph.first_member.end(),
                     graph.first_member.begin());
    graph.members.resize(graph.first_member.back());
    std::vector<std::size_t> ports(nodes);
    const std::vector<std::size_t> wire_of = wire_of_links(topology_);
    graph.wires.resize(wire_of.empty() ? 0 : *std::ranges::max_element(wire_of) + 1);
    for_each_end([&](std::size_t node, std::size_t link) {
      const std::size_t port = ports[node]++;
      const std::size_t member = graph.first_member[node] + port;
      graph.members[member] = {.node = node, .port = port, .wire = wire_of[link], .address = {}};
      graph.wires[wire_of[link]].members.push_back(member);
    });
    return graph;
  }

  // Ends of links at hosts and routers.
  template <typename Visit>
  void for_each_end(Visit visit) const {
    for (std::size_t link = 0; link < topology_.links.size(); ++link) {
      for (const std::size_t node : {topology_.links[link].from, topology_.links[link].to}) {
        if (topology_.nodes[node].kind != TopologyNode::Kind::kSwitch) visit(node, link);
      }
    }
  }

  void fail(std::size_t node, std::string text) {
    if (!trouble_) trouble_ = PlanTrouble{node, std::move(text)};
  }

  // Addresses of the topology go to the ports of their node in order.
  void take_given() {
    for (std::size_t node = 0; node < topology_.nodes.size(); ++node) {
      const std::vector<Prefix>& given = topology_.nodes[node].addresses;
      const std::size_t first = graph_.first_member[node];
      if (given.size() > graph_.first_member[node + 1] - first) {
        return fail(node, "it has more addresses than links");
      }
      for (std::size_t port = 0; port < given.size(); ++port) {
        graph_.members[first + port].address = given[port];
        graph_.wires[graph_.members[first + port].wire].has_given = true;
      }
    }
  }

  // The smallest network of whole units that has the members, its own address and broadcast.
  void give_out(std::size_t number) {
    Wire& wire = graph_.wires[number];
    const std::size_t units = std::bit_ceil((wire.members.size() + 2 + kUnit - 1) / kUnit);
    const std::size_t first = (next_unit_ + units - 1) / units * units;
    next_unit_ = first + units;
    if (wire.has_given) return check_given(wire);
    if (wire.members.empty()) return;
    if (next_unit_ > kUnitsMax) {
      return fail(graph_.members[wire.members.front()].node,
                  "10.0.0.0/8 has no network left for its wire: give addresses");
    }
    wire.first_unit = first;
    wire.units = units;
    const unsigned length = 24 - static_cast<unsigned>(std::countr_zero(units));
    auto address = static_cast<std::uint32_t>((std::size_t{10} << 24U) | (first << 8U));
    for (const std::size_t member : wire.members) {
      graph_.members[member].address = Prefix(IpAddress::v4(++address), length);
    }
  }

  void check_given(const Wire& wire) {
    for (const std::size_t member : wire.members) {
      if (graph_.members[member].address != Prefix{}) continue;
      return fail(graph_.members[member].node,
                  "others on its wire have addresses, so it needs one, too");
    }
  }

  void refuse_twins() {
    std::map<IpAddress, std::size_t> owners;
    for (const WireMember& member : graph_.members) {
      const auto [owner, is_new] = owners.emplace(member.address.address(), member.node);
      if (is_new) continue;
      return fail(member.node, fmt::format("{} is the address of {}, too",
                                           to_text(member.address.address()).view(),
                                           topology_.nodes[owner->second].name));
    }
  }

  const Topology& topology_;
  WireGraph graph_;
  std::size_t next_unit_ = 0;
  std::optional<PlanTrouble> trouble_;
};

}  // namespace

const PlannedAddress* AddressPlan::address_of(std::size_t node) const {
  const std::size_t first = first_of_node[node];
  return first == first_of_node[node + 1] ? nullptr : &addresses[first];
}

std::expected<AddressPlan, PlanTrouble> plan_addresses(const Topology& topology) {
  return AddressPlanner(topology).plan();
}

}  // namespace strata::sim
