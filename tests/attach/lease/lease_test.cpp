// SPDX-License-Identifier: Apache-2.0
#include "attach/lease/lease.h"

#include <gtest/gtest.h>

#include <atomic>
#include <span>
#include <string>

#include "attach/lease/lease_lab.h"
#include "strata/rng.h"

namespace strata::attach::lease_test {
namespace {

using client::kLaneBytes;

std::string text_of(Rng& rng, std::size_t size) {
  std::string text(size, '\0');
  for (char& letter : text) letter = static_cast<char>(rng.below(256));
  return text;
}

TEST(Lease, BytesKeepTheirOrderAndReadinessFollowsThem) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    LeaseLab lab;
    std::string inward;
    std::string outward;
    for (int step = 0; step < 400; ++step) {
      const std::size_t size = rng.below(rng.chance({1, 4}) ? 2 * kLaneBytes : 300) + 1;
      switch (rng.below(4)) {
        case 0: {
          const std::string text = text_of(rng, size);
          inward += text.substr(0, lab.launcher_writes(text));
          break;
        }
        case 1: {
          const std::string got = lab.program_reads(size, rng.chance({1, 4}));
          ASSERT_EQ(got, inward.substr(0, got.size()));
          const bool was_peeked = lab.lease->unread() == inward.size();
          if (!was_peeked) inward.erase(0, got.size());
          break;
        }
        case 2: {
          const std::string text = text_of(rng, size);
          const std::size_t taken = lab.program_writes(text);
          outward += text.substr(0, taken);
          if (taken < text.size()) {
            ASSERT_FALSE(lab.is_writable());
          }
          break;
        }
        default: {
          const std::string got = lab.launcher_reads(size);
          ASSERT_EQ(got, outward.substr(0, got.size()));
          outward.erase(0, got.size());
          if (lab.lease->is_roomy()) {
            lab.launcher_looks();
            ASSERT_TRUE(lab.is_writable());
          }
        }
      }
      ASSERT_EQ(lab.lease->unread(), inward.size());
      ASSERT_EQ(lab.is_readable(), !inward.empty());
    }
  }
}

TEST(Lease, EndsWithWhatNobodyHasReadAndAPairAsItWas) {
  LeaseLab lab;
  lab.launcher_writes("inward");
  EXPECT_EQ(lab.program_reads(2), "in");
  lab.program_writes(std::string(kLaneBytes, 'a'));
  lab.program_writes("too much");
  EXPECT_EQ(lab.launcher_reads(kLaneBytes - 3).size(), kLaneBytes - 3);
  const Lease::Remains remains = lab.lease->end(lab.pair.ours.get(), lab.pair.theirs.get());
  const auto text = [](const std::vector<std::byte>& bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  EXPECT_EQ(text(remains.to_program), "ward");
  EXPECT_EQ(text(remains.to_stack), "aaa");
  EXPECT_FALSE(lab.is_readable());
  EXPECT_TRUE(lab.is_writable());
  const std::string much(50'000, 'p');
  EXPECT_EQ(::send(lab.pair.theirs.get(), much.data(), much.size(), 0), 50'000);
}

TEST(Lease, ATokenIsOnlyForWhoWaitsInTheKernel) {
  LeaseLab lab;
  auto& sleepers = lab.room->memory().sleepers[2];
  lab.slot().inward.watch_set = 3;
  lab.launcher_writes("a");
  EXPECT_FALSE(lab.is_readable());
  EXPECT_NE(lab.room->memory().arrivals[0] & (1U << lab.lease->slot()), 0U);
  sleepers = 1;
  lab.launcher_writes("b");
  EXPECT_TRUE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(10), "ab");
  EXPECT_FALSE(lab.is_readable());
  sleepers = 0;
  lab.launcher_writes("c");
  EXPECT_FALSE(lab.is_readable());
  lab.lease->remind(lab.pair.ours.get());
  EXPECT_TRUE(lab.is_readable());
  EXPECT_EQ(lab.program_reads(10), "c");
  lab.lease->remind(lab.pair.ours.get());
  EXPECT_FALSE(lab.is_readable());
  EXPECT_TRUE(lab.end.want_tokens());
  EXPECT_FALSE(lab.end.want_tokens());
  lab.launcher_writes("d");
  EXPECT_TRUE(lab.is_readable());
}

TEST(Lease, AHostileProgramCanHurtOnlyItself) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    LeaseLab lab;
    client::Slot& slot = lab.slot();
    const std::span<std::byte> data(slot.inward_data);
    for (int step = 0; step < 200; ++step) {
      auto wild = static_cast<std::uint32_t>(rng.next());
      if (rng.chance({1, 2})) wild %= kLaneBytes;
      std::atomic<std::uint32_t>* const words[] = {
          &slot.inward.indices.head,  &slot.inward.indices.tail,  &slot.inward.token,
          &slot.inward.writer_waits,  &slot.inward.every_arrival, &slot.outward.indices.head,
          &slot.outward.indices.tail, &slot.inward.is_cut,        &slot.inward.watch_set};
      if (rng.chance({1, 5})) *words[rng.below(std::size(words))] = wild;
      std::size_t room = 0;
      for (const MutableBytes piece : lab.lease->inward_room()) {
        if (!piece.empty()) {
          ASSERT_GE(&piece.front(), &data.front());
          ASSERT_LE(&piece.back(), &data.back());
        }
        room += piece.size();
      }
      ASSERT_LE(room, kLaneBytes);
      lab.lease->publish(rng.below(room + 1), lab.pair.ours.get());
      ASSERT_LE(lab.lease->unread(), kLaneBytes);
      lab.launcher_reads(rng.below(1000));
      static_cast<void>(lab.lease->is_roomy());
      lab.launcher_looks();
    }
    const auto remains = lab.lease->end(lab.pair.ours.get(), lab.pair.theirs.get());
    EXPECT_LE(remains.to_program.size(), kLaneBytes);
    EXPECT_LE(remains.to_stack.size(), kLaneBytes);
  }
}

}  // namespace
}  // namespace strata::attach::lease_test
