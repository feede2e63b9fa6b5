// SPDX-License-Identifier: Apache-2.0
// BbrMachine: BBRv3 after draft-ietf-ccwg-bbr. It keeps a model of the path - how fast it delivers,
// how long it takes unloaded, how much it holds - and sends by the model instead of by loss.
//
//   Startup --> Drain --> DOWN --> CRUISE --> REFILL --> UP     ProbeBW, once every 2 to 3 seconds
//   x 2.77      x 0.5     x 0.9    x 1.0      x 1.0      x 1.25 or 63 round trips
//                          ^                              |
//                          +------------------------------+     any state --> ProbeRTT and back,
//                                                               if min_rtt is 5 seconds old
//
// What it knows of the path:
//     long term   max_bw: largest delivery rate of this and the previous cycle
//                 inflight_longterm: what may be in flight without losing more than 2 %
//     short term  bw_shortterm, inflight_shortterm: what losses since the last probe leave
//     both        min_rtt over 10 seconds; extra_acked: how bursty acknowledgements are
//
// 1. rate = pacing_gain * min(max_bw, bw_shortterm), less one percent.
// 2. cwnd <= cwnd_gain * rate * min_rtt + extra_acked, and within inflight_* where the state says.
// 3. Only a probe (REFILL, UP) raises the long-term model; only a loss rate above 2 % during one
//    lowers it. Other losses lower the short-term model, which every probe forgets.
// 4. A recovery that proves spurious gives back what its losses took.
//
// Parts: bbr_machine.cpp (events, rate and window), bbr_model.cpp (what is measured),
// bbr_cycle.cpp (states), bbr_loss.cpp (losses and their undoing). Function names are those of the
// draft, in our spelling.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "strata/rng.h"
#include "strata/time.h"
#include "tcp/congestion.h"
#include "tcp/congestion/fixed_point.h"
#include "tcp/congestion/round_max.h"

namespace strata::tcp::congestion {

enum class BbrState : std::uint8_t {
  kStartup,
  kDrain,
  kProbeBwDown,
  kProbeBwCruise,
  kProbeBwRefill,
  kProbeBwUp,
  kProbeRtt,
};

class BbrMachine {
 public:
  explicit BbrMachine(const StartEvent& start);

  void on_loss(const LossSample& loss);
  void on_congestion(const CongestionEvent& event);
  void on_undo(Time now);
  void on_recovery_exit();
  void on_ack(const AckEvent& ack);
  void on_rto(const RtoEvent& event);
  void on_idle_restart(const IdleEvent& event);
  void on_mss_change(std::uint32_t mss);

  [[nodiscard]] std::uint32_t cwnd() const { return cwnd_; }
  [[nodiscard]] std::uint64_t pacing_rate() const { return pacing_rate_; }

  [[nodiscard]] BbrState state() const { return state_; }
  [[nodiscard]] std::uint64_t max_bw() const { return max_bw_; }
  [[nodiscard]] std::uint64_t bw() const { return bw_; }
  [[nodiscard]] std::uint64_t bw_shortterm() const { return bw_shortterm_; }
  [[nodiscard]] std::uint32_t inflight_longterm() const { return inflight_longterm_; }
  [[nodiscard]] std::uint32_t inflight_shortterm() const { return inflight_shortterm_; }
  [[nodiscard]] Duration min_rtt() const { return min_rtt_; }
  [[nodiscard]] std::uint32_t extra_acked() const { return extra_acked_; }
  [[nodiscard]] bool full_bw_reached() const { return full_bw_reached_; }

  // Of what is not bounded yet.
  static constexpr std::uint64_t kRateUnbounded = kRateMax;
  static constexpr std::uint32_t kVolumeUnbounded = kVolumeMax;
  static constexpr Duration kNoRtt = Duration::max();
  // How much slower than the model it sends, so that queues shrink rather than grow.
  static constexpr unsigned kPacingMarginPercent = 1;

