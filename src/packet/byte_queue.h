// SPDX-License-Identifier: Apache-2.0
// ByteQueue: a stream of bytes in shared slices, for what was sent and what was received.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/packet.h"
#include "strata/packet_pool.h"

// Slices stand in a row; positions count bytes from the front:
//
//   consume() ->| slice 0 | slice 1 | slice 2 .... room |<- write(), append()
//               0         |         |            size()
//                         share(offset, count): the same bytes, not copied
//
// 1. Bytes once written never change, so a share of them stays right whatever is added behind.
// 2. write() fills the room behind the last slice although its buffer may be shared: nobody else
//    can see those bytes, and only the queue that made the buffer ever writes there.
// 3. A small packet appended behind a slice with room is copied into it, so that little payloads
//    do not pin large buffers.
// 4. What is held is counted by buffer (buffer_bytes()), not by payload.

namespace strata {

class ByteQueue {
 public:
  ByteQueue() = default;
  ~ByteQueue() { clear(); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }

  // Copies bytes in, taking buffers of `pool` as needed; answers how many the pool had room for.
  std::size_t write(PacketPool& pool, Bytes bytes);
  // Takes a packet, all slices of it, without copying more than small ones.
  void append(PacketPtr packet);

  // Copies bytes from `offset` on without removing them. The range must lie inside.
  void copy_out(std::size_t offset, MutableBytes to) const;
  // Copies from the front and removes what was copied; answers how many.
  std::size_t read(MutableBytes to);
  // Forgets bytes at the front. There are at least that many.
  void consume(std::size_t count);
  // The same bytes as a packet; null when the pool has no descriptors left.
  [[nodiscard]] PacketPtr share(std::size_t offset, std::size_t count) const;
  // How long the first slice is; 0 when the queue is empty.
  [[nodiscard]] std::size_t front_size() const {
    return first_ == nullptr ? 0 : first_->slice_size();
  }
  // The first slice, out of the queue; null when it is empty.
  [[nodiscard]] PacketPtr pop_slice();

  void clear();

 private:
  struct Place {
    const Packet* slice;
    std::size_t offset;  // inside the slice
  };
  [[nodiscard]] Place find(std::size_t offset) const;
  [[nodiscard]] std::size_t room_behind_last() const;
  void fill_last(Bytes bytes);
  void push(PacketPtr slice);

  Packet* first_ = nullptr;
  Packet* last_ = nullptr;
  bool owns_room_ = false;  // the room behind the last slice is ours to write
  std::size_t size_ = 0;
  std::size_t buffer_bytes_ = 0;
  // Where the last find() ended: senders walk forward, so the next one starts there.
  mutable const Packet* hint_ = nullptr;
  mutable std::size_t hint_offset_ = 0;
};

}  // namespace strata
