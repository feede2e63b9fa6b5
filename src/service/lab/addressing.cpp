// SPDX-License-Identifier: Apache-2.0
#include "service/lab/addressing.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace strata::service {
namespace {

sim::TopologyNode::Kind planned_kind(const LabNode& node) {
  // Whose addresses are no business of ours is part of the wire.
  if (node.device.is_bare) return sim::TopologyNode::Kind::kSwitch;
  switch (node.kind) {
    case LabNode::Kind::kHost:
    case LabNode::Kind::kDevice: return sim::TopologyNode::Kind::kHost;
    case LabNode::Kind::kRouter: return sim::TopologyNode::Kind::kRouter;
    case LabNode::Kind::kSwitch:
    case LabNode::Kind::kMiddlebox: return sim::TopologyNode::Kind::kSwitch;
  }
  return sim::TopologyNode::Kind::kHost;
}

}  // namespace

sim::Topology topology_of(const LabFile& lab) {
  sim::Topology topology;
  for (const LabNode& node : lab.nodes) {
    topology.nodes.push_back(
        {.kind = planned_kind(node), .name = node.name, .addresses = node.addresses});
  }
  for (const LabLink& link : lab.links) {
    topology.links.push_back({.from = link.from_node, .to = link.to_node});
  }
  return topology;
}

Outcome<void> find_nodes(LabFile& lab) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (std::size_t i = 0; i < lab.nodes.size(); ++i) numbers.emplace(lab.nodes[i].name, i);
  std::string unknown;
  const auto find = [&](const std::string& name, std::size_t& number) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) {
      unknown = name;
    } else {
      number = found->second;
    }
  };
  for (LabLink& link : lab.links) {
    find(link.from, link.from_node);
    find(link.to, link.to_node);
  }
  for (LabTraffic& traffic : lab.traffic) {
    find(traffic.from, traffic.from_node);
    find(traffic.to, traffic.to_node);
  }
  if (!unknown.empty()) return failed(fmt::format("there is no node '{}'", unknown));
  return {};
}

}  // namespace strata::service
