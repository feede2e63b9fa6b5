// SPDX-License-Identifier: Apache-2.0
// Handshake: how a connection is opened, from either side; its two states in 32 bytes.
//
//                 active()                                      passive(syn)
//                    │ SYN                                           │ SYN,ACK
//                    v                                               v
//   kRefused <── SYN-SENT ──── SYN: answer SYN,ACK ─────────> SYN-RECEIVED ──> kRefused
//   kTimedOut        │                                               │         kTimedOut
//                    └─ SYN,ACK ──> kEstablished <── ACK ────────────┘
//
// 1. It remembers what was offered and, from SYN-RECEIVED on, what was agreed; everything else
//    comes with the Context of each call. It holds no pointer and is copied freely.
// 2. Until it says kEstablished nothing of a segment was taken; then the owner goes on with the
//    same segment's ACK, text and FIN.
// 3. A SYN, or SYN-ACK, is due whenever wants_to_send(); what next_outgoing() answers counts as
//    sent. Replies that keep no state come with the Outcome; the owner asks its ReplyBudget.
// 4. Sequence numbers: SND.UNA = ISS, SND.NXT = ISS + 1 + syn_text, RCV.NXT = IRS + 1 + what a Fast
//    Open server took of the SYN's text.
#pragma once

#include <cstdint>
#include <optional>

#include "strata/drop_reason.h"
#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/open/negotiation.h"
#include "tcp/open/secrets.h"
#include "tcp/packed_time.h"
#include "tcp/segment.h"
#include "tcp/state.h"

namespace strata::tcp {

// What goes with the first SYN of a Fast Open client (RFC 7413 4.1.3): the cookie, or an empty one
// to ask for it, and how many bytes of text the owner will put into the segment. Text without any
// cookie is for networks that do without.
struct FirstFlight {
  std::optional<wire::TcpFastOpenCookie> cookie{};
  std::uint16_t text_bytes = 0;
};

class Handshake {
 public:
  struct Context {
    const TcpConfig& config;
    const TcpSocketOptions& options;
    const Secrets& secrets;
    const Flow& flow;
    std::uint32_t mtu = 1500;  // of the path to the peer
  };

  enum class Event : std::uint8_t {
    kNone,         // nothing came of it
    kReceived,     // simultaneous open: SYN-SENT became SYN-RECEIVED, a SYN-ACK is due
    kEstablished,  // both ends know each other's SYN
    kRefused,      // RST: back to LISTEN, or the program hears kConnectionRefused
    kTimedOut,     // nobody answered
  };
  // Replies to what may be forged are kept within a budget; a RST for another connection's ACK
  // within that of resets.
  enum class ReplyKind : std::uint8_t { kNone, kChallengeAck, kReset };
  struct Outcome {
    Event event = Event::kNone;
    DropReason drop = DropReason::kNone;  // why the segment was of no use
    ReplyKind reply = ReplyKind::kNone;   // reply_to() makes it
  };

  // RFC 9293 3.10.1. A SYN is due at once.
  [[nodiscard]] static Handshake active(const Context& context, SequenceNumber iss);
  // RFC 9293 3.10.7.2, third: a SYN for a listener. A SYN-ACK is due at once.
  [[nodiscard]] static Handshake passive(const Context& context, const Segment& syn,
                                         SequenceNumber iss);

  // RFC 9293 3.10.7.3 and 3.10.7.4. The timestamp, if any, is checked here too (RFC 7323 5.3).
  [[nodiscard]] Outcome on_segment(const Segment& segment, const Context& context);
  // What the Outcome asked for. The segment is the one that was judged.
  [[nodiscard]] Outgoing reply_to(const Segment& segment, ReplyKind kind, const Context& context,
                                  Time now) const;

  [[nodiscard]] bool wants_to_send() const { return must_send_; }
  // The SYN or SYN-ACK. Of a Fast Open client's first SYN, the owner appends the text it promised.
  // `server_cookie` is what a Fast Open server gives away with its SYN-ACK.
  [[nodiscard]] std::optional<Outgoing> next_outgoing(
      const Context& context, Time now, const FirstFlight& first = {},
      const std::optional<wire::TcpFastOpenCookie>& server_cookie = {});

  // Of the retransmission timer, once something was sent.
  [[nodiscard]] std::optional<Time> next_deadline() const {
    if (must_send_) return std::nullopt;
    return deadline_.time();
  }
  // kTimedOut after the last retry, else kNone, and something is due again.
  [[nodiscard]] Event on_deadline(const Context& context, Time now);

  // The retry that is due only waits: a SYN-ACK was answered, but the connection may not open yet.
  void postpone(const Context& context, Time now);

