// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/path_probe.h"

#include <gtest/gtest.h>

namespace strata::tcp::path_probe_test {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1h};

// Plays a path that carries segments up to `limit`; answers the size found and the probes it took.
struct Found {
  std::uint16_t size = 0;
  int probes = 0;
};
Found search(PathProbe& path, std::uint16_t size, std::uint16_t limit, Time now) {
  Found found{size, 0};
  while (const auto probe = path.next_size(now)) {
    EXPECT_GT(*probe, found.size);
    path.on_sent({SequenceNumber(100), SequenceNumber(100U + *probe)});
    EXPECT_FALSE(path.next_size(now)) << "one at a time";
    if (*probe <= limit) {
      found.size = path.on_delivered(now);
    } else {
      path.on_lost(now);
    }
    if (++found.probes > 100) break;
  }
  return found;
}

TEST(PathProbe, StaysOffWhileNothingIsWrong) {
  PathProbe path;
  EXPECT_EQ(path.on_mss(TcpPathProbing::kBlackHole, 1460, kNow), 1460);
  EXPECT_FALSE(path.next_size(kNow));
  EXPECT_FALSE(path.on_timeout(TcpPathProbing::kBlackHole, 2, 1460, kNow));
  EXPECT_FALSE(path.on_timeout(TcpPathProbing::kOff, 9, 1460, kNow));
}

// RFC 4821 7.7 SHOULD: after several timeouts the size falls back, step by step.
TEST(PathProbe, FallsBackStepByStep) {
  PathProbe path;
  (void)path.on_mss(TcpPathProbing::kBlackHole, 8960, kNow);
  std::uint16_t mss = 8960;
  std::vector<std::uint16_t> sizes;
  while (const auto smaller = path.on_timeout(TcpPathProbing::kBlackHole, 3, mss, kNow)) {
    sizes.push_back(mss = *smaller);
  }
  EXPECT_EQ(sizes, (std::vector<std::uint16_t>{1208, 972, 512, 216}));
}

// RFC 8899 5.3.2 MUST: the search ends at a size that the path carries, and close to its limit.
TEST(PathProbe, FindsWhatThePathCarries) {
  for (const unsigned size : {1208U, 1300U, 1400U, 1440U, 1459U, 4000U, 8959U, 8960U}) {
    const auto limit = static_cast<std::uint16_t>(size);
    PathProbe path;
    const std::uint16_t begin = path.on_mss(TcpPathProbing::kAlways, 8960, kNow);
    EXPECT_EQ(begin, 1208);
    const Found found = search(path, begin, limit, kNow);
    EXPECT_LE(found.size, limit);
    EXPECT_GT(found.size + 17, limit);
    EXPECT_LE(found.probes, 3 * 10 + 10);
    EXPECT_FALSE(path.is_searching());
  }
}

// RFC 8899 5.1.1 SHOULD: a larger size is tried again after ten minutes.
TEST(PathProbe, TriesAgainLater) {
  PathProbe path;
  const std::uint16_t begin = path.on_mss(TcpPathProbing::kAlways, 1460, kNow);
  const Found small = search(path, begin, 1300, kNow);
  EXPECT_FALSE(path.next_size(kNow + 9min));
  const Found large = search(path, small.size, 1460, kNow + 11min);
  EXPECT_EQ(large.size, 1460);
  EXPECT_FALSE(path.next_size(kNow + 60min)) << "nothing larger is allowed";
}

TEST(PathProbe, ObeysASmallerMss) {
  PathProbe path;
  (void)path.on_mss(TcpPathProbing::kAlways, 8960, kNow);
  EXPECT_EQ(path.on_mss(TcpPathProbing::kAlways, 900, kNow), 900);
  EXPECT_FALSE(path.next_size(kNow));
}

TEST(PathProbe, KnowsItsProbe) {
  PathProbe path;
  (void)path.on_mss(TcpPathProbing::kAlways, 1460, kNow);
  ASSERT_TRUE(path.next_size(kNow));
  path.on_sent({SequenceNumber(100), SequenceNumber(1560)});
  EXPECT_TRUE(path.is_probe({SequenceNumber(100), SequenceNumber(1560)}));
  EXPECT_FALSE(path.is_probe({SequenceNumber(0), SequenceNumber(100)}));
  path.on_lost(kNow);
  EXPECT_FALSE(path.is_probe({SequenceNumber(100), SequenceNumber(1560)}));
}

}  // namespace
}  // namespace strata::tcp::path_probe_test