 private:
  // Where probing for bandwidth stands, as its acknowledgements tell.
  enum class AckPhase : std::uint8_t {
    kNone,       // no probe, no news of one
    kRefilling,  // sending at the known bandwidth to fill the pipe
    kStarting,   // what is in flight rises
    kFeedback,   // what was sent while it rose is acknowledged
    kStopping,   // sending slower, still getting news of the probe
  };

  // bbr_machine.cpp
  [[nodiscard]] std::uint64_t bdp(std::uint64_t rate, unsigned gain_percent) const;
  [[nodiscard]] std::uint32_t quantization_budget(std::uint64_t inflight_cap) const;
  [[nodiscard]] std::uint32_t inflight(std::uint64_t rate, unsigned gain_percent) const;
  [[nodiscard]] std::uint32_t max_inflight() const;
  [[nodiscard]] std::uint32_t target_inflight() const;
  [[nodiscard]] std::uint32_t inflight_with_headroom() const;
  [[nodiscard]] std::uint32_t probe_rtt_cwnd() const;
  [[nodiscard]] std::uint32_t min_pipe_cwnd() const { return 4 * mss_; }
  [[nodiscard]] std::uint32_t send_quantum() const;
  void init_pacing_rate(Duration srtt);
  void set_pacing_rate(unsigned gain_percent);
  void set_cwnd(const AckEvent& ack);
  void bound_cwnd_for_model();
  void save_cwnd();
  void restore_cwnd();

  // bbr_model.cpp
  void update_latest_delivery_signals(const RateSample& sample);
  void advance_latest_delivery_signals(const RateSample& sample);
  void note_own_restraint(std::uint32_t in_flight);
  void reset_congestion_signals();
  void update_round(const RateSample& sample);
  void start_round() { next_round_delivered_ = delivered_; }
  void update_max_bw(const RateSample& sample);
  void advance_max_bw_filter();
  void update_ack_aggregation(const AckEvent& ack);
  void update_min_rtt(const AckEvent& ack);
  void check_full_bw_reached(const RateSample& sample);
  void reset_full_bw(std::uint64_t baseline = 0);

  // bbr_cycle.cpp
  void enter_startup();
  void check_startup_done(const AckEvent& ack);
  void check_startup_high_loss(const AckEvent& ack);
  void leave_startup_for_congestion();
  void enter_drain();
  void check_drain_done(const AckEvent& ack);
  void start_probe_bw_down(Time now);
  void start_probe_bw_cruise();
  void start_probe_bw_refill();
  void start_probe_bw_up(const RateSample& sample);
  void update_probe_bw_cycle_phase(const AckEvent& ack);
  [[nodiscard]] bool adapt_long_term_model(const AckEvent& ack);
  [[nodiscard]] bool finish_probe_feedback();
  void probe_inflight_longterm_upward(const AckEvent& ack);
  void raise_inflight_longterm_slope();
  [[nodiscard]] bool is_time_to_probe_bw(Time now);
  [[nodiscard]] bool is_time_to_cruise(std::uint32_t in_flight) const;
  [[nodiscard]] bool is_time_to_go_down(const AckEvent& ack);
  void pick_probe_wait();
  void check_probe_rtt(const AckEvent& ack);
  void handle_probe_rtt(const AckEvent& ack);
  void check_probe_rtt_done(Time now);
  void exit_probe_rtt(Time now);
  [[nodiscard]] bool is_in_probe_bw() const;
  [[nodiscard]] bool is_probing_bw() const;
  void enter(BbrState state);

  // bbr_loss.cpp
  void note_loss(std::uint64_t delivered);
  void save_state_upon_loss();
  [[nodiscard]] bool is_inflight_too_high(std::uint32_t lost, std::uint32_t tx_in_flight) const;
  void handle_inflight_too_high(std::uint32_t tx_in_flight, bool is_app_limited, Time now);
  void adapt_lower_bounds_from_congestion(const RateSample& sample);
  void reset_short_term_model();

