// SPDX-License-Identifier: Apache-2.0
// Checksums against a byte-by-byte oracle, every kernel by itself, and the laws of RFC 1071.
#include "strata/wire/checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "strata/wire/ipv4.h"
#include "wire/checksum_kernels.h"
#include "wire/random_values.h"

namespace strata::wire::checksum_test {
namespace {

// RFC 1071 1, as a beginner would write it.
std::uint16_t naive_checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8U : byte;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<std::uint16_t>(~sum);
}

constexpr std::array kRfc1071Bytes = {std::byte{0x00}, std::byte{0x01}, std::byte{0xf2},
                                      std::byte{0x03}, std::byte{0xf4}, std::byte{0xf5},
                                      std::byte{0xf6}, std::byte{0xf7}};
// RFC 1071 3: these bytes sum to ddf2.
static_assert(fold(partial_sum(kRfc1071Bytes)) == 0x220d);
static_assert(fold(combine(partial_sum(Bytes(kRfc1071Bytes).first(3)),
                           partial_sum(Bytes(kRfc1071Bytes).subspan(3)), true)) == 0x220d);
constexpr bool copies_at_compile_time() {
  std::array<std::byte, 8> copy{};
  return fold(copy_and_sum(kRfc1071Bytes, copy)) == 0x220d && copy == kRfc1071Bytes;
}
static_assert(copies_at_compile_time());
// RFC 1624 4: 5555 becomes 3285 under a checksum of dd2f.
static_assert(updated_checksum(0xdd2f, std::uint16_t{0x5555}, std::uint16_t{0x3285}) == 0x0000);

std::vector<const checksum_detail::ChecksumKernel*> supported_kernels() {
  std::vector<const checksum_detail::ChecksumKernel*> kernels;
  for (const auto& kernel : checksum_detail::checksum_kernels()) {
    if (kernel.is_supported()) kernels.push_back(&kernel);
  }
  return kernels;
}

std::uint16_t sum_with(const checksum_detail::ChecksumKernel& kernel, Bytes bytes) {
  return fold(Sum::from_bits(kernel.sum(bytes.data(), bytes.size())));
}

TEST(Checksum, EveryKernelAgreesWithTheOracleAtEveryLengthAndAlignment) {
  Rng rng(1);
  const std::vector<std::byte> bytes = any_bytes(rng, 400);
  for (const auto* kernel : supported_kernels()) {
    for (std::size_t begin = 0; begin < 64; ++begin) {
      for (std::size_t length = 0; length <= 300; ++length) {
        const Bytes part = Bytes(bytes).subspan(begin, length);
        ASSERT_EQ(sum_with(*kernel, part), naive_checksum(part))
            << kernel->name << " at " << begin << " of " << length;
      }
    }
  }
}

TEST(Checksum, EveryKernelReadsNothingBeyondItsBytes) {
  Rng rng(2);
  for (const auto* kernel : supported_kernels()) {
    for (std::size_t length = 0; length <= 300; ++length) {
      const std::vector<std::byte> bytes = any_bytes(rng, length);
      std::vector<std::byte> copy(length);
      ASSERT_EQ(sum_with(*kernel, bytes), naive_checksum(bytes)) << kernel->name;
      const Sum sum = Sum::from_bits(kernel->copy_and_sum(bytes.data(), copy.data(), bytes.size()));
      ASSERT_EQ(fold(sum), naive_checksum(bytes)) << kernel->name << " of " << length;
      ASSERT_EQ(copy, bytes) << kernel->name;
    }
  }
}

TEST(Checksum, CopyingLeavesTheBytesAroundItsTargetAlone) {
  Rng rng(3);
  for (const auto* kernel : supported_kernels()) {
    for (std::size_t length = 0; length <= 300; ++length) {
      const std::vector<std::byte> bytes = any_bytes(rng, length);
      std::vector<std::byte> target(length + 128, std::byte{0xee});
      std::vector<std::byte> expected = target;
      const std::size_t at = rng.below(64);
      copy_bytes(bytes, MutableBytes(expected).subspan(at));
      static_cast<void>(kernel->copy_and_sum(bytes.data(), target.data() + at, length));
      ASSERT_EQ(target, expected) << kernel->name << " of " << length;
    }
  }
}

TEST(Checksum, LongRunsOfExtremeWordsDoNotOverflowALane) {
  for (const std::byte fill :
       {std::byte{0x00}, std::byte{0x7f}, std::byte{0x80}, std::byte{0xff}}) {
    const std::vector<std::byte> bytes((std::size_t{3} << 20U) + 77, fill);
    for (const auto* kernel : supported_kernels()) {
      ASSERT_EQ(sum_with(*kernel, bytes), naive_checksum(bytes)) << kernel->name;
    }
  }
}

TEST(Checksum, DispatchedSumsAgreeWithTheOracle) {
  Rng rng(4);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::byte> bytes = any_bytes(rng, rng.below(3000));
    std::vector<std::byte> copy(bytes.size());
    ASSERT_EQ(fold(partial_sum(bytes)), naive_checksum(bytes));
    ASSERT_EQ(fold(copy_and_sum(bytes, copy)), naive_checksum(bytes));
    ASSERT_EQ(copy, bytes);
  }
}

