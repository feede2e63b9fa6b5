// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tcp/congestion/bbr_testing.h"

namespace strata::tcp::congestion::bbr_model_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Acknowledgements as a test wants them.
class BbrModelTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kSegment = 1000;

  void ack(std::uint32_t bytes, std::uint64_t rate, bool is_app_limited = false) {
    AckEvent event;
    event.now = now_;
    event.bytes_acked = bytes;
    event.in_flight = in_flight_;
    event.rtt = rtt_;
    event.srtt = rtt_;
    event.sample.has_data = true;
    event.sample.rate = rate;
    event.sample.prior_delivered = prior_delivered_;
    delivered_ += bytes;
    event.sample.delivered_total = delivered_;
    event.sample.delivered = static_cast<std::uint32_t>(delivered_ - prior_delivered_);
    event.sample.newly_delivered = bytes;
    event.sample.tx_in_flight = in_flight_;
    event.sample.is_app_limited = is_app_limited;
    machine_.on_ack(event);
  }
  // What is acknowledged next was sent now.
  void next_round() {
    prior_delivered_ = delivered_;
    now_ += rtt_;
  }

  Time now_{seconds(10)};
  Duration rtt_ = milliseconds(50);
  std::uint32_t in_flight_ = 20 * kSegment;
  std::uint64_t delivered_ = 0;
  std::uint64_t prior_delivered_ = 0;
  BbrMachine machine_{{.now = now_,
                       .mss = kSegment,
                       .initial_window = 10 * kSegment,
                       .srtt = milliseconds(50),
                       .seed = 1}};
};

