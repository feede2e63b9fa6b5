// SPDX-License-Identifier: Apache-2.0
#include "capi/turn_executor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace strata::capi::turn_executor_test {
namespace {

using std::chrono::seconds;

TEST(TurnExecutor, RunsWhatIsDueAndTellsWhatIsNext) {
  TurnExecutor executor;
  std::string log;
  EXPECT_FALSE(executor.next_deadline().has_value());
  EXPECT_FALSE(executor.run());
  (void)executor.start_timer(Time(seconds(2)), [&] { log += "2"; });
  const TimerId cancelled = executor.start_timer(Time(seconds(1)), [&] { log += "x"; });
  (void)executor.start_timer(Time(seconds(1)), [&] {
    log += "1";
    executor.post([&] { log += "p"; });
  });
  EXPECT_TRUE(executor.cancel_timer(cancelled));
  EXPECT_FALSE(executor.cancel_timer(cancelled));
  EXPECT_EQ(executor.next_deadline(), Time(seconds(1)));
  executor.set_now(Time(seconds(1)));
  EXPECT_TRUE(executor.run());
  EXPECT_EQ(log, "1");
  EXPECT_EQ(executor.next_deadline(), Time(seconds(1)));  // the task, in a later turn
  EXPECT_TRUE(executor.run());
  EXPECT_EQ(log, "1p");
  EXPECT_EQ(executor.next_deadline(), Time(seconds(2)));
}

}  // namespace
}  // namespace strata::capi::turn_executor_test
