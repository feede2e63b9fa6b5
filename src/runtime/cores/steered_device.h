// SPDX-License-Identifier: Apache-2.0
// SteeredDevice: what a core's stack sees of a device that it shares with other cores.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/cores/crossbar.h"
#include "strata/device.h"

// receive()   what others handed over, then the core's own queue; of that, what is for another core
//             is handed over in turn, and what is for everyone is copied to all
// transmit()  to the core's own queue, or to the core whose queue sends for this one
//
// 1. The stack under test of "is this mine" never sees a packet that is not. Whatever the device's
//    queues do, a flow has one home.
// 2. A full ring costs the packets that were for that core, counted, and nobody else's: a core that
//    is slow or stopped does not slow the others down.
// 3. Cores other than the front one keep to themselves what speaks for the host as a whole.
// 4. Packets that are handed over stay in their pool until the other side is done with them; every
//    call of receive() and transmit() takes those back.

namespace strata::runtime {

class SteeredDevice final : public Device {
 public:
  // `queue` is null for a core without one. Both must outlive the device.
  SteeredDevice(Crossbar& crossbar, std::uint16_t core, Device* queue);

  [[nodiscard]] const DeviceCapabilities& capabilities() const override {
    return crossbar_.capabilities();
  }
  void receive(PacketPool& pool, PacketBatch& batch) override;
  [[nodiscard]] std::size_t room() const override;
  void transmit(PacketBatch& batch) override;
  [[nodiscard]] int descriptor() const override {
    return queue_ == nullptr ? -1 : queue_->descriptor();
  }
  [[nodiscard]] bool is_up() const override;

  // Hands a frame that the stack has put together to the core it is for.
  void hand_over(PacketPtr frame, std::uint16_t core);
  // Whether another core has handed something over that was not received yet.
  [[nodiscard]] bool has_waiting() const;
  [[nodiscard]] const Crossbar& crossbar() const { return crossbar_; }
  [[nodiscard]] std::uint16_t core() const { return core_; }

  struct Crossings {
    std::uint64_t handed_over = 0;  // to other cores, to be received there
    std::uint64_t taken_over = 0;   // from other cores, received here
    std::uint64_t sent_for_others = 0;
    std::uint64_t ring_full_drops = 0;
    std::uint64_t withheld = 0;  // spoke for the host as a whole, which is the front core's to do
  };
  [[nodiscard]] const Crossings& crossings() const { return crossings_; }

 private:
  void take_over(PacketPool& pool, PacketBatch& batch);
  void take_from(HandoverRing& ring, PacketPool& pool, PacketBatch& in, PacketBatch& out,
                 std::size_t out_max);
  void receive_own(PacketPool& pool, PacketBatch& batch);
  void sort(PacketPool& pool, PacketBatch& batch, std::size_t first);
  void tell_everyone(const Packet& frame, PacketPool& pool);
  void give(PacketPtr packet, std::uint16_t core, HandoverRing::Purpose purpose);
  void publish();
  void take_back();
  void withhold(PacketBatch& batch);
  void send_by_gate(PacketBatch& batch);

  Crossbar& crossbar_;
  std::uint16_t core_;
  Device* queue_;
  std::uint16_t next_taken_ = 0;  // whose ring is looked at first: all get their turn
  std::vector<bool> was_given_;   // since the last publish(), by core
  bool has_given_ = false;
  Crossings crossings_;
};

}  // namespace strata::runtime
