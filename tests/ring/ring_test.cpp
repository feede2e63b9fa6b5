// SPDX-License-Identifier: Apache-2.0
#include "strata/ring.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>

namespace strata::ring::ring_test {
namespace {

// Frames of one byte, numbered, and a note of what went back.
class Numbers final : public Receiver {
 public:
  std::size_t fetch(std::span<Frame> frames) override {
    ++fetches;
    std::size_t count = 0;
    for (; count < frames.size() && next < available; ++count) {
      bytes.push_back(static_cast<std::byte>(next++));
      frames[count].place(&bytes.back(), 1, 1);
    }
    return count;
  }
  void release(std::size_t count) override {
    released += count;
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  }
  bool prepare_to_sleep() override { return next == available; }
  int descriptor() const override { return -1; }
  bool is_up() override { return true; }

  std::deque<std::byte> bytes;
  std::size_t next = 0, available = 0, released = 0, fetches = 0;
};

struct Ring {
  explicit Ring(std::size_t frames) : ring(std::unique_ptr<Receiver>(numbers), frames) {}
  Numbers* numbers = new Numbers;
  RxRing ring;
};

TEST(RxRing, GivesABatchBackWhenTheNextIsAskedFor) {
  Ring test(8);
  test.numbers->available = 5;
  EXPECT_EQ(test.ring.batch(3).size(), 3U);
  EXPECT_EQ(test.numbers->released, 0U);
  EXPECT_EQ(test.ring.batch(3).size(), 2U);
  EXPECT_EQ(test.numbers->released, 3U);
  test.ring.sync();
  EXPECT_EQ(test.numbers->released, 5U);
  EXPECT_TRUE(test.ring.batch(3).empty());
  EXPECT_EQ(test.ring.frames(), 5U);
}

TEST(RxRing, AsksItsBackendOnceABatch) {
  Ring test(64);
  test.numbers->available = 1000;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(test.ring.batch(64).size(), 64U);
  EXPECT_EQ(test.numbers->fetches, 10U);
}

TEST(RxRing, GivesBackInOrderWhateverIsMovedOut) {
  Ring test(8);
  test.numbers->available = 100;
  auto batch = test.ring.batch(6);
  std::array<Frame, 2> kept{std::move(batch[1]), std::move(batch[4])};
  test.ring.sync();
  EXPECT_EQ(test.numbers->released, 1U);
  kept[1] = Frame();
  test.ring.sync();
  EXPECT_EQ(test.numbers->released, 1U) << "the older one is still held";
  kept[0] = Frame();
  test.ring.sync();
  EXPECT_EQ(test.numbers->released, 6U);
}

TEST(RxRing, HasNoMoreRoomThanItWasGiven) {
  Ring test(8);
  test.numbers->available = 100;
  Frame kept = std::move(test.ring.batch(8)[0]);
  EXPECT_TRUE(test.ring.batch(8).empty());
  EXPECT_EQ(kept.bytes()[0], std::byte{0});
  kept = Frame();
  EXPECT_EQ(test.ring.batch(8)[0].bytes()[0], std::byte{8});
}

TEST(RxRing, HoldsSomeOfEveryBatch) {
  Ring test(16);
  test.numbers->available = 10'000;
  std::deque<Frame> kept;
  std::size_t received = 0;
  while (received < 10'000) {
    auto batch = test.ring.batch(5);
    if (batch.empty()) {
      ASSERT_FALSE(kept.empty());
      kept.pop_front();
      continue;
    }
    for (const Frame& frame : batch) {
      ASSERT_EQ(frame.bytes()[0], static_cast<std::byte>(received++));
    }
    kept.push_back(std::move(batch.back()));
    if (kept.size() > 3) kept.pop_front();
  }
  kept.clear();
  test.ring.sync();
  EXPECT_EQ(test.numbers->released, 10'000U);
}

TEST(RxRing, WaitsNoLongerThanItWasTold) {
  Ring test(8);
  EXPECT_FALSE(test.ring.wait(std::chrono::milliseconds(2)));
  test.numbers->available = 1;
  EXPECT_TRUE(test.ring.wait({}));
}

TEST(Frame, CanBeMovedButNotCopied) {
  static_assert(!std::is_copy_constructible_v<Frame>);
  static_assert(std::is_nothrow_move_constructible_v<Frame>);
  Ring test(8);
  test.numbers->available = 2;
  auto batch = test.ring.batch(2);
  Frame one = std::move(batch[0]);
  Frame other = std::move(one);
  EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(batch[0]);
  EXPECT_TRUE(other);
  EXPECT_EQ(other.bytes()[0], std::byte{0});
}

}  // namespace
}  // namespace strata::ring::ring_test
