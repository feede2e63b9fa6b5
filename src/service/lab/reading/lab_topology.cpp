// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "service/lab/reading/lab_draft.h"
#include "service/tcp_settings.h"
#include "strata/sim_topology.h"

namespace strata::service {
namespace {

using ShapeKind = sim::Shape::Kind;

constexpr std::array<LabWord<ShapeKind>, 7> kShapes{{{"line", ShapeKind::kLine},
                                                     {"ring", ShapeKind::kRing},
                                                     {"star", ShapeKind::kStar},
                                                     {"dumbbell", ShapeKind::kDumbbell},
                                                     {"parking_lot", ShapeKind::kParkingLot},
                                                     {"tree", ShapeKind::kTree},
                                                     {"fat_tree", ShapeKind::kFatTree}}};

LabNode::Kind lab_kind_of(sim::TopologyNode::Kind kind) {
  switch (kind) {
    case sim::TopologyNode::Kind::kHost: return LabNode::Kind::kHost;
    case sim::TopologyNode::Kind::kRouter: return LabNode::Kind::kRouter;
    case sim::TopologyNode::Kind::kSwitch: return LabNode::Kind::kSwitch;
  }
  return LabNode::Kind::kHost;
}

// Only the numbers that a shape has.
void read_numbers(TableReader& reader, sim::Shape& shape) {
  const auto number = [&](std::string_view key, std::uint64_t& place) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    reader.number(key, number_between<std::uint64_t>(0, kMost), into(place));
  };
  switch (shape.kind) {
    case ShapeKind::kLine:
    case ShapeKind::kParkingLot: number("routers", shape.routers); break;
    case ShapeKind::kRing: number("routers", shape.routers); [[fallthrough]];
    case ShapeKind::kStar:
    case ShapeKind::kDumbbell: number("hosts", shape.hosts); break;
    case ShapeKind::kTree:
      number("depth", shape.depth);
      number("fanout", shape.fanout);
      break;
    case ShapeKind::kFatTree: number("k", shape.k); break;
  }
}

// Beside the numbers, how its parts are.
struct ShapeParts {
  LabLink access{}, trunk{};
  TcpConfig tcp{};
};

ShapeParts read_parts(LabDraft& draft, TableReader& reader, const toml::node& node) {
  ShapeParts parts;
  const auto links = [&](std::string_view key, LabLink& link) {
    reader.table(key, [&](const toml::table& table) {
      TableReader own = draft.open(table, fmt::format("topology.{}.", key));
      read_link_keys(draft, own, node, link);
      own.refuse_others();
    });
  };
  links("access", parts.access);
  links("trunk", parts.trunk);
  reader.settings("tcp", [&](std::string_view setting, std::string_view value) {
    return apply_tcp_setting(parts.tcp, setting, value);
  });
  return parts;
}

void add_shape(LabDraft& draft, TableReader& reader, const toml::node& node,
               const sim::Topology& topology, const ShapeParts& parts) {
  const std::size_t first = draft.lab.nodes.size();
  if (first + topology.nodes.size() > sim::kTopologyNodesMax) {
    return reader.fail("kind", node,
                       fmt::format("with this the lab has {} nodes: at most {}",
                                   first + topology.nodes.size(), sim::kTopologyNodesMax));
  }
  for (const sim::TopologyNode& made : topology.nodes) {
    const bool is_new = draft.add_node({.kind = lab_kind_of(made.kind),
                                        .name = made.name,
                                        .tcp = parts.tcp,
                                        .line = node.source().begin.line});
    if (is_new) continue;
    return reader.fail(
        "name", node,
        fmt::format("there is a node '{}': give the topology a name of its own", made.name));
  }
  for (const sim::TopologyLink& made : topology.links) {
    LabLink link = made.is_trunk ? parts.trunk : parts.access;
    link.from_node = first + made.from;
    link.to_node = first + made.to;
    static_cast<void>(draft.add_link(std::move(link)));  // nodes of no other link
  }
}

}  // namespace

void read_topology(LabDraft& draft, const toml::table& table, const toml::node& node) {
  sim::Shape shape;
  std::string name;
  TableReader reader = draft.open(table, "topology.");
  reader.text("kind", one_of(kShapes), into(shape.kind));
  if (table.get("kind") == nullptr) return reader.fail("kind", node, "missing");
  reader.text("name", parse_lab_name, into(name));
  if (shape.kind == ShapeKind::kRing) shape.routers = 3;
  if (shape.kind == ShapeKind::kParkingLot) shape.routers = 2;
  read_numbers(reader, shape);
  const ShapeParts parts = read_parts(draft, reader, node);
  reader.refuse_others();
  if (draft.failure) return;
  if (std::string trouble = sim::trouble_with(shape); !trouble.empty()) {
    return reader.fail("kind", node, trouble);
  }
  const std::string prefix = name.empty() ? "" : name + ".";
  add_shape(draft, reader, node, sim::make_topology(shape, prefix), parts);
}

}  // namespace strata::service
