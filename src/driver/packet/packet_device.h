// SPDX-License-Identifier: Apache-2.0
// PacketDevice: an interface of the host through a packet socket (AF_PACKET), or one share of it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <sys/socket.h>
#include <sys/uio.h>

#include "driver/descriptor.h"
#include "driver/landing.h"
#include "driver/link_watch.h"
#include "driver/packet/receive_ring.h"
#include "strata/device.h"

//   kernel ── ring of slots (TPACKET_V2) ──────────────> receive(): copied into a small buffer
//          ── the socket's queue: what no slot holds ──> receive(): read into a Landing
//   kernel <── sendmmsg(): 64 packets a call, gathered from their slices ── transmit()
//
// 1. Frames up to a slot cost no system call. A longer one (a super-segment) takes a slot with its
//    beginning, and waits whole in the socket's queue; they are read in the order of their slots.
// 2. The kernel hands over frames with partial checksums and uncut super-segments, and takes them:
//    a VirtioHeader stands in front of each, both ways (PACKET_VNET_HDR).
// 3. What this host itself sends on the interface is not received.

namespace strata::driver::packet {

class PacketDevice final : public Device {
 public:
  // The memory of a ring, unmapped with the device.
  struct Mapping {
    std::byte* bytes = nullptr;
    std::size_t size = 0;
    std::size_t slot_bytes = 0;
  };

  // Its MTU is the interface's, now and later, up to `mtu_max`.
  PacketDevice(Descriptor socket, Mapping ring, LinkWatch watch,
               const DeviceCapabilities& capabilities, std::size_t mtu_max);
  ~PacketDevice() override;
  PacketDevice(const PacketDevice&) = delete;
  PacketDevice& operator=(const PacketDevice&) = delete;

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] int descriptor() const override { return watch_.descriptor(); }
  [[nodiscard]] bool is_up() const override;

 private:
  static constexpr std::size_t kSlicesMax = 62;

  // Messages for one system call.
  struct Outbox {
    std::array<mmsghdr, PacketBatch::kCapacity> messages;
    std::array<VirtioHeader, PacketBatch::kCapacity> headers;
    std::array<iovec, 512> slices;
    std::size_t count = 0;
    std::size_t slices_used = 0;
    bool has_scratch = false;  // a packet lies in the scratch memory
  };
  enum class Added { kYes, kNo, kNever };

  void take(const SlotFrame& frame, PacketPool& pool, PacketBatch& batch);
  void take_short(const SlotFrame& frame, PacketPool& pool, PacketBatch& batch);
  void take_queued(PacketPool& pool, PacketBatch& batch);
  void deliver(const VirtioHeader& notes, const std::optional<VlanTag>& tag, PacketPtr packet,
               PacketBatch& batch);
  void count_lost();
  [[nodiscard]] Added add(const Packet& packet, Outbox& outbox);
  // Sends what is in the outbox; how many packets are done with, sent or failed.
  [[nodiscard]] std::size_t send(Outbox& outbox);
  void on_send_error(int error);
  void follow_link();

  Descriptor socket_;
  Mapping mapping_;
  ReceiveRing ring_;
  LinkWatch watch_;
  DeviceCapabilities capabilities_;
  std::size_t mtu_max_;
  LandingScratch scratch_;
};

}  // namespace strata::driver::packet
