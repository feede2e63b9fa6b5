// SPDX-License-Identifier: Apache-2.0
#include "strata/packet_pool.h"

#include <new>
#include <utility>

// The pool is one block of memory:
//
//   | descriptors (64 B each) | buffer headers | small buffers (2 KB) | large buffers (64 KB) |
//
// Free descriptors and buffers are singly linked stacks, so the one used last, still in cache,
// is handed out first.

namespace strata {
namespace {

constexpr std::size_t kBlockAlignment = 64;
// Headers lie at the same place in every buffer. A line between buffers keeps them from competing
// for the few places that a cache has for addresses a power of two apart.
constexpr std::size_t kSmallStride = kSmallBufferBytes + kBlockAlignment;

}  // namespace

PacketPool::PacketPool(Memory& memory, const PacketPoolConfig& config)
    : memory_(memory), config_(config) {
  const std::size_t headers =
      std::size_t{config.small_buffers} + config.large_buffers + config.external_buffers;
  descriptor_count_ = headers + config.extra_descriptors;
  const std::size_t header_bytes = (headers * sizeof(Buffer) + 63) & ~std::size_t{63};
  block_bytes_ = descriptor_count_ * sizeof(Packet) + header_bytes +
                 config.small_buffers * kSmallStride + config.large_buffers * kLargeBufferBytes;
  block_ = static_cast<std::byte*>(memory.allocate(block_bytes_, kBlockAlignment));
  if (block_ == nullptr) {
    block_bytes_ = 0;
    descriptor_count_ = 0;
    return;
  }
  lay_out(block_);
}

void PacketPool::lay_out(std::byte* block) {
  auto* descriptors = reinterpret_cast<Packet*>(block);
  for (std::size_t i = descriptor_count_; i-- > 0;) {
    auto* packet = new (&descriptors[i]) Packet();
    packet->next_in_queue_ = std::exchange(free_descriptors_, packet);
  }
  descriptors_free_ = descriptor_count_;

  auto* headers = reinterpret_cast<Buffer*>(block + descriptor_count_ * sizeof(Packet));
  const std::size_t header_count =
      std::size_t{config_.small_buffers} + config_.large_buffers + config_.external_buffers;
  const std::size_t header_bytes = (header_count * sizeof(Buffer) + 63) & ~std::size_t{63};
  std::byte* bytes = reinterpret_cast<std::byte*>(headers) + header_bytes;
  const auto add = [&](BufferClass buffer_class, std::uint32_t count, std::size_t capacity,
                       std::size_t stride) {
    FreeBuffers& free = free_buffers(buffer_class);
    for (std::uint32_t i = 0; i < count; ++i) {
      auto* buffer = new (headers++) Buffer{};
      buffer->bytes = capacity == 0 ? nullptr : bytes;
      buffer->pool = this;
      buffer->capacity = static_cast<std::uint32_t>(capacity);
      buffer->buffer_class = buffer_class;
      free.put(buffer);
      bytes += stride;
    }
  };
  add(BufferClass::kSmall, config_.small_buffers, kSmallBufferBytes, kSmallStride);
  add(BufferClass::kLarge, config_.large_buffers, kLargeBufferBytes, kLargeBufferBytes);
  add(BufferClass::kExternal, config_.external_buffers, 0, 0);
}

PacketPool::~PacketPool() {
  // A packet that outlives its pool would point into memory that is gone.
  STRATA_CHECK(descriptors_in_use() == 0);
  if (block_ != nullptr) memory_.release(block_, block_bytes_, kBlockAlignment);
}

PacketPtr PacketPool::adopt(MutableBytes bytes, std::size_t data_offset, std::size_t data_size,
                            Buffer::Release release, void* context) {
  STRATA_CHECK(data_offset <= bytes.size() && data_size <= bytes.size() - data_offset);
  FreeBuffers& free = free_buffers(BufferClass::kExternal);
  if (free.first == nullptr) return nullptr;
  Packet* const packet = take_descriptor();
  if (packet == nullptr) return nullptr;
  Buffer* const buffer = free.take();
  buffer->bytes = bytes.data();
  buffer->capacity = static_cast<std::uint32_t>(bytes.size());
  buffer->release = release;
  buffer->release_context = context;
  buffer->references = 1;
  set_slice(*packet, buffer, buffer->bytes + data_offset, data_size);
  return PacketPtr(packet);
}

void PacketPool::release_buffer(Buffer* buffer) {
  if (--buffer->references != 0) return;
  if (buffer->buffer_class == BufferClass::kExternal) {
    buffer->release(buffer->release_context, buffer->bytes, buffer->capacity);
  }
  free_buffers(buffer->buffer_class).put(buffer);
}

void PacketRecycler::operator()(Packet* packet) const {
  while (packet != nullptr) {
    Packet* const next = packet->next_slice_;
    // A chain may hold slices of several pools; each goes home.
    PacketPool& home = packet->pool();
    home.release_buffer(packet->buffer_);
    home.put_descriptor(packet);
    packet = next;
  }
}

}  // namespace strata