  // A SYN came again, so its answer was lost: send it again without waiting for the timer.
  void repeat() { must_send_ = is_repeated_ = true; }
  // RFC 9293 3.10.5: what tells the peer of a program that gave up in SYN-RECEIVED.
  [[nodiscard]] Outgoing reset(const Context& context) const;
  // A Fast Open server took this much text of the SYN (RFC 7413 4.2.2); it is acknowledged.
  void take_syn_text(std::uint32_t bytes) {
    syn_text_ = static_cast<std::uint16_t>(bytes);
    fast_open_ = true;
  }
  // A Fast Open server is to give the client a cookie, in the kind of option it asked with.
  void promise_cookie(bool experimental) {
    gives_cookie_ = true;
    cookie_is_experimental_ = experimental;
  }

  [[nodiscard]] State state() const { return is_received_ ? State::kSynReceived : State::kSynSent; }
  [[nodiscard]] bool is_active() const { return is_active_; }
  [[nodiscard]] bool gives_cookie() const { return gives_cookie_; }
  [[nodiscard]] bool cookie_is_experimental() const { return cookie_is_experimental_; }
  [[nodiscard]] SequenceNumber iss() const { return iss_; }
  [[nodiscard]] SequenceNumber irs() const { return irs_; }
  [[nodiscard]] SequenceNumber snd_nxt() const {
    return iss_ + 1 + (is_active_ ? std::uint32_t{syn_text_} : 0U);
  }
  [[nodiscard]] SequenceNumber rcv_nxt() const {
    return irs_ + 1 + (is_active_ ? 0U : std::uint32_t{syn_text_});
  }
  [[nodiscard]] std::uint8_t retries() const { return retries_; }
  // Nothing was sent again yet, by the timer or by repeat().
  [[nodiscard]] bool is_first_try() const { return !is_repeated_; }
  // Someone has acknowledged our SYN-ACK, but the connection may not open yet (accept queue full,
  // or deferred until data).
  [[nodiscard]] bool is_acknowledged() const { return is_acknowledged_; }
  void set_acknowledged() { is_acknowledged_ = true; }

  // What both ends know now.
  [[nodiscard]] Negotiated negotiated(const Context& context) const;
  // How long our SYN or SYN-ACK took to be answered by what arrived now; none after a retry, whose
  // answer might be to either (RFC 6298 3).
  [[nodiscard]] std::optional<Duration> round_trip(const Context& context, Time now) const;

  // RFC 6298 2.1, 5.5: how long to wait for an answer after this many retries.
  [[nodiscard]] static Duration retry_wait(const TcpConfig& config, unsigned retries);

 private:
  [[nodiscard]] Outcome in_syn_sent(const Segment& segment, const Context& context);
  [[nodiscard]] Outcome in_syn_received(const Segment& segment, const Context& context);
  [[nodiscard]] Outcome on_acknowledgment(const Segment& segment);
  [[nodiscard]] bool is_acceptable(const Segment& segment, const Context& context) const;
  [[nodiscard]] bool is_duplicate_syn(const Segment& segment) const;
  void on_syn_again(const Segment& syn);
  void adopt(const Negotiated& agreed);
  [[nodiscard]] Terms terms(const Context& context) const;
  [[nodiscard]] std::uint32_t offset(const Context& context) const;
  [[nodiscard]] Outgoing syn(const Context& context, Time now, const FirstFlight& first);
  [[nodiscard]] Outgoing syn_ack(const Context& context, Time now,
                                 const std::optional<wire::TcpFastOpenCookie>& cookie) const;

  PackedTime deadline_;
  SequenceNumber iss_;
  SequenceNumber irs_;
  std::uint32_t ts_recent_ = 0;
  std::uint16_t send_mss_ = kMssDefaultV4;
  std::uint16_t receive_mss_ = kMssDefaultV4;
  std::uint16_t syn_text_ = 0;      // sent with our SYN; or taken from the peer's
  std::uint16_t user_timeout_ = 0;  // the peer's, as on the wire; 0: none
  std::uint8_t send_scale_ : 4 = 0;
  std::uint8_t receive_scale_ : 4 = 0;
  std::uint8_t retries_ = 0;
  // In SYN-SENT what was offered, in SYN-RECEIVED what was agreed.
  bool window_scaling_ : 1 = false;
  bool timestamps_ : 1 = false;
  bool sack_ : 1 = false;
  bool ecn_ : 1 = false;
  bool fast_open_ : 1 = false;
  bool is_active_ : 1 = false;
  bool is_received_ : 1 = false;
  bool must_send_ : 1 = true;
  bool gives_cookie_ : 1 = false;
  bool cookie_is_experimental_ : 1 = false;
  bool is_acknowledged_ : 1 = false;
  bool is_repeated_ : 1 = false;  // an answer may be to either
};
static_assert(sizeof(Handshake) == 32 && alignof(Handshake) == 4);

}  // namespace strata::tcp
