// SPDX-License-Identifier: Apache-2.0
// RFC 9293's state machine as the text has it, for tests: written from section 3.10 alone, sharing
// nothing with src/tcp but the names of states.
//
// It knows nothing of options, congestion or timers, and its window is always the whole 65535. What
// is sent when is not its matter: who drives it tells how far the other side has sent.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "strata/check.h"
#include "strata/tcp_state.h"

namespace strata::tcp::model {

struct ModelSegment {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  bool is_syn = false, is_ack = false, is_fin = false, is_rst = false;
  std::string text{};

  [[nodiscard]] std::uint32_t length() const {
    return static_cast<std::uint32_t>(text.size()) + (is_syn ? 1U : 0U) + (is_fin ? 1U : 0U);
  }
};

struct ModelReply {
  enum class Kind : std::uint8_t {
    kNothing,
    kAck,     // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, by itself or with what is sent anyway
    kSynAck,  // <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
    kReset,
  };
  Kind kind = Kind::kNothing;
  // Of a reset.
  std::uint32_t seq = 0, ack = 0;
  bool has_ack = false;
};

class Rfc9293 {
 public:
  using State = TcpState;

  // ── User calls (3.10.1 to 3.10.5) ───────────────────────────────────────────────────────────
  void listen() { listens_ = true, state_ = State::kListen; }
  void connect(std::uint32_t iss) {
    is_active_ = true;
    begin(iss);
    state_ = State::kSynSent;
  }
  void send(std::uint32_t bytes) { written_ += bytes; }
  // What was written goes first, "in any case, enter FIN-WAIT-1 state".
  void close() {
    is_closing_ = true;
    if (row().on_close != State::kListen) state_ = row().on_close;
  }
  // True: a reset goes to the peer.
  bool abort() {
    const bool tells = state_ == State::kSynReceived || state_ == State::kEstablished ||
                       state_ == State::kFinWait1 || state_ == State::kFinWait2 ||
                       state_ == State::kCloseWait;
    end();
    return tells;
  }

  // ── A segment arrives (3.10.7) ──────────────────────────────────────────────────────────────
  ModelReply on_segment(const ModelSegment& segment) {
    switch (state_) {
      case State::kClosed: return in_closed(segment);
      case State::kListen: return in_listen(segment);
      case State::kSynSent: return in_syn_sent(segment);
      default: return otherwise(segment);
    }
  }

  // The other side has chosen its number, or sent up to here.
  void set_iss(std::uint32_t iss) { begin(iss); }
  void set_snd_nxt(std::uint32_t nxt) { snd_nxt_ = nxt; }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint32_t rcv_nxt() const { return rcv_nxt_; }
  [[nodiscard]] std::uint32_t irs() const { return irs_; }
  [[nodiscard]] std::uint32_t iss() const { return iss_; }
  [[nodiscard]] std::uint32_t snd_una() const { return snd_una_; }
  [[nodiscard]] std::uint32_t snd_nxt() const { return snd_nxt_; }
  // Where the last byte that was written, and the FIN, end.
  [[nodiscard]] std::uint32_t send_limit() const {
    return iss_ + 1 + written_ + (is_closing_ ? 1U : 0U);
  }
  // What programs have read up to now; the second call has what came since.
  [[nodiscard]] std::string take_delivered() { return std::exchange(delivered_, {}); }

 private:
  static constexpr std::uint32_t kWindow = 65535;

  // Figure 5, from ESTABLISHED on: a line for each state, a column for each arrow. LISTEN stands
  // for "no such arrow".
  struct Row {
    State state;
    bool takes_text;
    State on_fin;
    State on_fin_acked;
    State on_close;
  };
  static constexpr State kNone = State::kListen;
  static constexpr std::array<Row, 8> kRows{{
      {State::kSynReceived, false, kNone, kNone, State::kFinWait1},
      {State::kEstablished, true, State::kCloseWait, kNone, State::kFinWait1},
      {State::kFinWait1, true, State::kClosing, State::kFinWait2, kNone},
      {State::kFinWait2, true, State::kTimeWait, kNone, kNone},
      {State::kCloseWait, false, kNone, kNone, State::kLastAck},
      {State::kClosing, false, kNone, State::kTimeWait, kNone},
      {State::kLastAck, false, kNone, State::kClosed, kNone},
      {State::kTimeWait, false, kNone, kNone, kNone},
  }};
  [[nodiscard]] const Row& row() const {
    const auto found = std::ranges::find(kRows, state_, &Row::state);
    STRATA_CHECK(found != kRows.end());
    return *found;
  }

  static bool is_before(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
  }
  static ModelReply acknowledge() { return {.kind = ModelReply::Kind::kAck}; }
  static ModelReply reset_with(std::uint32_t seq) {
    return {.kind = ModelReply::Kind::kReset, .seq = seq};
  }

  void begin(std::uint32_t iss) {
    iss_ = snd_una_ = iss;
    snd_nxt_ = iss + 1;
    written_ = 0;
    is_closing_ = false;
  }

  void end() {
    state_ = listens_ ? State::kListen : State::kClosed;
    is_active_ = false;
    held_.clear();
    fin_at_.reset();
  }

  // 3.10.7.1
  static ModelReply in_closed(const ModelSegment& segment) {
    if (segment.is_rst) return {};
    if (segment.is_ack) return reset_with(segment.ack);
    return {.kind = ModelReply::Kind::kReset,
            .seq = 0,
            .ack = segment.seq + segment.length(),
            .has_ack = true};
  }

