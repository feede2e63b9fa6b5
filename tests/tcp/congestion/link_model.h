// SPDX-License-Identifier: Apache-2.0
// LinkModel: flows through one bottleneck, without TCP, to see what a congestion control does.
//
//   flow 0 --+
//   flow 1 --+--> [ buffer, marks above a threshold ] --> rate --> delay --> ACK for each packet
//   flow 2 --+          drops what does not fit; drops at random or every so many packets
//
// Packets have numbers and are never sent again: what is lost is only counted. A packet is lost
// when one sent three or more after it is acknowledged, or when nothing is for an RTO. The sender
// reduces by RFC 6937 and paces when the control asks. The same seed gives the same run.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "strata/memory.h"
#include "strata/rng.h"
#include "strata/time.h"
#include "tcp/congestion.h"
#include "tcp/congestion/slot.h"
#include "tcp/delivery_rate.h"
#include "tcp/pacing.h"

namespace strata::tcp::congestion {

struct Link {
  std::uint64_t rate = 1'250'000;  // bytes per second
  std::uint64_t buffer = 100'000;  // bytes
  std::uint64_t mark_above = UINT64_MAX;
  Ratio loss{};
  std::uint64_t loss_period = 0;  // drop each so many-th packet; 0: none
  std::uint64_t seed = 1;
};

struct FlowOptions {
  const Algorithm* algorithm = nullptr;
  Duration rtt = std::chrono::milliseconds(40);
  Time start{};
  Time stop = Time::max();
  std::uint64_t application_rate = 0;  // bytes per second; 0: always more to send
  bool is_paced = false;
};

class LinkModel {
 public:
  static constexpr std::uint32_t kMss = 1448;

  explicit LinkModel(const Link& link) : link_(link), rng_(link.seed) {}

  // Flows are numbered from 0.
  void add(const FlowOptions& options);
  void run_until(Time end);
  void set_rate(std::uint64_t rate) { link_.rate = rate; }
  void set_loss(Ratio loss) { link_.loss = loss; }
  // From now on, figures count from 0.
  void reset_figures();

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] CongestionControl& control(std::size_t flow) {
    return flows_[flow]->slot.control();
  }
  [[nodiscard]] std::uint64_t delivered(std::size_t flow) const { return flows_[flow]->delivered; }
  [[nodiscard]] std::uint64_t sent(std::size_t flow) const { return flows_[flow]->sent; }
  [[nodiscard]] std::uint64_t timeouts(std::size_t flow) const { return flows_[flow]->timeouts; }
  [[nodiscard]] std::uint32_t cwnd_min(std::size_t flow) const { return flows_[flow]->cwnd_min; }
  // Of what the link could have carried since reset_figures().
  [[nodiscard]] double utilisation() const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // for want of room
  [[nodiscard]] double rate(std::size_t flow) const;                // bytes per second
  [[nodiscard]] double mean_queue() const;                          // bytes, as packets found it
  // As the packets sent saw it, in segments.
  [[nodiscard]] double mean_in_flight(std::size_t flow) const;
  [[nodiscard]] double jain() const;

 private:
  struct Record {
    DeliverySnapshot snapshot;
    Time sent_time;
    bool is_outstanding = true;
  };

  enum class Reduction : std::uint8_t { kNone, kProportional, kTimeout };

  struct Flow {
    Flow(const FlowOptions& options_in, const StartEvent& start)
        : options(options_in), slot(start) {}

    FlowOptions options;
    HeapMemory memory;
    CongestionSlot slot;
    DeliveryRate rate;
    Pacer pacer;
    std::deque<Record> records;  // from number `first` on
    std::uint64_t first = 0;
    std::uint32_t in_flight = 0;
    std::uint32_t in_flight_before = 0;
    Duration srtt{};
    Duration variance{};
    Duration min_rtt{};
    bool is_cwnd_limited = false;
    bool was_cwnd_limited = false;
    // Recovery.
    Reduction reduction = Reduction::kNone;
    std::uint64_t reduction_end = 0;
    std::uint64_t prr_delivered = 0;
    std::uint64_t prr_out = 0;
    std::uint64_t prr_flight = 0;
    std::uint32_t backoff = 0;
    std::uint64_t timer_generation = 0;
    std::optional<Time> wake;
    Time last_sent{};
    Time last_ack{};  // the latest that is under way
    // Figures.
    std::uint64_t delivered = 0;
    std::uint64_t sent = 0;
    std::uint64_t packets = 0;
    std::uint64_t timeouts = 0;
    std::uint32_t cwnd_min = UINT32_MAX;
    double in_flight_sum = 0;
    std::uint64_t application_sent = 0;

    [[nodiscard]] std::uint64_t next() const { return first + records.size(); }
  };

  enum class Kind : std::uint8_t { kAck, kTimer, kWake };

  struct Event {
    Time at;
    std::uint64_t order;
    std::size_t flow;
    Kind kind;
    std::uint64_t number;  // of the packet, or the timer's generation
    bool is_marked;

    [[nodiscard]] bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void push(Time at, std::size_t flow, Kind kind, std::uint64_t number, bool is_marked = false);
  void handle(const Event& event);
  void on_ack(std::size_t index, std::uint64_t number, bool is_marked);
  void on_timer(std::size_t index);
  void send_all(std::size_t index);
  void send_turn(std::size_t index);
  void send_one(std::size_t index);
  void transmit(std::size_t index, std::uint64_t number);
  void restart_timer(std::size_t index);
  void find_losses(Flow& flow, std::uint64_t acked, RateSample& sample);
  void begin_reduction(Flow& flow, CongestionCause cause);
  void reduce_proportionally(Flow& flow, std::uint32_t delivered);
  void set_pacing(Flow& flow);
  [[nodiscard]] bool application_allows(const Flow& flow) const;
  void wake_at(std::size_t index, Time at);

  Link link_;
  Rng rng_;
  Time now_{};
  Time figures_since_{};
  Time link_free_{};
  std::uint64_t order_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t dropped_ = 0;
  double queue_sum_ = 0;
  std::uint64_t queue_seen_ = 0;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

}  // namespace strata::tcp::congestion
