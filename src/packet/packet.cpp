// SPDX-License-Identifier: Apache-2.0
#include "strata/packet.h"

#include <algorithm>
#include <utility>

#include "strata/packet_pool.h"

namespace strata {

std::size_t Packet::chain_buffer_bytes() const {
  std::size_t total = 0;
  for (const Packet* slice = this; slice != nullptr; slice = slice->next_slice_) {
    total += slice->buffer_->capacity;
  }
  return total;
}

void Packet::truncate_chain(std::size_t wanted) {
  Packet* last = this;
  std::size_t left = wanted;
  while (left > last->slice_size_) {
    left -= last->slice_size_;
    last = last->next_slice_;
  }
  last->slice_size_ = static_cast<std::uint32_t>(left);
  rest_size_ = static_cast<std::uint32_t>(wanted - slice_size_);
  if (Packet* cut = std::exchange(last->next_slice_, nullptr); cut != nullptr) {
    PacketRecycler{}(cut);
  }
}

void Packet::skip_chain(std::size_t count) {
  STRATA_CHECK(count <= size());
  for (Packet* slice = this; count != 0; slice = slice->next_slice_) {
    const std::size_t here = std::min<std::size_t>(count, slice->slice_size_);
    slice->trim_front(here);
    if (slice != this) rest_size_ -= static_cast<std::uint32_t>(here);
    count -= here;
  }
}

bool Packet::pull(std::size_t count) {
  if (count <= slice_size_) return true;
  if (count > size() || !is_writable()) return false;
  const std::size_t missing = count - slice_size_;
  if (missing > tailroom()) return false;
  copy_out(slice_size_, {data_ + slice_size_, missing});
  const std::uint32_t total = static_cast<std::uint32_t>(size());
  std::size_t left = missing;
  while (left != 0) {
    Packet* next = next_slice_;
    const std::size_t here = std::min<std::size_t>(left, next->slice_size_);
    next->trim_front(here);
    left -= here;
    if (next->slice_size_ == 0) {
      next_slice_ = std::exchange(next->next_slice_, nullptr);
      PacketRecycler{}(next);
    }
  }
  slice_size_ = static_cast<std::uint32_t>(count);
  rest_size_ = total - slice_size_;
  return true;
}

Packet& Packet::append_chain(PacketPtr tail, Packet& last) {
  Packet* at = &last;
  while (at->next_slice_ != nullptr) at = at->next_slice_;
  rest_size_ += static_cast<std::uint32_t>(tail->size());
  tail->rest_size_ = 0;
  at->next_slice_ = tail.release();
  return *at->next_slice_;
}

void Packet::copy_out_chain(std::size_t offset, MutableBytes to) const {
  const Packet* slice = this;
  while (!to.empty()) {
    if (offset >= slice->slice_size_) {
      offset -= slice->slice_size_;
    } else {
      const std::size_t here = std::min<std::size_t>(to.size(), slice->slice_size_ - offset);
      copy_bytes({slice->data_ + offset, here}, to);
      to = to.subspan(here);
      offset = 0;
    }
    slice = slice->next_slice_;
  }
}

PacketPtr Packet::share(std::size_t offset, std::size_t count) const {
  STRATA_CHECK(offset <= size() && count <= size() - offset);
  const Packet* slice = this;
  // A slice that ends where the share begins has nothing to give.
  while (offset >= slice->slice_size_ && slice->next_slice_ != nullptr) {
    offset -= slice->slice_size_;
    slice = slice->next_slice_;
  }
  PacketPtr head;
  do {
    const std::size_t here = std::min<std::size_t>(count, slice->slice_size_ - offset);
    // The descriptor comes from the pool of the slice it describes, for it goes back there.
    PacketPtr part = slice->pool().share(slice->buffer_, slice->data_ + offset, here);
    if (part == nullptr) return nullptr;
    if (head == nullptr) {
      head = std::move(part);
    } else {
      head->append_chain(std::move(part));
    }
    count -= here;
    offset = 0;
    slice = slice->next_slice_;
  } while (count != 0);
  return head;
}

PacketPtr Packet::copy(PacketPool& pool, std::size_t headroom) const {
  if (size() > kLargeBufferBytes) return nullptr;
  PacketPtr twin = pool.allocate_for(size(), std::min(headroom, kLargeBufferBytes - size()));
  if (twin == nullptr) return nullptr;
  copy_out(0, twin->append(size()));
  twin->notes_ = notes_;
  return twin;
}

}  // namespace strata
