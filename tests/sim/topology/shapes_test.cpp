// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "strata/sim_topology.h"

namespace strata::sim::shapes_test {
namespace {

using Kind = Shape::Kind;
using testing::HasSubstr;

// "a-b" for each link, trunks in capitals of their own: "a=b".
std::set<std::string> links(const Topology& topology) {
  std::set<std::string> texts;
  for (const TopologyLink& link : topology.links) {
    texts.insert(topology.nodes[link.from].name + (link.is_trunk ? "=" : "-") +
                 topology.nodes[link.to].name);
  }
  return texts;
}

using Texts = std::set<std::string>;

TEST(Shapes, AreWhatTheirDrawingsSay) {
  EXPECT_EQ(links(make_topology({.kind = Kind::kLine, .routers = 3})),
            (Texts{"h1-r1", "r1=r2", "r2=r3", "r3-h2"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kRing, .hosts = 1, .routers = 3})),
            (Texts{"r1=r2", "r2=r3", "r3=r1", "h1-r1", "h2-r2", "h3-r3"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kStar, .hosts = 3}, "x.")),
            (Texts{"x.h1-x.s", "x.h2-x.s", "x.h3-x.s"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kDumbbell, .hosts = 2})),
            (Texts{"r1=r2", "left1-r1", "left2-r1", "r2-right1", "r2-right2"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kParkingLot, .routers = 3})),
            (Texts{"h1-r1", "r1=r2", "r2=r3", "r3-h2", "in1-r1", "r2-out1", "in2-r2", "r3-out2"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kTree, .depth = 2, .fanout = 2})),
            (Texts{"r1=r2", "r1=r3", "r2-h1", "r2-h2", "r3-h3", "r3-h4"}));
  EXPECT_EQ(links(make_topology({.kind = Kind::kFatTree, .k = 2})),
            (Texts{"core1=agg.1.1", "agg.1.1=edge.1.1", "edge.1.1-h1", "core1=agg.2.1",
                   "agg.2.1=edge.2.1", "edge.2.1-h2"}));
}

// Al-Fares 2008, section 3: of k pods, (k/2)^2 cores, k^3/4 hosts; every router has k links.
TEST(Shapes, AFatTreeHasKLinksAtEachRouter) {
  for (const std::uint64_t k : {2U, 4U, 8U}) {
    const Topology tree = make_topology({.kind = Kind::kFatTree, .k = k});
    std::map<std::size_t, std::uint64_t> degree;
    for (const TopologyLink& link : tree.links) ++degree[link.from], ++degree[link.to];
    std::uint64_t hosts = 0;
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      const bool is_host = tree.nodes[i].kind == TopologyNode::Kind::kHost;
      hosts += is_host ? 1 : 0;
      EXPECT_EQ(degree[i], is_host ? 1 : k) << tree.nodes[i].name;
    }
    EXPECT_EQ(hosts, k * k * k / 4);
  }
}

TEST(Shapes, HaveAsManyNodesAsTheyPromiseAndDifferentNames) {
  for (const Shape& shape :
       {Shape{.kind = Kind::kLine, .routers = 7},
        Shape{.kind = Kind::kRing, .hosts = 3, .routers = 5},
        Shape{.kind = Kind::kStar, .hosts = 9}, Shape{.kind = Kind::kDumbbell, .hosts = 4},
        Shape{.kind = Kind::kParkingLot, .routers = 6},
        Shape{.kind = Kind::kTree, .depth = 4, .fanout = 3},
        Shape{.kind = Kind::kTree, .depth = 4, .fanout = 1},
        Shape{.kind = Kind::kFatTree, .k = 6}}) {
    ASSERT_EQ(trouble_with(shape), "");
    const Topology made = make_topology(shape);
    EXPECT_EQ(made.nodes.size(), node_count(shape));
    std::set<std::string> names;
    for (const TopologyNode& node : made.nodes) names.insert(node.name);
    EXPECT_EQ(names.size(), made.nodes.size());
  }
}

TEST(Shapes, WhatIsNoneIsSaid) {
  EXPECT_THAT(trouble_with({.kind = Kind::kRing, .routers = 2}), HasSubstr("at least 3"));
  EXPECT_THAT(trouble_with({.kind = Kind::kParkingLot, .routers = 1}), HasSubstr("at least 2"));
  EXPECT_THAT(trouble_with({.kind = Kind::kLine, .routers = 0}), HasSubstr("at least 1"));
  EXPECT_THAT(trouble_with({.kind = Kind::kStar, .hosts = 0}), HasSubstr("no hosts"));
  EXPECT_THAT(trouble_with({.kind = Kind::kTree, .depth = 0}), HasSubstr("depth"));
  EXPECT_THAT(trouble_with({.kind = Kind::kFatTree, .k = 5}), HasSubstr("even"));
}

TEST(Shapes, AMillionNodesAreRefusedAndSoIsWhatNoNumberHolds) {
  EXPECT_THAT(trouble_with({.kind = Kind::kStar, .hosts = 1'000'000}),
              HasSubstr("1000001 nodes: a lab has at most 50000"));
  for (const Shape& shape : {Shape{.kind = Kind::kTree, .depth = UINT64_MAX, .fanout = UINT64_MAX},
                             Shape{.kind = Kind::kTree, .depth = UINT64_MAX, .fanout = 1},
                             Shape{.kind = Kind::kDumbbell, .hosts = UINT64_MAX},
                             Shape{.kind = Kind::kRing, .hosts = UINT64_MAX, .routers = UINT64_MAX},
                             Shape{.kind = Kind::kFatTree, .k = UINT64_MAX - 1}}) {
    EXPECT_THAT(trouble_with(shape), HasSubstr("more than 10^19 nodes"));
  }
}

}  // namespace
}  // namespace strata::sim::shapes_test
