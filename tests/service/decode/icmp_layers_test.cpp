// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::icmp_layers_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"icmp_echo", "ICMP", "Type", "8 (echo request)"},
    {"icmp_echo", "ICMP", "Identifier", "7"},
    {"icmp_echo", "ICMP", "Checksum", "0x6660 (correct)"},
    {"icmp_echo", "Data", "Bytes", "8 (abcdefgh)"},
    {"icmp_unreach", "ICMP", "Code", "3 (port unreachable)"},
    {"icmp_unreach", "Quoted IPv4", "Destination", "10.77.0.1"},
    {"icmp_unreach", "Quoted IPv4", "Header checksum", "0x1111"},
    {"icmp_unreach", "Quoted UDP", "Destination port", "9999"},
    {"icmp_frag", "ICMP", "Next-hop MTU", "1400"},
    {"icmp_frag", "Quoted TCP", "Sequence number", "77"},
    {"icmp_redirect", "ICMP", "Gateway", "10.77.0.9"},
    {"icmp_exceeded", "ICMP", "Code", "0 (in transit)"},
    {"icmp_param", "ICMP", "Pointer", "20 (byte 20 of the quote)"},
    {"icmp_timestamp", "ICMP", "Transmit", "3000"},
    {"icmp_mask", "ICMP", "Mask", "0xffffff00"},
    {"icmp_mpls", "ICMP", "Quote length", "32 (128 bytes, then extensions)"},
    {"icmp_mpls", "ICMP extensions", "Object", "00 01 21 40 (class 1, type 1)"},
    {"icmp_mpls", "ICMP extensions", "Checksum", "0xbdb5 (correct)"},
    {"echo6", "ICMPv6", "Type", "128 (echo request)"},
    {"unreach6", "ICMPv6", "Code", "4 (port unreachable)"},
    {"toobig6", "ICMPv6", "MTU", "1280"},
    {"toobig6", "Quoted TCP", "Source port", "1"},
    {"param6", "ICMPv6", "Code", "1 (unknown next header)"},
    {"param6", "ICMPv6", "Pointer", "6 (byte 6 of the quote)"},
};

TEST(IcmpLayers, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(IcmpLayers, JudgesChecksumsOfWholeMessagesOnly) {
  auto packet = sample("icmp_echo");
  packet.back() = std::byte{0};
  EXPECT_EQ(decoded(packet, "ICMP", "Checksum"), "0x6660 (wrong: 0x66c8 expected)");
  EXPECT_EQ(decoded(Bytes(packet).first(packet.size() - 1), "ICMP", "Checksum"), "0x6660");
}

}  // namespace
}  // namespace strata::service::icmp_layers_test
