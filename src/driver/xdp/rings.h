// SPDX-License-Identifier: Apache-2.0
// The four rings of an AF_XDP socket: entries in memory shared with the kernel, one side writes.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// An index counts entries since the beginning and wraps; its lower bits are a place in the ring.
//
//   consumer <= producer <= consumer + size       (modulo 2^32)
//
// 1. Each side keeps its own index and only publishes it; the other's is read with acquire.
// 2. The other's index is not believed: a distance that cannot be means that the ring is corrupt.
//    It is empty, or full, from then on, and is_corrupt() tells.

namespace strata::driver::xdp {

// Where a ring lies.
struct RingMemory {
  std::uint32_t* producer = nullptr;
  std::uint32_t* consumer = nullptr;
  std::uint32_t* flags = nullptr;  // null: an old kernel
  void* entries = nullptr;
  std::uint32_t size = 0;  // a power of two
};

// We write: frames to fill, frames to send.
template <typename Entry>
class ProducerRing {
 public:
  ProducerRing() = default;
  explicit ProducerRing(const RingMemory& memory) : memory_(memory) {
    next_ = published_ = std::atomic_ref(*memory.producer).load(std::memory_order_relaxed);
  }

  // Entries that may be pushed.
  [[nodiscard]] std::uint32_t room() {
    const std::uint32_t consumed =
        std::atomic_ref(*memory_.consumer).load(std::memory_order_acquire);
    const std::uint32_t used = next_ - consumed;
    is_corrupt_ = is_corrupt_ || used > memory_.size;
    return is_corrupt_ ? 0 : memory_.size - used;
  }
  // What the other side has not taken yet of what was published.
  [[nodiscard]] std::uint32_t waiting() {
    const std::uint32_t left = room();
    return is_corrupt_ ? 0 : memory_.size - left - (next_ - published_);
  }
  // There is room.
  void push(const Entry& entry) {
    static_cast<Entry*>(memory_.entries)[next_++ & (memory_.size - 1)] = entry;
  }
  void publish() {
    published_ = next_;
    std::atomic_ref(*memory_.producer).store(next_, std::memory_order_release);
  }
  [[nodiscard]] bool needs_wakeup() const {
    return memory_.flags == nullptr ||
           (std::atomic_ref(*memory_.flags).load(std::memory_order_relaxed) & 1U) != 0;
  }
  [[nodiscard]] bool is_corrupt() const { return is_corrupt_; }

 private:
  RingMemory memory_;
  std::uint32_t next_ = 0;
  std::uint32_t published_ = 0;
  bool is_corrupt_ = false;
};

// The kernel writes: frames that came, frames that were sent.
template <typename Entry>
class ConsumerRing {
 public:
  ConsumerRing() = default;
  explicit ConsumerRing(const RingMemory& memory) : memory_(memory) {
    next_ = std::atomic_ref(*memory.consumer).load(std::memory_order_relaxed);
  }

  // Entries that may be taken.
  [[nodiscard]] std::uint32_t count() {
    const std::uint32_t produced =
        std::atomic_ref(*memory_.producer).load(std::memory_order_acquire);
    const std::uint32_t waiting = produced - next_;
    is_corrupt_ = is_corrupt_ || waiting > memory_.size;
    return is_corrupt_ ? 0 : waiting;
  }
  // There is one.
  [[nodiscard]] Entry take() {
    return static_cast<const Entry*>(memory_.entries)[next_++ & (memory_.size - 1)];
  }
  // Gives the places of what was taken back.
  void release() { std::atomic_ref(*memory_.consumer).store(next_, std::memory_order_release); }
  [[nodiscard]] bool is_corrupt() const { return is_corrupt_; }

 private:
  RingMemory memory_;
  std::uint32_t next_ = 0;
  bool is_corrupt_ = false;
};

}  // namespace strata::driver::xdp
