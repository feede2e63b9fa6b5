// SPDX-License-Identifier: Apache-2.0
#include "tcp/delivery_rate.h"

#include <gtest/gtest.h>

#include <vector>

#include "strata/rng.h"

namespace strata::tcp::delivery_rate_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kRecordBytes = 1000;
constexpr Duration kNoMinimum{};

Time at_ms(int ms) { return Time{seconds(50) + milliseconds(ms)}; }

struct SentRecord {
  DeliverySnapshot snapshot;
  Time sent_time;
  std::uint64_t end;
};

class DeliveryRateTest : public ::testing::Test {
 protected:
  SentRecord send(int ms) {
    const DeliverySnapshot snapshot = rate_.on_sent(kRecordBytes, in_flight_, at_ms(ms));
    in_flight_ += kRecordBytes;
    end_ += kRecordBytes;
    return {snapshot, at_ms(ms), end_};
  }
  RateSample ack(int ms, const std::vector<SentRecord>& records, Duration min_rtt = kNoMinimum) {
    RateSample sample;
    for (const SentRecord& record : records) deliver(sample, record, ms);
    rate_.finish(sample, min_rtt);
    return sample;
  }
  void deliver(RateSample& sample, const SentRecord& record, int ms) {
    rate_.on_delivered(sample, record.snapshot, kRecordBytes, record.end, record.sent_time,
                       at_ms(ms));
    in_flight_ -= kRecordBytes;
  }

  DeliveryRate rate_;
  std::uint32_t in_flight_ = 0;
  std::uint64_t end_ = 0;
};

