// SPDX-License-Identifier: Apache-2.0
// ReceiveQueue: packets that wait for a program, bounded by the buffers they hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "strata/packet_batch.h"

namespace strata {

class ReceiveQueue {
 public:
  static constexpr std::size_t kBufferBytesDefault = std::size_t{1} << 20U;

  explicit ReceiveQueue(std::size_t buffer_bytes_max = kBufferBytesDefault)
      : buffer_bytes_max_(buffer_bytes_max) {}

  // False, and the packet goes back to its pool, when the queue is full. Bytes are counted by
  // buffer, not by payload: small packets in large buffers cannot pin a device's memory. One
  // packet always fits, or a large datagram could never be had.
  [[nodiscard]] bool try_push(PacketPtr packet) {
    const std::size_t bytes = packet->buffer_bytes();
    if (!queue_.empty() && bytes > buffer_bytes_max_ - std::min(buffer_bytes_, buffer_bytes_max_)) {
      ++dropped_;
      return false;
    }
    buffer_bytes_ += bytes;
    queue_.push(std::move(packet));
    return true;
  }
  [[nodiscard]] PacketPtr pop() {
    PacketPtr packet = queue_.pop();
    if (packet != nullptr) buffer_bytes_ -= packet->buffer_bytes();
    return packet;
  }
  [[nodiscard]] const Packet* front() const { return queue_.front(); }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }
  [[nodiscard]] std::size_t buffer_bytes_max() const { return buffer_bytes_max_; }
  void set_buffer_bytes_max(std::size_t bytes) { buffer_bytes_max_ = bytes; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  void clear() {
    queue_.clear();
    buffer_bytes_ = 0;
  }

 private:
  PacketQueue queue_;
  std::size_t buffer_bytes_ = 0;
  std::size_t buffer_bytes_max_;
  std::uint64_t dropped_ = 0;
};

}  // namespace strata
