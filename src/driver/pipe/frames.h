// SPDX-License-Identifier: Apache-2.0
// FrameWriter and FrameReader: frames in a ring of bytes that another process shares.
//
//   | length | VirtioHeader | the frame's bytes | padding | gap |   | length | ...
//     4        12             length              to 16     16 times `buffers` of the header
//
// 1. A record begins at a multiple of 16. The ring is mapped twice in a row, so that none wraps.
// 2. Whoever writes shows what it has written, and whoever reads gives back what it has read, once
//    for a whole batch: the other's cache line is touched once.
// 3. The head is copied before it is judged, and so are the frame's bytes by whoever looks at them:
//    the other side can change both at any time. A length that does not fit breaks the rules for
//    good.
// 4. A gap follows a frame whose writer had reserved more room than it needed in the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/shared_ring.h"
#include "driver/virtio_header.h"
#include "strata/bytes.h"
#include "strata/packet.h"

namespace strata::driver::pipe {

// The longest frame: an IP packet of 65,535 bytes behind Ethernet and two VLAN tags.
inline constexpr std::size_t kFrameBytesMax = 65'535 + 22;

struct RecordHead {
  std::uint32_t length = 0;
  VirtioHeader notes;
};
inline constexpr std::uint32_t kRecordUnit = 16;
static_assert(sizeof(RecordHead) == kRecordUnit);

// So far ahead of what is read lines are asked for.
inline constexpr std::uint32_t kPrefetchBytes = 1024;

[[nodiscard]] constexpr std::uint32_t record_bytes(std::size_t frame_bytes) {
  return static_cast<std::uint32_t>(frame_bytes + 2 * kRecordUnit - 1) / kRecordUnit * kRecordUnit;
}

class FrameWriter {
 public:
  // `data` is the ring and the ring once more (SharedMemory).
  FrameWriter(SharedRingIndices& indices, MutableBytes data);

  // How many bytes of records would fit now; 0 once the reader has broken the rules.
  [[nodiscard]] std::size_t room();
  // False when there is no room. Shown to the reader by publish().
  [[nodiscard]] bool write(const VirtioHeader& notes, const Packet& frame);
  void publish();
  [[nodiscard]] bool is_corrupted() const { return ring_.is_corrupted(); }

  // The same for who needs no more than `bytes`, and does not touch the other's cache line for it.
  [[nodiscard]] std::size_t room_for(std::size_t bytes) { return bytes > room_ ? room() : room_; }
  // For who writes records in place: where the next one goes.
  [[nodiscard]] std::byte* begin() const { return data_.data() + position_; }
  // Writes the head in front of a frame that lies there, in a record of `reserved` bytes.
  static void write_head(std::byte* record, const VirtioHeader& notes, std::size_t frame_bytes,
                         std::uint32_t reserved) {
    RecordHead head{static_cast<std::uint32_t>(frame_bytes), notes};
    const std::uint32_t gap = (reserved - record_bytes(frame_bytes)) / kRecordUnit;
    head.notes.buffers = static_cast<std::uint16_t>(gap);
    std::memcpy(record, &head, sizeof(head));
  }
  // So many bytes of records stand at begin().
  void append(std::uint32_t bytes) {
    STRATA_CHECK(bytes <= room_);
    room_ -= bytes;
    written_ += bytes;
    position_ = (position_ + bytes) & (ring_.capacity() - 1);
  }

 private:
  SharedRingProducer ring_;
  MutableBytes data_;
  std::uint32_t position_ = 0;  // in the ring, of the next record
  std::uint32_t written_ = 0;   // and not yet published
  std::uint32_t room_ = 0;      // behind position_, as last seen
};

class FrameReader {
 public:
  // `data` is the ring and the ring once more (SharedMemory).
  FrameReader(SharedRingIndices& indices, MutableBytes data);

  struct Frame {
    VirtioHeader notes;
    MutableBytes bytes;
  };
  // The next frame, whose bytes stay until they are released. Nothing: there is none, or the writer
  // has broken the rules.
  [[nodiscard]] std::optional<Frame> next() {
    std::optional<Frame> found;
    take(1, [&](MutableBytes bytes, const VirtioHeader& notes, std::uint32_t) {
      found = Frame{notes, bytes};
    });
    return found;
  }
  // Calls place(bytes, notes, bytes of the record) for each of the next frames, `count` at most,
  // and answers how many there were.
  template <typename Place>
  std::size_t take(std::size_t count, Place place);
  // Gives the writer back the room of all that was answered.
  void release() { release(read_); }
  // Of the oldest records that were answered and take so many bytes.
  void release(std::uint32_t bytes) {
    STRATA_CHECK(bytes <= read_);
    if (bytes == 0) return;
    ring_.consume(bytes);
    read_ -= bytes;
  }
  [[nodiscard]] bool has_frames() { return !is_corrupted_ && (left_ != 0 || look_for_more()); }
  [[nodiscard]] bool is_corrupted() const { return is_corrupted_ || ring_.is_corrupted(); }

 private:
  // While there are none left: whether the writer has shown more.
  [[nodiscard]] bool look_for_more() {
    const Result<SharedRingPart> part = ring_.readable();
    // What comes next is under way from the other core while its index still is.
    __builtin_prefetch(data_ + position_);
    if (!part) return false;
    left_ = part->length() - read_;
    return left_ != 0;
  }

  SharedRingConsumer ring_;
  std::byte* data_;
  std::uint32_t position_ = 0;  // in the ring, of the next record
  std::uint32_t left_ = 0;      // bytes from there that are known to be readable
  std::uint32_t read_ = 0;      // before that, and not yet released
  bool is_corrupted_ = false;
};

template <typename Place>
std::size_t FrameReader::take(std::size_t count, Place place) {
  if (!has_frames()) return 0;
  const std::uint32_t mask = ring_.capacity() - 1;
  std::uint32_t left = left_;
  std::uint32_t position = position_;
  std::size_t taken = 0;
  while (taken < count && left != 0) {
    // Each line comes from the other core: several are under way at once.
    if (left > kPrefetchBytes) __builtin_prefetch(data_ + position + kPrefetchBytes);
    RecordHead head;
    if (left >= sizeof(head)) std::memcpy(&head, data_ + position, sizeof(head));
    // A head that was not copied is of no length, and neither is a frame.
    const std::uint32_t record = record_bytes(head.length) + head.notes.buffers * kRecordUnit;
    if (head.length - 1 >= kFrameBytesMax || record > left) {
      is_corrupted_ = true;
      break;
    }
    place(MutableBytes{data_ + position + sizeof(head), head.length}, head.notes, record);
    left -= record;
    position = (position + record) & mask;
    ++taken;
  }
  read_ += left_ - left;
  left_ = left;
  position_ = position;
  return taken;
}

}  // namespace strata::driver::pipe
