// SPDX-License-Identifier: Apache-2.0
// HandoverRing: packets on their way from one core to another, one giver and one taker.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "strata/check.h"
#include "strata/packet.h"

//   slots   . . . r r r w w w w . . . .        r: taken, waits to be taken back   w: waits
//                 ^     ^       ^
//            back_    taken_   given_
//
// A packet never changes its core. The taker reads it where it lies, makes a packet of its own
// pool of it, and says that it is done; the giver then gives it back to the pool that it came
// from. So no buffer, no count of references and no free list is ever written by two cores.
//
// 1. back_ <= taken_ <= given_ <= back_ + capacity. All run freely and never wrap back.
// 2. given_ is written by the giver only, taken_ by the taker only; each stands on a cache line of
//    its own, beside what the same side needs to work. A side reads the other's line when it has
//    used up what it saw there last: once a batch.
// 3. Packets become visible by publish(), room by release(): a batch costs one store each.

namespace strata::runtime {

class HandoverRing {
 public:
  enum class Purpose : std::uint8_t {
    kArrived,   // to be received by the taker's stack
    kDeparting  // to be sent by the taker's device
  };

  explicit HandoverRing(std::size_t packets)
      : capacity_(std::bit_ceil(std::max<std::size_t>(packets, 1))),
        slots_(std::make_unique<Slot[]>(capacity_)) {}
  ~HandoverRing() { clear(); }
  HandoverRing(const HandoverRing&) = delete;
  HandoverRing& operator=(const HandoverRing&) = delete;

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // ── The giver ─────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::size_t room() {
    if (giver_.given - giver_.back == capacity_) take_back();
    return capacity_ - static_cast<std::size_t>(giver_.given - giver_.back);
  }
  // There must be room.
  void give(PacketPtr packet, Purpose purpose) {
    STRATA_CHECK(giver_.given - giver_.back < capacity_);
    slots_[giver_.given++ & (capacity_ - 1)] = {packet.release(), purpose};
  }
  // Sequentially consistent, as is the look at a sleeper's bell that follows it.
  void publish() { given_.store(giver_.given); }
  // Gives what the taker is done with back to its pool.
  void take_back() {
    const std::uint64_t taken = taken_.load(std::memory_order_acquire);
    while (giver_.back != taken) {
      PacketRecycler{}(slots_[giver_.back++ & (capacity_ - 1)].packet);
    }
  }
  [[nodiscard]] bool has_given() const { return giver_.back != giver_.given; }

  // ── The taker ─────────────────────────────────────────────────────────────────────────────
  struct Offer {
    const Packet* packet = nullptr;  // null: nothing waits
    Purpose purpose = Purpose::kArrived;
  };
  // The next one, which stays the giver's.
  [[nodiscard]] Offer front() {
    if (taker_.taken == taker_.seen) taker_.seen = given_.load(std::memory_order_acquire);
    if (taker_.taken == taker_.seen) return {};
    const Slot& slot = slots_[taker_.taken & (capacity_ - 1)];
    return {slot.packet, slot.purpose};
  }
  void pop() { ++taker_.taken; }
  void release() { taken_.store(taker_.taken, std::memory_order_release); }
  // Whether something waits, told also to whoever is about to sleep: sequentially consistent with
  // the giver's look at the bell.
  [[nodiscard]] bool has_waiting() const { return given_.load() != taker_.taken; }

  // When neither side works any more.
  void clear() {
    taken_.store(giver_.given);
    taker_ = {giver_.given, giver_.given};
    take_back();
  }

 private:
  struct Slot {
    Packet* packet = nullptr;
    Purpose purpose = Purpose::kArrived;
  };
  struct Giver {
    std::uint64_t given = 0;
    std::uint64_t back = 0;
  };
  struct Taker {
    std::uint64_t taken = 0;
    std::uint64_t seen = 0;
  };

  const std::size_t capacity_;
  const std::unique_ptr<Slot[]> slots_;
  alignas(64) std::atomic<std::uint64_t> given_{0};
  Giver giver_;
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  Taker taker_;
};
// What one side writes shares no line with what the other writes, nor with another object.
static_assert(alignof(HandoverRing) == 64 && sizeof(HandoverRing) == 192);

}  // namespace strata::runtime
