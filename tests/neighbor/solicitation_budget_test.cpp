// SPDX-License-Identifier: Apache-2.0
#include "neighbor/solicitation_budget.h"

#include <gtest/gtest.h>

namespace strata::neighbor::solicitation_budget_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SolicitationBudget, AllowsABurstAndThenARate) {
  SolicitationBudget budget(100, 10);
  const Time start{seconds(1000)};
  int taken = 0;
  while (budget.try_take(start)) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(budget.ready_at(), start + milliseconds(10));
  for (Time now = start; now <= start + seconds(2); now += milliseconds(1)) {
    if (budget.try_take(now)) ++taken;
  }
  EXPECT_EQ(taken, 210);
}

TEST(SolicitationBudget, DoesNotSaveUpMoreThanABurst) {
  SolicitationBudget budget(100, 3);
  int taken = 0;
  while (budget.try_take(Time{seconds(1'000'000)})) ++taken;
  EXPECT_EQ(taken, 3);
}

TEST(SolicitationBudget, AlwaysAllowsOne) {
  SolicitationBudget budget(0, 0);
  EXPECT_TRUE(budget.try_take(Time{seconds(5)}));
  EXPECT_FALSE(budget.try_take(Time{seconds(5)}));
  EXPECT_TRUE(budget.try_take(Time{seconds(6)}));
}

}  // namespace
}  // namespace strata::neighbor::solicitation_budget_test
