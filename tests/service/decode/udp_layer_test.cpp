// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "service/decode/samples.h"

namespace strata::service::udp_layer_test {
namespace {

struct Case {
  const char* sample;
  const char* layer;
  const char* field;
  const char* text;
};

constexpr Case kCases[] = {
    {"udp", "UDP", "Destination port", "7 (echo)"},
    {"udp", "UDP", "Length", "13"},
    {"udp", "UDP", "Checksum", "0xa28c (correct)"},
    {"udp_nosum", "UDP", "Checksum", "0x0000 (none)"},
    {"udp_badsum", "UDP", "Checksum", "0x1111 (wrong: 0xa28a expected)"},
    {"udp", "Data", "Bytes", "5 (hello)"},
};

TEST(UdpLayer, ReadsFields) {
  for (const Case& one : kCases) {
    EXPECT_EQ(decoded(sample(one.sample), one.layer, one.field), one.text)
        << one.sample << ' ' << one.layer << ' ' << one.field;
  }
}

TEST(UdpLayer, TellsAChecksumThatIsLeftToTheDevice) {
  auto packet = sample("udp");
  // The sum of the pseudo-header: 0a4d 0001 0a4d 0002 0011 000d.
  packet[14 + 20 + 6] = std::byte{0x14};
  packet[14 + 20 + 7] = std::byte{0xbb};
  EXPECT_EQ(decoded(packet, "UDP", "Checksum"), "0x14bb (left to the device)");
}

TEST(UdpLayer, NamesLengthsThatCannotBe) {
  auto packet = sample("udp");
  packet[14 + 20 + 5] = std::byte{7};
  EXPECT_EQ(decoded(packet, "UDP", "Length"), "7 (less than the header)");
  EXPECT_EQ(decoded(packet, "Data", "Bytes"), "-");
  packet[14 + 20 + 5] = std::byte{200};
  EXPECT_EQ(decoded(packet, "UDP", "Length"), "200 (only 13 bytes are here)");
}

}  // namespace
}  // namespace strata::service::udp_layer_test
