// SPDX-License-Identifier: Apache-2.0
// The sender across paths that lose, reorder and duplicate: everything arrives, and little is sent
// for nothing.
#include <gtest/gtest.h>

#include "tcp/send/lossy_path.h"

namespace strata::tcp::sender_path_test {
namespace {

TEST(SenderPath, DeliversWithoutWasteWhenNothingIsLost) {
  LossyPath path({.bytes = 3'000'000});
  ASSERT_TRUE(path.run());
  EXPECT_EQ(path.lab.info().bytes_retransmitted, 0U);
  EXPECT_EQ(path.lab.info().bytes_acknowledged, 3'000'000U);
  EXPECT_EQ(path.lab.info().timeouts, 0U);
}

struct Kind {
  const char* name;
  bool sack;
  bool timestamps;
  const Algorithm* control;
};
const Kind kKinds[] = {
    {"reno", true, true, &congestion::kReno},
    {"cubic", true, false, &congestion::kCubic},
    {"bbr", true, true, &congestion::kBbr},
    {"dctcp", true, true, &congestion::kDctcp},
    {"newreno", false, true, &congestion::kReno},
    {"newreno without timestamps", false, false, &congestion::kCubic},
};

TEST(SenderPath, DeliversEverythingAcrossAnyPath) {
  for (const Kind& kind : kKinds) {
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
      SCOPED_TRACE(::testing::Message() << kind.name << " seed " << seed);
      Rng rng(seed * 977);
      PathOptions options;
      options.seed = seed;
      options.lab = {.sack = kind.sack, .timestamps = kind.timestamps, .control = kind.control};
      options.loss = {rng.below(8), 100};
      options.ack_loss = {rng.below(10), 100};
      options.late = {rng.below(10), 100};
      options.twice = {rng.below(4), 100};
      options.super_segment = rng.chance({1, 2}) ? 65535 : 0;
      options.one_way = Duration(std::chrono::microseconds(rng.between(100, 40'000)));
      LossyPath path(options);
      ASSERT_TRUE(path.run(2000s));
      const TcpInfo info = path.lab.info();
      // Without SACK a timeout sends again what had arrived.
      const std::uint64_t waste = kind.sack ? 3 : 12;
      EXPECT_LE(info.bytes_retransmitted / kMss, 40 + waste * (path.segments_lost + 20));
      EXPECT_LE(path.deadlines, 400 + 10 * path.segments_sent);
    }
  }
}

TEST(SenderPath, SurvivesReceiversThatRenege) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    PathOptions options;
    options.seed = seed;
    options.loss = {3, 100};
    options.reneging = {1, 50};
    LossyPath path(options);
    ASSERT_TRUE(path.run(2000s));
  }
}

// A quarter of the window's worth of reordering settles without needless retransmissions.
TEST(SenderPath, LearnsThatThePathReorders) {
  PathOptions options;
  options.late = {20, 100};
  options.bytes = 2'000'000;
  LossyPath path(options);
  ASSERT_TRUE(path.run());
  const TcpInfo info = path.lab.info();
  EXPECT_GT(info.reordering, 0U);
  EXPECT_LT(info.bytes_retransmitted, options.bytes / 4);
  EXPECT_EQ(info.timeouts, 0U);
}

TEST(SenderPath, KeepsABottleneckBusyWithFewTimeouts) {
  for (const Algorithm* control : {&congestion::kReno, &congestion::kCubic, &congestion::kBbr}) {
    SCOPED_TRACE(control->name);
    PathOptions options;
    options.lab.control = control;
    options.rate = 2'000'000;
    options.queue_bytes_max = 60'000;
    options.bytes = 6'000'000;
    LossyPath path(options);
    const Time began = path.lab.now;
    ASSERT_TRUE(path.run());
    const TcpInfo info = path.lab.info();
    EXPECT_LT(path.lab.now - began, 5s) << "3 s at the full rate";
    EXPECT_LE(info.timeouts, 2U);
    EXPECT_LE(info.bytes_retransmitted, path.segments_lost * kMss * 5 / 4 + 20'000);
  }
}

}  // namespace
}  // namespace strata::tcp::sender_path_test
