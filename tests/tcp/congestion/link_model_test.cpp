// SPDX-License-Identifier: Apache-2.0
// Whole algorithms on one bottleneck: rates, queues, shares.
#include "tcp/congestion/link_model.h"

#include <gtest/gtest.h>

#include "tcp/congestion/registry.h"

namespace strata::tcp::congestion::link_model_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Time after(Duration duration) { return Time{duration}; }

TEST(Bottleneck, IsFilledByEveryAlgorithm) {
  for (const Algorithm* algorithm : {&kReno, &kCubic, &kBbr, &kDctcp}) {
    LinkModel model({.rate = 2'500'000, .buffer = 100'000});
    model.add({.algorithm = algorithm, .rtt = milliseconds(40)});
    model.run_until(after(seconds(5)));
    model.reset_figures();
    model.run_until(after(seconds(25)));
    EXPECT_GT(model.utilisation(), 0.9) << algorithm->name;
    EXPECT_EQ(model.timeouts(0), 0U) << algorithm->name;
    EXPECT_GE(model.cwnd_min(0), LinkModel::kMss) << algorithm->name;
  }
}

// RFC 9438 5.1, table 1: the mean window for one loss in so many packets, at 100 ms.
TEST(Bottleneck, CubicMeetsItsResponseFunction) {
  struct Case {
    std::uint64_t period;
    double segments;
    int periods;
  };
  for (const auto& [period, segments, periods] :
       {Case{100, 12, 200}, Case{1000, 38, 40}, Case{10'000, 187, 8}}) {
    LinkModel model({.rate = 1'250'000'000, .buffer = 100'000'000, .loss_period = period});
    model.add({.algorithm = &kCubic, .rtt = milliseconds(100)});
    const double length = static_cast<double>(period) / segments * 0.1;
    const auto run = [&](double so_many) {
      model.run_until(model.now() + milliseconds(static_cast<int>(so_many * length * 1000)));
    };
    run(3);
    model.reset_figures();
    run(periods);
    EXPECT_NEAR(model.mean_in_flight(0), segments, segments * 0.15) << "1 in " << period;
  }
}

TEST(Bottleneck, CubicIsFasterThanRenoOnLongPaths) {
  double rates[2] = {};
  for (int i = 0; i < 2; ++i) {
    LinkModel model({.rate = 25'000'000, .buffer = 2'500'000, .loss_period = 10'000});
    model.add({.algorithm = i == 0 ? &kReno : &kCubic, .rtt = milliseconds(150)});
    model.run_until(after(seconds(20)));
    model.reset_figures();
    model.run_until(after(seconds(80)));
    rates[i] = model.rate(0);
  }
  EXPECT_GT(rates[1], rates[0] * 1.5);
}

// 100 Mbit/s, 40 ms, a buffer of one bandwidth-delay product.
TEST(Bottleneck, BbrToleratesOnePercentOfRandomLoss) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    LinkModel model({.rate = 12'500'000, .buffer = 500'000, .loss = {1, 100}, .seed = seed});
    model.add({.algorithm = &kBbr, .rtt = milliseconds(40)});
    model.run_until(after(seconds(2)));
    model.reset_figures();
    model.run_until(after(seconds(22)));
    EXPECT_GT(model.utilisation(), 0.85) << "seed " << seed;
  }
}

TEST(Bottleneck, EqualFlowsGetEqualShares) {
  for (const Algorithm* algorithm : {&kReno, &kCubic, &kBbr}) {
    for (const int flows : {4, 12}) {
      LinkModel model({.rate = 2'500'000, .buffer = 100'000});
      for (int i = 0; i < flows; ++i) {
        model.add({.algorithm = algorithm,
                   .rtt = milliseconds(40),
                   .start = after(milliseconds(100) * i)});
      }
      model.run_until(after(seconds(20)));
      model.reset_figures();
      model.run_until(after(seconds(80)));
      EXPECT_GT(model.jain(), 0.95) << flows << " of " << algorithm->name;
      EXPECT_GT(model.utilisation(), 0.95) << flows << " of " << algorithm->name;
    }
  }
}

TEST(Bottleneck, BbrAndCubicLiveBesideEachOther) {
  for (const std::uint64_t buffer : {100'000U, 500'000U}) {  // 1 and 5 BDP
    LinkModel model({.rate = 2'500'000, .buffer = buffer});
    model.add({.algorithm = &kBbr, .rtt = milliseconds(40)});
    model.add({.algorithm = &kCubic, .rtt = milliseconds(40), .start = after(milliseconds(500))});
    model.run_until(after(seconds(20)));
    model.reset_figures();
    model.run_until(after(seconds(80)));
    EXPECT_GT(model.rate(0) / 2'500'000, 0.2) << buffer;
    EXPECT_GT(model.rate(1) / 2'500'000, 0.2) << buffer;
  }
}

// A datacentre: 1 Gbit/s, 200 us, marks above 20 kB.
TEST(Bottleneck, DctcpKeepsTheQueueAtTheThreshold) {
  LinkModel model({.rate = 125'000'000, .buffer = 1'000'000, .mark_above = 20'000});
  for (int i = 0; i < 4; ++i) model.add({.algorithm = &kDctcp, .rtt = microseconds(200)});
  model.run_until(after(milliseconds(500)));
  model.reset_figures();
  model.run_until(after(milliseconds(1500)));
  EXPECT_GT(model.utilisation(), 0.98);
  EXPECT_LT(model.mean_queue(), 40'000);
  EXPECT_GT(model.jain(), 0.98);
}

TEST(Bottleneck, HyStartSparesTheLossesOfTheFirstSlowStart) {
  // A deep queue: twelve bandwidth-delay products. Doubling on would overflow it by hundreds of
  // segments.
  LinkModel model({.rate = 12'500'000, .buffer = 6'300'000});
  model.add({.algorithm = &kCubic, .rtt = milliseconds(40)});
  model.run_until(after(seconds(3)));
  EXPECT_FALSE(model.control(0).is_slow_start());
  EXPECT_EQ(model.dropped(), 0U);
}

TEST(Bottleneck, PacingShortensQueuesInSlowStart) {
  double queues[2] = {};
  for (int i = 0; i < 2; ++i) {
    LinkModel model({.rate = 12'500'000, .buffer = 1'000'000});
    model.add({.algorithm = &kCubic, .rtt = milliseconds(80), .is_paced = i == 1});
    model.run_until(after(milliseconds(400)));
    queues[i] = model.mean_queue();
  }
  EXPECT_LT(queues[1], queues[0] * 0.7);
}

TEST(Bottleneck, RecoversFromABlackout) {
  for (const Algorithm* algorithm : {&kReno, &kCubic, &kBbr}) {
    LinkModel model({.rate = 2'500'000, .buffer = 100'000});
    model.add({.algorithm = algorithm, .rtt = milliseconds(40)});
    model.run_until(after(seconds(5)));
    model.set_loss({1, 1});
    model.run_until(after(seconds(8)));
    model.set_loss({0, 1});
    EXPECT_GT(model.timeouts(0), 1U);
    model.run_until(after(seconds(15)));
    model.reset_figures();
    model.run_until(after(seconds(25)));
    EXPECT_GT(model.utilisation(), 0.85) << algorithm->name;
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::link_model_test
