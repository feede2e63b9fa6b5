// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::ipv6_options_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"ext6", "IPv6 destination options", "Option: home address", "fd77::77"},
    {"ext6", "IPv6 routing header", "Routing type", "0 (source route, deprecated)"},
    {"ext6", "IPv6 routing header", "Address 0", "fd77::8"},
    {"srv6", "IPv6 routing header", "Routing type", "4 (segment routing)"},
    {"srv6", "IPv6 routing header", "Address 1", "fd77::b"},
    {"srv6", "IPv6 routing header", "Segments left", "1"},
    {"srv6", "UDP", "Checksum", "0x8ade"},
    {"mld1", "IPv6 hop-by-hop options", "Option: router alert", "0 (multicast listener discovery)"},
};

TEST(Ipv6OptionsLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(Ipv6OptionsLayer, NamesWhatIsWrong) {
  auto packet = sample("mld1");
  packet[14 + 40 + 3] = std::byte{9};  // the router alert leaves the header
  EXPECT_EQ(decoded(packet, "IPv6 hop-by-hop options", kUnreadable), "an option leaves the header");
  packet = sample("srv6");
  packet[14 + 40 + 4] = std::byte{9};  // more segments than there is room for
  EXPECT_EQ(decoded(packet, "IPv6 routing header", kUnreadable),
            "lengths and addresses contradict each other");
}

}  // namespace
}  // namespace strata::service::ipv6_options_layer_test
