// SPDX-License-Identifier: Apache-2.0
// FqCodel: a queue for each flow, served in turns, each under CoDel's law (RFC 8290).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/siphash.h"
#include "sim/queue/codel_law.h"
#include "sim/queue/timed_queue.h"
#include "strata/sim_queue.h"

//   frame ── flow hash ──> a queue ──> list of new flows ──┐ a turn is over, or the queue is empty
//                                          │ goes first    v
//                                          └──> frame <── list of old flows, round robin
//
// 1. A flow that sends less than a quantum while the others have their turns is always new: its
//    packets wait for nobody (RFC 8290 5.1).
// 2. A queue is in one list exactly as long as it has packets, or just had; in none otherwise.
// 3. When all queues together are full, the one with most bytes loses half of its packets, up to 64
//    at once (RFC 8290 4.1).

namespace strata::sim {

class FqCodel final : public QueueDiscipline {
 public:
  explicit FqCodel(const FqCodelConfig& config);
  FqCodel(const FqCodel&) = delete;
  FqCodel& operator=(const FqCodel&) = delete;

  void enqueue(PacketPtr frame, Time now, Drops& drops) override;
  [[nodiscard]] PacketPtr dequeue(Time now, Drops& drops) override;
  [[nodiscard]] std::size_t packets() const override { return packets_; }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  // Whoever has many packets here pays for it, and not whoever comes: there always is some.
  [[nodiscard]] std::size_t room() const override;

 private:
  struct Flow {
    explicit Flow(const CodelConfig& config) : law(config) {}
    TimedQueue queue;
    CodelLaw law;
    std::int64_t credits = 0;
    Flow* next = nullptr;
    bool is_listed = false;
  };
  // Flows in the order of their turns.
  struct List {
    Flow* first = nullptr;
    Flow* last = nullptr;
    void push(Flow& flow);
    Flow& pop();
  };

  [[nodiscard]] Flow& flow_of(const Packet& frame);
  void shed(Drops& drops);
  void take_off(const Packet& frame);
  void give_up(PacketPtr frame, Drops& drops);

  FqCodelConfig config_;
  SipKey key_;
  std::vector<Flow> flows_;
  List new_, old_;
  std::size_t packets_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace strata::sim
