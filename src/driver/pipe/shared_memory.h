// SPDX-License-Identifier: Apache-2.0
// SharedMemory: what the two ends of a pipe have in common.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/shared_ring.h"
#include "strata/bytes.h"

namespace strata::driver::pipe {

// One direction. A side that finds nothing to read, or no room, says that it waits; the other,
// having changed that, takes the word back and rings once.
struct Lane {
  SharedRingIndices indices;
  alignas(64) std::atomic<std::uint32_t> reader_waits{0};
  alignas(64) std::atomic<std::uint32_t> writer_waits{0};
};

// Says that this side waits; whoever changes the ring afterwards sees it.
inline void say_waiting(std::atomic<std::uint32_t>& waits) {
  waits.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

// After the ring was changed: whether the other side is to be woken.
[[nodiscard]] inline bool must_wake(std::atomic<std::uint32_t>& waits) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return waits.load(std::memory_order_relaxed) != 0 &&
         waits.exchange(0, std::memory_order_relaxed) != 0;
}

// A file without a name, of fixed size: sealed, so that nobody can shrink it under the other.
//
//   file    | lanes | data 0 | data 1 |
//   mapped  | lanes | data 0 | data 0 again | data 1 | data 1 again |
//
// Behind its end a ring begins anew, so that whatever lies in it lies in one piece.
class SharedMemory {
 public:
  static constexpr std::size_t kLaneBytes = std::size_t{1} << 20U;

  // Made by the first end and sent to the second, who does not trust it: a file that is not sealed
  // or of another size is refused.
  [[nodiscard]] static std::optional<SharedMemory> make();
  [[nodiscard]] static std::optional<SharedMemory> adopt(int file);
  SharedMemory(SharedMemory&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), file_(std::exchange(other.file_, -1)) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~SharedMemory();

  [[nodiscard]] int file() const { return file_; }
  // Lane 0 leads from the first end to the second, lane 1 back.
  [[nodiscard]] Lane& lane(std::size_t which) const;
  // Its ring, and the ring once more.
  [[nodiscard]] MutableBytes data(std::size_t which) const;

 private:
  SharedMemory(std::byte* base, int file) : base_(base), file_(file) {}
  [[nodiscard]] static std::optional<SharedMemory> map(int file);

  std::byte* base_;
  int file_;
};

}  // namespace strata::driver::pipe
