// SPDX-License-Identifier: Apache-2.0
#include "ip/path_mtu.h"

#include <gtest/gtest.h>

namespace strata::ip::path_mtu_test {
namespace {

using std::chrono::minutes;

constexpr IpAddress kV4 = IpAddress::v4(198, 51, 100, 7);
constexpr IpAddress kV6 = IpAddress::v6(0x2001'0db8'0000'0000, 7);

struct PathMtuTest : ::testing::Test {
  HeapMemory memory;
  PathMtuCache cache{memory, SipKey{1, 2}, {.entries_max = 8}};
  Time now{};

  std::optional<std::uint32_t> report(const IpAddress& destination, std::uint32_t mtu,
                                      std::uint32_t sent = 1500) {
    return cache.on_packet_too_big({.destination = destination, .mtu = mtu, .sent_size = sent},
                                   now);
  }
};

// RFC 1191 3 MUST: a host reduces its estimate when it is told of a smaller MTU.
// RFC 8201 4 MUST: a node that gets Packet Too Big reduces the packets it sends there.
TEST_F(PathMtuTest, ReportLowersTheEstimateOfOneDestination) {
  EXPECT_EQ(cache.mtu(kV4, 1500), 1500U);
  EXPECT_EQ(report(kV4, 1400), 1400U);
  EXPECT_EQ(report(kV6, 1300), 1300U);
  EXPECT_EQ(cache.mtu(kV4, 1500), 1400U);
  EXPECT_EQ(cache.mtu(kV6, 1500), 1300U);
  EXPECT_EQ(cache.mtu(IpAddress::v4(1), 1500), 1500U);
  EXPECT_EQ(cache.mtu(kV4, 1000), 1000U);
}

// RFC 8201 4 MUST: an estimate is not raised by a report, nor lowered below 1280.
TEST_F(PathMtuTest, ReportsNeverRaiseNorGoBelowTheFloor) {
  EXPECT_EQ(report(kV6, 1300), 1300U);
  EXPECT_EQ(report(kV6, 1400), std::nullopt);
  EXPECT_EQ(report(kV6, 68), 1280U);
  EXPECT_EQ(report(kV6, 1280), std::nullopt);
  EXPECT_EQ(report(kV6, 0), std::nullopt);
  EXPECT_EQ(report(kV4, 68), 552U);
  EXPECT_EQ(cache.mtu(kV6, 1500), 1280U);
}

TEST_F(PathMtuTest, ReportAboutAPacketThatWasSmallerTeachesNothing) {
  EXPECT_EQ(report(kV6, 1400, 1300), std::nullopt);
  EXPECT_EQ(report(kV6, 1000, 1280), std::nullopt);
  EXPECT_EQ(report(kV4, 100, 500), std::nullopt);
  EXPECT_EQ(cache.size(), 0U);
}

// RFC 1191 5 SHOULD: a router that tells no MTU leaves the next plateau as a guess.
TEST_F(PathMtuTest, OldRoutersLeaveAPlateau) {
  EXPECT_EQ(report(kV4, 0, 1500), 1492U);
  EXPECT_EQ(report(kV4, 0, 1492), 1006U);
  EXPECT_EQ(report(kV4, 9000, 1006), 552U);
}

TEST(PathMtu, PlateausAreThoseOfTheTable) {
  EXPECT_EQ(plateau_below(70'000), 65535U);
  EXPECT_EQ(plateau_below(65535), 32000U);
  EXPECT_EQ(plateau_below(1006), 508U);
  EXPECT_EQ(plateau_below(68), 68U);
}

// RFC 1191 6.3 SHOULD: an estimate is given up after some ten minutes, to find a longer path MTU.
TEST_F(PathMtuTest, EstimateAges) {
  (void)report(kV4, 1400);
  EXPECT_EQ(cache.next_deadline(), now + minutes(10));
  const std::uint32_t generation = cache.generation();
  cache.on_deadline(now + minutes(10));
  EXPECT_EQ(cache.mtu(kV4, 1500), 1500U);
  EXPECT_NE(cache.generation(), generation);
  EXPECT_EQ(memory.bytes_used(), 0U);
}

TEST_F(PathMtuTest, RepeatedReportsDoNotKeepAnEstimateAlive) {
  (void)report(kV4, 1400);
  now += minutes(9);
  (void)report(kV4, 1400);
  EXPECT_EQ(cache.next_deadline(), Time{} + minutes(10));
}

TEST_F(PathMtuTest, OldestEntryMakesRoom) {
  for (std::uint32_t i = 1; i <= 9; ++i) {
    (void)report(IpAddress::v4(i), 1400);
    now += minutes(1);
  }
  EXPECT_EQ(cache.size(), 8U);
  EXPECT_EQ(cache.mtu(IpAddress::v4(1), 1500), 1500U);
  EXPECT_EQ(cache.mtu(IpAddress::v4(2), 1500), 1400U);
}

TEST_F(PathMtuTest, ProbesRaiseAndBlackHolesLower) {
  EXPECT_EQ(cache.on_black_hole(kV4, 1200, now), 1200U);
  cache.on_probe_acknowledged(kV4, 1450, now);
  EXPECT_EQ(cache.mtu(kV4, 1500), 1450U);
  cache.on_probe_acknowledged(kV4, 1300, now);
  EXPECT_EQ(cache.mtu(kV4, 1500), 1450U);
  cache.forget(kV4);
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(PathMtuTest, ZonesAreApart) {
  const IpAddress neighbor = IpAddress::v6(0xfe80'0000'0000'0000, 1);
  (void)cache.on_packet_too_big(
      {.destination = neighbor, .mtu = 1300, .sent_size = 1500, .zone = 1}, now);
  EXPECT_EQ(cache.mtu(neighbor, 1500, 1), 1300U);
  EXPECT_EQ(cache.mtu(neighbor, 1500, 2), 1500U);
}

}  // namespace
}  // namespace strata::ip::path_mtu_test
