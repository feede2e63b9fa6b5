// SPDX-License-Identifier: Apache-2.0
// Umem: memory that an AF_XDP socket and its owner exchange frames in. Frames: one queue's part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "strata/bytes.h"
#include "strata/packet_pool.h"

// The memory is cut into chunks of one size. Each is in one place at a time:
//
//             fill ring                      receive ring
//   kFree ─────────────> kFilling (kernel) ───────────────> kHeld (a packet) ──> kFree
//     │       transmit ring                completion ring                         ^
//     └─────────────> kSending (kernel) ───────────────────────────────────────────┘
//
// 1. Every queue has chunks of its own, and its thread alone touches them; only the memory is one.
// 2. What the kernel hands back is believed only if the chunk was the kernel's: a chunk in two
//    places would be two packets that write over each other.
// 3. A packet over a chunk may outlive the device, as a slow reader's queue does. The memory ends
//    with the last of them.
// 4. When under a quarter of the chunks is left for arrivals, frames are to be copied out
// (is_short).

namespace strata::driver::xdp {

class Umem {
 public:
  // Null when the system has no memory.
  [[nodiscard]] static std::shared_ptr<Umem> make(std::size_t bytes, std::size_t chunk_bytes);
  ~Umem();
  Umem(const Umem&) = delete;
  Umem& operator=(const Umem&) = delete;

  [[nodiscard]] std::byte* memory() const { return memory_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  Umem(std::byte* memory, std::size_t size, std::size_t chunk_bytes)
      : memory_(memory), size_(size), chunk_bytes_(chunk_bytes) {}

  std::byte* memory_;
  std::size_t size_;
  std::size_t chunk_bytes_;
};

class Frames {
 public:
  // The owner's hold on the frames; they go when it and all packets have gone.
  struct LetGo {
    void operator()(Frames* frames) const;
  };
  using Owner = std::unique_ptr<Frames, LetGo>;

  // Chunks [first, first + count) of the memory.
  [[nodiscard]] static Owner make(std::shared_ptr<Umem> umem, std::size_t first, std::size_t count);
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  [[nodiscard]] std::size_t chunk_bytes() const { return umem_->chunk_bytes(); }
  [[nodiscard]] std::size_t count() const { return places_.size(); }
  [[nodiscard]] std::size_t free_count() const { return free_.size(); }
  [[nodiscard]] std::size_t held_count() const { return held_; }
  [[nodiscard]] bool is_short() const { return held_ * 4 > places_.size() * 3; }

  // The address of a free chunk for a ring; nothing when there is none.
  [[nodiscard]] std::optional<std::uint64_t> take_to_fill() { return take(Place::kFilling); }
  [[nodiscard]] std::optional<std::uint64_t> take_to_send() { return take(Place::kSending); }
  // All of a chunk that was taken to send.
  [[nodiscard]] MutableBytes chunk_at(std::uint64_t address) const;
  // The kernel has sent the chunk at this address. False when it had no such chunk.
  [[nodiscard]] bool give_back_sent(std::uint64_t address);
  // A chunk that was to be sent is not.
  void put_back(std::uint64_t address);

  // What arrived, until give_back() or adopt(). Nothing when the kernel had no such chunk, or the
  // bytes leave it.
  struct Arrival {
    std::size_t chunk = 0;
    std::size_t offset = 0;  // in the chunk
    std::size_t size = 0;
  };
  [[nodiscard]] std::optional<Arrival> arrive(std::uint64_t address, std::size_t size);
  [[nodiscard]] Bytes bytes_of(const Arrival& arrival) const;
  void give_back(const Arrival& arrival);
  // The packet over the chunk, which comes back with its last slice. Null when `pool` has no header
  // for it: the arrival is as it was.
  [[nodiscard]] PacketPtr adopt(const Arrival& arrival, PacketPool& pool);

 private:
  enum class Place : std::uint8_t { kFree, kFilling, kSending, kHeld };

  Frames(std::shared_ptr<Umem> umem, std::size_t first, std::size_t count);
  ~Frames() = default;
  static void release(void* context, std::byte* bytes, std::size_t capacity);
  [[nodiscard]] std::optional<std::uint64_t> take(Place place);
  // The chunk of ours that an address lies in.
  [[nodiscard]] std::optional<std::size_t> chunk_of(std::uint64_t address) const;
  void free_chunk(std::size_t chunk);

  std::shared_ptr<Umem> umem_;
  std::size_t first_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;  // used last, handed out first
  std::size_t held_ = 0;
  bool is_owned_ = true;
};

}  // namespace strata::driver::xdp
