// SPDX-License-Identifier: Apache-2.0
// SharedRing: the index rules of a ring in memory that is shared with a process nobody trusts.
//
//   SharedRingIndices (in the shared memory)      data (in the shared memory, a power of two units)
//     head  written by the consumer only            [ . . x x x x . . ]
//     tail  written by the producer only                  ^head   ^tail
//
// 1. head and tail run freely over 32 bits and count units (bytes or slots); tail - head is what
//    waits to be consumed and never exceeds the capacity.
// 2. Each side keeps its own index and the capacity in private memory: what the peer writes over
//    the shared copy of them is never read.
// 3. The peer's index is loaded once per call and judged before it is used: it may not run past
//    what the rules allow, nor back. A value that breaks them is Error::kCorrupted, for good: the
//    ring is to be given up. Whatever the peer does, spans stay inside the data.
// 4. What the consumer reads can change under its hands: it copies first and judges the copy.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <expected>

#include "strata/check.h"
#include "strata/error.h"

namespace strata {

// Zeroed memory is an empty ring. Each index has a cache line, so that the sides do not disturb
// each other.
struct SharedRingIndices {
  alignas(64) std::atomic<std::uint32_t> head{0};
  alignas(64) std::atomic<std::uint32_t> tail{0};
};
static_assert(sizeof(SharedRingIndices) == 128);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "two processes share no lock");

// A part of the ring in the order of the stream: the second piece starts at offset 0 and is empty
// unless the part wraps.
struct SharedRingPart {
  struct Piece {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  std::array<Piece, 2> pieces{};

  [[nodiscard]] constexpr std::uint32_t length() const {
    return pieces[0].length + pieces[1].length;
  }
};

// What both sides do: know their own index, and judge how many units the peer leaves them.
class SharedRingSide {
 public:
  SharedRingSide(std::uint32_t capacity, std::uint32_t available)
      : capacity_(capacity), available_(available) {
    STRATA_CHECK(std::has_single_bit(capacity) && capacity <= std::uint32_t{1} << 31U);
  }

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] bool is_corrupted() const { return corrupted_; }

 protected:
  // `seen` is what the peer's index says is available. It only grows between two of our commits.
  [[nodiscard]] Result<SharedRingPart> judge(std::uint32_t seen) {
    if (seen > capacity_ || seen < available_) corrupted_ = true;
    if (corrupted_) return std::unexpected(Error::kCorrupted);
    available_ = seen;
    const std::uint32_t offset = own_ & (capacity_ - 1);
    const std::uint32_t first = std::min(seen, capacity_ - offset);
    return SharedRingPart{{{{offset, first}, {0, seen - first}}}};
  }

  std::uint32_t advance(std::uint32_t count) {
    STRATA_CHECK(count <= available_);
    available_ -= count;
    own_ += count;
    return own_;
  }

  std::uint32_t own_ = 0;  // our index, of which the shared one is a copy

 private:
  std::uint32_t capacity_;
  std::uint32_t available_;  // what the peer left us when last seen, less what we have taken
  bool corrupted_ = false;
};

class SharedRingProducer : public SharedRingSide {
 public:
  // The indices are zero. They outlive this object.
  SharedRingProducer(SharedRingIndices& shared, std::uint32_t capacity)
      : SharedRingSide(capacity, capacity), shared_(&shared) {}

  // Where the next units go.
  [[nodiscard]] Result<SharedRingPart> room() {
    const std::uint32_t head = shared_->head.load(std::memory_order_acquire);
    return judge(capacity() - (own_ - head));
  }

  // The first `count` units of room() are filled: shows them to the consumer.
  void publish(std::uint32_t count) {
    shared_->tail.store(advance(count), std::memory_order_release);
  }

 private:
  SharedRingIndices* shared_;
};

class SharedRingConsumer : public SharedRingSide {
 public:
  // The indices are zero. They outlive this object.
  SharedRingConsumer(SharedRingIndices& shared, std::uint32_t capacity)
      : SharedRingSide(capacity, 0), shared_(&shared) {}

  // What waits to be consumed.
  [[nodiscard]] Result<SharedRingPart> readable() {
    const std::uint32_t tail = shared_->tail.load(std::memory_order_acquire);
    return judge(tail - own_);
  }

  // The first `count` units of readable() are copied: the producer may use their room.
  void consume(std::uint32_t count) {
    shared_->head.store(advance(count), std::memory_order_release);
  }

 private:
  SharedRingIndices* shared_;
};

}  // namespace strata
