// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/middlebox/behind.h"

namespace strata::sim::middlebox_test::corruptor_test {
namespace {

TEST(Corruptor, NoWrongByteGetsPastTheChecksum) {
  for (const auto part : {CorruptorConfig::Part::kHeader, CorruptorConfig::Part::kPayload}) {
    for (const char* to : {"10.0.0.2", "fd00::2"}) {
      Behind behind(make_corruptor({.every = 7, .part = part}));
      behind.start(200'000, 100'000, to);
      EXPECT_TRUE(behind.run(600s));
      expect_whole(behind, 200'000, 100'000);
      EXPECT_GT(behind.server_host().stack().drops(DropReason::kTcpBadChecksum), 5U);
    }
  }
}

// With a checksum to match nobody can tell: TCP hands on what it got.
TEST(Corruptor, AMendedChecksumHidesIt) {
  Behind behind(make_corruptor({.every = 20, .mends_checksum = true}));
  behind.start(200'000, 0);
  EXPECT_TRUE(behind.run(60s));
  ASSERT_TRUE(behind.server().has_value());
  EXPECT_TRUE(behind.server()->is_wrong());
  EXPECT_EQ(behind.server()->bytes_read(), 200'000U);
  EXPECT_EQ(behind.server_host().stack().drops(DropReason::kTcpBadChecksum), 0U);
}

TEST(Corruptor, TheSameSeedFlipsTheSameBits) {
  const auto hash = [](std::uint64_t seed) {
    Behind behind(make_corruptor({.every = 10, .seed = seed}));
    behind.start(100'000, 0);
    EXPECT_TRUE(behind.run(600s));
    return behind.world().packet_hash();
  };
  EXPECT_EQ(hash(1), hash(1));
  EXPECT_NE(hash(1), hash(2));
}

}  // namespace
}  // namespace strata::sim::middlebox_test::corruptor_test
