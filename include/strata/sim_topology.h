// SPDX-License-Identifier: Apache-2.0
// Topologies of simulated worlds: shapes by name, and who gets which address and which routes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/address.h"
#include "strata/sim.h"

//   sim::World world(1);
//   const auto made = sim::build(world, sim::make_topology({.kind = sim::Shape::Kind::kDumbbell,
//                                                           .hosts = 10}),
//                                {.trunk = {.bits_per_second = 10'000'000, .delay = 20ms}});
//   made->host("left1");  made->address_of("right1");
//
// The shapes, and what their nodes are called:
//
//   line          h1 - r1 - r2 - ... - h2                       routers
//   ring          r1 - r2 - ... - r1, and at each router hosts  routers, hosts (of each router)
//                 h1 h2 ... in the order of their routers
//   star          h1, h2 ... around the switch s                hosts
//   dumbbell      left1 ... - r1 - r2 - right1 ...              hosts (of each side)
//   parking lot   h1 - r1 - r2 - ... - h2: the long way;        routers
//                 and over each hop a pair of its own: in1 at
//                 r1 to out1 at r2, in2 at r2 to out2 at r3 ...
//   tree          r1 above r2, r3 ... level by level; the       depth (of routers), fanout
//                 hosts h1 ... below the last level
//   fat tree      core1 ...; of pod p the routers agg.p.i and   k (even): k pods, k*k*k/4 hosts
//                 edge.p.i; hosts h1 ... pod by pod
//                 (Al-Fares, Loukissas, Vahdat 2008)
//
// Links between routers are trunks, all others access links.
//
// A wire is what links and switches join without a router. Where no node of it has an address it
// gets a network of 10.0.0.0/8 in the order of its first link: a /24, or the larger one its members
// need; they have .1, .2, ... in the order of the links. Every node has routes to all wires over
// the fewest wires; where several are equally short, destinations with hosts are spread over them.
// Where there are more than 64 wires, those that are one way share routes.

namespace strata::sim {

struct TopologyNode {
  enum class Kind : std::uint8_t { kHost, kRouter, kSwitch };
  Kind kind = Kind::kHost;
  std::string name;
  std::vector<Prefix> addresses{};  // of its links in their order; none: given out
};

struct TopologyLink {
  std::size_t from = 0, to = 0;  // indices of nodes
  bool is_trunk = false;
};

struct Topology {
  std::vector<TopologyNode> nodes;
  std::vector<TopologyLink> links;
};

// ── Shapes ────────────────────────────────────────────────────────────────────────────────────

struct Shape {
  enum class Kind : std::uint8_t { kLine, kRing, kStar, kDumbbell, kParkingLot, kTree, kFatTree };
  Kind kind = Kind::kLine;
  std::uint64_t hosts = 1;
  std::uint64_t routers = 1;
  std::uint64_t depth = 2;
  std::uint64_t fanout = 2;
  std::uint64_t k = 4;
};

inline constexpr std::uint64_t kTopologyNodesMax = 50'000;

// Why there is no such shape; empty: there is. Beyond kTopologyNodesMax nodes there is none.
[[nodiscard]] std::string trouble_with(const Shape& shape);
// How many nodes it has; what goes beyond 64 bits is the most they hold.
[[nodiscard]] std::uint64_t node_count(const Shape& shape);
// A shape without trouble. `prefix` goes before each name.
[[nodiscard]] Topology make_topology(const Shape& shape, std::string_view prefix = {});

// ── Addresses ─────────────────────────────────────────────────────────────────────────────────

struct PlannedAddress {
  std::size_t node = 0;
  std::size_t port = 0;  // of its links, in their order
  Prefix prefix;
};

struct PlannedRoute {
  std::size_t node = 0;
  Prefix destination;
  IpAddress gateway;
};

struct AddressPlan {
  std::vector<PlannedAddress> addresses;  // by node, and by port
  std::vector<PlannedRoute> routes;
  std::vector<std::size_t> first_of_node;  // where the addresses of each node begin, and the end
  // The address by which others know a node: of its first link. Null: it has none.
  [[nodiscard]] const PlannedAddress* address_of(std::size_t node) const;
};

struct PlanTrouble {
  std::size_t node = 0;
  std::string text;
};

// Fails when addresses of the topology fit no wire of their node, or networks run out.
[[nodiscard]] std::expected<AddressPlan, PlanTrouble> plan_addresses(const Topology& topology);

// ── Worlds ────────────────────────────────────────────────────────────────────────────────────

struct TopologyConfig {
  LinkConfig access{}, trunk{};
  StackConfig hosts{}, routers{};  // routers forward, whatever this says
};

class BuiltTopology {
 public:
  // A name that is not there, or is a switch, is a STRATA_CHECK.
  [[nodiscard]] Host& host(std::string_view name) const;
  [[nodiscard]] IpAddress address_of(std::string_view name) const;
  [[nodiscard]] const AddressPlan& plan() const { return plan_; }

 private:
  friend std::expected<BuiltTopology, PlanTrouble> build(World& world, const Topology& topology,
                                                         const TopologyConfig& config);
  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  const World* world_ = nullptr;
  std::size_t first_node_ = 0;  // of the world's nodes
  std::vector<Host*> hosts_;    // by node of the topology; null for switches
  AddressPlan plan_;
};

// Nodes, links, addresses and routes. Names must be new to the world.
[[nodiscard]] std::expected<BuiltTopology, PlanTrouble> build(World& world,
                                                              const Topology& topology,
                                                              const TopologyConfig& config = {});

}  // namespace strata::sim
