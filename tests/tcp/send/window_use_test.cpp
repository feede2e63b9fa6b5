// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/window_use.h"

#include <gtest/gtest.h>

namespace strata::tcp::window_use_test {
namespace {

using namespace std::chrono_literals;

// RFC 7661 4.2 MUST: pipeACK is what was acknowledged in a round trip, over a period of at least
// three of them.
TEST(WindowValidation, MeasuresWhatARoundTripDelivers) {
  WindowValidation validation;
  Time now{1h};
  for (int i = 0; i < 100; ++i) {
    (void)validation.on_acked(1000, 100ms, 20'000, now);
    now += 10ms;
  }
  EXPECT_NEAR(validation.pipe_ack(), 10'000, 1500);
  EXPECT_TRUE(validation.is_validated(20'000));
  EXPECT_FALSE(validation.is_validated(40'000));
  // Of what is long past nothing remains.
  for (int i = 0; i < 40; ++i) {
    (void)validation.on_acked(10, 100ms, 20'000, now);
    now += 100ms;
  }
  EXPECT_LT(validation.pipe_ack(), 100U);
}

// RFC 7661 4.4.3 MUST: a window that was not validated for five minutes is given up.
TEST(WindowValidation, DoesNotTrustAnUnusedWindowForLong) {
  WindowValidation validation;
  Time now{1h};
  (void)validation.on_acked(1000, 100ms, 2000, now);
  const Time began = now;
  bool is_over = false;
  while (!is_over && now - began < 10min) {
    now += 1s;
    is_over = validation.on_acked(100, 100ms, 100'000, now);
  }
  EXPECT_TRUE(is_over);
  EXPECT_NEAR(static_cast<double>((now - began) / 1s), 300, 3);
  EXPECT_FALSE(validation.on_acked(100, 100ms, 100'000, now + 1s));
}

TEST(WindowUse, IsLimitedForARoundTripAfterItWasBlocked) {
  const SequenceNumber start(0xffff'fff0);
  WindowUse use;
  use.on_una(start, start + 100U, 100);
  EXPECT_FALSE(use.is_limited(1000, false));
  use.on_blocked(start + 200U);
  use.on_una(start + 150U, start + 300U, 100);
  EXPECT_TRUE(use.is_limited(1000, false));
  use.on_una(start + 200U, start + 300U, 100);
  EXPECT_FALSE(use.is_limited(1000, false));
}

TEST(WindowUse, HalfAWindowIsEnoughInSlowStart) {
  WindowUse use;
  use.on_sent(600, SequenceNumber(600));
  EXPECT_TRUE(use.is_limited(1000, true));
  EXPECT_FALSE(use.is_limited(1000, false));
  EXPECT_FALSE(use.is_limited(1300, true));
}

// What was out at once counts until all of it is acknowledged, however small the steps.
TEST(WindowUse, OneFlightCountsToItsEnd) {
  WindowUse use;
  const SequenceNumber end(10'000);
  use.on_sent(10'000, end);
  for (std::uint32_t una = 2'000; una < 10'000; una += 2'000) {
    use.on_una(SequenceNumber(una), end, 10'000 - una);
    EXPECT_TRUE(use.is_limited(18'000, true)) << una;
  }
  use.on_una(end, end, 0);
  EXPECT_FALSE(use.is_limited(18'000, true));
}

}  // namespace
}  // namespace strata::tcp::window_use_test
