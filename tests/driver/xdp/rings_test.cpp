// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/rings.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "driver/xdp/fake_kernel.h"
#include "strata/rng.h"

namespace strata::driver::xdp::rings_test {
namespace {

TEST(Rings, CarryEntriesInOrderAcrossTheWrapOfIndices) {
  FakeRing<std::uint64_t> there;
  there.start_at(UINT32_MAX - 5);
  ProducerRing<std::uint64_t> writer(there.memory());
  ConsumerRing<std::uint64_t> reader(there.memory());
  Rng rng(1);
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  for (int round = 0; round < 1000; ++round) {
    for (std::uint64_t count = rng.below(writer.room() + 1); count > 0; --count) {
      writer.push(written++);
    }
    writer.publish();
    ASSERT_EQ(reader.count(), written - read);
    EXPECT_EQ(writer.waiting(), written - read);
    for (std::uint64_t count = rng.below(reader.count() + 1); count > 0; --count) {
      ASSERT_EQ(reader.take(), read++);
    }
    reader.release();
    EXPECT_EQ(writer.room(), FakeRing<std::uint64_t>::kSize - (written - read));
  }
  EXPECT_FALSE(writer.is_corrupt());
  EXPECT_FALSE(reader.is_corrupt());
}

TEST(Rings, AnImpossibleIndexEndsThem) {
  for (const std::uint32_t jump : {std::uint32_t{FakeRing<std::uint64_t>::kSize + 1},
                                   std::uint32_t{0x8000'0000}, UINT32_MAX}) {
    FakeRing<std::uint64_t> there;
    ConsumerRing<std::uint64_t> reader(there.memory());
    *there.memory().producer += jump;
    EXPECT_EQ(reader.count(), 0U);
    EXPECT_TRUE(reader.is_corrupt());
    *there.memory().producer = 1;
    EXPECT_EQ(reader.count(), 0U) << "for good";

    FakeRing<std::uint64_t> back;
    ProducerRing<std::uint64_t> writer(back.memory());
    *back.memory().consumer += jump;
    if (jump == UINT32_MAX) continue;  // that is an entry which waits
    EXPECT_EQ(writer.room(), 0U);
    EXPECT_TRUE(writer.is_corrupt());
  }
  FakeRing<std::uint64_t> back;
  ProducerRing<std::uint64_t> writer(back.memory());
  *back.memory().consumer = 1;
  EXPECT_EQ(writer.room(), 0U);
  EXPECT_TRUE(writer.is_corrupt()) << "taken before it was there";
}

TEST(Rings, AnOldKernelIsAlwaysCalled) {
  FakeRing<std::uint64_t> there;
  RingMemory memory = there.memory();
  EXPECT_FALSE(ProducerRing<std::uint64_t>(memory).needs_wakeup());
  *memory.flags = 1;
  EXPECT_TRUE(ProducerRing<std::uint64_t>(memory).needs_wakeup());
  memory.flags = nullptr;
  EXPECT_TRUE(ProducerRing<std::uint64_t>(memory).needs_wakeup());
}

}  // namespace
}  // namespace strata::driver::xdp::rings_test
