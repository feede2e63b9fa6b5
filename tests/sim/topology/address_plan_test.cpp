// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "strata/sim_topology.h"

namespace strata::sim::address_plan_test {
namespace {

using Kind = TopologyNode::Kind;

TopologyNode node(Kind kind, const char* name) { return {.kind = kind, .name = name}; }

Topology topology_of(std::vector<TopologyNode> nodes,
                     std::initializer_list<std::pair<const char*, const char*>> links) {
  Topology made;
  made.nodes = std::move(nodes);
  const auto index_of = [&](const char* name) {
    for (std::size_t i = 0; i < made.nodes.size(); ++i) {
      if (made.nodes[i].name == name) return i;
    }
    ADD_FAILURE() << name;
    return std::size_t{0};
  };
  for (const auto& [from, to] : links) made.links.push_back({index_of(from), index_of(to)});
  return made;
}

std::set<std::string> addresses(const Topology& topology, const AddressPlan& plan) {
  std::set<std::string> texts;
  for (const PlannedAddress& address : plan.addresses) {
    texts.insert(topology.nodes[address.node].name + " " + std::to_string(address.port) + " " +
                 std::string(to_text(address.prefix).view()));
  }
  return texts;
}

std::set<std::string> routes(const Topology& topology, const AddressPlan& plan) {
  std::set<std::string> texts;
  for (const PlannedRoute& route : plan.routes) {
    texts.insert(topology.nodes[route.node].name + " " +
                 std::string(to_text(route.destination).view()) + " " +
                 std::string(to_text(route.gateway).view()));
  }
  return texts;
}

using Texts = std::set<std::string>;

TEST(AddressPlan, SwitchesMakeOneWireAndRoutersDivide) {
  const Topology made =
      topology_of({node(Kind::kHost, "a"), node(Kind::kHost, "b"), node(Kind::kSwitch, "s"),
                   node(Kind::kRouter, "r"), node(Kind::kHost, "c")},
                  {{"a", "s"}, {"s", "b"}, {"r", "s"}, {"r", "c"}});
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(addresses(made, *plan), (Texts{"a 0 10.0.0.1/24", "b 0 10.0.0.2/24", "r 0 10.0.0.3/24",
                                           "r 1 10.0.1.1/24", "c 0 10.0.1.2/24"}));
  EXPECT_EQ(routes(made, *plan),
            (Texts{"a 10.0.1.0/24 10.0.0.3", "b 10.0.1.0/24 10.0.0.3", "c 10.0.0.0/24 10.0.1.1"}));
}

TEST(AddressPlan, TheShortestWayIsTaken) {
  // a - p - q - r - b, and a short cut p - r.
  const Topology made =
      topology_of({node(Kind::kHost, "a"), node(Kind::kRouter, "p"), node(Kind::kRouter, "q"),
                   node(Kind::kRouter, "r"), node(Kind::kHost, "b")},
                  {{"a", "p"}, {"p", "q"}, {"q", "r"}, {"p", "r"}, {"r", "b"}});
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  const Texts all = routes(made, *plan);
  EXPECT_TRUE(all.contains("p 10.0.4.0/24 10.0.3.2")) << "over the short cut";
  EXPECT_TRUE(all.contains("a 10.0.4.0/24 10.0.0.2"));
}

TEST(AddressPlan, HostsDoNotForward) {
  const Topology made =
      topology_of({node(Kind::kHost, "a"), node(Kind::kHost, "b"), node(Kind::kHost, "c")},
                  {{"a", "b"}, {"b", "c"}});
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->routes.empty());
}

TEST(AddressPlan, WhatTheFileGivesStays) {
  Topology made = topology_of({node(Kind::kHost, "a"), node(Kind::kHost, "b")}, {{"a", "b"}});
  made.nodes[0].addresses = {*Prefix::parse("192.168.7.1/24")};
  EXPECT_FALSE(plan_addresses(made).has_value()) << "b would be on another network";
  made.nodes[1].addresses = {*Prefix::parse("192.168.7.2/24")};
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(addresses(made, *plan), (Texts{"a 0 192.168.7.1/24", "b 0 192.168.7.2/24"}));
  made.nodes[1].addresses.push_back(*Prefix::parse("192.168.8.2/24"));
  EXPECT_FALSE(plan_addresses(made).has_value()) << "more addresses than links";
}

TEST(AddressPlan, TwoNodesDoNotShareAnAddress) {
  Topology made = topology_of({node(Kind::kHost, "a"), node(Kind::kHost, "b")}, {{"a", "b"}});
  for (TopologyNode& each : made.nodes) each.addresses = {*Prefix::parse("192.168.7.1/24")};
  const auto plan = plan_addresses(made);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().node, 1U);
  EXPECT_EQ(plan.error().text, "192.168.7.1 is the address of a, too");
}

