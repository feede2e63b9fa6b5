// SPDX-License-Identifier: Apache-2.0
// Packet: one cache line that describes bytes on their way through the stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/check.h"
#include "strata/time.h"

// A packet is a descriptor of 64 bytes and a slice of a reference-counted buffer:
//
//   buffer: | headroom ............ | data: size of this slice | tailroom |
//                       prepend() <-^                          ^-> append()
//
// A long packet is a chain: the first descriptor carries the notes (offsets, checksum,
// segmentation), each further one a slice. A slice may be shared with the socket that sent it,
// with a capture or with another packet; bytes of a shared buffer are never written.
//
//   Packet ──next_slice──> Packet ──next_slice──> Packet
//     │ header, 94 B         │ payload slice        │ payload slice
//     v                      v                      v
//   Buffer (2 KB)          Buffer (64 KB, shared with a send queue)
//
// 1. A descriptor has one owner: a PacketPtr, a PacketBatch, a PacketQueue or another descriptor.
// 2. Descriptors and buffers go back to the pool they came from, whoever lets go last.
// 3. Packets of one pool stay on one core; other cores get copies through bounded queues.

namespace strata {

class Packet;
class PacketPool;

enum class BufferClass : std::uint8_t {
  kSmall,     // kSmallBufferBytes: one Ethernet frame with all its headroom
  kLarge,     // kLargeBufferBytes: super-segments and send queues
  kExternal,  // memory of a device or an application, given back through its release function
};

inline constexpr std::size_t kSmallBufferBytes = 2048;
// Room for every header the stack may prepend: a device's own 12, Ethernet with two tags 22,
// IPv6 40 with extension headers 40, TCP with options 60.
inline constexpr std::size_t kHeadroom = 192;
// The largest IP packet and its headroom.
inline constexpr std::size_t kLargeBufferBytes = 65536 + 256;

// Storage of one or more slices. Lives in its pool's memory.
struct Buffer {
  using Release = void (*)(void* context, std::byte* bytes, std::size_t capacity);

  std::byte* bytes = nullptr;
  PacketPool* pool = nullptr;
  Buffer* next_free = nullptr;
  Release release = nullptr;  // kExternal only
  void* release_context = nullptr;
  std::uint32_t capacity = 0;
  std::uint32_t references = 0;
  BufferClass buffer_class = BufferClass::kSmall;
};

// What is known about the checksum of the transport header.
enum class ChecksumState : std::uint8_t {
  kUnknown,   // nobody has looked: a receiver must verify
  kVerified,  // proved right by us or vouched for by the device
  kPartial,   // holds the pseudo-header's sum only; the device, or send_frame, completes it
};

// How a packet larger than the link is to be cut, or how it was merged.
enum class SegmentKind : std::uint8_t { kNone, kTcp, kUdp };

// Gives a packet back to its pool.
struct PacketRecycler {
  void operator()(Packet* packet) const;
};
using PacketPtr = std::unique_ptr<Packet, PacketRecycler>;

// Notes that travel with the packet. Plain data: any layer may read and set them.
struct PacketNotes {
  Time arrival{};                        // 0 until a device or the stack sets it
  std::uint32_t flow_hash = 0;           // 0: not computed
  InterfaceId interface = kNoInterface;  // where it came in, or goes out
  std::uint16_t segment_size = 0;        // payload bytes a segment, with segment_kind
  std::uint8_t network_offset = 0;       // of the IP header, from the first byte
  std::uint8_t checksum_offset = 0;      // of the checksum in the transport header
  std::uint16_t transport_offset = 0;    // of the transport header, from the first byte
  ChecksumState checksum : 2 = ChecksumState::kUnknown;
  SegmentKind segment_kind : 2 = SegmentKind::kNone;
  bool is_link_multicast : 1 = false;  // the frame went to a group or to all stations
  bool is_reassembled : 1 = false;     // was put together from fragments
  bool is_looped_back : 1 = false;     // we sent it ourselves and hear it again
  std::uint8_t scratch = 0;            // for the step that holds the packet
};

class alignas(64) Packet {
 public:
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;

  // The first slice.
  [[nodiscard]] Bytes bytes() const { return {data_, slice_size_}; }
  // The same, to write. The buffer must not be shared.
  [[nodiscard]] MutableBytes mutable_bytes() {
    STRATA_CHECK(is_writable());
    return {data_, slice_size_};
  }
  // Bytes over all slices.
  [[nodiscard]] std::size_t size() const { return std::size_t{slice_size_} + rest_size_; }
  [[nodiscard]] std::size_t slice_size() const { return slice_size_; }
  [[nodiscard]] bool is_chain() const { return next_slice_ != nullptr; }
  [[nodiscard]] bool is_writable() const { return buffer_->references == 1; }
  [[nodiscard]] std::size_t headroom() const {
    return static_cast<std::size_t>(data_ - buffer_->bytes);
  }
  [[nodiscard]] std::size_t tailroom() const {
    return buffer_->capacity - headroom() - slice_size_;
  }
  // What this packet keeps from being used by others: buffers, not payload.
  [[nodiscard]] std::size_t buffer_bytes() const {
    return is_chain() ? chain_buffer_bytes() : buffer_->capacity;
  }
  [[nodiscard]] PacketPool& pool() const { return *buffer_->pool; }
  [[nodiscard]] const Buffer& buffer() const { return *buffer_; }

