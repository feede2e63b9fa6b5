// SPDX-License-Identifier: Apache-2.0
#include "service/config/nearest_word.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace strata::service::nearest_word_test {
namespace {

constexpr std::array<std::string_view, 4> kKnown{"address", "gateway", "mtu", "dashboard_token"};

TEST(NearestWord, FindsWhatWasMeant) {
  struct Row {
    const char* written;
    const char* meant;
  };
  for (const Row& row : {Row{"adress", "address"}, Row{"gateways", "gateway"}, Row{"mut", "mtu"},
                         Row{"gatewya", "gateway"}, Row{"dashboard-token", "dashboard_token"},
                         Row{"address", "address"}}) {
    EXPECT_EQ(nearest_word(row.written, kKnown), row.meant) << row.written;
  }
}

TEST(NearestWord, FindsNothingWhereNothingIsNear) {
  for (const char* written : {"", "x", "speed", "ut", "token"}) {
    EXPECT_EQ(nearest_word(written, kKnown), "") << written;
  }
  EXPECT_EQ(nearest_word(std::string(100'000, 'a'), kKnown), "");
  EXPECT_EQ(nearest_word("mtu", {}), "");
}

}  // namespace
}  // namespace strata::service::nearest_word_test
