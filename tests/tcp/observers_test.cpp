// SPDX-License-Identifier: Apache-2.0
#include "tcp/observers.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::tcp::observers_test {
namespace {

struct Counter final : TcpObserver {
  void on_tcp_event(const TcpEvent& /*event*/) override { ++heard; }
  int heard = 0;
};

TEST(Observers, AllOfThemHearAndWhoLeftDoesNot) {
  Observers observers;
  std::array<Counter, 3> all;
  for (Counter& one : all) ASSERT_TRUE(observers.add(one));
  observers.on_tcp_event({});
  observers.remove(all[1]);
  observers.on_tcp_event({});
  EXPECT_EQ(all[0].heard, 2);
  EXPECT_EQ(all[1].heard, 1);
  EXPECT_EQ(all[2].heard, 2);
  observers.remove(all[0]);
  observers.remove(all[2]);
  EXPECT_TRUE(observers.empty());
}

TEST(Observers, ThereIsRoomForSoManyOnly) {
  Observers observers;
  std::array<Counter, Observers::kMax + 1> all;
  for (std::size_t i = 0; i < Observers::kMax; ++i) ASSERT_TRUE(observers.add(all[i]));
  EXPECT_FALSE(observers.add(all.back()));
  observers.remove(all.front());
  EXPECT_TRUE(observers.add(all.back()));
}

}  // namespace
}  // namespace strata::tcp::observers_test
