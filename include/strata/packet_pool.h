// SPDX-License-Identifier: Apache-2.0
// PacketPool: a bounded store of packets that one or several stacks of a core share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "strata/memory.h"
#include "strata/packet.h"

namespace strata {

struct PacketPoolConfig {
  std::uint32_t small_buffers = 4096;
  std::uint32_t large_buffers = 64;
  std::uint32_t external_buffers = 0;      // headers for memory that others own
  std::uint32_t extra_descriptors = 4096;  // for slices that share buffers
};

// All memory is taken when the pool is made and given back when it ends; nothing in between
// touches the system. An empty pool answers null, and the caller counts DropReason::kPoolEmpty.
class PacketPool {
 public:
  // A pool for which there was no memory is empty from the start: is_usable() tells.
  PacketPool(Memory& memory, const PacketPoolConfig& config);
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  [[nodiscard]] bool is_usable() const { return block_ != nullptr; }

  // An empty packet with `headroom` bytes in front.
  [[nodiscard]] PacketPtr allocate(BufferClass buffer_class = BufferClass::kSmall,
                                   std::size_t headroom = kHeadroom) {
    STRATA_CHECK(buffer_class != BufferClass::kExternal);
    FreeBuffers& free = free_buffers(buffer_class);
    Buffer* const buffer = free.first;
    if (buffer == nullptr || headroom > buffer->capacity) return nullptr;
    Packet* const packet = take_descriptor();
    if (packet == nullptr) return nullptr;
    free.take();
    buffer->references = 1;
    set_slice(*packet, buffer, buffer->bytes + headroom, 0);
    return PacketPtr(packet);
  }
  // The smallest class that holds headroom and `size` bytes; null when none does.
  [[nodiscard]] PacketPtr allocate_for(std::size_t size, std::size_t headroom = kHeadroom) {
    if (size > kLargeBufferBytes || headroom > kLargeBufferBytes - size) return nullptr;
    if (headroom + size <= kSmallBufferBytes) {
      if (PacketPtr packet = allocate(BufferClass::kSmall, headroom)) return packet;
    }
    return allocate(BufferClass::kLarge, headroom);
  }
  // A packet over memory of a device or an application. `release` is called when the last slice
  // of it goes, on this core. Null (and no call) when the pool has no header left.
  [[nodiscard]] PacketPtr adopt(MutableBytes bytes, std::size_t data_offset, std::size_t data_size,
                                Buffer::Release release, void* context);

  // Under a quarter of the small buffers is left: what can wait leaves them to what arrives.
  [[nodiscard]] bool is_short() const { return small_free() * 4 < small_count(); }
  [[nodiscard]] std::size_t small_free() const { return free_[0].count; }
  [[nodiscard]] std::size_t small_count() const { return config_.small_buffers; }
  [[nodiscard]] std::size_t large_free() const { return free_[1].count; }
  [[nodiscard]] std::size_t descriptors_free() const { return descriptors_free_; }
  // Packets and slices that somebody holds.
  [[nodiscard]] std::size_t descriptors_in_use() const {
    return descriptor_count_ - descriptors_free_;
  }
  [[nodiscard]] std::size_t bytes_reserved() const { return block_bytes_; }

 private:
  friend class Packet;
  friend struct PacketRecycler;

  struct FreeBuffers {
    Buffer* first = nullptr;
    std::size_t count = 0;

    void put(Buffer* buffer) {
      buffer->next_free = std::exchange(first, buffer);
      ++count;
    }
    Buffer* take() {  // there is one
      --count;
      return std::exchange(first, first->next_free);
    }
  };

  [[nodiscard]] FreeBuffers& free_buffers(BufferClass buffer_class) {
    return free_[static_cast<std::size_t>(buffer_class)];
  }
  // Null when there is none; its notes are fresh.
  [[nodiscard]] Packet* take_descriptor() {
    Packet* const packet = free_descriptors_;
    if (packet == nullptr) return nullptr;
    free_descriptors_ = packet->next_in_queue_;
    --descriptors_free_;
    packet->notes_ = PacketNotes{};
    return packet;
  }
  void put_descriptor(Packet* packet) {
    packet->next_in_queue_ = std::exchange(free_descriptors_, packet);
    ++descriptors_free_;
  }
  static void set_slice(Packet& packet, Buffer* buffer, std::byte* data, std::size_t size) {
    packet.data_ = data;
    packet.buffer_ = buffer;
    packet.next_slice_ = nullptr;
    packet.next_in_queue_ = nullptr;
    packet.slice_size_ = static_cast<std::uint32_t>(size);
    packet.rest_size_ = 0;
  }
  [[nodiscard]] PacketPtr share(Buffer* buffer, std::byte* data, std::size_t size) {
    Packet* const packet = take_descriptor();
    if (packet == nullptr) return nullptr;
    ++buffer->references;
    set_slice(*packet, buffer, data, size);
    return PacketPtr(packet);
  }
  void release_buffer(Buffer* buffer);
  void lay_out(std::byte* block);

  Memory& memory_;
  PacketPoolConfig config_;
  std::byte* block_ = nullptr;
  std::size_t block_bytes_ = 0;
  Packet* free_descriptors_ = nullptr;
  std::size_t descriptors_free_ = 0;
  std::size_t descriptor_count_ = 0;
  std::array<FreeBuffers, 3> free_;  // by BufferClass
};

}  // namespace strata
