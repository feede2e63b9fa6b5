// SPDX-License-Identifier: Apache-2.0
// AckTiming: when text in order is acknowledged (RFC 9293 3.8.6.3, RFC 5681 4.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "strata/time.h"
#include "tcp/receive/micros.h"

// An ACK that waits saves a segment when the program answers, or when more text comes; it costs
// the sender time when neither happens. So:
//
// 1. Two full segments are acknowledged at once; what arrived as one unit, by one ACK.
// 2. Less waits for twice the usual time between arrivals, as far as
//    TcpConfig::delayed_ack_max allows. Where text is frequent, little is ever waited for.
// 3. For the first segments, after a loss and after a pause each unit is acknowledged at once
//    ("quick"): there the sender's window is small, and its next segments hang on this ACK.
// 4. A program that answers at once ends that phase: its answers carry the ACKs.

namespace strata::tcp {

class AckTiming {
 public:
  // A unit of text arrived, in order or not: learns the size of a full segment, and how often text
  // comes. `is_pushed`: the sender had no more to send (PSH).
  void on_arrival(std::uint32_t bytes, std::uint16_t segments, bool is_pushed, Time now);
  // So much of it was in order.
  void on_in_order(std::uint32_t bytes, Duration delay_max, Time now);
  // Something is missing, or it has come now: ACKs are urgent for a while (RFC 5681 4.2).
  void on_loss() { quick_left_ = kQuickUnits; }
  // An ACK must go with the next segment.
  void owe_now() { owes_now_ = true; }
  // RFC 9293 3.8.6.3: the delay is over, if it was due.
  void on_deadline(Time now);
  // An ACK of everything has gone; with text of ours, if `with_text`.
  void on_ack_sent(bool with_text, Time now);
  // What was told until now is acknowledged by an entry of OwedAcks.
  void hand_over();
  // A duplicate ACK of everything has gone. It did not change the window: if that was owed, it
  // still is.
  void on_duplicate_sent() {
    pending_bytes_ = 0;
    is_waiting_ = false;
  }
  // TcpSocketOptions::quick_ack: acknowledge each unit at once, beginning with what waits; or end
  // the phase in which that is done anyway.
  void set_quick(std::optional<bool> wanted);
  // What survives a snapshot.
  void restore(std::uint16_t segment_size) { segment_size_ = segment_size; }

  [[nodiscard]] bool owes_now() const { return owes_now_; }
  // An ACK of text is owed now. Without text it may be merged with any later one: it only tells the
  // window, or answers what needs no number of its own.
  [[nodiscard]] bool owes_for_text() const { return owes_now_ && pending_bytes_ != 0; }
  // Text waits for an ACK, now or later.
  [[nodiscard]] bool is_pending() const { return owes_now_ || pending_bytes_ != 0; }
  [[nodiscard]] std::optional<Time> next_deadline() const {
    return is_waiting_ ? std::optional(deadline_.time()) : std::nullopt;
  }
  // The size of a full segment, as far as it is known.
  [[nodiscard]] std::uint16_t segment_size() const { return segment_size_; }
  [[nodiscard]] bool is_quick() const { return quick_left_ != 0 || quick_wanted_; }
  [[nodiscard]] std::optional<Duration> since_arrival(Time now) const {
    if (!has_arrival_) return std::nullopt;
    return from_micros(micros_since(last_arrival_, now));
  }
  // How long an ACK of text that comes now may wait.
  [[nodiscard]] Duration delay(Duration delay_max) const;

  static constexpr std::uint8_t kQuickUnits = 16;
  static constexpr std::uint16_t kSegmentSizeFirst = 536;  // RFC 9293 3.7.1: any path carries it
  static constexpr Duration kDelayMin = std::chrono::milliseconds(2);
  static constexpr Duration kPause = std::chrono::seconds(1);

 private:
  void learn_size(std::uint32_t bytes, bool is_pushed);
  void learn_gap(Time now);

  PackedTime deadline_;
  Micros last_arrival_ = 0;
  std::uint16_t gap_ = 0;  // smoothed time between arrivals, in kGapUnit
  std::uint16_t segment_size_ = kSegmentSizeFirst;
  std::uint16_t pending_bytes_ = 0;  // in order since the last ACK; no more than it can count
  std::uint8_t quick_left_ = kQuickUnits;
  bool owes_now_ : 1 = false;
  bool is_waiting_ : 1 = false;  // deadline_ is meant
  bool has_arrival_ : 1 = false;
  bool has_gap_ : 1 = false;
  bool quick_wanted_ : 1 = false;
  bool is_interactive_ : 1 = false;
};

}  // namespace strata::tcp
