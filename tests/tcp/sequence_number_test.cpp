// SPDX-License-Identifier: Apache-2.0
#include "tcp/sequence_number.h"

#include <gtest/gtest.h>

#include "strata/rng.h"

namespace strata::tcp::sequence_number_test {
namespace {

// RFC 9293 3.4 MUST: arithmetic on sequence numbers is performed modulo 2^32.
TEST(SequenceNumber, WrapsAtTheEndOfItsSpace) {
  const SequenceNumber last(0xffff'ffff);
  EXPECT_EQ(last + 1, SequenceNumber(0));
  EXPECT_LT(last, last + 1);
  EXPECT_EQ((last + 5) - last, 5);
  EXPECT_EQ(last - (last + 5), -5);
  EXPECT_EQ(distance(last, last + 10), 10U);
}

TEST(SequenceNumber, OrdersAnyTwoNumbersOfOneWindow) {
  Rng rng(7);
  for (int round = 0; round < 10'000; ++round) {
    const SequenceNumber a(static_cast<std::uint32_t>(rng.next()));
    const auto ahead = static_cast<std::uint32_t>(rng.next()) & 0x3fff'ffffU;
    const SequenceNumber b = a + ahead;
    EXPECT_EQ(a < b, ahead != 0);
    EXPECT_EQ(b <= a, ahead == 0);
    EXPECT_EQ(later(a, b), b);
    EXPECT_EQ(sooner(a, b), a);
  }
}

}  // namespace
}  // namespace strata::tcp::sequence_number_test
