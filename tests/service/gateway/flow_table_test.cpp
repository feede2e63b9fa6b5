// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/flow_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "strata/rng.h"

namespace strata::service::flow_table_test {
namespace {

using namespace std::chrono_literals;

struct Session {
  GatewayFlow flow{};
  Time used{};
};

GatewayFlow flow(std::uint64_t number) {
  return {{IpAddress::v4(10, 0, 2, 15), static_cast<std::uint16_t>(number)},
          {IpAddress::v4(192, 0, 2, 1), 53}};
}

TEST(FlowTable, TheLongestSilentMakesRoom) {
  FlowTable<Session> table(SipKey{1, 2}, 3);
  for (std::uint64_t i = 1; i <= 3; ++i) (void)table.add({.flow = flow(i)});
  EXPECT_NE(table.find(flow(1), Time{1s}), nullptr);
  (void)table.add({.flow = flow(4)});
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(table.find(flow(2), Time{2s}), nullptr) << "flow 1 was used later";
  EXPECT_EQ(table.find(flow(1), Time{2s})->used, Time{2s});
  table.erase(flow(1));
  table.erase(flow(1));
  EXPECT_EQ(table.size(), 2U);
}

TEST(FlowTable, LookingIsNotUsing) {
  FlowTable<Session> table(SipKey{1, 2}, 2);
  for (std::uint64_t i = 1; i <= 2; ++i) (void)table.add({.flow = flow(i)});
  EXPECT_EQ(table.look_at(flow(1))->used, Time{});
  EXPECT_EQ(table.look_at(flow(3)), nullptr);
  (void)table.add({.flow = flow(3)});
  EXPECT_EQ(table.look_at(flow(1)), nullptr) << "it was silent for longest";
}

TEST(FlowTable, WhatIsHandedOverStaysWhereItIs) {
  FlowTable<Session> from(SipKey{1, 2}, 3), to(SipKey{1, 2}, 2);
  for (std::uint64_t i = 1; i <= 3; ++i) (void)from.add({.flow = flow(i)});
  const Session* const first = from.look_at(flow(1));
  from.hand_over(flow(1), to);
  from.hand_over(flow(9), to);
  EXPECT_EQ(from.look_at(flow(1)), nullptr);
  EXPECT_EQ(to.look_at(flow(1)), first);
  from.hand_over(flow(2), to);
  from.hand_over(flow(3), to);
  EXPECT_EQ(from.size(), 0U);
  EXPECT_EQ(to.size(), 2U) << "within its own limit";
  EXPECT_EQ(to.look_at(flow(1)), nullptr);
}

// Against a plain map, with everything that can happen to a table in any order.
TEST(FlowTable, HoldsWhatAPlainMapWouldHoldWithinItsLimit) {
  constexpr std::size_t kLimit = 20;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    FlowTable<Session> table(SipKey{seed, 2}, kLimit);
    std::map<std::uint64_t, Time> model;
    Time now{};
    for (int i = 0; i < 2000; ++i) {
      now += std::chrono::milliseconds(1 + rng.below(500));
      const std::uint64_t number = 1 + rng.below(40);
      if (Session* found = table.find(flow(number), now)) {
        ASSERT_TRUE(model.contains(number));
        EXPECT_EQ(found->flow, flow(number));
        model[number] = now;
      } else {
        ASSERT_FALSE(model.contains(number));
        (void)table.add({.flow = flow(number), .used = now});
        if (model.size() == kLimit) {
          model.erase(
              std::ranges::min_element(model, {}, [](const auto& one) { return one.second; }));
        }
        model[number] = now;
      }
      if (rng.below(10) == 0) {
        const auto is_over = [&](Time used) { return used + 5s <= now; };
        table.erase_if([&](const Session& session) { return is_over(session.used); });
        std::erase_if(model, [&](const auto& one) { return is_over(one.second); });
      }
      ASSERT_EQ(table.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace strata::service::flow_table_test
