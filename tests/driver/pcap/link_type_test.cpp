// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "strata/pcap.h"

namespace strata::driver::link_type_test {
namespace {

struct Case {
  LinkType type;
  std::vector<unsigned> header;  // in front of the packet
  std::size_t header_bytes;      // that are no part of what a stack sees; 99: nothing is
  Medium medium = Medium::kIp;
};

constexpr std::size_t kNoPayload = 99;

// The bytes of a header whose ethertype, two bytes, stands at an offset.
std::vector<unsigned> cooked(std::size_t bytes, std::size_t at, unsigned high, unsigned low) {
  std::vector<unsigned> header(bytes);
  header[at] = high;
  header[at + 1] = low;
  return header;
}

std::vector<Case> cases() {
  return {
      {LinkType::kEthernet, {}, 0, Medium::kEthernet},
      {LinkType::kRawIp, {}, 0},
      {LinkType::kRawBsd, {}, 0},
      {LinkType::kRawOpenBsd, {}, 0},
      {LinkType::kIpv4, {}, 0},
      {LinkType::kIpv6, {}, 0},
      // The family, 2 or one of those that IPv6 has on BSDs, in either byte order.
      {LinkType::kNull, {2, 0, 0, 0}, 4},
      {LinkType::kNull, {0, 0, 0, 2}, 4},
      {LinkType::kNull, {30, 0, 0, 0}, 4},
      {LinkType::kLoop, {0, 0, 0, 24}, 4},
      {LinkType::kLoop, {0, 0, 0, 28}, 4},
      {LinkType::kNull, {7, 0, 0, 0}, kNoPayload},
      {LinkType::kLinuxSll, cooked(16, 14, 0x08, 0x00), 16},
      {LinkType::kLinuxSll, cooked(16, 14, 0x86, 0xdd), 16},
      {LinkType::kLinuxSll, cooked(16, 14, 0x08, 0x06), kNoPayload},
      {LinkType::kLinuxSll2, cooked(20, 0, 0x86, 0xdd), 20},
      {LinkType::kLinuxSll2, cooked(20, 0, 0x08, 0x06), kNoPayload},
      {LinkType{105}, {}, kNoPayload},
  };
}

TEST(LinkType, ThePayloadLiesBehindTheHeaderOfTheCapture) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(static_cast<unsigned>(one.type));
    std::vector<std::byte> record;
    for (const unsigned value : one.header) record.push_back(static_cast<std::byte>(value));
    record.insert(record.end(), 40, std::byte{0x45});
    const auto payload = payload_of(one.type, record);
    ASSERT_EQ(payload.has_value(), one.header_bytes != kNoPayload);
    if (!payload) continue;
    EXPECT_EQ(payload->medium, one.medium);
    EXPECT_EQ(medium_of(one.type), one.medium);
    EXPECT_EQ(payload->header_bytes, one.header_bytes);
    EXPECT_EQ(payload->bytes.data(), record.data() + one.header_bytes);
    EXPECT_EQ(payload->bytes.size(), 40U);
  }
  EXPECT_FALSE(medium_of(LinkType{105}).has_value());
}

TEST(LinkType, AHeaderThatIsCutShortHasNoPayload) {
  const std::vector<std::byte> bytes(19);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut = Bytes(bytes).first(size);
    EXPECT_FALSE(payload_of(LinkType::kLinuxSll2, cut).has_value()) << size;
    const auto cooked_v1 =
        payload_of(LinkType::kLinuxSll, cut.first(std::min(size, std::size_t{15})));
    EXPECT_FALSE(cooked_v1.has_value()) << size;
    const auto null = payload_of(LinkType::kNull, cut.first(std::min(size, std::size_t{3})));
    EXPECT_FALSE(null.has_value()) << size;
  }
}

TEST(LinkType, AMediumIsWrittenAsATypeThatReadsAsThatMedium) {
  for (const Medium medium : {Medium::kEthernet, Medium::kIp}) {
    EXPECT_EQ(medium_of(link_type_of(medium)), medium);
  }
}

}  // namespace
}  // namespace strata::driver::link_type_test
