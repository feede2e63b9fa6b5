// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>

namespace strata::siphash_test {
namespace {

// The key of the reference vectors: the bytes 00 to 0f.
constexpr SipKey kKey{0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908};

// Aumasson and Bernstein, appendix A, and vectors.h of the reference implementation.
TEST(SipHash, AgreesWithTheReferenceVectors) {
  constexpr std::array<std::pair<std::size_t, std::uint64_t>, 7> kVectors{{
      {0, 0x726f'db47'dd0e'0e31},
      {1, 0x74f8'39c5'93dc'67fd},
      {2, 0x0d6c'8009'd9a9'4f5a},
      {7, 0xab02'00f5'8b01'd137},
      {8, 0x93f5'f579'9a93'2462},
      {15, 0xa129'ca61'49be'45e5},
      {63, 0x958a'324c'eb06'4572},
  }};
  std::array<std::byte, 64> message{};
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
  for (const auto& [length, expected] : kVectors) {
    EXPECT_EQ(siphash24(kKey, Bytes(message).first(length)), expected) << length;
  }
}

// hash_words is SipHash-1-3 over the little-endian bytes of its words: the bytes 00, 01, 02...
TEST(SipHash, HashWordsIsSipHash13) {
  static_assert(hash_words(kKey, {0x0706'0504'0302'0100}) == 0x3690'9511'8d29'9a8e);
  EXPECT_EQ(hash_words(kKey, {0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908}),
            0xcc4f'dd1a'7d90'8b66U);
  EXPECT_EQ(hash_words(kKey, {0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908, 0x1716'1514'1312'1110,
                              0x1f1e'1d1c'1b1a'1918}),
            0x8115'7b6c'16a7'b60dU);
}

TEST(SipHash, TheKeyAndTheLengthMatter) {
  std::set<std::uint64_t> seen{hash_words({1, 2}, {3}),    hash_words({1, 3}, {3}),
                               hash_words({2, 2}, {3}),    hash_words({1, 2}, {3, 0}),
                               hash_words({1, 2}, {0, 3}), hash_words({1, 2}, {0})};
  EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace strata::siphash_test
