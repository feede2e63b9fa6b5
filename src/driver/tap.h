// SPDX-License-Identifier: Apache-2.0
// Tap: one queue of a TAP or TUN device, with checksums and segmentation left to the kernel.
#pragma once

#include <cstddef>

#include "driver/host_link.h"
#include "driver/landing.h"
#include "driver/read_budget.h"
#include "driver/virtio_header.h"
#include "strata/device.h"

// Every read and write moves one frame behind a VirtioHeader:
//
//   read:   | VirtioHeader | what a Landing offers |
//   write:  | VirtioHeader | slice | slice | ... |

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
  [[nodiscard]] const HostLink& link() const { return link_; }

 private:
  static constexpr std::size_t kSlicesMax = 62;

  enum class Sent { kDone, kFailed, kNoRoom };

  // Bytes of the frame, 0 when there is none.
  [[nodiscard]] std::size_t read_frame(VirtioHeader& header, Landing& landing);
  [[nodiscard]] bool receive_one(Landing& landing, PacketBatch& batch);
  void deliver(const VirtioHeader& header, PacketPtr packet, PacketBatch& batch);
  [[nodiscard]] Sent send_one(const Packet& packet);
  void on_error(int error);

  int descriptor_;
  HostLink link_;
  DeviceCapabilities capabilities_;
  LandingScratch scratch_;
  ReadBudget budget_{PacketBatch::kCapacity};
  bool has_vanished_ = false;
  bool was_refused_ = false;  // the kernel said that the host's side is down
};

}  // namespace strata::driver
