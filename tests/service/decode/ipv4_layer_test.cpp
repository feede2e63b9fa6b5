// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::ipv4_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"tcp_syn", "IPv4", "Version", "4"},
    {"tcp_syn", "IPv4", "Header length", "5 (20 bytes)"},
    {"tcp_syn", "IPv4", "Total length", "60"},
    {"tcp_syn", "IPv4", "Don't fragment", "1 (set)"},
    {"tcp_syn", "IPv4", "Header checksum", "0x13ec (correct)"},
    {"tcp_data", "IPv4", "DSCP", "46 (EF)"},
    {"tcp_data", "IPv4", "ECN", "0 (not ECN-capable)"},
    {"fragment_first", "IPv4", "More fragments", "1 (set)"},
    {"fragment_first", "UDP", "Length", "100"},
    {"fragment_first", "UDP", "Checksum", "0x0005"},
    {"fragment_later", "IPv4", "Fragment offset", "185 (1480 bytes into the datagram)"},
    {"fragment_later", "Fragment", "Bytes", "16 (1480 to 1495 of what was cut up)"},
    {"ip_options", "IPv4", "Option: record route", "10.0.0.1 0.0.0.0 (1 of 2 used)"},
    {"ip_options", "IPv4", "Option: router alert", "0 (every router shall look)"},
    {"ip_timestamp", "IPv4", "Option: timestamp", "10.0.0.1=4096 (1 of 1 used, overflow 0)"},
    {"ip_timestamp", "IPv4", "Option: strict source route", "10.0.0.9 (0 of 1 used)"},
    {"ipip", "IPv4", "Protocol", "4 (IPv4)"},
    {"sixin4", "IPv6", "Source", "fd77::1"},
    {"gre", "GRE", "Bytes", "12"},
};

TEST(Ipv4Layer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(Ipv4Layer, NamesWhatIsWrong) {
  auto packet = sample("udp");
  packet[14] = std::byte{0x44};
  EXPECT_EQ(decoded(packet, "IPv4", kUnreadable), "a header length of 16 bytes");
  packet[14] = std::byte{0x65};
  EXPECT_EQ(decoded(packet, "IPv4", kUnreadable), "not version 4");
  packet = sample("udp");
  packet[22] = std::byte{63};
  EXPECT_EQ(decoded(packet, "IPv4", "Header checksum"), "0x53fc (wrong: 0x54fc expected)");
  packet = sample("ip_options");
  packet[14 + 20 + 1] = std::byte{60};
  EXPECT_EQ(decoded(packet, "IPv4", kUnreadable),
            "an option that is longer than the header, or shorter than itself");
}

}  // namespace
}  // namespace strata::service::ipv4_layer_test