  // Makes room in front. The stack sizes headroom so that this cannot fail for its own headers.
  template <std::size_t kCount>
  [[nodiscard]] std::span<std::byte, kCount> prepend() {
    return std::span<std::byte, kCount>(prepend(kCount));
  }
  [[nodiscard]] MutableBytes prepend(std::size_t count) {
    STRATA_CHECK(count <= headroom() && is_writable());
    data_ -= count;
    slice_size_ += static_cast<std::uint32_t>(count);
    return {data_, count};
  }
  // Makes room at the end of the first slice; the packet must not be a chain.
  [[nodiscard]] MutableBytes append(std::size_t count) {
    STRATA_CHECK(count <= tailroom() && is_writable() && next_slice_ == nullptr);
    MutableBytes room{data_ + slice_size_, count};
    slice_size_ += static_cast<std::uint32_t>(count);
    return room;
  }
  // Takes bytes off the front of the first slice.
  void trim_front(std::size_t count) {
    STRATA_CHECK(count <= slice_size_);
    data_ += count;
    slice_size_ -= static_cast<std::uint32_t>(count);
  }
  // Cuts the whole packet to its first `size` bytes; slices beyond go back to the pool.
  void truncate(std::size_t size) {
    STRATA_CHECK(size <= this->size());
    if (is_chain()) return truncate_chain(size);
    slice_size_ = static_cast<std::uint32_t>(size);
  }
  // Drops `count` bytes from the front of the whole chain; emptied slices stay as empty heads.
  void skip(std::size_t count) {
    if (is_chain()) return skip_chain(count);
    trim_front(count);
  }

  // Makes the first `count` bytes one slice, copying from later ones. False when the packet is
  // shorter than that, or the first buffer has no room or is shared.
  [[nodiscard]] bool pull(std::size_t count);

  // Hangs `tail` (a packet of its own until now) behind the last slice.
  void append_chain(PacketPtr tail) { append_chain(std::move(tail), *this); }
  // The same for who keeps in mind where the chain ends: `last` is a slice near its end, and the
  // answer is the last one now.
  Packet& append_chain(PacketPtr tail, Packet& last);
  [[nodiscard]] Packet* next_slice() { return next_slice_; }
  [[nodiscard]] const Packet* next_slice() const { return next_slice_; }

  // Copies bytes out of the chain. The range must lie inside.
  void copy_out(std::size_t offset, MutableBytes to) const {
    STRATA_CHECK(offset <= size() && to.size() <= size() - offset);
    if (is_chain()) return copy_out_chain(offset, to);
    copy_bytes({data_ + offset, to.size()}, to);
  }

  // A packet that shares bytes [offset, offset + count) with this one; null when the pool has no
  // descriptor left. Notes are not copied.
  [[nodiscard]] PacketPtr share(std::size_t offset, std::size_t count) const;
  // A packet with bytes of its own, in one slice, and the same notes; null when the pool is empty
  // or the bytes are more than a large buffer holds. The longest packets get less headroom.
  [[nodiscard]] PacketPtr copy(PacketPool& pool, std::size_t headroom = kHeadroom) const;

  [[nodiscard]] PacketNotes& notes() { return notes_; }
  [[nodiscard]] const PacketNotes& notes() const { return notes_; }

 private:
  friend class PacketPool;
  friend struct PacketRecycler;
  friend class PacketQueue;
  friend class ByteQueue;
  Packet() = default;

  // The same for packets of several slices.
  [[nodiscard]] std::size_t chain_buffer_bytes() const;
  void truncate_chain(std::size_t size);
  void skip_chain(std::size_t count);
  void copy_out_chain(std::size_t offset, MutableBytes to) const;

  std::byte* data_ = nullptr;
  Buffer* buffer_ = nullptr;
  Packet* next_slice_ = nullptr;
  Packet* next_in_queue_ = nullptr;  // also the pool's free list
  std::uint32_t slice_size_ = 0;
  std::uint32_t rest_size_ = 0;  // bytes in the slices behind this one; kept in the first only
  PacketNotes notes_;
};
static_assert(sizeof(void*) != 8 || sizeof(Packet) == 64);

}  // namespace strata
