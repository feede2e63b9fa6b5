// SPDX-License-Identifier: Apache-2.0
#include "packet/byte_queue.h"

#include <algorithm>
#include <utility>

namespace strata {
namespace {

// A payload under a quarter of its buffer is copied where there is room for it.
constexpr std::size_t kPinnedShare = 4;

}  // namespace

std::size_t ByteQueue::write(PacketPool& pool, Bytes bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    if (room_behind_last() == 0) {
      const std::size_t left = bytes.size() - written;
      const bool is_bulk = left > kSmallBufferBytes;
      PacketPtr slice = pool.allocate(is_bulk ? BufferClass::kLarge : BufferClass::kSmall, 0);
      if (slice == nullptr) {
        slice = pool.allocate(is_bulk ? BufferClass::kSmall : BufferClass::kLarge, 0);
      }
      if (slice == nullptr) break;
      push(std::move(slice));
      owns_room_ = true;
    }
    const std::size_t count = std::min(room_behind_last(), bytes.size() - written);
    fill_last(bytes.subspan(written, count));
    written += count;
  }
  return written;
}

void ByteQueue::append(PacketPtr packet) {
  while (packet != nullptr) {
    PacketPtr rest(std::exchange(packet->next_slice_, nullptr));
    packet->rest_size_ = 0;
    const std::size_t size = packet->slice_size();
    const bool is_small = size * kPinnedShare < packet->buffer().capacity;
    if (size == 0 || (is_small && size <= room_behind_last())) {
      fill_last(packet->bytes());
    } else {
      // A buffer that nobody shares may take what comes behind this slice.
      owns_room_ = packet->is_writable();
      size_ += size;
      push(std::move(packet));
    }
    packet = std::move(rest);
  }
}

void ByteQueue::copy_out(std::size_t offset, MutableBytes to) const {
  STRATA_CHECK(offset <= size_ && to.size() <= size_ - offset);
  if (to.empty()) return;
  Place place = find(offset);
  while (!to.empty()) {
    const Bytes here = place.slice->bytes().subspan(place.offset);
    const std::size_t count = std::min(here.size(), to.size());
    copy_bytes(here.first(count), to);
    to = to.subspan(count);
    place = {place.slice->next_in_queue_, 0};
  }
}

std::size_t ByteQueue::read(MutableBytes to) {
  const std::size_t count = std::min(to.size(), size_);
  copy_out(0, to.first(count));
  consume(count);
  return count;
}

void ByteQueue::consume(std::size_t count) {
  STRATA_CHECK(count <= size_);
  while (count != 0) {
    const std::size_t here = first_->slice_size();
    if (count < here) {
      first_->trim_front(count);
      size_ -= count;
      if (hint_ != first_) hint_offset_ -= count;
      return;
    }
    count -= here;
    (void)pop_slice();
  }
}

PacketPtr ByteQueue::share(std::size_t offset, std::size_t count) const {
  STRATA_CHECK(count != 0 && offset <= size_ && count <= size_ - offset);
  Place place = find(offset);
  PacketPtr head;
  while (count != 0) {
    const std::size_t here = std::min(place.slice->slice_size() - place.offset, count);
    PacketPtr part = place.slice->share(place.offset, here);
    if (part == nullptr) return nullptr;
    if (head == nullptr) {
      head = std::move(part);
    } else {
      head->append_chain(std::move(part));
    }
    count -= here;
    place = {place.slice->next_in_queue_, 0};
  }
  return head;
}

PacketPtr ByteQueue::pop_slice() {
  if (first_ == nullptr) return nullptr;
  Packet* slice = std::exchange(first_, first_->next_in_queue_);
  slice->next_in_queue_ = nullptr;
  if (first_ == nullptr) {
    last_ = nullptr;
    owns_room_ = false;
  }
  size_ -= slice->slice_size();
  buffer_bytes_ -= slice->buffer().capacity;
  // A sender consumes at the front what it shared long ago: its place near the end stays known.
  if (hint_ == slice) {
    hint_ = nullptr;
  } else {
    hint_offset_ -= slice->slice_size();
  }
  return PacketPtr(slice);
}

void ByteQueue::clear() {
  while (pop_slice() != nullptr) {
  }
}

ByteQueue::Place ByteQueue::find(std::size_t offset) const {
  const Packet* slice = first_;
  if (offset < slice->slice_size()) return {slice, offset};
  std::size_t start = 0;
  if (hint_ != nullptr && hint_offset_ <= offset) {
    slice = hint_;
    start = hint_offset_;
  }
  while (offset - start >= slice->slice_size() && slice->next_in_queue_ != nullptr) {
    start += slice->slice_size();
    slice = slice->next_in_queue_;
  }
  hint_ = slice;
  hint_offset_ = start;
  return {slice, offset - start};
}

std::size_t ByteQueue::room_behind_last() const {
  return last_ == nullptr || !owns_room_ ? 0 : last_->tailroom();
}

void ByteQueue::fill_last(Bytes bytes) {
  if (bytes.empty()) return;
  copy_bytes(bytes, {last_->data_ + last_->slice_size_, bytes.size()});
  last_->slice_size_ += static_cast<std::uint32_t>(bytes.size());
  size_ += bytes.size();
}

void ByteQueue::push(PacketPtr slice) {
  Packet* added = slice.release();
  buffer_bytes_ += added->buffer().capacity;
  (last_ == nullptr ? first_ : last_->next_in_queue_) = added;
  last_ = added;
}

}  // namespace strata
