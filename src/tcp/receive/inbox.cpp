// SPDX-License-Identifier: Apache-2.0
#include "tcp/receive/inbox.h"

#include <algorithm>
#include <array>
#include <utility>

namespace strata::tcp {
namespace {

// A payload under a quarter of its buffer does not keep it (as ByteQueue has it).
constexpr std::size_t kPinnedShare = 4;
// Copies go into large buffers once a queue holds so much: a short pool has few small ones, and a
// large one for a few bytes would be worse.
constexpr std::size_t kBulkBytes = 8 * kSmallBufferBytes;
// Slices that one take() gives at most.
constexpr std::size_t kSlicesMax = 64;

bool pins_too_much(const Packet& slice) {
  return !slice.is_writable() && slice.slice_size() != 0 &&
         slice.slice_size() * kPinnedShare < slice.buffer().capacity;
}

bool wants_copy(const Packet& text) {
  if (text.pool().is_short()) return true;
  for (const Packet* slice = &text; slice != nullptr; slice = slice->next_slice()) {
    if (pins_too_much(*slice)) return true;
  }
  return false;
}

}  // namespace

void Inbox::append(PacketPool& pool, PacketPtr text) {
  if (wants_copy(*text)) {
    append_copied(pool, std::move(text));
  } else {
    text_.append(std::move(text));
  }
}

void Inbox::append_copied(PacketPool& pool, PacketPtr text) {
  std::size_t copied = 0;
  for (const Packet* slice = text.get(); slice != nullptr; slice = slice->next_slice()) {
    const Bytes bytes = slice->bytes();
    if (bytes.empty()) continue;
    if (text_.size() >= kBulkBytes && bytes.size() <= kSmallBufferBytes) {
      // Where the slice behind has room, the bytes go there and this buffer straight home.
      if (PacketPtr large = pool.allocate(BufferClass::kLarge, 0)) {
        copy_bytes(bytes, large->append(bytes.size()));
        text_.append(std::move(large));
        copied += bytes.size();
        continue;
      }
    }
    const std::size_t written = text_.write(pool, bytes);
    copied += written;
    if (written < bytes.size()) break;
  }
  if (copied == text->size()) return;
  text->skip(copied);
  text_.append(std::move(text));
}

std::size_t Inbox::append_part(PacketPool& pool, const Packet& text, std::size_t count) {
  if (count * kPinnedShare >= kSmallBufferBytes) {
    if (PacketPtr part = text.share(0, count)) {
      append(pool, std::move(part));
      return count;
    }
  }
  std::size_t copied = 0;
  for (const Packet* slice = &text; copied < count; slice = slice->next_slice()) {
    const Bytes bytes = slice->bytes().first(std::min(slice->slice_size(), count - copied));
    const std::size_t written = text_.write(pool, bytes);
    copied += written;
    if (written < bytes.size()) break;
  }
  return copied;
}

PacketPtr Inbox::take(std::size_t bytes_max) {
  std::array<PacketPtr, kSlicesMax> slices;
  std::size_t count = 0;
  while (count < slices.size() && bytes_max != 0 && !text_.empty()) {
    PacketPtr slice;
    const std::size_t before = text_.size();
    if (text_.front_size() <= bytes_max) {
      slice = text_.pop_slice();
    } else {
      slice = text_.share(0, bytes_max);
      if (slice == nullptr) break;
      text_.consume(bytes_max);
    }
    bytes_max -= before - text_.size();
    slices[count++] = std::move(slice);
  }
  // From the end, so that no link is walked twice.
  for (std::size_t i = count; i > 1; --i) slices[i - 2]->append_chain(std::move(slices[i - 1]));
  return std::move(slices[0]);
}

}  // namespace strata::tcp
