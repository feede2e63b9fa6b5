// SPDX-License-Identifier: Apache-2.0
#include "tcp/demux.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <tuple>
#include <vector>

#include "strata/rng.h"
#include "tcp/support/opening.h"

namespace strata::tcp::demux_test {
namespace {

using testing::flow_of;
using testing::kSecrets;
using testing::kStart;
using testing::segment;
using wire::kTcpSyn;

struct Tables {
  HeapMemory memory;
  TcpConfig config;
  Listeners listeners{memory, 4, {1, 2}};
  ReplyBudgets budgets{1000, 1000, 1};
  HalfOpens half_opens{memory, config, kSecrets, listeners, budgets};
  TimeWaits time_waits{memory, config, kSecrets};
  Demux demux{memory, 100'000, kSecrets, half_opens, time_waits};
  std::vector<Flow> connections = std::vector<Flow>(100'000);

  Demux::Found find(const Flow& flow) {
    return demux.find(flow, demux.hash(flow),
                      [&](Index index) -> const Flow& { return connections[index]; });
  }
  bool connect(Index index, const Flow& flow) {
    connections[index] = flow;
    return demux.insert(demux.hash(flow), index,
                        [&](Index other) -> const Flow& { return connections[other]; });
  }
};

TEST(Demux, TellsTheKindsApart) {
  Tables tables;
  const auto handle = tables.listeners.open({IpAddress::any_v4(), 80, kNoInterface}, 10, {});
  ASSERT_TRUE(handle);
  EXPECT_EQ(tables.find(flow_of(1)), Demux::Found{});
  ASSERT_TRUE(tables.connect(7, flow_of(1)));
  EXPECT_EQ(tables.find(flow_of(1)), (Demux::Found{Demux::Kind::kConnection, 7}));
  (void)tables.half_opens.on_listen(*tables.listeners.find(*handle),
                                    segment(flow_of(2), kTcpSyn, 1), tables.demux.hash(flow_of(2)),
                                    1500, {}, kStart);
  EXPECT_EQ(tables.find(flow_of(2)).kind, Demux::Kind::kHalfOpen);
  ASSERT_TRUE(tables.time_waits.add({.flow = flow_of(3)}, tables.demux.hash(flow_of(3)), kStart));
  EXPECT_EQ(tables.find(flow_of(3)).kind, Demux::Kind::kTimeWait);
  EXPECT_TRUE(tables.demux.erase(tables.demux.hash(flow_of(1)), 7));
  EXPECT_FALSE(tables.demux.erase(tables.demux.hash(flow_of(1)), 7));
  EXPECT_EQ(tables.find(flow_of(1)).kind, Demux::Kind::kNone);
}

// Every part of the flow counts.
TEST(Demux, TellsFlowsApartThatDifferInOneField) {
  Tables tables;
  std::array<Flow, 6> flows;
  flows.fill(flow_of(1));
  flows[1].local_address = IpAddress::v4(10, 0, 0, 2);
  flows[2].remote_address = IpAddress::v6(0, 0x0000'ffff'0a01'0002);
  flows[3].local_port = 81;
  flows[4].remote_port = 40001;
  flows[5].interface = 1;
  for (Index i = 0; i < flows.size(); ++i) ASSERT_TRUE(tables.connect(i, flows[i]));
  for (Index i = 0; i < flows.size(); ++i) EXPECT_EQ(tables.find(flows[i]).index, i);
}

TEST(Demux, IsAMapOfFlows) {
  Tables tables;
  using Key = std::tuple<std::uint64_t, std::uint16_t>;
  std::map<Key, Index> expected;
  std::vector<Index> free_indices;
  for (Index i = 0; i < 5000; ++i) free_indices.push_back(i);
  Rng rng(11);
  for (int round = 0; round < 100'000; ++round) {
    const Flow flow = flow_of(static_cast<std::uint32_t>(rng.below(300)),
                              static_cast<std::uint16_t>(rng.below(30)));
    const Key key{flow.remote_address.low(), flow.remote_port};
    const auto known = expected.find(key);
    const Demux::Found found = tables.find(flow);
    if (known == expected.end()) {
      ASSERT_EQ(found, Demux::Found{});
      if (free_indices.empty()) continue;
      ASSERT_TRUE(tables.connect(free_indices.back(), flow));
      expected[key] = free_indices.back();
      free_indices.pop_back();
    } else {
      ASSERT_EQ(found, (Demux::Found{Demux::Kind::kConnection, known->second}));
      if (rng.chance({1, 2})) continue;
      ASSERT_TRUE(tables.demux.erase(tables.demux.hash(flow), known->second));
      free_indices.push_back(known->second);
      expected.erase(known);
    }
    ASSERT_EQ(tables.demux.size(), expected.size());
  }
}

TEST(Demux, PreparesABatchByTheHashesThatFindUses) {
  Tables tables;
  std::array<Flow, 32> flows;
  for (Index i = 0; i < flows.size(); ++i) {
    flows[i] = flow_of(i);
    ASSERT_TRUE(tables.connect(i, flows[i]));
  }
  std::array<std::uint32_t, 32> hashes{};
  std::uint32_t named = 0;
  tables.demux.prepare(flows, hashes, [&](Index index) {
    EXPECT_EQ(tables.connections[index], flows[named]);
    ++named;
  });
  EXPECT_EQ(named, flows.size());
  for (std::size_t i = 0; i < flows.size(); ++i) {
    EXPECT_EQ(hashes[i], tables.demux.hash(flows[i]));
  }
}

TEST(Demux, TakesAtMostTenBytesAConnection) {
  Tables tables;
  for (Index i = 0; i < 100'000; ++i) ASSERT_TRUE(tables.connect(i, flow_of(i)));
  EXPECT_LE(tables.demux.bytes_used(), 1'000'000U);
}

}  // namespace
}  // namespace strata::tcp::demux_test
