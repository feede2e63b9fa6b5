// SPDX-License-Identifier: Apache-2.0
#include "sim/frame_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "sim/lab.h"
#include "strata/rng.h"

namespace strata::sim::frame_hash_test {
namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

TEST(FrameHash, SeesTimeLengthAndEveryByte) {
  for (const std::size_t size : {22U, 31U, 32U, 33U, 63U, 64U, 65U, 100U, 128U, 1500U}) {
    std::vector<std::byte> bytes = numbered_frame(3, size);
    const std::uint64_t reference = hash_frame(1, Time(5ns), bytes);
    EXPECT_NE(hash_frame(2, Time(5ns), bytes), reference);
    EXPECT_NE(hash_frame(1, Time(6ns), bytes), reference);
    EXPECT_NE(hash_frame(1, Time(5ns), Bytes(bytes).first(size - 1)), reference);
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] ^= std::byte{0x40};
      EXPECT_NE(hash_frame(1, Time(5ns), bytes), reference) << "byte " << i << " of " << size;
      bytes[i] ^= std::byte{0x40};
    }
    EXPECT_EQ(hash_frame(1, Time(5ns), bytes), reference);
  }
}

// Zeros are what frames are padded with: neither how many nor where they stand may be lost.
TEST(FrameHash, TellsZerosApartByTheirNumber) {
  std::set<std::uint64_t> hashes;
  for (std::size_t size = 0; size < 200; ++size) {
    hashes.insert(hash_frame(0, Time{}, std::vector<std::byte>(size)));
  }
  EXPECT_EQ(hashes.size(), 200U);
}

TEST(FrameHash, TellsBytesApartByTheirPlaces) {
  const std::vector<std::byte> frame = numbered_frame(0x0102'0304'0506'0708, 300);
  std::set<std::uint64_t> hashes = {hash_frame(0, Time{}, frame)};
  for (std::size_t step = 8; step <= 128; step += 8) {
    std::vector<std::byte> turned = frame;
    std::ranges::rotate(turned, turned.begin() + static_cast<std::ptrdiff_t>(step));
    hashes.insert(hash_frame(0, Time{}, turned));
  }
  EXPECT_EQ(hashes.size(), 17U);
}

TEST(FrameHash, SeesTheOrderOfFrames) {
  const std::vector<std::byte> one = numbered_frame(1);
  const std::vector<std::byte> two = numbered_frame(2);
  const std::uint64_t there = hash_frame(hash_frame(0, Time{}, one), Time{}, two);
  EXPECT_NE(hash_frame(hash_frame(0, Time{}, two), Time{}, one), there);
}

TEST(FrameHash, IsTheSameOnEveryMachine) {
  EXPECT_EQ(hash_frame(0, Time{}, {}), 0xd3ac'3cc0'6ae9'1f2fU);
  EXPECT_EQ(hash_frame(0, Time(1s), numbered_frame(0x0123'4567'89ab'cdef, 75)),
            0x3e54'3803'94bf'07e3U);
  std::vector<std::byte> counted(200);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<std::byte>(i);
  EXPECT_EQ(hash_frame(0x0123'4567'89ab'cdef, Time(1s), counted), 0x53a6'c746'94df'6524U);
}

TEST(FrameHash, MultipliesTheSameWithoutLongIntegers) {
  static_assert(fold_product_by_parts(kMost, kMost) == kMost);
  Rng rng(4);
  std::vector<std::uint64_t> numbers = {0, 1, 0xffff'ffff, 0x1'0000'0000, kMost};
  for (int i = 0; i < 100; ++i) numbers.push_back(rng.next());
  for (const std::uint64_t a : numbers) {
    for (const std::uint64_t b : numbers) {
      ASSERT_EQ(fold_product_by_parts(a, b), fold_product(a, b)) << a << " * " << b;
    }
  }
}

}  // namespace
}  // namespace strata::sim::frame_hash_test
