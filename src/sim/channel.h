// SPDX-License-Identifier: Apache-2.0
// Channel: one direction of a link (the way of a frame is drawn in strata/sim_link.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/queue/tail_drop.h"
#include "sim/rate_trace.h"
#include "strata/packet.h"
#include "strata/sim_link.h"
#include "strata/time.h"

// 1. The wire carries one frame at a time: it is taken until free_at_. While frames wait, exactly
//    one event stands for the moment at which it becomes free (is_waking_).
// 2. A frame on the wire is an event that owns it; on_wire_ counts them.
// 3. Frames arrive in the order in which they got the wire, save those held back and, where
//    jitter reorders, all.

namespace strata::sim {

class Engine;
class Port;

class Channel final : private QueueDiscipline::Drops {
 public:
  Channel(Engine& engine, Link& link, Direction direction, const LinkConfig& config);
  ~Channel() override;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void attach(Port& sender, Port& receiver) {
    sender_ = &sender;
    receiver_ = &receiver;
  }
  [[nodiscard]] Port& sender() const { return *sender_; }
  [[nodiscard]] Port& receiver() const { return *receiver_; }

  void configure(const LinkConfig& config);
  void set_queue(std::unique_ptr<QueueDiscipline> queue);
  void set_tail_drop();
  void set_partitioned(bool partitioned) { is_partitioned_ = partitioned; }
  void record_faults(std::vector<FrameFault>& into) { faults_.record(into); }
  // The link went down: nothing that waits or is on the wire gets through.
  void lose_all();

  void send(PacketPtr frame);
  // Frames that send() takes without its queue dropping any.
  [[nodiscard]] std::size_t room() const;

  // Events.
  void on_arrival(PacketPtr frame, std::uint64_t order);
  void on_wire_free();

  [[nodiscard]] const LinkConfig& config() const { return config_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  [[nodiscard]] const QueueDiscipline& queue() const { return *queue_; }
  [[nodiscard]] std::size_t frames_in_flight() const { return queue_->packets() + on_wire_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  void add_tap(Tap& tap, bool sees_sent, bool sees_delivered);
  void remove_tap(const Tap& tap);

 private:
  // Which moments of this channel a tap is told. A dropped frame was sent: who saw it leave
  // hears of its end.
  struct Watch {
    Tap* tap;
    bool sees_sent;
    bool sees_delivered;
  };

  void drop(PacketPtr frame) override { drop(std::move(frame), LinkDrop::kQueue); }
  void drop(PacketPtr frame, LinkDrop why);
  void tell(const Packet& frame, Sighting::Moment moment, LinkDrop why = LinkDrop::kNone);
  [[nodiscard]] LinkDrop refuses(const Packet& frame) const;
  void serve_queue();
  void serialise(PacketPtr frame);
  void propagate(PacketPtr frame, const Fate& fate);
  void put_on_wire(PacketPtr frame, Time arrival);
  [[nodiscard]] Time wire_free_after(std::size_t bytes);
  [[nodiscard]] Duration time_on_wire(std::size_t bytes);

  Engine& engine_;
  Link& link_;
  Direction direction_;
  LinkConfig config_;
  Faults faults_;
  std::unique_ptr<QueueDiscipline> queue_;
  TailDrop* tail_drop_ = nullptr;  // queue_, as long as it is one with the limits of config_
  Port* sender_ = nullptr;
  Port* receiver_ = nullptr;
  Time free_at_{};
  TraceCursor trace_;
  std::uint64_t bit_remainder_ = 0;  // of the division by the rate, carried while busy
  Time last_arrival_{};
  std::uint64_t lost_before_ = 0;  // arrivals decided earlier never happen
  EventRow row_{.channel = this};
  std::size_t on_wire_ = 0;
  std::uint64_t hash_ = 0;
  bool is_waking_ = false;
  bool is_partitioned_ = false;
  LinkCounters counters_;
  std::vector<Watch> watches_;
};

}  // namespace strata::sim
