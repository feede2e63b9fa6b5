// SPDX-License-Identifier: Apache-2.0
// XdpDevice: one or several queues of an interface of the host, past most of the kernel (AF_XDP).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "driver/link_watch.h"
#include "driver/xdp/attachment.h"
#include "driver/xdp/ear.h"
#include "driver/xdp/queue.h"
#include "strata/device.h"

//   interface ── program (Steering) ──┬── ours ──> socket of the queue ──> receive()
//                                     └── else ──> the kernel, as ever, and a copy to our ear
//   interface <────────────────────────────────── socket of the first queue <── transmit()
//
// 1. A device of several queues serves them in turn, one batch in all. It sends through the first:
//    one thread sends, and the order within a flow is kept.
// 2. Devices of one interface share the program. It is detached when the last of them has gone, or
//    with the process, however that ends.

namespace strata::driver::xdp {

class XdpDevice final : public Device {
 public:
  // Its MTU is the interface's, now and later, up to `mtu_max`.
  XdpDevice(std::vector<Queue> queues, std::shared_ptr<const Attachment> attachment,
            std::optional<Ear> ear, LinkWatch watch, const DeviceCapabilities& capabilities,
            std::size_t mtu_max);

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] int descriptor() const override { return watch_.descriptor(); }
  [[nodiscard]] bool is_up() const override { return watch_.is_up() && !is_corrupt_; }

 private:
  // The ear costs a system call, and what it hears is not urgent. A loop that it has woken does not
  // sleep until it has been read.
  static constexpr std::uint32_t kCallsPerHearing = 32;

  void follow_link();

  // Packets may outlive the queues' chunks, but no queue its program.
  std::shared_ptr<const Attachment> attachment_;
  std::vector<Queue> queues_;
  std::optional<Ear> ear_;
  LinkWatch watch_;
  DeviceCapabilities capabilities_;
  std::size_t mtu_max_;
  std::size_t next_queue_ = 0;
  std::uint32_t calls_ = 0;
  bool is_corrupt_ = false;
};

}  // namespace strata::driver::xdp
