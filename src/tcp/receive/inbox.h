// SPDX-License-Identifier: Apache-2.0
// Inbox: text in order that the program has not read, in the slices it arrived in.
#pragma once

#include <cstddef>

#include "packet/byte_queue.h"
#include "strata/bytes.h"
#include "strata/packet.h"
#include "strata/packet_pool.h"

namespace strata::tcp {

// A ByteQueue that decides what is kept by reference and what is copied:
//
//   a large part of its buffer         the slice itself
//   a small part of its own buffer     ByteQueue: into the room behind the last slice, if any
//   a small part of a shared buffer    copied: nobody can use the rest while a slice pins it
//   the arrival pool is short          copied, into large buffers where there are any, so that
//                                      programs that read slowly cannot take a device's buffers
class Inbox {
 public:
  // Takes all of it. Where a copy finds no buffer, the slice itself is kept.
  void append(PacketPool& pool, PacketPtr text);
  // Takes the first `count` bytes of a text that stays the caller's; answers how many could be.
  [[nodiscard]] std::size_t append_part(PacketPool& pool, const Packet& text, std::size_t count);
  // Copies; answers how much the pool had room for.
  [[nodiscard]] std::size_t write(PacketPool& pool, Bytes text) { return text_.write(pool, text); }

  [[nodiscard]] std::size_t size() const { return text_.size(); }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::size_t buffer_bytes() const { return text_.buffer_bytes(); }

  [[nodiscard]] std::size_t read(MutableBytes to) { return text_.read(to); }
  void copy_out(std::size_t offset, MutableBytes to) const { text_.copy_out(offset, to); }
  void consume(std::size_t count) { text_.consume(count); }
  // The first bytes as a packet of the reader's own, at most `bytes_max`: fewer where cutting a
  // slice would need a descriptor that is not there. Null when nothing could be taken.
  [[nodiscard]] PacketPtr take(std::size_t bytes_max);

 private:
  void append_copied(PacketPool& pool, PacketPtr text);

  ByteQueue text_;
};

}  // namespace strata::tcp
