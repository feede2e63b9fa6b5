// SPDX-License-Identifier: Apache-2.0
// EcnEcho: what is told of marks, in both ways.
#include "tcp/receive/ecn_echo.h"

#include <gtest/gtest.h>

namespace strata::tcp::ecn_echo_test {
namespace {

constexpr auto kCe = EcnCodepoint::kCe;
constexpr auto kEct = EcnCodepoint::kEct0;

EcnEcho echo_in(EcnEchoMode mode) {
  EcnEcho echo;
  echo.set_mode(mode);
  return echo;
}

// RFC 3168 6.1.3 MUST: ECE is set in all ACKs from the first mark until CWR has come.
TEST(EcnEcho, RepeatsTheClassicEchoUntilCwr) {
  EcnEcho echo = echo_in(EcnEchoMode::kClassic);
  EXPECT_FALSE(echo.on_text(kEct, 1));
  EXPECT_FALSE(echo.ece());
  EXPECT_TRUE(echo.on_text(kCe, 1));
  EXPECT_FALSE(echo.on_text(kEct, 1));
  EXPECT_FALSE(echo.on_text(kCe, 1)) << "no news";
  EXPECT_TRUE(echo.ece());
  echo.on_cwr();
  EXPECT_FALSE(echo.ece());
  EXPECT_FALSE(echo.on_text(kEct, 1));
}

TEST(EcnEcho, HearsAMarkBesideCwrAsANewOne) {
  EcnEcho echo = echo_in(EcnEchoMode::kClassic);
  echo.on_text(kCe, 1);
  echo.on_cwr();
  EXPECT_TRUE(echo.on_text(kCe, 1));
  EXPECT_TRUE(echo.ece());
}

// RFC 8257 3.2 MUST: ECE follows CE, and each change is told at once.
TEST(EcnEcho, FollowsEachMarkExactly) {
  EcnEcho echo = echo_in(EcnEchoMode::kExact);
  EXPECT_TRUE(echo.on_text(kCe, 1));
  EXPECT_FALSE(echo.on_text(kCe, 1));
  echo.on_cwr();
  EXPECT_TRUE(echo.ece()) << "CWR does not end what is still so";
  EXPECT_TRUE(echo.on_text(kEct, 1));
  EXPECT_FALSE(echo.ece());
}

TEST(EcnEcho, SaysNothingWhereItWasNotAgreedOn) {
  EcnEcho echo;
  EXPECT_FALSE(echo.on_text(kCe, 3));
  EXPECT_FALSE(echo.ece());
  EXPECT_EQ(echo.ce_segments(), 0U);
}

TEST(EcnEcho, CountsMarkedSegmentsOnTheWire) {
  EcnEcho echo = echo_in(EcnEchoMode::kClassic);
  echo.on_text(kCe, 3);
  echo.on_text(kEct, 5);
  echo.on_text(kCe, 1);
  EXPECT_EQ(echo.ce_segments(), 4U);
}

}  // namespace
}  // namespace strata::tcp::ecn_echo_test
