// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::ipv6_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"echo6", "IPv6", "Payload length", "12"},
    {"echo6", "IPv6", "Next header", "58 (ICMPv6)"},
    {"echo6", "IPv6", "Hop limit", "64"},
    {"echo6", "IPv6", "Source", "fd77::1"},
    {"ext6", "IPv6 destination options", "Next header", "43 (routing header)"},
    {"ext6", "IPv6 fragment header", "Identification", "0x00000055"},
    {"ext6", "UDP", "Destination port", "2"},
    {"frag6", "IPv6 fragment header", "Fragment offset", "10 (80 bytes into the packet)"},
    {"frag6", "Fragment", "Bytes", "16 (80 to 95 of what was cut up)"},
    {"ah", "AH", "Next header", "17 (UDP)"},
    {"ah", "AH", "Sequence number", "6"},
    {"ah", "AH", "Integrity check", "69 69 69 69 69 69 69 69 69 69 69 69"},
    {"ah", "UDP", "Checksum", "0x0000 (none)"},
    {"esp", "ESP", "Security parameters index", "0x00000005"},
    {"esp", "Encrypted", "Bytes", "16"},
};

TEST(Ipv6Layer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(Ipv6Layer, NamesWhatIsWrong) {
  auto packet = sample("ext6");
  packet[14 + 40 + 1] = std::byte{200};  // longer than the packet
  EXPECT_EQ(decoded(packet, "IPv6 destination options", kUnreadable),
            "the header does not fit what is left of the packet");
  packet = sample("mld1");
  packet[14 + 40] = std::byte{0};  // a second one
  EXPECT_EQ(decoded(packet, "IPv6 hop-by-hop options", "Next header"), "0 (hop-by-hop options)");
  const auto layers = decode_packet(Medium::kEthernet, packet);
  EXPECT_EQ(layers.back().fields.at(0).value, "hop-by-hop options stand first or nowhere");
  // An address that would read as an IPv4 one.
  packet = sample("echo6");
  const auto mapped = bytes_of_hex("00000000000000000000ffff0a000001");
  std::ranges::copy(mapped, packet.begin() + 14 + 8);
  EXPECT_EQ(decoded(packet, "IPv6", "Source"), "::ffff:10.0.0.1");
}

}  // namespace
}  // namespace strata::service::ipv6_layer_test
