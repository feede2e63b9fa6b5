// SPDX-License-Identifier: Apache-2.0
// sim::LinkDevice: the end of a link as a stack sees it.
#pragma once

#include <cstddef>
#include <utility>

#include "sim/port.h"
#include "strata/device.h"
#include "strata/packet_batch.h"

namespace strata::sim {

class LinkDevice final : public Device {
 public:
  LinkDevice(Port& port, bool vouches_for_bytes);

  // A frame reached the end of the link; receive() hands it on.
  void arrive(PacketPtr frame) { arrived_.push(std::move(frame)); }
  // What nobody took yet: its stack is no more.
  void forget_arrived() { arrived_.clear(); }
  [[nodiscard]] std::size_t frames_waiting() const { return arrived_.size(); }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override;
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] bool is_up() const override { return port_.link().is_up(); }

 private:
  Port& port_;
  DeviceCapabilities capabilities_;
  PacketQueue arrived_;
};

}  // namespace strata::sim