TEST_F(DeliveryRateTest, ASampleIsWhatWasDeliveredSinceTheRecordWasSent) {
  const SentRecord a = send(0);
  const SentRecord b = send(10);
  const SentRecord c = send(20);
  EXPECT_EQ(ack(100, {a}).rate, 10'000U) << "1000 bytes in 100 ms";
  const RateSample sample = ack(110, {b, c});
  EXPECT_EQ(sample.delivered, 3000U);
  EXPECT_EQ(sample.interval, milliseconds(110)) << "nothing was delivered yet when c was sent";
  EXPECT_EQ(sample.rate, 3000U * 1000 / 110);
  EXPECT_EQ(sample.newly_delivered, 2000U);
  EXPECT_EQ(sample.delivered_total, 3000U);
}

TEST_F(DeliveryRateTest, TheIntervalBeginsWithTheLastDeliveryBefore) {
  const SentRecord a = send(0);
  const SentRecord b = send(10);
  static_cast<void>(ack(100, {a}));
  const SentRecord c = send(105);
  static_cast<void>(ack(110, {b}));
  const RateSample sample = ack(205, {c});
  EXPECT_EQ(sample.delivered, 2000U);
  EXPECT_EQ(sample.prior_delivered, 1000U);
  EXPECT_EQ(sample.interval, milliseconds(105));
}

TEST_F(DeliveryRateTest, CompressedAcksDoNotClaimMoreThanWasSent) {
  const SentRecord first = send(0);
  static_cast<void>(ack(100, {first}));
  std::vector<SentRecord> records;
  for (int i = 0; i < 10; ++i) records.push_back(send(100 + 50 * i));
  // All ACKs come within a millisecond of the last.
  const RateSample sample = ack(601, records);
  EXPECT_EQ(sample.send_elapsed, milliseconds(450));
  EXPECT_EQ(sample.ack_elapsed, milliseconds(501));
  EXPECT_EQ(sample.rate, 10'000U * 1000 / 501);
}

TEST_F(DeliveryRateTest, TheSendIntervalBoundsTheRate) {
  const SentRecord a = send(0);
  const SentRecord b = send(400);
  static_cast<void>(ack(410, {a}));
  const SentRecord c = send(800);
  static_cast<void>(ack(811, {b}));
  const RateSample sample = ack(812, {c});
  EXPECT_EQ(sample.send_elapsed, milliseconds(800));
  EXPECT_EQ(sample.ack_elapsed, milliseconds(402));
  EXPECT_EQ(sample.interval, milliseconds(800));
}

TEST_F(DeliveryRateTest, TheRecordSentLastMakesTheSample) {
  const SentRecord a = send(0);
  const SentRecord b = send(10);
  static_cast<void>(ack(100, {a}));
  const SentRecord again = {rate_.on_sent(kRecordBytes, in_flight_, at_ms(150)), at_ms(150), b.end};
  const SentRecord c = send(120);
  const RateSample sample = ack(250, {again, c});
  EXPECT_EQ(sample.newest_end, again.end);
  // SentRecords of one burst: the one that ends later.
  const SentRecord d = send(300);
  const SentRecord e = send(300);
  EXPECT_EQ(ack(400, {e, d}).newest_end, e.end);
}

TEST_F(DeliveryRateTest, AnIntervalBelowTheMinimumIsNotBelieved) {
  const SentRecord a = send(0);
  const RateSample sample = ack(10, {a}, milliseconds(11));
  EXPECT_EQ(sample.rate, 0U);
  EXPECT_TRUE(sample.has_data);
  EXPECT_EQ(sample.delivered, kRecordBytes);
}

TEST_F(DeliveryRateTest, IdleTimeIsNotPartOfAnInterval) {
  static_cast<void>(ack(100, {send(0)}));
  const SentRecord late = send(5000);
  const RateSample sample = ack(5100, {late});
  EXPECT_EQ(sample.interval, milliseconds(100));
}

TEST_F(DeliveryRateTest, SamplesSayThatTheApplicationHadNothingToSend) {
  const SentRecord a = send(0);
  const SentRecord b = send(1);
  rate_.mark_app_limited(in_flight_);
  EXPECT_TRUE(rate_.is_app_limited());
  const SentRecord c = send(50);
  EXPECT_FALSE(ack(100, {a}).is_app_limited) << "sent before";
  static_cast<void>(ack(101, {b}));
  EXPECT_TRUE(rate_.is_app_limited()) << "the bubble is still in the pipe";
  EXPECT_TRUE(ack(150, {c}).is_app_limited);
  EXPECT_FALSE(rate_.is_app_limited());
  EXPECT_FALSE(ack(300, {send(200)}).is_app_limited);
}

TEST_F(DeliveryRateTest, LossesAreCountedSinceTheRecordWasSent) {
  const SentRecord a = send(0);
  const SentRecord b = send(1);
  const SentRecord c = send(2);
  const SentRecord d = send(3);
  RateSample sample;
  deliver(sample, d, 100);
  const LossSample first = rate_.on_lost(sample, a.snapshot, kRecordBytes, at_ms(100));
  const LossSample second = rate_.on_lost(sample, b.snapshot, kRecordBytes, at_ms(100));
  rate_.finish(sample, kNoMinimum);
  EXPECT_EQ(first.lost, 1000U);
  EXPECT_EQ(second.lost, 2000U);
  EXPECT_EQ(second.tx_in_flight, 2000U);
  EXPECT_EQ(second.delivered_total, 1000U);
  EXPECT_EQ(sample.lost, 2000U);
  EXPECT_EQ(sample.newly_lost, 2000U);
  EXPECT_EQ(sample.tx_in_flight, 4000U);
  // A timer's loss: no ACK tells of it.
  EXPECT_EQ(rate_.on_lost(c.snapshot, kRecordBytes, at_ms(400)).lost, 3000U);
  EXPECT_EQ(rate_.lost(), 3000U);
}

TEST_F(DeliveryRateTest, ARoundEndsWithDataSentAfterItBegan) {
  std::vector<SentRecord> flight;
  for (int i = 0; i < 4; ++i) flight.push_back(send(i));
  EXPECT_TRUE(ack(100, {flight[0]}).round_started);
  const SentRecord next = send(100);
  int at = 100;
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(ack(++at, {flight[i]}).round_started);
  EXPECT_TRUE(ack(200, {next}).round_started);
}

TEST_F(DeliveryRateTest, AnAckOfNothingIsNoSample) {
  static_cast<void>(send(0));
  const RateSample sample = ack(100, {});
  EXPECT_FALSE(sample.has_data);
  EXPECT_FALSE(sample.round_started);
  EXPECT_EQ(sample.rate, 0U);
}

TEST(DeliveryRate, CountsPastFourGigabytes) {
  constexpr std::uint32_t kChunk = 1U << 30U;
  DeliveryRate rate;
  for (std::uint64_t i = 1; i <= 12; ++i) {
    const Time sent = Time{seconds(i)};
    const DeliverySnapshot snapshot = rate.on_sent(kChunk, 0, sent);
    RateSample sample;
    rate.on_delivered(sample, snapshot, kChunk, i * kChunk, sent, sent + milliseconds(500));
    rate.finish(sample, kNoMinimum);
    EXPECT_EQ(sample.delivered, kChunk);
    EXPECT_EQ(sample.prior_delivered, (i - 1) * kChunk);
    EXPECT_EQ(sample.rate, 2ULL * kChunk);
    EXPECT_EQ(rate.delivered(), i * kChunk);
  }
}

// A path of constant rate is measured as that rate, however ACKs are lost or held back.
TEST(DeliveryRate, NeverExceedsTheRateOfTheLink) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    DeliveryRate rate;
    std::vector<SentRecord> waiting;
    std::uint32_t in_flight = 0;
    std::uint64_t end = 0;
    // A segment leaves each 5 ms at the fastest, and takes 100 ms; each ACK tells of some.
    for (int ms = 0; ms < 20'000; ms += 5) {
      if (rng.chance({9, 10})) {
        const DeliverySnapshot snapshot = rate.on_sent(kRecordBytes, in_flight, at_ms(ms));
        in_flight += kRecordBytes;
        end += kRecordBytes;
        waiting.push_back({snapshot, at_ms(ms), end});
      }
      if (!rng.chance({1, 4})) continue;
      RateSample sample;
      while (!waiting.empty() && waiting.front().sent_time + milliseconds(100) <= at_ms(ms)) {
        const SentRecord record = waiting.front();
        waiting.erase(waiting.begin());
        in_flight -= kRecordBytes;
        rate.on_delivered(sample, record.snapshot, kRecordBytes, record.end, record.sent_time,
                          at_ms(ms));
      }
      rate.finish(sample, milliseconds(100));
      // A record more than the interval holds: both its ends are deliveries.
      ASSERT_LE(sample.rate, 200'000U + 200'000U / 20) << "seed " << seed << " at " << ms;
    }
  }
}

}  // namespace
}  // namespace strata::tcp::delivery_rate_test
