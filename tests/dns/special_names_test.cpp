// SPDX-License-Identifier: Apache-2.0
// Names with a meaning of their own.
#include "dns/special_names.h"

#include <gtest/gtest.h>

namespace strata::dns::special_names_test {
namespace {

TEST(SpecialNames, AreKnownWithAllThatLiesBelow) {
  const auto kind = [](std::string_view text) { return special_name(*wire::DnsName::parse(text)); };
  EXPECT_EQ(kind("LOCALHOST"), SpecialName::kLoopback);
  EXPECT_EQ(kind("a.b.localhost."), SpecialName::kLoopback);
  EXPECT_EQ(kind("x.invalid"), SpecialName::kNobody);
  EXPECT_EQ(kind("x.onion"), SpecialName::kNobody);
  EXPECT_EQ(kind("notlocalhost"), SpecialName::kNone);
  EXPECT_EQ(kind("localhost.example"), SpecialName::kNone);
}

}  // namespace
}  // namespace strata::dns::special_names_test