TEST(AddressPlan, AWireOfManyGetsALargerNetwork) {
  const Topology star = make_topology({.kind = Shape::Kind::kStar, .hosts = 1000});
  const auto plan = plan_addresses(star);
  ASSERT_TRUE(plan.has_value());
  std::set<IpAddress> all;
  for (const PlannedAddress& address : plan->addresses) {
    EXPECT_EQ(address.prefix.network(), *Prefix::parse("10.0.0.0/22"));
    all.insert(address.prefix.address());
  }
  EXPECT_EQ(all.size(), 1000U);
  EXPECT_TRUE(plan->routes.empty());
}

// Follows the routes of a plan as packets would, from node to node.
class Walk {
 public:
  Walk(const Topology& topology, const AddressPlan& plan) : plan_(plan) {
    for (const PlannedAddress& address : plan.addresses) {
      owners_.emplace(address.prefix.address(), address.node);
    }
    routes_.resize(topology.nodes.size());
    for (const PlannedRoute& route : plan.routes) routes_[route.node].push_back(&route);
  }
  // How many routers are passed; nothing: it does not arrive.
  [[nodiscard]] std::optional<int> steps(std::size_t from, std::size_t to) const {
    const IpAddress goal = plan_.address_of(to)->prefix.address();
    for (int steps = 0; steps < 100; ++steps) {
      if (from == to || is_on_link(from, goal)) return steps;
      const PlannedRoute* best = nullptr;
      for (const PlannedRoute* route : routes_[from]) {
        const bool leads = route->destination.contains(goal);
        const bool is_longer =
            best == nullptr || route->destination.length() > best->destination.length();
        if (leads && is_longer) best = route;
      }
      if (best == nullptr || !is_on_link(from, best->gateway)) return std::nullopt;
      from = owners_.at(best->gateway);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool is_on_link(std::size_t node, const IpAddress& address) const {
    for (std::size_t i = plan_.first_of_node[node]; i < plan_.first_of_node[node + 1]; ++i) {
      if (plan_.addresses[i].prefix.contains(address)) return true;
    }
    return false;
  }

  const AddressPlan& plan_;
  std::map<IpAddress, std::size_t> owners_;
  std::vector<std::vector<const PlannedRoute*>> routes_;
};

struct Journey {
  Shape shape;
  int steps_max;  // between any two of its hosts
};

TEST(AddressPlan, EveryShapeIsReachableEverywhereOverTheShortestWays) {
  using Of = Shape::Kind;
  for (const Journey& journey : {
           Journey{{.kind = Of::kLine, .routers = 30}, 30},
           Journey{{.kind = Of::kLine, .routers = 90}, 90},
           Journey{{.kind = Of::kRing, .hosts = 2, .routers = 40}, 21},
           Journey{{.kind = Of::kDumbbell, .hosts = 70}, 2},
           Journey{{.kind = Of::kParkingLot, .routers = 30}, 30},
           Journey{{.kind = Of::kTree, .depth = 5, .fanout = 3}, 9},
           Journey{{.kind = Of::kFatTree, .k = 4}, 5},
           Journey{{.kind = Of::kFatTree, .k = 6}, 5},
       }) {
    const Topology made = make_topology(journey.shape);
    const auto plan = plan_addresses(made);
    ASSERT_TRUE(plan.has_value()) << plan.error().text;
    const Walk walk(made, *plan);
    int most = 0;
    for (std::size_t from = 0; from < made.nodes.size(); ++from) {
      for (std::size_t to = 0; to < made.nodes.size(); to += 7) {
        if (made.nodes[from].kind != Kind::kHost || made.nodes[to].kind != Kind::kHost) continue;
        const auto steps = walk.steps(from, to);
        ASSERT_TRUE(steps.has_value()) << made.nodes[from].name << " to " << made.nodes[to].name;
        most = std::max(most, *steps);
      }
    }
    EXPECT_LE(most, journey.steps_max) << static_cast<int>(journey.shape.kind);
  }
}

TEST(AddressPlan, RoutesOfManyWiresAreJoined) {
  const Topology made = make_topology({.kind = Shape::Kind::kLine, .routers = 1000});
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  EXPECT_LT(plan->routes.size(), 1000U * 20) << "not a million";
}

TEST(AddressPlan, EquallyShortWaysAreShared) {
  const Topology made = make_topology({.kind = Shape::Kind::kFatTree, .k = 8});
  const auto plan = plan_addresses(made);
  ASSERT_TRUE(plan.has_value());
  // Of edge.1.1, by the aggregation router it goes to.
  std::size_t edge = 0;
  while (made.nodes[edge].name != "edge.1.1") ++edge;
  std::map<IpAddress, int> used;
  for (const PlannedRoute& route : plan->routes) used[route.gateway] += route.node == edge ? 1 : 0;
  std::erase_if(used, [](const auto& entry) { return entry.second < 10; });
  EXPECT_EQ(used.size(), 4U);
}

}  // namespace
}  // namespace strata::sim::address_plan_test
