// SPDX-License-Identifier: Apache-2.0
#include "attach/client/stream_end.h"

#include <gtest/gtest.h>

#include <thread>

#include "attach/lease/lease_lab.h"
#include "strata/rng.h"

namespace strata::attach::client::stream_end_test {
namespace {

TEST(StreamEnd, ATokenLiesInThePairExactlyWhileTheRingHasBytes) {
  LeaseLab lab;
  EXPECT_FALSE(lab.is_readable());
  lab.launcher_writes("some");
  lab.launcher_writes("thing");
  EXPECT_TRUE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(4), "some");
  EXPECT_TRUE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(10, /*peeks=*/true), "thing");
  EXPECT_TRUE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(10), "thing");
  EXPECT_FALSE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(10), "");
}

TEST(StreamEnd, AWriteThatDoesNotFitMakesTheEndUnwritableUntilItsPlugIsTaken) {
  LeaseLab lab;
  EXPECT_TRUE(lab.is_writable());
  EXPECT_EQ(lab.program_writes(std::string(kLaneBytes + 1, 'x')), kLaneBytes);
  EXPECT_FALSE(lab.is_writable());
  EXPECT_FALSE(lab.lease->is_roomy());
  EXPECT_EQ(lab.launcher_reads(kLaneBytes / 2 - 1).size(), kLaneBytes / 2 - 1);
  EXPECT_FALSE(lab.lease->is_roomy());
  lab.launcher_reads(1);
  EXPECT_TRUE(lab.lease->is_roomy());
  lab.launcher_looks();
  EXPECT_TRUE(lab.is_writable());
}

TEST(StreamEnd, EachArrivalIsTokenedWhereEdgesAreWanted) {
  LeaseLab lab;
  lab.end.tell_every_arrival();
  const auto tokens = [&] {
    std::array<std::byte, 16> seen;
    return ::recv(lab.pair.theirs.get(), seen.data(), seen.size(), MSG_PEEK);
  };
  lab.launcher_writes("one");
  EXPECT_EQ(tokens(), 1);
  lab.launcher_writes("two");
  EXPECT_EQ(tokens(), 2);
  EXPECT_EQ(lab.program_reads(10), "onetwo");
  EXPECT_FALSE(lab.is_readable());
}

// The sides race for real: whatever the order, the last byte read leaves no token behind.
TEST(StreamEnd, TokensAreExactWhenBothSidesRun) {
  LeaseLab lab;
  constexpr std::size_t kTotal = 200'000;
  std::jthread launcher([&lab] {
    Rng rng(5);
    for (std::size_t done = 0; done < kTotal;) {
      const std::size_t size = std::min<std::size_t>(1 + rng.below(40), kTotal - done);
      done += lab.launcher_writes(std::string(size, 'x'));
    }
  });
  std::size_t got = 0;
  Rng rng(6);
  while (got < kTotal) {
    pollfd asked{lab.pair.theirs.get(), POLLIN, 0};
    constexpr int kPatienceMs = 5000;
    ASSERT_EQ(::poll(&asked, 1, kPatienceMs), 1) << "bytes lie there, and nobody was told";
    ASSERT_NE(lab.program_reads(1).size(), 0U) << "told, and there is nothing";
    ++got;
    got += lab.program_reads(rng.below(60)).size();
  }
  launcher.join();
  EXPECT_FALSE(lab.is_readable());
}

}  // namespace
}  // namespace strata::attach::client::stream_end_test
