// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "strata/check.h"
#include "strata/sim_topology.h"

namespace strata::sim {
namespace {

constexpr std::uint64_t kUncountable = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum_up_to_most(std::uint64_t a, std::uint64_t b) {
  return a > kUncountable - b ? kUncountable : a + b;
}

std::uint64_t product_up_to_most(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > kUncountable / a ? kUncountable : a * b;
}

// Routers of all levels and the hosts below them: 1 + fanout + fanout^2 + ... + fanout^depth.
std::uint64_t nodes_of_tree(std::uint64_t depth, std::uint64_t fanout) {
  if (fanout < 2) return sum_up_to_most(depth, 1);
  std::uint64_t all = 0, level = 1;
  for (std::uint64_t i = 0; i <= depth && all < kUncountable; ++i) {
    all = sum_up_to_most(all, level);
    level = product_up_to_most(level, fanout);
  }
  return all;
}

// Nodes and links as they are named, one after the other.
class ShapeMaker {
 public:
  explicit ShapeMaker(std::string_view prefix) : prefix_(prefix) {}

  Topology make(const Shape& shape) && {
    switch (shape.kind) {
      case Shape::Kind::kLine: line(shape.routers); break;
      case Shape::Kind::kRing: ring(shape.routers, shape.hosts); break;
      case Shape::Kind::kStar: star(shape.hosts); break;
      case Shape::Kind::kDumbbell: dumbbell(shape.hosts); break;
      case Shape::Kind::kParkingLot: parking_lot(shape.routers); break;
      case Shape::Kind::kTree: tree(shape.depth, shape.fanout); break;
      case Shape::Kind::kFatTree: fat_tree(shape.k); break;
    }
    return std::move(made_);
  }

 private:
  using Kind = TopologyNode::Kind;

  std::size_t add(Kind kind, const std::string& name) {
    made_.nodes.push_back({.kind = kind, .name = prefix_ + name});
    return made_.nodes.size() - 1;
  }
  std::size_t router(const std::string& name) { return add(Kind::kRouter, name); }
  std::size_t host(std::string_view name, std::uint64_t number) {
    return add(Kind::kHost, fmt::format("{}{}", name, number));
  }
  void access(std::size_t from, std::size_t to) { made_.links.push_back({from, to, false}); }
  void trunk(std::size_t from, std::size_t to) { made_.links.push_back({from, to, true}); }

  // The first of `count` routers r1, r2 ... one after the other.
  std::size_t chain(std::uint64_t count) {
    const std::size_t first = made_.nodes.size();
    for (std::uint64_t i = 1; i <= count; ++i) {
      const std::size_t added = router(fmt::format("r{}", i));
      if (i > 1) trunk(added - 1, added);
    }
    return first;
  }

  void line(std::uint64_t routers) {
    const std::size_t from = host("h", 1);
    const std::size_t first = chain(routers);
    access(from, first);
    access(first + routers - 1, host("h", 2));
  }

  void ring(std::uint64_t routers, std::uint64_t hosts) {
    const std::size_t first = chain(routers);
    trunk(first + routers - 1, first);
    for (std::uint64_t i = 0; i < routers * hosts; ++i) access(host("h", i + 1), first + i / hosts);
  }

  void star(std::uint64_t hosts) {
    const std::size_t centre = add(Kind::kSwitch, "s");
    for (std::uint64_t i = 1; i <= hosts; ++i) access(host("h", i), centre);
  }

  void dumbbell(std::uint64_t hosts) {
    const std::size_t first = chain(2);
    for (std::uint64_t i = 1; i <= hosts; ++i) access(host("left", i), first);
    for (std::uint64_t i = 1; i <= hosts; ++i) access(first + 1, host("right", i));
  }

  void parking_lot(std::uint64_t routers) {
    const std::size_t from = host("h", 1);
    const std::size_t first = chain(routers);
    access(from, first);
    access(first + routers - 1, host("h", 2));
    for (std::uint64_t i = 1; i < routers; ++i) {
      access(host("in", i), first + i - 1);
      access(first + i, host("out", i));
    }
  }

