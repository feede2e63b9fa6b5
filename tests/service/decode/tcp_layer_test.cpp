// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::tcp_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"tcp_syn", "TCP", "Source port", "40000"},
    {"tcp_syn", "TCP", "Destination port", "80 (http)"},
    {"tcp_syn", "TCP", "Flags", "0x002 (SYN)"},
    {"tcp_syn", "TCP", "Checksum", "0x719e (correct)"},
    {"tcp_syn", "TCP", "Option: maximum segment size", "1460"},
    {"tcp_syn", "TCP", "Option: window scale", "7 (times 128)"},
    {"tcp_syn", "TCP", "Option: timestamp", "111"},
    {"tcp_syn", "TCP", "Option: timestamp echo", "222"},
    {"tcp_syn", "TCP", "Option: SACK permitted", ""},
    {"tcp_data", "TCP", "Option: SACK", "10-20 30-40"},
    {"tcp_data", "Data", "Bytes", "17 (HTTP/1.1 200 OK..)"},
    {"tcp_odd", "TCP", "Flags", "0x0e1 (FIN, URG, ECE, CWR)"},
    {"tcp_odd", "TCP", "Option: user timeout", "5 (minutes)"},
    {"tcp_odd", "TCP", "Urgent pointer", "3"},
    {"tcp_ao_mptcp", "TCP", "Option: multipath", "00 81 6b 6b 6b 6b 6b 6b 6b 6b (MP_CAPABLE)"},
    {"tcp_ao_mptcp", "TCP", "Option: fast open", "63 63 63 63 63 63 63 63"},
    {"tcp_accecn", "TCP", "Option: accurate ECN", "1 2 3 (E0B CEB E1B)"},
    {"tcp_accecn", "TCP", "Option: fast open", " (asks for a cookie)"},
    {"tcp_accecn", "TCP", "Option", "7a 7a (kind 99)"},
};

TEST(TcpLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(TcpLayer, NamesWhatIsWrong) {
  auto packet = sample("tcp_syn");
  packet[14 + 20 + 12] = std::byte{0x40};
  EXPECT_EQ(decoded(packet, "TCP", kUnreadable), "a header length of 16 bytes");
  packet = sample("tcp_syn");
  packet[14 + 20 + 21] = std::byte{60};
  EXPECT_EQ(decoded(packet, "TCP", kUnreadable), "an option that is longer than the header");
  packet[14 + 20 + 21] = std::byte{3};
  EXPECT_EQ(decoded(packet, "TCP", "Option"), "05 (kind 2 of an unusual length)");
}

}  // namespace
}  // namespace strata::service::tcp_layer_test
