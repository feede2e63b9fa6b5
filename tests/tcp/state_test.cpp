// SPDX-License-Identifier: Apache-2.0
#include "tcp/state.h"

#include <gtest/gtest.h>

namespace strata::tcp::state_test {
namespace {

TEST(State, FollowsTheArrowsOfFigure5) {
  EXPECT_TRUE(may_follow(State::kSynSent, State::kEstablished));
  EXPECT_TRUE(may_follow(State::kFinWait1, State::kClosing));
  EXPECT_TRUE(may_follow(State::kCloseWait, State::kLastAck));
}

TEST(State, RefusesWhatFigure5DoesNotShow) {
  EXPECT_FALSE(may_follow(State::kClosed, State::kEstablished));
  EXPECT_FALSE(may_follow(State::kEstablished, State::kTimeWait));
  EXPECT_FALSE(may_follow(State::kTimeWait, State::kEstablished));
  EXPECT_FALSE(may_follow(State::kLastAck, State::kTimeWait));
}

TEST(State, EveryStateButClosedCanEnd) {
  for (const State from :
       {State::kListen, State::kSynSent, State::kSynReceived, State::kEstablished, State::kFinWait1,
        State::kFinWait2, State::kCloseWait, State::kClosing, State::kLastAck, State::kTimeWait}) {
    EXPECT_TRUE(may_follow(from, State::kClosed)) << to_text(from);
  }
}

}  // namespace
}  // namespace strata::tcp::state_test
