// SPDX-License-Identifier: Apache-2.0
#include "script/language/icmp_names.h"

#include <gtest/gtest.h>

namespace strata::script::icmp_names_test {
namespace {

TEST(IcmpNames, GoBothWays) {
  for (const bool is_v4 : {true, false}) {
    for (unsigned type = 0; type < 256; ++type) {
      const auto number = static_cast<std::uint8_t>(type);
      const std::string_view name = icmp_type_name(number, is_v4);
      if (!name.empty()) {
        EXPECT_EQ(icmp_type(name, is_v4), number) << name;
      }
      for (std::uint8_t code = 0; code < 16; ++code) {
        const std::string_view code_name = icmp_code_name(number, code, is_v4);
        if (!code_name.empty()) {
          EXPECT_EQ(icmp_code(number, code_name, is_v4), code) << code_name;
        }
      }
    }
  }
}

TEST(IcmpNames, BelongToAFamily) {
  EXPECT_EQ(icmp_type("packet_too_big", true), std::nullopt);
  EXPECT_EQ(icmp_type("packet_too_big", false), 2);
  EXPECT_EQ(icmp_code(3, "frag_needed", true), 4);
  EXPECT_EQ(icmp_code(11, "frag_needed", true), std::nullopt);
}

TEST(IcmpNames, MayBeNumbers) {
  EXPECT_EQ(icmp_type("type_0", true), 0);
  EXPECT_EQ(icmp_type("type_255", false), 255);
  EXPECT_EQ(icmp_code(3, "code_77", true), 77);
  for (const std::string_view name : {"type_256", "type_", "type_-1", "type_1x", "code_1"}) {
    EXPECT_EQ(icmp_type(name, true), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace strata::script::icmp_names_test