TEST(Checksum, TheBestKernelIsTheFirstSupportedOne) {
  EXPECT_EQ(checksum_detail::best_checksum_kernel().name, supported_kernels().front()->name);
  EXPECT_EQ(checksum_detail::checksum_kernels().back().name, "scalar");
  EXPECT_TRUE(checksum_detail::checksum_kernels().back().is_supported());
}

TEST(Checksum, NoBytesSumToZero) {
  EXPECT_EQ(partial_sum({}).bits(), 0U);
  EXPECT_EQ(fold(partial_sum({})), 0xffff);
}

TEST(Checksum, OnlyZeroBytesHaveACompactSumOfZero) {
  const std::vector<std::byte> zeros(500);
  const std::vector<std::byte> ones(500, std::byte{0xff});
  for (const auto* kernel : supported_kernels()) {
    EXPECT_EQ(Sum::from_bits(kernel->sum(zeros.data(), 500)).compact(), 0) << kernel->name;
    EXPECT_EQ(Sum::from_bits(kernel->sum(ones.data(), 500)).compact(), 0xffff) << kernel->name;
  }
}

TEST(Checksum, SlicesCombineWhereverTheyAreCut) {
  Rng rng(5);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::byte> bytes = any_bytes(rng, rng.below(400));
    Sum total;
    std::size_t at = 0;
    while (at < bytes.size()) {
      const std::size_t length = std::min(bytes.size() - at, std::size_t{1} + rng.below(90));
      const Sum part = partial_sum(Bytes(bytes).subspan(at, length));
      // A sum survives being stored in sixteen bits.
      const Sum stored = any_bool(rng) ? part : Sum::from_bits(part.compact());
      total = combine(total, stored, at % 2 != 0);
      at += length;
    }
    ASSERT_EQ(fold(total), naive_checksum(bytes));
  }
}

TEST(Checksum, APartCanBeTakenOutAgain) {
  Rng rng(6);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::byte> bytes = any_bytes(rng, 100);
    const std::size_t cut = rng.below(50) * 2;
    const Sum front = partial_sum(Bytes(bytes).first(cut));
    ASSERT_EQ(fold(partial_sum(bytes) + -front), naive_checksum(Bytes(bytes).subspan(cut)));
  }
}

TEST(Checksum, AnIpv4HeaderIsSummedWithAndWithoutOptions) {
  Rng rng(7);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<std::byte> header = any_bytes(rng, 20 + (4 * rng.below(11)));
    ASSERT_EQ(fold(ipv4_header_sum(header)), naive_checksum(header));
  }
}

// RFC 9293 3.1 MUST: the checksum covers a pseudo-header of addresses, protocol and length.
TEST(Checksum, TheIpv4PseudoHeaderIsTheOneOfRfc9293) {
  Rng rng(8);
  for (int round = 0; round < kRounds; ++round) {
    const IpAddress source = any_v4(rng);
    const IpAddress destination = any_v4(rng);
    const auto protocol = static_cast<std::uint8_t>(1 + rng.below(255));
    const auto length = any<std::uint16_t>(rng);
    std::array<std::byte, 12> bytes{};
    store_big_endian(bytes.data(), source.v4_value());
    store_big_endian(bytes.data() + 4, destination.v4_value());
    bytes[9] = std::byte{protocol};
    store_big_endian(bytes.data() + 10, length);
    ASSERT_EQ(fold(pseudo_header_sum(source, destination, protocol, length)),
              naive_checksum(bytes));
  }
}