TEST_F(BbrModelTest, BeginsAtTheInitialWindowOverTheHandshakesRtt) {
  EXPECT_EQ(machine_.cwnd(), 10 * kSegment);
  EXPECT_EQ(machine_.pacing_rate(), 10'000 * 20 * 277 / 100);
}

TEST_F(BbrModelTest, TakesTheFirstRttItSeesForItsFirstRate) {
  BbrMachine machine({.now = now_, .mss = kSegment, .initial_window = 10 * kSegment});
  EXPECT_EQ(machine.pacing_rate(), 10'000'000 / 100 * 277) << "over a millisecond";
  machine_ = machine;
  ack(kSegment, 0);
  EXPECT_EQ(machine_.pacing_rate(), 10'000 * 20 * 277 / 100);
}

TEST_F(BbrModelTest, MaxBwIsTheLargestSample) {
  for (const std::uint64_t rate : {100'000U, 300'000U, 200'000U}) {
    ack(kSegment, rate);
    next_round();
  }
  EXPECT_EQ(machine_.max_bw(), 300'000U);
}

TEST_F(BbrModelTest, AnIdleApplicationsSampleCountsOnlyIfItIsLarger) {
  ack(kSegment, 100'000, true);
  EXPECT_EQ(machine_.max_bw(), 100'000U);
  ack(kSegment, 50'000, true);
  EXPECT_EQ(machine_.max_bw(), 100'000U);
  ack(kSegment, 150'000, true);
  EXPECT_EQ(machine_.max_bw(), 150'000U);
}

TEST_F(BbrModelTest, ThreeRoundsWithoutAQuarterMoreFillThePipe) {
  std::uint64_t rate = 100'000;
  for (int i = 0; i < 6; ++i) {
    ack(kSegment, rate);
    next_round();
    EXPECT_FALSE(machine_.full_bw_reached());
    rate = rate * 125 / 100 + 1;
  }
  rate = machine_.max_bw() * 124 / 100;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(machine_.full_bw_reached());
    ack(kSegment, rate);
    ack(kSegment, rate);  // of the same round: does not count
    next_round();
  }
  EXPECT_TRUE(machine_.full_bw_reached());
}

TEST_F(BbrModelTest, ThePacingRateDoesNotFallBeforeThePipeWasFull) {
  const std::uint64_t before = machine_.pacing_rate();
  ack(kSegment, 1000, true);
  EXPECT_EQ(machine_.pacing_rate(), before);
  ack(kSegment, 1'000'000);
  EXPECT_EQ(machine_.pacing_rate(), 1'000'000ULL * 277 / 100 * 99 / 100);
}

TEST_F(BbrModelTest, MinRttIsTheSmallestOfTenSeconds) {
  ack(kSegment, 100'000);
  rtt_ = milliseconds(30);
  ack(kSegment, 100'000);
  EXPECT_EQ(machine_.min_rtt(), milliseconds(30));
  rtt_ = milliseconds(60);
  const Time begun = now_;
  while (now_ <= begun + seconds(9)) {
    ack(kSegment, 100'000);
    next_round();
  }
  EXPECT_EQ(machine_.min_rtt(), milliseconds(30));
  while (now_ <= begun + seconds(17)) {
    ack(kSegment, 100'000);
    next_round();
  }
  EXPECT_EQ(machine_.min_rtt(), milliseconds(60));
}

TEST_F(BbrModelTest, BurstsOfAcksRaiseTheWindow) {
  for (int i = 0; i < 12; ++i) {
    ack(5 * kSegment, 100'000);
    next_round();
  }
  ASSERT_TRUE(machine_.full_bw_reached());
  const std::uint32_t smooth = machine_.extra_acked();
  ack(10 * kSegment, 100'000);
  ack(10 * kSegment, 100'000);
  EXPECT_GE(machine_.extra_acked(), smooth + 10 * kSegment);
  const std::uint32_t burst = machine_.extra_acked();
  for (int i = 0; i < 9; ++i) {
    next_round();
    ack(4 * kSegment, 100'000);
    EXPECT_EQ(machine_.extra_acked(), burst) << "for ten rounds";
  }
  for (int i = 0; i < 12; ++i) {
    next_round();
    ack(4 * kSegment, 100'000);
  }
  EXPECT_LT(machine_.extra_acked(), burst);
}

TEST(BbrModel, FillsAPathWhoseAcksComeInBursts) {
  // An access network that gathers what it carries.
  BbrPath path;
  path.run(seconds(3));
  path.model.reset_figures();
  path.run(seconds(10));
  EXPECT_GT(path.model.utilisation(), 0.95);
  EXPECT_EQ(path.machine().min_rtt() / milliseconds(1), 40);
}

TEST(BbrModel, AllRatesAndRttsKeepTheirArithmetic) {
  for (const std::uint64_t rate : {1'000ULL, 1'000'000ULL, 12'500'000'000ULL, 800'000'000'000ULL}) {
    for (const Duration rtt : {Duration(1000), Duration(milliseconds(10)), Duration(seconds(2))}) {
      BbrMachine machine({.mss = 1448, .initial_window = 14'480, .srtt = rtt, .seed = 1});
      std::uint64_t delivered = 0;
      for (int i = 0; i < 50; ++i) {
        AckEvent ack;
        ack.now = Time{rtt * i};
        ack.rtt = rtt;
        ack.srtt = rtt;
        ack.sample.has_data = true;
        ack.sample.rate = rate;
        ack.sample.prior_delivered = delivered;
        const std::uint32_t bytes = std::max(to_volume(bytes_in(rate, rtt)), 1448U) / 2;
        delivered += bytes;
        ack.sample.delivered_total = delivered;
        ack.sample.delivered = ack.sample.newly_delivered = bytes;
        ack.in_flight = bytes;
        machine.on_ack(ack);
        ASSERT_GE(machine.cwnd(), 4 * 1448U);
        ASSERT_GT(machine.pacing_rate(), 0U);
      }
      EXPECT_EQ(machine.max_bw(), rate);
      EXPECT_LE(machine.pacing_rate(), rate * 277 / 100 + 5'000'000'000);
      const std::uint64_t bdp = bytes_in(rate, rtt);
      EXPECT_GE(machine.cwnd(), std::min<std::uint64_t>(bdp * 9 / 10, kVolumeMax - 1));
    }
  }
}

}  // namespace
}  // namespace strata::tcp::congestion::bbr_model_test
