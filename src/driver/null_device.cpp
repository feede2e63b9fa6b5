// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "driver/frame.h"
#include "strata/devices.h"

namespace strata {
namespace {

class NullDevice final : public Device {
 public:
  explicit NullDevice(NullOptions options)
      : options_(std::move(options)), frames_left_(options_.frames_max) {}

  [[nodiscard]] const DeviceCapabilities& capabilities() const override {
    return options_.capabilities;
  }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }

  void receive(PacketPool& pool, PacketBatch& batch) override {
    if (options_.frame.empty()) return;
    while (batch.room() != 0 && frames_left_ != 0) {
      PacketPtr packet = driver::make_frame(options_.frame, pool);
      // A source can wait until the pool has packets again; nothing is lost.
      if (packet == nullptr) return;
      --frames_left_;
      ++counters_.received_packets;
      counters_.received_bytes += options_.frame.size();
      batch.push(std::move(packet));
    }
  }

  void transmit(PacketBatch& batch) override {
    for (const Packet* packet : batch.packets()) {
      if (packet == nullptr) continue;
      ++counters_.sent_packets;
      counters_.sent_bytes += packet->size();
    }
    batch.clear();
  }

 private:
  NullOptions options_;
  std::uint64_t frames_left_;
};

}  // namespace

std::unique_ptr<Device> make_null_device(NullOptions options) {
  return std::make_unique<NullDevice>(std::move(options));
}

}  // namespace strata
