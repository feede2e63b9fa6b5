// SPDX-License-Identifier: Apache-2.0
// Queue: one AF_XDP socket on one queue of an interface, its rings and its frames.
#pragma once

#include <linux/if_xdp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "driver/descriptor.h"
#include "driver/xdp/frames.h"
#include "driver/xdp/rings.h"
#include "strata/device.h"

// 1. What arrives stays where it is: a packet over its chunk goes to the stack. It is copied out
//    when chunks run short, or the pool has no header for memory that is not its own.
// 2. A frame to send is copied into a chunk, its checksum finished on the way.
// 3. The kernel is called only where it says that it sleeps (need_wakeup).

namespace strata::driver::xdp {

// A mapped piece of memory.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

 private:
  void* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// Where the rings lie; what each is for is seen from us.
struct QueueRings {
  RingMemory fill;
  RingMemory completion;
  RingMemory receive;
  RingMemory transmit;
};

struct QueueTraits {
  bool needs_wakeup = false;    // the kernel says when it wants to be called
  bool has_fragments = false;   // a frame may take several chunks
  bool finds_partials = false;  // a sender's unfinished checksums are to be looked for
};

class Queue {
 public:
  Queue(Descriptor socket, std::array<Mapping, 4> mappings, const QueueRings& rings,
        Frames::Owner frames, const QueueTraits& traits);

  // The number of packets that were taken off the ring; `batch` gets those that can be used.
  std::size_t receive(PacketPool& pool, PacketBatch& batch, Device::Counters& counters);
  // Sends packets in order; how many are done with.
  [[nodiscard]] std::size_t transmit(std::span<Packet* const> packets,
                                     const DeviceCapabilities& capabilities,
                                     Device::Counters& counters);
  // Frames the kernel has dropped since it was asked last.
  void count_losses(Device::Counters& counters);

  [[nodiscard]] int socket() const { return socket_.get(); }
  // The kernel refused to send since this was asked last.
  [[nodiscard]] bool was_refused() { return std::exchange(was_refused_, false); }
  // A ring's index is beyond belief; nothing moves any more.
  [[nodiscard]] bool is_corrupt() const;

 private:
  enum class Written { kYes, kNo, kNever };

  void fill();
  void take_back_sent(Device::Counters& counters);
  // Takes one frame of one or more chunks; null when it was lost.
  [[nodiscard]] PacketPtr take_frame(PacketPool& pool, Device::Counters& counters);
  [[nodiscard]] PacketPtr packet_of(const Frames::Arrival& arrival, PacketPool& pool);
  [[nodiscard]] Written write(const Packet& packet);
  void call_kernel();

  Descriptor socket_;
  std::array<Mapping, 4> mappings_;
  ProducerRing<std::uint64_t> fill_;
  ConsumerRing<std::uint64_t> completion_;
  ConsumerRing<xdp_desc> receive_;
  ProducerRing<xdp_desc> transmit_;
  Frames::Owner frames_;
  QueueTraits traits_;
  std::size_t ring_entries_;
  xdp_statistics losses_{};
  bool was_refused_ = false;
};

}  // namespace strata::driver::xdp