// RFC 8200 8.1 MUST: upper-layer checksums over IPv6 include its 128-bit addresses.
TEST(Checksum, TheIpv6PseudoHeaderIsTheOneOfRfc8200) {
  Rng rng(9);
  for (int round = 0; round < kRounds; ++round) {
    const IpAddress source = any_v6(rng);
    const IpAddress destination = any_v6(rng);
    const auto protocol = static_cast<std::uint8_t>(1 + rng.below(255));
    const auto length = any<std::uint32_t>(rng);
    std::array<std::byte, 40> bytes{};
    copy_bytes(source.bytes(), bytes);
    copy_bytes(destination.bytes(), MutableBytes(bytes).subspan(16));
    store_big_endian(bytes.data() + 32, length);
    bytes[39] = std::byte{protocol};
    ASSERT_EQ(fold(pseudo_header_sum(source, destination, protocol, length)),
              naive_checksum(bytes));
  }
}

// RFC 8200 8.1 MUST: a UDP checksum that comes to zero is sent as ffff.
TEST(Checksum, UdpSendsAllOnesForZero) {
  EXPECT_EQ(fold_for_udp(Sum::of(std::uint16_t{0xffff})), 0xffff);
  EXPECT_EQ(fold_for_udp(Sum::of(std::uint16_t{0x1234})), 0xedcb);
}

TEST(Checksum, BytesWithTheirOwnChecksumAreValidAndEveryBitCounts) {
  Rng rng(10);
  std::vector<std::byte> bytes = any_bytes(rng, 60);
  store_big_endian<std::uint16_t>(bytes.data() + 16, 0);
  store_big_endian(bytes.data() + 16, fold(partial_sum(bytes)));
  EXPECT_TRUE(is_valid(partial_sum(bytes)));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(is_valid(partial_sum(bytes))) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  EXPECT_FALSE(is_valid(partial_sum({})));
}

// Bytes with a checksum in the first two, a change made at `at`, and both ways to account for it.
template <typename T>
void expect_update_equals_recompute(Rng& rng, T from, T to) {
  std::vector<std::byte> bytes = any_bytes(rng, 40);
  // A header is never all zeros: its version is not.
  bytes[2] = std::byte{0x45};
  const std::size_t at = 4 + (2 * rng.below(10));
  const auto put = [&](const T& value) {
    if constexpr (std::is_same_v<T, IpAddress>) {
      copy_bytes(value.bytes(), MutableBytes(bytes).subspan(at));
    } else {
      store_big_endian(bytes.data() + at, value);
    }
  };
  const auto recompute = [&] {
    store_big_endian<std::uint16_t>(bytes.data(), 0);
    return naive_checksum(bytes);
  };
  put(from);
  const std::uint16_t before = recompute();
  put(to);
  ASSERT_EQ(updated_checksum(before, from, to), recompute());
}

// RFC 1624 3: HC' = ~(~HC + ~m + m'); the form of RFC 1141 is wrong where the result is zero.
TEST(Checksum, AnIncrementalUpdateEqualsARecomputation) {
  Rng rng(11);
  for (int round = 0; round < kRounds; ++round) {
    expect_update_equals_recompute(rng, any<std::uint16_t>(rng), any<std::uint16_t>(rng));
    expect_update_equals_recompute(rng, any<std::uint32_t>(rng), any<std::uint32_t>(rng));
    expect_update_equals_recompute(rng, any_v6(rng), any_v6(rng));
    expect_update_equals_recompute(rng, any_v4(rng), any_v4(rng));
  }
}

TEST(Checksum, AnUpdateThatEndsInZeroKeepsZeroAndNotAllOnes) {
  // RFC 1624 4: sixteen-bit words cd7a + 5555 become cd7a + 3285, whose checksum is 0000.
  EXPECT_EQ(updated_checksum(0xdd2f, std::uint16_t{0x5555}, std::uint16_t{0x3285}), 0x0000);
  EXPECT_EQ(updated_checksum(0x0000, std::uint16_t{0x3285}, std::uint16_t{0x5555}), 0xdd2f);
  // A change of nothing changes nothing, from either end.
  EXPECT_EQ(updated_checksum(0x0000, std::uint16_t{7}, std::uint16_t{7}), 0x0000);
  EXPECT_EQ(updated_checksum(0xdd2f, std::uint16_t{0}, std::uint16_t{0xffff}), 0xdd2f);
}

}  // namespace
}  // namespace strata::wire::checksum_test
