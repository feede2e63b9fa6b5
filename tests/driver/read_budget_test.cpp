// SPDX-License-Identifier: Apache-2.0
#include "driver/read_budget.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace strata::driver::read_budget_test {
namespace {

// A call on a device with `waiting` frames: 1 when its last read found nothing.
int reads_in_vain(ReadBudget& budget, std::size_t waiting) {
  const std::size_t got = std::min(budget.frames(), waiting);
  const int in_vain = got < budget.frames() ? 1 : 0;
  budget.on_read(got);
  return in_vain;
}

TEST(ReadBudget, ReadsOneFrameAtATimeWhereFramesComeOneAtATime) {
  ReadBudget budget(64);
  int in_vain = 0;
  for (int i = 0; i < 1000; ++i) in_vain += reads_in_vain(budget, 1);
  EXPECT_LT(in_vain, 40);
}

TEST(ReadBudget, ReachesWholeBatchesWithinAFewCallsOfABurst) {
  ReadBudget budget(64);
  for (int i = 0; i < 6; ++i) budget.on_read(budget.frames());
  EXPECT_EQ(budget.frames(), 64U);
  budget.on_read(64);
  EXPECT_EQ(budget.frames(), 64U);
}

TEST(ReadBudget, GrowsAgainAfterItGrewInVain) {
  ReadBudget budget(64);
  for (int i = 0; i < 1000; ++i) (void)reads_in_vain(budget, 1);
  std::size_t calls = 0;
  for (; budget.frames() < 64 && calls < 100; ++calls) budget.on_read(budget.frames());
  EXPECT_LT(calls, 50U);
}

TEST(ReadBudget, LearnsNothingFromAnIdleDevice) {
  ReadBudget budget(64);
  for (int i = 0; i < 3; ++i) budget.on_read(budget.frames());
  const std::size_t before = budget.frames();
  for (int i = 0; i < 100; ++i) budget.on_read(0);
  EXPECT_EQ(budget.frames(), before);
}

TEST(ReadBudget, NeverAsksForNothing) {
  ReadBudget budget(64);
  for (std::size_t waiting = 0; waiting < 200; ++waiting) {
    (void)reads_in_vain(budget, waiting * 7 % 5);
    EXPECT_GE(budget.frames(), 1U);
  }
}

}  // namespace
}  // namespace strata::driver::read_budget_test
