// SPDX-License-Identifier: Apache-2.0
#include "tcp/isn.h"

#include <gtest/gtest.h>

#include <set>

#include "tcp/support/opening.h"

namespace strata::tcp::isn_test {
namespace {

using namespace std::chrono_literals;
using testing::flow_of;
using testing::kSecrets;
using testing::kStart;

// RFC 9293 3.4.1 MUST: a clock-driven generator, a tick about every 4 microseconds.
// RFC 6528 3 SHOULD: ISN = M + F(flow, secret), where M ticks every 4 microseconds.
TEST(InitialSequenceNumber, GrowsByATickEachFourMicrosecondsOfOneFlow) {
  const Flow flow = flow_of(1);
  const SequenceNumber first = initial_sequence_number(kSecrets.isn, flow, kStart);
  EXPECT_EQ(initial_sequence_number(kSecrets.isn, flow, kStart + 4us) - first, 1);
  EXPECT_EQ(initial_sequence_number(kSecrets.isn, flow, kStart + 1s) - first, 250'000);
  EXPECT_EQ(initial_sequence_number(kSecrets.isn, flow, kStart + 16384s) -
                initial_sequence_number(kSecrets.isn, flow, kStart),
            static_cast<std::int32_t>(std::uint32_t{16384} * 250'000U));
}

// RFC 6528 3 MUST: F is not computable from the outside.
TEST(InitialSequenceNumber, TellsNothingOfOtherFlowsOrKeys) {
  std::set<std::uint32_t> seen;
  for (std::uint32_t client = 0; client < 1000; ++client) {
    seen.insert(initial_sequence_number(kSecrets.isn, flow_of(client), kStart).value());
    seen.insert(initial_sequence_number({client, 1}, flow_of(0), kStart).value());
  }
  EXPECT_GE(seen.size(), 1999U);
  Flow mirrored = flow_of(1);
  std::swap(mirrored.local_port, mirrored.remote_port);
  EXPECT_NE(initial_sequence_number(kSecrets.isn, mirrored, kStart),
            initial_sequence_number(kSecrets.isn, flow_of(1), kStart));
}

// RFC 7323 4.1 MUST: the timestamp clock is roughly proportional to real time, 1 ms to 1 s a tick.
TEST(TimestampClock, TicksEachMillisecond) {
  EXPECT_EQ(timestamp_clock(kStart + 999us), timestamp_clock(kStart));
  EXPECT_EQ(timestamp_clock(kStart + 5s), timestamp_clock(kStart) + 5000);
}

// RFC 7323 5.4 SHOULD: a random offset for each connection, so that uptime does not show.
TEST(TimestampOffset, IsOneForTwoHostsAndAnotherForOthers) {
  EXPECT_EQ(timestamp_offset(kSecrets.timestamps, flow_of(1, 1000)),
            timestamp_offset(kSecrets.timestamps, flow_of(1, 2000)));
  EXPECT_NE(timestamp_offset(kSecrets.timestamps, flow_of(1)),
            timestamp_offset(kSecrets.timestamps, flow_of(2)));
  EXPECT_NE(timestamp_offset({1, 2}, flow_of(1)), timestamp_offset({1, 3}, flow_of(1)));
}

TEST(TimestampOffsets, AnswerAsIfNothingWereKept) {
  const TimestampOffsets offsets(kSecrets.timestamps);
  for (const std::uint32_t host : {1U, 1U, 2U, 1U, 2U, 2U}) {
    EXPECT_EQ(offsets.of(flow_of(host, 1000)),
              timestamp_offset(kSecrets.timestamps, flow_of(host, 2000)));
  }
}

}  // namespace
}  // namespace strata::tcp::isn_test
