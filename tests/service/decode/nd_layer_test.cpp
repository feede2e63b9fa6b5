// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::nd_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"ns", "ICMPv6", "Target", "fe80::2 (link-local)"},
    {"ns", "ICMPv6", "Option: source link-layer address", "02:00:00:00:00:01"},
    {"na", "ICMPv6", "Solicited", "1 (set)"},
    {"na", "ICMPv6", "Router", "0"},
    {"na", "ICMPv6", "Option: target link-layer address", "02:00:00:00:00:02"},
    {"rs", "ICMPv6", "Type", "133 (router solicitation)"},
    {"ra", "ICMPv6", "Hop limit", "64"},
    {"ra", "ICMPv6", "Preference", "1 (high preference)"},
    {"ra", "ICMPv6", "Router lifetime", "1800 (1800 s)"},
    {"ra", "ICMPv6", "Option: MTU", "1400"},
    {"ra", "ICMPv6", "Option: prefix",
     "fd77::/64 (on-link, autonomous, valid 86400 s, preferred 14400 s)"},
    {"ra", "ICMPv6", "Option: DNS servers", "fd77::53 (300 s)"},
    {"ra", "ICMPv6", "Option: DNS search list", "example.org. (300 s)"},
    {"ra", "ICMPv6", "Option: route", "fd88::/48 (low preference, 60 s)"},
    {"redirect6", "ICMPv6", "Destination", "fd99::1"},
    {"redirect6", "Quoted IPv6", "Destination", "fd99::1"},
};

TEST(NdLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(NdLayer, StopsAtAnOptionWithoutLength) {
  auto packet = sample("ns");
  packet[packet.size() - 7] = std::byte{0};
  EXPECT_EQ(decoded(packet, "ICMPv6", kUnreadable),
            "an option without length, or longer than the message");
}

}  // namespace
}  // namespace strata::service::nd_layer_test
