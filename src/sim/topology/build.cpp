// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "strata/check.h"
#include "strata/sim_topology.h"

namespace strata::sim {
namespace {

StackConfig stack_of(const TopologyNode& node, const TopologyConfig& config, std::uint32_t routes) {
  const bool is_router = node.kind == TopologyNode::Kind::kRouter;
  StackConfig stack = is_router ? config.routers : config.hosts;
  if (is_router) stack.forward_ipv4 = stack.forward_ipv6 = true;
  stack.routes_max = std::max(stack.routes_max, routes);
  return stack;
}

}  // namespace

std::expected<BuiltTopology, PlanTrouble> build(World& world, const Topology& topology,
                                                const TopologyConfig& config) {
  auto plan = plan_addresses(topology);
  if (!plan) return std::unexpected(std::move(plan).error());
  BuiltTopology built;
  built.world_ = &world;
  built.first_node_ = world.nodes().size();
  std::vector<std::uint32_t> routes(topology.nodes.size());
  for (const PlannedRoute& route : plan->routes) ++routes[route.node];
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < topology.nodes.size(); ++i) {
    const TopologyNode& node = topology.nodes[i];
    if (node.kind == TopologyNode::Kind::kSwitch) {
      nodes.push_back(&world.add_switch(node.name));
      built.hosts_.push_back(nullptr);
      continue;
    }
    // Addresses are planned: nothing is asked of the wire, and nothing else is on it.
    InterfaceConfig interfaces;
    interfaces.ipv6 = interfaces.detect_duplicates = false;
    Host& host = world.add_host(node.name, stack_of(node, config, routes[i]), interfaces);
    nodes.push_back(&host);
    built.hosts_.push_back(&host);
  }
  for (const TopologyLink& link : topology.links) {
    world.connect(*nodes[link.from], *nodes[link.to], link.is_trunk ? config.trunk : config.access);
  }
  for (const PlannedAddress& address : plan->addresses) {
    built.hosts_[address.node]->add_address(address.prefix, address.port);
  }
  for (const PlannedRoute& route : plan->routes) {
    Stack& stack = built.hosts_[route.node]->stack();
    STRATA_CHECK(stack.add_route({.destination = route.destination, .gateway = route.gateway}));
  }
  built.plan_ = *std::move(plan);
  return built;
}

std::size_t BuiltTopology::index_of(std::string_view name) const {
  const auto nodes = world_->nodes().subspan(first_node_, hosts_.size());
  const auto found = std::ranges::find(nodes, name, [](const auto& node) { return node->name(); });
  STRATA_CHECK(found != nodes.end());
  return static_cast<std::size_t>(found - nodes.begin());
}

Host& BuiltTopology::host(std::string_view name) const {
  Host* host = hosts_[index_of(name)];
  STRATA_CHECK(host != nullptr);
  return *host;
}

IpAddress BuiltTopology::address_of(std::string_view name) const {
  const PlannedAddress* address = plan_.address_of(index_of(name));
  STRATA_CHECK(address != nullptr);
  return address->prefix.address();
}

}  // namespace strata::sim
