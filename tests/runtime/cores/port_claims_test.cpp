// SPDX-License-Identifier: Apache-2.0
#include "runtime/cores/port_claims.h"

#include <gtest/gtest.h>

namespace strata::runtime::port_claims_test {
namespace {

TEST(PortClaims, APortOfOneCoreIsThatCores) {
  PortClaims claims(3);
  EXPECT_EQ(claims.sole_holder(53), std::nullopt);
  claims.of(2).on_hold(53);
  EXPECT_EQ(claims.sole_holder(53), 2);
  claims.of(2).on_let_go(53);
  EXPECT_EQ(claims.sole_holder(53), std::nullopt);
}

TEST(PortClaims, APortOfAllCoresIsTheHashes) {
  PortClaims claims(2);
  claims.of(0).on_hold(7);
  EXPECT_EQ(claims.sole_holder(7), 0);
  claims.of(1).on_hold(7);
  EXPECT_EQ(claims.sole_holder(7), std::nullopt);
  claims.of(0).on_let_go(7);
  EXPECT_EQ(claims.sole_holder(7), 1);
}

TEST(PortClaims, OfSeveralThatAreNotAllTheLowestGetsIt) {
  PortClaims claims(3);
  claims.of(2).on_hold(7);
  claims.of(1).on_hold(7);
  EXPECT_EQ(claims.sole_holder(7), 1);
}

TEST(PortClaims, ACoreHoldsAPortUntilItsLastSocketLeaves) {
  PortClaims claims(2);
  claims.of(1).on_hold(7);
  claims.of(1).on_hold(7);
  claims.of(1).on_let_go(7);
  EXPECT_EQ(claims.sole_holder(7), 1);
  claims.of(1).on_let_go(7);
  EXPECT_EQ(claims.sole_holder(7), std::nullopt);
}

}  // namespace
}  // namespace strata::runtime::port_claims_test