  // The connection.
  std::uint32_t mss_;
  std::uint32_t initial_cwnd_;
  std::uint32_t cwnd_;
  std::uint32_t prior_cwnd_ = 0;  // the last not modulated by recovery or ProbeRTT
  std::uint64_t pacing_rate_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t app_limited_until_ = 0;  // what was sent before is no measure: ProbeRTT held back
  std::uint32_t tx_in_flight_ = 0;       // of the newest record acknowledged
  bool has_sack_;
  bool has_seen_rtt_ = false;
  bool is_in_recovery_ = false;      // fast recovery
  bool is_in_timeout_ = false;       // or what follows a timeout
  bool is_ack_app_limited_ = false;  // the sample of the present ACK
  bool idle_restart_ = false;
  Rng rng_;

  // Where the machine stands.
  BbrState state_ = BbrState::kStartup;
  AckPhase ack_phase_ = AckPhase::kNone;
  unsigned pacing_gain_ = 0;  // percent
  unsigned cwnd_gain_ = 0;

  // Round trips.
  std::uint64_t next_round_delivered_ = 0;
  std::uint32_t round_count_ = 0;
  std::uint32_t drain_start_round_ = 0;
  bool round_start_ = false;

  // Bandwidth.
  std::array<std::uint64_t, 2> max_bw_filter_{};  // of the previous cycle, of this one
  std::uint64_t max_bw_ = 0;
  std::uint64_t bw_ = 0;
  std::uint64_t bw_shortterm_ = kRateUnbounded;
  std::uint64_t bw_latest_ = 0;  // over one round trip
  std::uint64_t full_bw_ = 0;
  std::uint8_t full_bw_count_ = 0;
  bool full_bw_now_ = false;
  bool full_bw_reached_ = false;

  // Volume.
  std::uint32_t inflight_longterm_ = kVolumeUnbounded;
  std::uint32_t inflight_shortterm_ = kVolumeUnbounded;
  std::uint32_t inflight_latest_ = 0;
  std::uint32_t extra_acked_ = 0;
  std::uint64_t extra_acked_delivered_ = 0;
  Time extra_acked_interval_start_;
  RoundMax extra_acked_filter_;

  // Losses.
  std::uint64_t loss_round_delivered_ = 0;
  std::uint64_t restrained_until_ = 0;  // what was sent before was sent slower than the model
  unsigned restraint_gain_ = 100;       // by this, in percent
  bool loss_round_start_ = false;
  bool is_loss_in_round_ = false;
  bool is_recovery_in_round_ = false;  // all of it, or until just now
  std::uint8_t loss_acks_in_round_ = 0;

  // What a spurious recovery gives back.
  bool has_undo_ = false;
  BbrState undo_state_ = BbrState::kProbeRtt;  // kProbeRtt: no transition to undo
  std::uint64_t undo_bw_shortterm_ = 0;
  std::uint32_t undo_inflight_shortterm_ = 0;
  std::uint32_t undo_inflight_longterm_ = 0;

  // Probing for bandwidth.
  Time cycle_stamp_{};
  Duration bw_probe_wait_{};
  std::uint32_t rounds_since_probe_up_ = 0;
  std::uint32_t bw_probe_up_rounds_ = 0;
  std::uint64_t bw_probe_up_acked_ = 0;
  std::uint32_t probe_up_acked_per_inc_ = kVolumeUnbounded;
  bool is_bw_probe_sample_ = false;
  bool prev_probe_too_high_ = false;
  bool prev_probe_precautionary_ = false;

  // Probing for the round-trip time.
  Duration min_rtt_ = kNoRtt;
  Time min_rtt_stamp_;
  Duration probe_rtt_min_delay_ = kNoRtt;
  Time probe_rtt_min_stamp_;
  std::optional<Time> probe_rtt_done_stamp_;
  bool probe_rtt_expired_ = false;
  bool probe_rtt_round_done_ = false;
};

}  // namespace strata::tcp::congestion
