// SPDX-License-Identifier: Apache-2.0
#include "tcp/congestion/fixed_point.h"

#include <gtest/gtest.h>

#include <limits>

#include "strata/rng.h"

namespace strata::tcp::congestion::fixed_point_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

bool is_cube_root(std::uint64_t root, std::uint64_t value) {
  const bool is_small_enough = root * root * root <= value;
  // 2642246 cubed needs more than 64 bits.
  const bool is_large_enough = root == 2'642'245 || (root + 1) * (root + 1) * (root + 1) > value;
  return root <= 2'642'245 && is_small_enough && is_large_enough;
}

TEST(CubeRoot, IsExactAroundEveryCube) {
  for (std::uint64_t root = 1; root <= 2'642'245; root += root < 2000 ? 1 : 997) {
    const std::uint64_t cube = root * root * root;
    ASSERT_EQ(cube_root(cube), root);
    ASSERT_EQ(cube_root(cube - 1), root - 1);
    ASSERT_TRUE(is_cube_root(cube_root(cube + 1), cube + 1));
  }
  EXPECT_EQ(cube_root(0), 0U);
  EXPECT_EQ(cube_root(kLargest), 2'642'245U);
}

TEST(CubeRoot, IsExactForValuesOfEverySize) {
  Rng rng(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = rng.next() >> rng.below(64);
    ASSERT_TRUE(is_cube_root(cube_root(value), value)) << value;
  }
}

TEST(BytesIn, AgreesWithTheDefinition) {
  EXPECT_EQ(bytes_in(12'500'000, milliseconds(40)), 500'000U);
  EXPECT_EQ(bytes_in(1, seconds(3)), 3U);
  EXPECT_EQ(bytes_in(1'000'000'000, nanoseconds(7)), 7U);
  EXPECT_EQ(bytes_in(12'500'000, seconds(-1)), 0U);
  EXPECT_EQ(bytes_in(0, seconds(1)), 0U);
}

TEST(BytesIn, StaysCloseAtRatesOfTerabits) {
  constexpr std::uint64_t kRate = 1'000'000'000'000;
  EXPECT_NEAR(static_cast<double>(bytes_in(kRate, milliseconds(1))), 1e9, 1e9 / 1e6);
  EXPECT_EQ(bytes_in(kRate, seconds(2)), 2 * kRate);
}

TEST(BytesIn, GrowsWithTimeAndWithRate) {
  Rng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t rate = rng.next() >> rng.between(20, 63);
    const Duration time(static_cast<std::int64_t>(rng.next() >> rng.between(1, 63)));
    const Duration longer = time + Duration(static_cast<std::int64_t>(rng.below(1'000'000'000)));
    ASSERT_LE(bytes_in(rate, time), bytes_in(rate, longer)) << rate << " " << time.count();
    ASSERT_LE(bytes_in(rate, time), bytes_in(rate + rate / 64 + 1024, time)) << rate;
  }
}

TEST(RateOf, IsTheInverseOfBytesIn) {
  EXPECT_EQ(rate_of(500'000, milliseconds(40)), 12'500'000U);
  EXPECT_EQ(rate_of(1448, Duration::zero()), 0U);
  EXPECT_EQ(rate_of(kLargest, nanoseconds(1)), kRateMax);
  Rng rng(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bytes = rng.between(1, 1U << 30U);
    const Duration time(static_cast<std::int64_t>(rng.between(1000, 10'000'000'000)));
    const std::uint64_t rate = rate_of(bytes, time);
    if (rate >= kRateMax) continue;
    const double error = static_cast<double>(bytes) - static_cast<double>(bytes_in(rate, time));
    const double inexact = static_cast<double>(bytes) / 1e6 + 1024;
    ASSERT_GE(error, -inexact);
    ASSERT_LE(error, 1 + static_cast<double>(time.count()) / 1e9 + inexact);
  }
}

TEST(TimeFor, IsHowLongBytesTake) {
  EXPECT_EQ(time_for(1500, 12'500'000), nanoseconds(120'000));
  EXPECT_EQ(time_for(kVolumeMax, 1), seconds(kVolumeMax));
}

TEST(PercentOf, DoesNotOverflowAndRoundsDown) {
  EXPECT_EQ(percent_of(1000, 70), 700U);
  EXPECT_EQ(percent_of(199, 50), 99U);
  EXPECT_EQ(percent_of(kRateMax, 277), kRateMax / 100 * 277 + kRateMax % 100 * 277 / 100);
  EXPECT_EQ(percent_of(kLargest, 100), kLargest);
}

TEST(ToVolume, Saturates) {
  EXPECT_EQ(to_volume(5), 5U);
  EXPECT_EQ(to_volume(std::uint64_t{1} << 40U), kVolumeMax);
}

}  // namespace
}  // namespace strata::tcp::congestion::fixed_point_test