  void tree(std::uint64_t depth, std::uint64_t fanout) {
    std::vector<std::size_t> level{router("r1")};
    for (std::uint64_t i = 1; i < depth; ++i) {
      std::vector<std::size_t> below;
      for (const std::size_t parent : level) {
        for (std::uint64_t child = 0; child < fanout; ++child) {
          below.push_back(router(fmt::format("r{}", made_.nodes.size() + 1)));
          trunk(parent, below.back());
        }
      }
      level = std::move(below);
    }
    std::uint64_t hosts = 0;
    for (const std::size_t parent : level) {
      for (std::uint64_t child = 0; child < fanout; ++child) access(parent, host("h", ++hosts));
    }
  }

  void fat_tree(std::uint64_t k) {
    const std::uint64_t half = k / 2;
    const std::size_t core = made_.nodes.size();
    for (std::uint64_t i = 1; i <= half * half; ++i) router(fmt::format("core{}", i));
    std::uint64_t hosts = 0;
    for (std::uint64_t pod = 1; pod <= k; ++pod) {
      const std::size_t aggregation = made_.nodes.size();
      for (std::uint64_t i = 0; i < half; ++i) {
        const std::size_t added = router(fmt::format("agg.{}.{}", pod, i + 1));
        for (std::uint64_t j = 0; j < half; ++j) trunk(core + i * half + j, added);
      }
      for (std::uint64_t i = 1; i <= half; ++i) {
        const std::size_t edge = router(fmt::format("edge.{}.{}", pod, i));
        for (std::uint64_t j = 0; j < half; ++j) trunk(aggregation + j, edge);
        for (std::uint64_t j = 0; j < half; ++j) access(edge, host("h", ++hosts));
      }
    }
  }

  std::string prefix_;
  Topology made_;
};

std::string trouble_with_parts(const Shape& shape) {
  using Kind = Shape::Kind;
  const bool has_routers =
      shape.kind == Kind::kLine || shape.kind == Kind::kRing || shape.kind == Kind::kParkingLot;
  const std::uint64_t routers_min = shape.kind == Kind::kRing         ? 3
                                    : shape.kind == Kind::kParkingLot ? 2
                                                                      : 1;
  if (has_routers && shape.routers < routers_min) {
    return fmt::format("{} routers: it needs at least {}", shape.routers, routers_min);
  }
  const bool has_hosts =
      shape.kind == Kind::kRing || shape.kind == Kind::kStar || shape.kind == Kind::kDumbbell;
  if (has_hosts && shape.hosts < 1) return "no hosts: it needs at least one";
  if (shape.kind == Kind::kTree && (shape.depth < 1 || shape.fanout < 1)) {
    return "a depth and a fanout of at least 1";
  }
  if (shape.kind == Kind::kFatTree && (shape.k < 2 || shape.k % 2 != 0)) {
    return fmt::format("k is {}: it needs an even number from 2", shape.k);
  }
  return {};
}

}  // namespace

std::uint64_t node_count(const Shape& shape) {
  using Kind = Shape::Kind;
  const auto product = product_up_to_most;
  switch (shape.kind) {
    case Kind::kLine: return sum_up_to_most(shape.routers, 2);
    case Kind::kRing: return product(shape.routers, sum_up_to_most(shape.hosts, 1));
    case Kind::kStar: return sum_up_to_most(shape.hosts, 1);
    case Kind::kDumbbell: return sum_up_to_most(product(shape.hosts, 2), 2);
    case Kind::kParkingLot: return product(shape.routers, 3);
    case Kind::kTree: return nodes_of_tree(shape.depth, shape.fanout);
    case Kind::kFatTree: {
      const std::uint64_t squared = product(shape.k, shape.k);
      return sum_up_to_most(sum_up_to_most(squared, squared / 4), product(squared, shape.k) / 4);
    }
  }
  return 0;
}

std::string trouble_with(const Shape& shape) {
  if (std::string trouble = trouble_with_parts(shape); !trouble.empty()) return trouble;
  const std::uint64_t nodes = node_count(shape);
  if (nodes <= kTopologyNodesMax) return {};
  return fmt::format("that makes {} nodes: a lab has at most {}",
                     nodes == kUncountable ? "more than 10^19" : fmt::format("{}", nodes),
                     kTopologyNodesMax);
}

Topology make_topology(const Shape& shape, std::string_view prefix) {
  STRATA_CHECK(trouble_with(shape).empty());
  return ShapeMaker(prefix).make(shape);
}

}  // namespace strata::sim
