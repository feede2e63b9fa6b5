// SPDX-License-Identifier: Apache-2.0
#include "strata/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace strata::bytes_test {
namespace {

constexpr std::array<std::byte, 9> kBytes{std::byte{0},    std::byte{0x12}, std::byte{0x34},
                                          std::byte{0x56}, std::byte{0x78}, std::byte{0x9a},
                                          std::byte{0xbc}, std::byte{0xde}, std::byte{0xf0}};

static_assert(load_big_endian<std::uint8_t>(kBytes.data() + 1) == 0x12);
static_assert(load_big_endian<std::uint16_t>(kBytes.data() + 1) == 0x1234);
static_assert(load_big_endian<std::uint32_t>(kBytes.data() + 1) == 0x1234'5678);
static_assert(load_big_endian<std::uint64_t>(kBytes.data() + 1) == 0x1234'5678'9abc'def0);

template <typename T>
constexpr bool stored_is_loaded(T value) {
  std::array<std::byte, sizeof(T) + 2> bytes{};
  store_big_endian<T>(bytes.data() + 1, value);
  return load_big_endian<T>(bytes.data() + 1) == value && bytes.front() == std::byte{0} &&
         bytes.back() == std::byte{0};
}

static_assert(stored_is_loaded<std::uint8_t>(0xfe));
static_assert(stored_is_loaded<std::uint16_t>(0xfedc));
static_assert(stored_is_loaded<std::uint32_t>(0xfedc'ba98));
static_assert(stored_is_loaded<std::uint64_t>(0xfedc'ba98'7654'3210));

TEST(Bytes, AreReadInNetworkOrderAtAnyAddressWhenRunning) {
  // Through volatile, so that the branch for run time is the one that is tested.
  volatile std::size_t at = 1;
  EXPECT_EQ(load_big_endian<std::uint8_t>(kBytes.data() + at), 0x12U);
  EXPECT_EQ(load_big_endian<std::uint16_t>(kBytes.data() + at), 0x1234U);
  EXPECT_EQ(load_big_endian<std::uint32_t>(kBytes.data() + at), 0x1234'5678U);
  EXPECT_EQ(load_big_endian<std::uint64_t>(kBytes.data() + at), 0x1234'5678'9abc'def0U);
}

TEST(Bytes, AreWrittenInNetworkOrderWhenRunning) {
  std::array<std::byte, 9> bytes{};
  volatile std::uint64_t value = 0x1234'5678'9abc'def0;
  store_big_endian<std::uint64_t>(bytes.data() + 1, value);
  EXPECT_EQ(bytes, kBytes);
  store_big_endian<std::uint16_t>(bytes.data(), static_cast<std::uint16_t>(value));
  EXPECT_EQ(bytes[0], std::byte{0xde});
  EXPECT_EQ(bytes[1], std::byte{0xf0});
  EXPECT_EQ(bytes[2], std::byte{0x34});
}

TEST(Bytes, CopyWhatIsThereAndNoMore) {
  std::array<std::byte, 3> target{};
  copy_bytes(Bytes(kBytes).subspan(1, 2), target);
  EXPECT_EQ(target, (std::array{std::byte{0x12}, std::byte{0x34}, std::byte{0}}));
  copy_bytes({}, target);
  EXPECT_EQ(target[0], std::byte{0x12});
}

}  // namespace
}  // namespace strata::bytes_test
