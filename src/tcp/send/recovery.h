// SPDX-License-Identifier: Apache-2.0
// Recovery: where a flight stands between losses and their repair, and whether it was for nothing.
//
//            marks ─────────> Cwr ───────┐
//   Open ─── loss ──────────> Recovery ──┤ una reached the recovery point, or undone ──> Open
//            timeout ───────> Loss ──────┘
//
// While Cwr or Recovery last, proportional rate reduction (RFC 6937) walks the window down to
// ssthresh. Open with something SACKed, or duplicates counted, is what TcpInfo calls Disorder.
#pragma once

#include <cstdint>

#include "strata/tcp_info.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

// RFC 6937 3, with the slow start reduction bound and the safeguard of RFC 9937: a segment more per
// acknowledgement only while acknowledgements bring progress and no new loss.
class RateReduction {
 public:
  void start(std::uint32_t flight_size) {
    delivered_ = sent_ = 0;
    flight_size_ = flight_size;
  }
  void on_sent(std::uint32_t bytes) { sent_ += bytes; }

  struct Ack {
    std::uint32_t delivered = 0;  // DeliveredData
    std::uint32_t in_flight = 0;  // pipe
    std::uint32_t ssthresh = 0;
    std::uint32_t mss = 0;
    bool is_safe = false;
  };
  // The window now.
  [[nodiscard]] std::uint32_t on_ack(const Ack& ack);

 private:
  std::uint64_t delivered_ = 0;    // prr_delivered
  std::uint64_t sent_ = 0;         // prr_out
  std::uint32_t flight_size_ = 0;  // RecoverFS
};

// What tells that nothing had been lost. RFC 3522: the echoed timestamp is older than the first
// retransmission. RFC 2883: a D-SACK for each retransmission. And, trivially, nothing was sent
// again before it was acknowledged.
class UndoEvidence {
 public:
  void start(SequenceNumber una) { *this = UndoEvidence{una}; }
  void stop() { is_armed_ = false; }
  [[nodiscard]] bool is_armed() const { return is_armed_; }

  void on_retransmitted(std::uint32_t segments, std::uint32_t clock);
  // A D-SACK told of `range`, below what was acknowledged before.
  void on_dsack(const SequenceRange& range, SequenceNumber una, std::uint32_t segments);

  [[nodiscard]] bool are_all_duplicates() const {
    return is_armed_ && is_any_ && outstanding_ == 0;
  }
  // Of an acknowledgement that advances SND.UNA.
  [[nodiscard]] bool was_delayed(bool has_echo, std::uint32_t echo) const {
    return is_armed_ && is_any_ && has_echo && static_cast<std::int32_t>(echo - first_clock_) < 0;
  }
  [[nodiscard]] bool was_never_acted_on() const { return is_armed_ && !is_any_; }

  UndoEvidence() = default;

 private:
  explicit UndoEvidence(SequenceNumber una) : from_(una), is_armed_(true) {}

  SequenceNumber from_;
  std::uint32_t outstanding_ = 0;  // segments sent again and not D-SACKed
  std::uint32_t first_clock_ = 0;  // TSval of the first retransmission
  bool is_armed_ = false;
  bool is_any_ = false;
};

// RFC 5682: after a timeout, new text instead of old tells whether the timeout was spurious.
class TimeoutJudge {
 public:
  enum class Verdict : std::uint8_t {
    kNone,      // not asked, or wait
    kSendNew,   // step 2.b: two segments that were never sent
    kRepair,    // it was real: send again what is lost
    kSpurious,  // step 3.b
  };
  struct Ack {
    bool una_advanced = false;
    bool is_duplicate = false;  // without SACK: a third copy of an ACK
    bool has_new_sack = false;
    bool delivered_original = false;  // text at or below the recovery point, sent once only
    bool reaches_point = false;       // SND.UNA is at or beyond the recovery point
    bool can_send_new = false;
    bool has_sack = false;  // SACK is in use: section 3
  };

  void start() { phase_ = Phase::kFirst; }
  void stop() { phase_ = Phase::kOff; }
  [[nodiscard]] bool is_on() const { return phase_ != Phase::kOff; }
  // While true, nothing is sent again.
  [[nodiscard]] bool is_waiting_for_second() const { return phase_ == Phase::kSecond; }
  [[nodiscard]] Verdict on_ack(const Ack& ack);

 private:
  enum class Phase : std::uint8_t { kOff, kFirst, kSecond };
  Phase phase_ = Phase::kOff;
};

struct Recovery {
  TcpRecoveryState state = TcpRecoveryState::kOpen;  // never kDisorder
  SequenceNumber point;                              // RecoveryPoint, `recover`, high_seq
  RateReduction reduction{};
  UndoEvidence undo{};
  TimeoutJudge timeout_judge{};
  bool was_rescued = false;  // RFC 6675 4, NextSeg() rule 4: once per recovery

  [[nodiscard]] bool is_open() const { return state == TcpRecoveryState::kOpen; }
  // Nothing is being repaired, and nothing that was may yet turn out to have been needless.
  [[nodiscard]] bool is_calm() const {
    return is_open() && !undo.is_armed() && !timeout_judge.is_on();
  }
  [[nodiscard]] bool is_reducing() const {
    return state == TcpRecoveryState::kRecovery || state == TcpRecoveryState::kCwr;
  }
  [[nodiscard]] bool is_repairing() const {
    return state == TcpRecoveryState::kRecovery || state == TcpRecoveryState::kLoss;
  }
};

}  // namespace strata::tcp
