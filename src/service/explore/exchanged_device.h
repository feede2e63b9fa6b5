// SPDX-License-Identifier: Apache-2.0
// ExchangedDevice: a host's device in the disguise of another, of a smaller MTU.
#pragma once

#include "strata/device.h"
#include "strata/packet_batch.h"

namespace strata::service {

class ExchangedDevice final : public Device {
 public:
  ExchangedDevice(Device& below, std::size_t mtu)
      : below_(below), capabilities_(below.capabilities()) {
    capabilities_.mtu = mtu;
  }
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override { below_.receive(pool, batch); }
  [[nodiscard]] std::size_t room() const override { return below_.room(); }
  void transmit(PacketBatch& batch) override { below_.transmit(batch); }
  [[nodiscard]] bool is_up() const override { return below_.is_up(); }

 private:
  Device& below_;
  DeviceCapabilities capabilities_;
};

}  // namespace strata::service