  // 3.10.7.2
  ModelReply in_listen(const ModelSegment& segment) {
    if (segment.is_rst) return {};
    if (segment.is_ack) return reset_with(segment.ack);
    if (!segment.is_syn) return {};
    learn(segment);
    state_ = State::kSynReceived;
    return {.kind = ModelReply::Kind::kSynAck};
  }

  // 3.10.7.3
  ModelReply in_syn_sent(const ModelSegment& segment) {
    const bool is_acceptable =
        segment.is_ack && is_before(iss_, segment.ack) && !is_before(snd_nxt_, segment.ack);
    if (segment.is_ack && !is_acceptable) {
      return segment.is_rst ? ModelReply{} : reset_with(segment.ack);
    }
    if (segment.is_rst) {
      if (is_acceptable) end();
      return {};
    }
    if (!segment.is_syn) return {};
    learn(segment);
    if (!is_acceptable) {
      state_ = State::kSynReceived;
      return {.kind = ModelReply::Kind::kSynAck};
    }
    snd_una_ = segment.ack;
    state_ = State::kEstablished;
    return acknowledge();
  }

  void learn(const ModelSegment& syn) {
    irs_ = syn.seq;
    rcv_nxt_ = syn.seq + 1;
    held_.clear();
    fin_at_.reset();
  }

  // 3.10.7.4
  ModelReply otherwise(const ModelSegment& segment) {
    // 3.5, figure 8: of two that open at once each hears the other's SYN again, with an ACK.
    const bool is_crossed = state_ == State::kSynReceived && is_active_ && segment.is_syn &&
                            segment.is_ack && !segment.is_rst && segment.seq == irs_;
    if (!is_crossed) {
      // First: the sequence number. Second: RST. Fourth: SYN.
      if (!is_acceptable(segment)) return segment.is_rst ? ModelReply{} : acknowledge();
      if (segment.is_rst) return on_reset(segment);
      if (segment.is_syn) return acknowledge();  // RFC 5961 4, as 3.10.7.4 has it
    }
    // Fifth: ACK.
    if (!segment.is_ack) return {};
    if (const auto reply = on_ack(segment)) return *reply;
    if (state_ == State::kClosed || state_ == State::kListen) return {};
    // Seventh and eighth: text and FIN.
    return take(segment);
  }

  [[nodiscard]] bool is_acceptable(const ModelSegment& segment) const {
    const auto is_inside = [&](std::uint32_t seq) { return seq - rcv_nxt_ < kWindow; };
    // RFC 5961 3: of a RST the number alone counts.
    const std::uint32_t length = segment.is_rst ? 0 : segment.length();
    if (length == 0) return is_inside(segment.seq);
    return is_inside(segment.seq) || is_inside(segment.seq + length - 1);
  }

  ModelReply on_reset(const ModelSegment& segment) {
    if (segment.seq != rcv_nxt_) return acknowledge();
    end();
    return {};
  }

  // Nothing: go on with the segment.
  std::optional<ModelReply> on_ack(const ModelSegment& segment) {
    if (state_ == State::kSynReceived) {
      if (!is_before(snd_una_, segment.ack) || is_before(snd_nxt_, segment.ack)) {
        return reset_with(segment.ack);
      }
      state_ = State::kEstablished;
    }
    if (is_before(snd_nxt_, segment.ack)) return acknowledge();
    // RFC 5961 5.2: older than any window that was ever open.
    if (is_before(segment.ack, snd_una_ - kWindow)) return acknowledge();
    if (is_before(snd_una_, segment.ack)) snd_una_ = segment.ack;
    const bool is_fin_acked = is_closing_ && snd_una_ == send_limit();
    if (!is_fin_acked || row().on_fin_acked == kNone) return std::nullopt;
    state_ = row().on_fin_acked;
    if (state_ == State::kClosed) end();
    return std::nullopt;
  }

  ModelReply take(const ModelSegment& segment) {
    if (segment.text.empty() && !segment.is_fin) return {};
    if (!row().takes_text) return {};
    const std::uint32_t begin = segment.seq + (segment.is_syn ? 1U : 0U);
    for (std::uint32_t i = 0; i < segment.text.size(); ++i) {
      if (!is_before(begin + i, rcv_nxt_)) held_.emplace(begin + i - irs_, segment.text[i]);
    }
    if (segment.is_fin) fin_at_ = begin + static_cast<std::uint32_t>(segment.text.size()) - irs_;
    for (auto next = held_.find(rcv_nxt_ - irs_); next != held_.end();
         next = held_.find(rcv_nxt_ - irs_)) {
      delivered_ += next->second;
      held_.erase(next);
      ++rcv_nxt_;
    }
    if (fin_at_ && *fin_at_ == rcv_nxt_ - irs_) {
      ++rcv_nxt_;
      state_ = row().on_fin;
    }
    return acknowledge();
  }

  State state_ = State::kClosed;
  bool listens_ = false, is_active_ = false, is_closing_ = false;
  std::uint32_t iss_ = 0, snd_una_ = 0, snd_nxt_ = 0, written_ = 0;
  std::uint32_t irs_ = 0, rcv_nxt_ = 0;
  std::map<std::uint32_t, char> held_;  // by place, counted from IRS
  std::optional<std::uint32_t> fin_at_;
  std::string delivered_;
};

}  // namespace strata::tcp::model
