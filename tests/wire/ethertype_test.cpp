// SPDX-License-Identifier: Apache-2.0
#include "strata/wire/ethertype.h"

#include <gtest/gtest.h>

namespace strata::wire::ethertype_test {
namespace {

TEST(EtherType, ThreeIdentifiersStartAVlanTag) {
  int tags = 0;
  for (unsigned type = 0; type <= 0xffff; ++type) {
    tags += is_vlan_tpid(static_cast<std::uint16_t>(type)) ? 1 : 0;
  }
  EXPECT_EQ(tags, 3);
  EXPECT_TRUE(is_vlan_tpid(0x8100));
  EXPECT_TRUE(is_vlan_tpid(0x88a8));
  EXPECT_TRUE(is_vlan_tpid(0x9100));
}

}  // namespace
}  // namespace strata::wire::ethertype_test
