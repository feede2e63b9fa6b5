// SPDX-License-Identifier: Apache-2.0
// CodelLaw: when CoDel drops (RFC 8289), for one queue.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/packet.h"
#include "strata/sim_queue.h"

//                 above the target for a whole interval
//   ┌──────────┐ ───────────────────────────────────────> ┌───────────┐
//   │ patient  │                                          │ dropping  │ the n-th drop follows the
//   one └──────────┘ <─────────────────────────────────────── └───────────┘ before by interval /
//   sqrt(n)
//                 a packet below it, or less than a frame left

namespace strata::sim {

// What the law asks of the packet at the head of its queue.
class CodelLaw {
 public:
  explicit CodelLaw(const CodelConfig& config) : config_(&config) {}

  // Takes packets out of `queue` until one may go. A Queue has pop() -> PacketPtr, whose notes say
  // when it arrived, and bytes() that are left; dispose(PacketPtr) -> PacketPtr gives back a packet
  // that was marked instead of dropped.
  template <typename Queue, typename Dispose>
  [[nodiscard]] PacketPtr dequeue(Queue& queue, Time now, Dispose dispose) {
    PacketPtr packet = next(queue, now);
    if (is_dropping_) {
      is_dropping_ = was_late_;
      while (is_dropping_ && now >= drop_next_) {
        ++count_;
        if (PacketPtr marked = dispose(std::move(packet))) {
          drop_next_ = after(drop_next_);
          return marked;
        }
        packet = next(queue, now);
        is_dropping_ = was_late_;
        if (is_dropping_) drop_next_ = after(drop_next_);
      }
      return packet;
    }
    if (!was_late_) return packet;
    PacketPtr marked = dispose(std::move(packet));
    packet = marked != nullptr ? std::move(marked) : next(queue, now);
    begin(now);
    return packet;
  }

  [[nodiscard]] bool is_dropping() const { return is_dropping_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }

 private:
  // RFC 8289 5.5, dodequeue(): the packet at the head, and was_late_ says whether it may be
  // dropped.
  template <typename Queue>
  [[nodiscard]] PacketPtr next(Queue& queue, Time now) {
    PacketPtr packet = queue.pop();
    was_late_ = packet != nullptr && is_late(now - packet->notes().arrival, queue.bytes(), now);
    if (packet == nullptr) first_above_.reset();
    return packet;
  }
  [[nodiscard]] bool is_late(Duration waited, std::size_t bytes_left, Time now);
  void begin(Time now);
  [[nodiscard]] Time after(Time last) const;

  const CodelConfig* config_;
  std::optional<Time> first_above_;  // when the delay will have been too much for an interval
  Time drop_next_{};
  std::uint32_t count_ = 0;  // drops since dropping began
  std::uint32_t last_count_ = 0;
  bool is_dropping_ = false;
  bool was_late_ = false;
};

}  // namespace strata::sim
