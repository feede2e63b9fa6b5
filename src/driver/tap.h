// SPDX-License-Identifier: Apache-2.0
// Tap: one queue of a TAP or TUN device, with checksums and segmentation left to the kernel.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "driver/host_link.h"
#include "driver/read_budget.h"
#include "driver/virtio_header.h"
#include "strata/device.h"

// Every read and write moves one frame behind a VirtioHeader:
//
//   read:   | VirtioHeader | small buffer, after its headroom | overflow (64 KB) |
//   write:  | VirtioHeader | slice | slice | ... |
//
// 1. What fits a small buffer ends in one. Only what is longer touches the overflow.
// 2. A short overflow is copied into further small buffers, so that medium-sized super-segments do
//    not use up the few large ones; a long one is handed over with its large buffer.
// 3. No packet is kept between two calls of receive(): the pool may end before the device.

namespace strata::driver {

class Tap final : public Device {
 public:
  // Owns `descriptor`, which is non-blocking.
  Tap(int descriptor, HostLink link, const DeviceCapabilities& capabilities);
  ~Tap() override;
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] int descriptor() const override { return has_vanished_ ? -1 : descriptor_; }
  [[nodiscard]] bool is_up() const override;

 private:
  static constexpr std::size_t kSlicesMax = 62;

  // What a read may fill, made anew for every receive().
  struct Landing {
    PacketPtr head;
    PacketPtr overflow;  // null: the pool has no large buffer, and scratch_ stands in
  };
  enum class Sent { kDone, kFailed, kNoRoom };

  // Bytes of the frame, 0 when there is none.
  [[nodiscard]] std::size_t read_frame(VirtioHeader& header, MutableBytes head,
                                       MutableBytes overflow);
  [[nodiscard]] bool receive_one(PacketPool& pool, Landing& landing, PacketBatch& batch);
  [[nodiscard]] bool attach_overflow(PacketPool& pool, Landing& landing, Bytes bytes);
  void deliver(const VirtioHeader& header, PacketPtr packet, PacketBatch& batch);
  [[nodiscard]] Sent send_one(const Packet& packet);
  [[nodiscard]] std::size_t fill_slices(const Packet& packet, std::span<iovec> slices);
  void on_error(int error);

  int descriptor_;
  HostLink link_;
  DeviceCapabilities capabilities_;
  std::vector<std::byte> scratch_;
  ReadBudget budget_{PacketBatch::kCapacity};
  bool has_vanished_ = false;
  bool was_refused_ = false;  // the kernel said that the host's side is down
};

}  // namespace strata::driver
