// SPDX-License-Identifier: Apache-2.0
#include "script/call/symbols.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace strata::script::symbols_test {
namespace {

TEST(Symbols, AreThoseOfTheSystem) {
  EXPECT_EQ(symbol("ECONNREFUSED"), ECONNREFUSED);
  EXPECT_EQ(symbol("TCPI_OPT_SYN_DATA"), 32);
  EXPECT_EQ(symbol("TCP_CA_Recovery"), 3);
  EXPECT_EQ(symbol("NULL"), 0);
  EXPECT_EQ(symbol("econnrefused"), std::nullopt);
}

}  // namespace
}  // namespace strata::script::symbols_test
