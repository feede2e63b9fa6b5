// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::group_layers_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"igmp2", "IGMP", "Type", "0x16 (membership report, version 2)"},
    {"igmp2", "IGMP", "Group", "224.0.0.251 (multicast)"},
    {"igmp3q", "IGMP", "Max response code", "100 (10.0 s)"},
    {"igmp3q", "IGMP", "Query interval code", "125 (125 s)"},
    {"igmp3r", "IGMP", "Group records", "2"},
    {"igmp3r", "IGMP", "Group record", "239.1.1.1 (change to exclude)"},
    {"mld1", "ICMPv6", "Group", "ff02::1:3 (multicast)"},
    {"mldq2", "ICMPv6", "Max response code", "10000 (10000 ms)"},
    {"mldq2", "ICMPv6", "Source", "fd77::9"},
    {"mld2", "ICMPv6", "Group record", "ff02::fb (change to exclude)"},
};

TEST(GroupLayers, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(GroupLayers, StopsWhereRecordsAreMissing) {
  auto packet = sample("igmp3r");
  packet[packet.size() - 4 - 8 - 8 - 1] = std::byte{9};  // announced
  EXPECT_EQ(decoded(packet, "IGMP", kUnreadable), "a record that does not fit");
  packet = sample("mldq2");
  packet[packet.size() - 17] = std::byte{9};
  EXPECT_EQ(decoded(packet, "ICMPv6", kUnreadable), "fewer sources than announced");
}

}  // namespace
}  // namespace strata::service::group_layers_test
