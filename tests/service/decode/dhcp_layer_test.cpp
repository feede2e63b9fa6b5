// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::dhcp_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"dhcp", "DHCP", "Operation", "1 (request)"},
    {"dhcp", "DHCP", "Transaction id", "0x00001234"},
    {"dhcp", "DHCP", "Client MAC", "02:00:00:00:00:01 (locally administered)"},
    {"dhcp", "DHCP", "Broadcast", "1 (answer to everybody)"},
    {"dhcp", "DHCP", "Option: Message type", "1 (discover)"},
    {"dhcp", "DHCP", "Option: Host name", "host"},
    {"dhcp", "DHCP", "Option: Parameter request list", "1 3 6"},
    {"dhcp_ack", "DHCP", "Your address", "10.77.0.9"},
    {"dhcp_ack", "DHCP", "Option: Lease time", "3600 (seconds)"},
    {"dhcp_ack", "DHCP", "Option: Name servers", "10.77.0.1 10.77.0.3"},
};

TEST(DhcpLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(DhcpLayer, StopsAtAnOptionThatIsTooLong) {
  auto packet = sample("dhcp");
  packet[14 + 20 + 8 + 240 + 1] = std::byte{250};
  EXPECT_EQ(decoded(packet, "DHCP", kUnreadable), "an option that is longer than what is left");
  packet[14 + 20 + 8 + 236] = std::byte{0};
  EXPECT_EQ(decoded(packet, "DHCP", kUnreadable), "BOOTP, or not for Ethernet");
}

}  // namespace
}  // namespace strata::service::dhcp_layer_test
