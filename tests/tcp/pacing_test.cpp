// SPDX-License-Identifier: Apache-2.0
#include "tcp/pacing.h"

#include <gtest/gtest.h>

#include "strata/rng.h"

namespace strata::tcp::pacing_test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kPacedMss = 1000;
constexpr Time kPacingStart{seconds(10)};

TEST(Pacer, IsOffUntilItHasARate) {
  Pacer pacer;
  EXPECT_FALSE(pacer.is_on());
  pacer.on_sent(1'000'000, kPacedMss, kPacingStart);
  EXPECT_EQ(pacer.next_send_time(kPacingStart), kPacingStart);
  EXPECT_EQ(pacer.quantum(kPacedMss), Pacer::kQuantumMax);
}

TEST(Pacer, QuantumIsAMillisecondWithinBounds) {
  struct Case {
    std::uint64_t rate;
    std::uint32_t quantum;
  };
  for (const auto& [rate, quantum] : {Case{1, 2000}, Case{2'000'000, 2000}, Case{5'000'000, 5000},
                                      Case{65'536'000, 65'536}, Case{12'500'000'000, 65'536}}) {
    Pacer pacer;
    pacer.set_rate(rate);
    EXPECT_EQ(pacer.quantum(kPacedMss), quantum) << rate;
  }
  Pacer pacer;
  pacer.set_rate(1);
  EXPECT_EQ(pacer.quantum(65'000), 130'000U) << "two segments in any case";
}

TEST(Pacer, SpacesWhatIsSent) {
  Pacer pacer;
  pacer.set_rate(1'000'000);  // a segment each millisecond, a quantum of two
  Time now = kPacingStart;
  pacer.on_sent(2 * kPacedMss, kPacedMss, now);
  EXPECT_TRUE(pacer.may_send(now)) << "the quantum the silence before has earned";
  pacer.on_sent(2 * kPacedMss, kPacedMss, now);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(pacer.may_send(now));
    EXPECT_EQ(pacer.next_send_time(now), now + milliseconds(2));
    now = pacer.next_send_time(now);
    pacer.on_sent(2 * kPacedMss, kPacedMss, now);
  }
}

TEST(Pacer, MakesUpForATimerThatIsALittleLate) {
  Pacer pacer;
  pacer.set_rate(1'000'000);
  Time now = kPacingStart;
  std::uint64_t sent = 0;
  while (now < kPacingStart + seconds(1)) {
    pacer.on_sent(kPacedMss, kPacedMss, now);
    sent += kPacedMss;
    if (!pacer.may_send(now)) now = pacer.next_send_time(now) + microseconds(900);
  }
  EXPECT_NEAR(static_cast<double>(sent), 1e6, 5e3);
}

TEST(Pacer, IdlenessEarnsOneQuantumAtMost) {
  Pacer pacer;
  pacer.set_rate(1'000'000);
  for (const Time now : {kPacingStart, kPacingStart + seconds(100), kPacingStart + seconds(101)}) {
    std::uint32_t burst = 0;
    while (pacer.may_send(now)) {
      pacer.on_sent(kPacedMss, kPacedMss, now);
      burst += kPacedMss;
    }
    EXPECT_EQ(burst, 3 * kPacedMss) << "a quantum ahead, and the segment that ends it";
  }
}

TEST(Pacer, ANewRateHoldsFromTheNextSegment) {
  Pacer pacer;
  pacer.set_rate(1'000'000);
  while (pacer.may_send(kPacingStart)) pacer.on_sent(kPacedMss, kPacedMss, kPacingStart);
  const Time next = pacer.next_send_time(kPacingStart);
  pacer.set_rate(10'000'000);
  EXPECT_EQ(pacer.next_send_time(kPacingStart), next);
  pacer.set_rate(0);
  EXPECT_TRUE(pacer.may_send(kPacingStart));
}

// Whatever the pattern of waking and sending: rate * T and two quanta.
TEST(Pacer, NeverExceedsItsRateByMoreThanTwoQuanta) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    Pacer pacer;
    const std::uint64_t rate = rng.between(10'000, 100'000'000);
    pacer.set_rate(rate);
    const std::uint64_t quantum = pacer.quantum(kPacedMss);
    Time now = kPacingStart;
    std::uint64_t sent = 0;
    for (int i = 0; i < 5000; ++i) {
      if (pacer.may_send(now)) {
        const auto bytes = static_cast<std::uint32_t>(rng.between(1, quantum));
        pacer.on_sent(bytes, kPacedMss, now);
        sent += bytes;
      }
      const double seconds_passed = std::chrono::duration<double>(now - kPacingStart).count();
      ASSERT_LE(static_cast<double>(sent), static_cast<double>(rate) * seconds_passed * 1.001 +
                                               2.0 * static_cast<double>(quantum) + 1);
      now += Duration(static_cast<std::int64_t>(rng.below(2'000'000'000 * quantum / rate + 1)));
    }
  }
}

TEST(WindowPacingRate, LeavesRoomForTheWindowToGrow) {
  EXPECT_EQ(window_pacing_rate(100'000, 200'000, milliseconds(100)), 2'000'000U);
  EXPECT_EQ(window_pacing_rate(200'000, 200'000, milliseconds(100)), 2'400'000U);
  EXPECT_EQ(window_pacing_rate(200'000, 200'000, Duration::zero()), 0U);
}

}  // namespace
}  // namespace strata::tcp::pacing_test
