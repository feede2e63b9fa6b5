// SPDX-License-Identifier: Apache-2.0
// TestDevice: a Device whose frames a test pushes in and takes out.
#pragma once

#include <deque>
#include <utility>

#include "strata/device.h"
#include "support/frames.h"

namespace strata::support {

class TestDevice final : public Device {
 public:
  TestDevice() : TestDevice({.mac = MacAddress::from_value(0x0200'0000'0001)}) {}
  explicit TestDevice(const DeviceCapabilities& capabilities_offered)
      : offers(capabilities_offered) {}

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return offers; }

  void receive(PacketPool& pool, PacketBatch& batch) override {
    while (batch.room() != 0 && !arriving_.empty()) {
      const auto [frame, notes] = std::move(arriving_.front());
      arriving_.pop_front();
      PacketPtr packet = pool.allocate_for(frame.size(), headroom);
      if (packet == nullptr) {
        ++counters_.pool_empty_drops;
        continue;
      }
      copy_bytes(frame.all(), packet->append(frame.size()));
      packet->notes() = notes;
      ++counters_.received_packets;
      batch.push(std::move(packet));
    }
  }

  [[nodiscard]] std::size_t room() const override { return room_left; }

  void transmit(PacketBatch& batch) override {
    std::size_t taken = 0;
    while (taken < batch.size() && taken < takes_at_once && room_left != 0) {
      const Packet& packet = batch[taken++];
      if (keeps) {
        Frame frame(packet.size());
        packet.copy_out(0, frame.writable());
        sent_.push_back(std::move(frame));
      }
      ++counters_.sent_packets;
      if (room_left != SIZE_MAX) --room_left;
    }
    batch.drop_front(taken);
  }

  [[nodiscard]] bool is_up() const override { return is_plugged; }

  void push(Frame frame, const PacketNotes& notes = PacketNotes{}) {
    arriving_.emplace_back(std::move(frame), notes);
  }
  [[nodiscard]] Frames take_sent() { return std::exchange(sent_, {}); }
  [[nodiscard]] const Frames& sent() const { return sent_; }
  [[nodiscard]] bool has_arrivals() const { return !arriving_.empty(); }

  DeviceCapabilities offers;
  std::size_t room_left = SIZE_MAX;
  std::size_t takes_at_once = SIZE_MAX;  // less: promises room and then refuses the rest
  std::size_t headroom = kHeadroom;      // of the packets it delivers
  bool is_plugged = true;
  bool keeps = true;  // what was sent, for take_sent()

 private:
  std::deque<std::pair<Frame, PacketNotes>> arriving_;
  Frames sent_;
};

}  // namespace strata::support
