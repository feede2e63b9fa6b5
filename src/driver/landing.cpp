// SPDX-License-Identifier: Apache-2.0
#include "driver/landing.h"

#include <algorithm>
#include <utility>

namespace strata::driver {
namespace {

// Up to three small buffers of overflow are cheaper to copy than to pay for with a large buffer.
constexpr std::size_t kCopiedOverflowBytesMax = 3 * kSmallBufferBytes;

iovec vector_over(MutableBytes bytes) { return {bytes.data(), bytes.size()}; }

// All the room of a packet, or `otherwise` when there is no packet.
MutableBytes all_of(Packet* packet, MutableBytes otherwise) {
  if (packet == nullptr) return otherwise;
  packet->truncate(0);
  return packet->append(packet->tailroom());
}

}  // namespace

std::array<iovec, 2> Landing::slices() {
  if (head_ == nullptr) head_ = pool_.allocate();
  if (overflow_ == nullptr) overflow_ = pool_.allocate(BufferClass::kLarge, 0);
  head_room_ = all_of(head_.get(), {});
  overflow_room_ = all_of(overflow_.get(), scratch_);
  return {vector_over(head_room_), vector_over(overflow_room_)};
}

PacketPtr Landing::take(std::size_t size) {
  if (head_ == nullptr) return nullptr;
  const std::size_t in_head = std::min(size, head_room_.size());
  head_->truncate(in_head);
  if (size > in_head && !attach_overflow(overflow_room_.first(size - in_head))) {
    head_ = nullptr;
    return nullptr;
  }
  return std::move(head_);
}

bool Landing::attach_overflow(Bytes bytes) {
  const bool has_large = overflow_ != nullptr;
  if (has_large && bytes.size() > kCopiedOverflowBytesMax) {
    overflow_->truncate(bytes.size());
    head_->append_chain(std::move(overflow_));
    return true;
  }
  while (!bytes.empty()) {
    PacketPtr part = pool_.allocate(BufferClass::kSmall, 0);
    if (part == nullptr) return false;
    const std::size_t here = std::min(part->tailroom(), bytes.size());
    copy_bytes(bytes.first(here), part->append(here));
    bytes = bytes.subspan(here);
    head_->append_chain(std::move(part));
  }
  return true;
}

std::size_t gather(const Packet& packet, std::span<iovec> to, LandingScratch& scratch) {
  std::size_t count = 0;
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    if (slice->slice_size() == 0) continue;
    if (count == to.size()) {
      // More slices than one system call is worth: one copy instead.
      const MutableBytes flat = MutableBytes(scratch).first(packet.size());
      packet.copy_out(0, flat);
      to[0] = vector_over(flat);
      return 1;
    }
    // Who gathers does not write through the vectors, though their type would let him.
    to[count++] = {const_cast<std::byte*>(slice->bytes().data()), slice->slice_size()};
  }
  return count;
}

}  // namespace strata::driver
