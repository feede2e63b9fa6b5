// SPDX-License-Identifier: Apache-2.0
#include "strata/packet_batch.h"

#include <algorithm>

namespace strata {

void PacketBatch::compact() {
  const auto end =
      std::remove(packets_.begin(), packets_.begin() + static_cast<std::ptrdiff_t>(size_), nullptr);
  size_ = static_cast<std::size_t>(end - packets_.begin());
}

void PacketBatch::drop_front(std::size_t count) {
  CHECK(count <= size_);
  for (std::size_t i = 0; i < count; ++i) {
    if (packets_[i] != nullptr) PacketRecycler{}(packets_[i]);
  }
  std::copy(packets_.begin() + count, packets_.begin() + static_cast<std::ptrdiff_t>(size_),
            packets_.begin());
  size_ -= count;
}

void PacketBatch::clear() { drop_front(size_); }

void PacketQueue::push(PacketPtr packet) {
  Packet* added = packet.release();
  added->next_in_queue_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_in_queue_) = added;
  last_ = added;
  ++count_;
}

PacketPtr PacketQueue::pop() {
  if (first_ == nullptr) return nullptr;
  Packet* packet = std::exchange(first_, first_->next_in_queue_);
  packet->next_in_queue_ = nullptr;
  if (first_ == nullptr) last_ = nullptr;
  --count_;
  return PacketPtr(packet);
}

void PacketQueue::clear() {
  while (pop() != nullptr) {
  }
}

}  // namespace strata
