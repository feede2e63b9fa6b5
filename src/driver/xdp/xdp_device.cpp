// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/xdp_device.h"

#include <algorithm>
#include <utility>

namespace strata::driver::xdp {

XdpDevice::XdpDevice(std::vector<Queue> queues, std::shared_ptr<const Attachment> attachment,
                     std::optional<Ear> ear, LinkWatch watch,
                     const DeviceCapabilities& capabilities, std::size_t mtu_max)
    : attachment_(std::move(attachment)),
      queues_(std::move(queues)),
      ear_(std::move(ear)),
      watch_(std::move(watch)),
      capabilities_(capabilities),
      mtu_max_(mtu_max) {
  follow_link();
}

void XdpDevice::follow_link() {
  if (watch_.mtu() != 0) capabilities_.mtu = std::min(mtu_max_, watch_.mtu());
}

void XdpDevice::receive(PacketPool& pool, PacketBatch& batch) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < queues_.size() && batch.room() != 0; ++i) {
    done += queues_[next_queue_].receive(pool, batch, counters_);
    is_corrupt_ = is_corrupt_ || queues_[next_queue_].is_corrupt();
    if (++next_queue_ == queues_.size()) next_queue_ = 0;
  }
  if (ear_ && ++calls_ >= kCallsPerHearing) {
    calls_ = 0;
    done += ear_->receive(pool, batch, counters_);
  }
  if (done != 0) return watch_.on_frames();
  if (watch_.is_time_to_look()) {
    for (Queue& queue : queues_) queue.count_losses(counters_);
  }
  if (watch_.on_nothing()) follow_link();
}

void XdpDevice::transmit(PacketBatch& batch) {
  if (!watch_.is_there() || is_corrupt_) {
    for (const Packet* packet : batch.packets())
      counters_.failed_sends += packet != nullptr ? 1 : 0;
    return batch.clear();
  }
  Queue& queue = queues_.front();
  const std::size_t done = queue.transmit(batch.packets(), capabilities_, counters_);
  batch.drop_front(done);
  if (!queue.was_refused()) return;
  watch_.on_refusal();
  follow_link();
}

}  // namespace strata::driver::xdp
