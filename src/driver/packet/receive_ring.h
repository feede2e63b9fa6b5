// SPDX-License-Identifier: Apache-2.0
// ReceiveRing: frames that the kernel has put into the slots of a packet socket's ring
// (TPACKET_V2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "driver/virtio_header.h"
#include "strata/bytes.h"

// Slots of one size, filled in order. A slot, as the kernel writes it:
//
//   | tpacket2_hdr | sockaddr_ll | ... | VirtioHeader (10 bytes) | frame ... |
//     status 0: the kernel's              ^ tp_mac - 10            ^ tp_mac
//     status & USER: ours
//
// 1. Nothing is read from a slot before its status says that it is ours (acquire), and it is given
//    back after everything was (release).
// 2. What the slot says about itself is checked against its size: a header that makes no sense is a
//    frame without bytes, counted by the device, and the ring goes on with the next slot.

namespace strata::driver::packet {

// <linux/if_packet.h> has VirtioHeader without its last field.
inline constexpr std::size_t kVirtioHeaderBytes = 10;

struct VlanTag {
  std::uint16_t ethertype = 0;
  std::uint16_t control = 0;
};

struct SlotFrame {
  Bytes bytes;  // empty when the slot makes no sense
  VirtioHeader notes;
  std::optional<VlanTag> tag;  // what the kernel took out of the frame
  std::uint8_t direction = 0;  // PACKET_HOST, PACKET_OUTGOING, ...
  bool is_cut = false;         // the frame was longer than the slot
  bool is_queued = false;      // ... and waits, whole, for a read from the socket
  bool is_losing = false;      // frames before this one were lost for want of slots
};

class ReceiveRing {
 public:
  // `memory` is `slot_count` slots of `slot_bytes`, shared with the kernel.
  ReceiveRing(std::byte* memory, std::size_t slot_bytes, std::size_t slot_count)
      : memory_(memory), slot_bytes_(slot_bytes), slot_count_(slot_count) {}

  // The next frame, until release(); nothing when the kernel has put none there.
  [[nodiscard]] std::optional<SlotFrame> next() const;
  void release();

 private:
  [[nodiscard]] std::byte* slot() const { return memory_ + next_ * slot_bytes_; }

  std::byte* memory_;
  std::size_t slot_bytes_;
  std::size_t slot_count_;
  std::size_t next_ = 0;
};

}  // namespace strata::driver::packet
