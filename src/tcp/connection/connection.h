// SPDX-License-Identifier: Apache-2.0
// Connection: RFC 9293 from the first SYN to TIME-WAIT, around a Sender and a Receiver.
//
//   on_segment ──> Handshake, until it is open; then the eight checks of 3.10.7.4:
//                  sequence number ─> RST ─> SYN ─> ACK ─> URG ─> text ─> FIN
//                                                    │      └──────┴──────┴───> Receiver
//                                                    └────────────────────────> Sender
//   next_outgoing: RST, SYN, ACKs that must not wait, retransmissions and new data (Sender),
//                  keepalive probes and challenge ACKs, the plain ACK (Receiver)
//
// 1. A Connection sends nothing by itself and calls nobody. What it causes is seen in what it
//    answers: take_news() for its program, has_outgoing(), next_deadline(), state().
// 2. The halves do not know each other. An ACK is the Sender's, and its answer decides the state;
//    text, URG and FIN are the Receiver's, and so is what is to be acknowledged.
// 3. Timers that are neither's are here: keepalive, FIN-WAIT-2, lingering.
// 4. The state changes in transition_to() only, which checks the table of state.h. No segment can
//    ask for a transition that is not there: each step names the states it concerns.
// 5. What is pulled counts as sent.
// 6. CLOSED is the end. What the program has not read stays until it lets go of its handle; a RST
//    that is due is still pulled.
#pragma once

#include <cstdint>
#include <optional>

#include "base/intrusive_list.h"
#include "base/timer_wheel.h"
#include "strata/drop_reason.h"
#include "strata/error.h"
#include "strata/readiness.h"
#include "tcp/engine.h"
#include "tcp/isn.h"
#include "tcp/open/handshake.h"
#include "tcp/receive/receiver.h"
#include "tcp/segment.h"
#include "tcp/send/sender.h"
#include "tcp/shared.h"
#include "tcp/state.h"

namespace strata::tcp {

struct Opened;
struct ConnectionSnapshot;

class Connection {
 public:
  Connection(const Flow& flow, SequenceNumber iss, OptionSetIndex options, std::uint32_t mtu,
             Time now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Before the end: everything goes back.
  void release(Shared& shared);

  // ── How it begins ─────────────────────────────────────────────────────────────────────────
  // RFC 9293 3.10.1, active OPEN. False: no memory.
  [[nodiscard]] bool open(Shared& shared, SequenceNumber iss);
  // A listener's handshake, or a SYN cookie, came to its end with `ack`, which is to be told to
  // on_segment() next.
  void open_passively(Shared& shared, const Opened& opened, const Segment& ack, Time now);
  // RFC 7413 4.2.2: a SYN with a valid cookie opens the connection before the handshake is over,
  // and its text is taken. False: no memory.
  [[nodiscard]] bool open_fast(Shared& shared, const Opened& opened, Segment&& syn, Time now);

  // ── What happens to it ────────────────────────────────────────────────────────────────────
  DropReason on_segment(Shared& shared, Segment&& segment, Time now);
  DropReason on_icmp(Shared& shared, const IcmpNews& news, Time now);
  void on_path_mtu(Shared& shared, std::uint32_t mtu, Time now);
  void on_unreachable(Shared& shared, Error error, Time now);
  void on_neighbor_silent(Shared& shared, Time now);
  [[nodiscard]] std::optional<Outgoing> next_outgoing(Shared& shared, const Limits& limits,
                                                      Time now);
  // Is it worth asking again? Yes, unless there is surely nothing.
  [[nodiscard]] bool has_outgoing(const Shared& shared) const;
  [[nodiscard]] std::optional<Time> next_deadline(const Shared& shared) const;
  void on_deadline(Shared& shared, Time now);

  // ── What its program asks ─────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<std::size_t> write(Shared& shared, Bytes bytes, Time now, bool more);
  [[nodiscard]] Result<void> write_owned(Shared& shared, PacketPtr& packet, Time now);
  [[nodiscard]] Result<std::size_t> write_urgent(Shared& shared, Bytes bytes, Time now);
  [[nodiscard]] Result<std::size_t> read(Shared& shared, MutableBytes to, Time now);
  [[nodiscard]] Result<PacketPtr> read_slices(Shared& shared, std::size_t bytes_max, Time now);
  [[nodiscard]] Result<std::size_t> peek(const Shared& shared, std::size_t offset,
                                         MutableBytes to) const;
  [[nodiscard]] Result<std::byte> read_urgent(Shared& shared);
  [[nodiscard]] bool is_at_urgent_mark(const Shared& shared) const;
  [[nodiscard]] Result<void> shut_down_writing(Shared& shared, Time now);
  [[nodiscard]] Result<void> shut_down_reading();
  // RFC 9293 3.10.4 by a program that will ask nothing more.
  void close(Shared& shared, Time now);
  [[nodiscard]] Result<void> close_lingering(Shared& shared, Time now);
  void abort(Shared& shared, Time now);
  [[nodiscard]] Result<void> set_options(Shared& shared, const TcpSocketOptions& options, Time now);
  [[nodiscard]] std::optional<Error> take_error();
  [[nodiscard]] Readiness readiness(const Shared& shared) const;
  [[nodiscard]] TcpInfo info(const Shared& shared, Time now) const;

  // ── For a connection that moves ───────────────────────────────────────────────────────────
  // Nothing before it is open and after it has ended.
  [[nodiscard]] std::optional<ConnectionSnapshot> snapshot(const Shared& shared, Time now) const;
  // The text beside it, as much as the snapshot says.
  void copy_text(const Shared& shared, MutableBytes unread, MutableBytes queued) const;
  // Into a connection just made, from a snapshot that is our own. False: another version, or no
  // memory; then it is to be released.
  [[nodiscard]] bool restore(Shared& shared, const ConnectionSnapshot& snapshot, Bytes unread,
                             Bytes queued, Time now);

  // ── What its transport asks ───────────────────────────────────────────────────────────────
  [[nodiscard]] const Flow& flow() const { return flow_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_orphan() const { return flags_.is_orphan; }
  [[nodiscard]] bool is_opening() const { return opening_ != kNoIndex; }
  [[nodiscard]] OptionSetIndex options() const { return options_; }
  // Nothing more will come of it, and nobody looks at it.
  [[nodiscard]] bool is_over() const {
    return state_ == State::kClosed && flags_.is_orphan && !flags_.reset_due;
  }
  // Brings what it keeps elsewhere and an acknowledgement or text will touch.
  void prefetch(const Shared& shared) const;
  [[nodiscard]] bool has_news() const {
    return flags_.news_readable || flags_.news_writable || flags_.news_error || flags_.news_closed;
  }
  // What became true for its program since the last call.
  [[nodiscard]] Readiness take_news();
  [[nodiscard]] const Sender& sender() const { return sender_; }
  [[nodiscard]] const Receiver& receiver() const { return receiver_; }
  // Of the timestamps: what was last seen, and what we add to our clock; none without them.
  // A write found no room, or left none, and writable has not been told since.
  [[nodiscard]] bool is_program_waiting() const { return flags_.program_waits; }
  [[nodiscard]] bool has_timestamps() const { return flags_.timestamps; }
  [[nodiscard]] std::uint32_t ts_recent() const { return ts_recent_; }
  [[nodiscard]] std::uint32_t ts_offset() const { return ts_offset_; }
  // Tells the observer, if there is one.
  void tell(const Shared& shared, TcpEvent event) const;
  // It is a TimeWait's business from here on.
  void on_time_wait_taken(Shared& shared);

  // The transport's own notes.
  TimerEntry timer;
  ListLink<Connection> dirty;
  Index hook = kNoIndex;      // in Shared::hooks
  Index listener = kNoIndex;  // while it waits to be accepted, or is pending
  static constexpr InterfaceId kHeldAtMax = (1U << 13U) - 1;
  InterfaceId held_at : 13 = kNoInterface;  // has no room for it; else it is dirty, or at rest
  bool is_known : 1 = false;                // to the demultiplexer
  bool is_pending : 1 = false;              // a Fast Open server's, whose handshake is not over
  bool is_accepted : 1 = false;             // a program has it

 private:
  struct Flags {
    bool timestamps : 1 = false;
    bool sack : 1 = false;
    bool window_scaling : 1 = false;
    bool ecn : 1 = false;
    bool fast_open : 1 = false;
    bool asked_fast_open : 1 = false;  // our SYN had the option
    bool is_orphan : 1 = false;        // no program holds it any more
    bool is_lingering : 1 = false;     // close_lingering() waits
    bool fin_wanted : 1 = false;       // the Sender has not taken it yet
    bool reset_due : 1 = false;
    bool resets_at_una : 1 = false;  // the peer may have missed our FIN
    bool challenge_due : 1 = false;
    bool probe_due : 1 = false;         // of keepalive
    bool user_timeout_due : 1 = false;  // RFC 5482: to be told to the peer
    bool keepalive : 1 = false;
    bool may_fragment : 1 = false;
    bool program_waits : 1 = false;  // write() could not take all, or no more
    bool has_halves : 1 = false;
    bool made_progress : 1 = false;  // and no segment has told the next hop's cache since
    bool news_readable : 1 = false;
    bool news_writable : 1 = false;
    bool news_error : 1 = false;
    bool news_closed : 1 = false;
  };

  static constexpr unsigned kProbesMost = (1U << 12U) - 1;  // what probes_ can count

  void transition_to(Shared& shared, State to, Time now);
  // Out of nothing: without an arrow, and nobody listens yet.
  void begin_in(State first);
  // The end, for a reason the program shall hear.
  void fail(Shared& shared, Error error, Time now);
  void end(Shared& shared, Time now);

  // connection_open.cpp
  DropReason in_opening(Shared& shared, Segment&& segment, Time now);
  [[nodiscard]] Handshake::Context context(const Shared& shared) const;
  void begin_halves(Shared& shared, const Opened& opened, const Segment& segment, Time now);
  void on_open(Shared& shared, Time now);
  [[nodiscard]] std::optional<Outgoing> next_of_opening(Shared& shared, Time now);
  [[nodiscard]] std::optional<Outgoing> next_fast_syn(Shared& shared, Handshake& handshake,
                                                      Time now);
  void learn_fast_open(Shared& shared, const Handshake& handshake, const Segment& syn_ack,
                       Time now);
  [[nodiscard]] std::optional<Time> opening_deadline(const Shared& shared) const;
  void on_opening_deadline(Shared& shared, Time now);
  [[nodiscard]] std::uint16_t mss_of_path() const;

  // connection_input.cpp
  [[nodiscard]] bool is_predicted(const Segment& segment) const;
  [[nodiscard]] DropReason check_timestamps(Shared& shared, const Segment& segment, Time now);
  [[nodiscard]] DropReason check_sequence(Shared& shared, Segment& segment, Time now);
  DropReason on_reset(Shared& shared, const Segment& segment, Time now);
  [[nodiscard]] DropReason take_ack(Shared& shared, const Segment& segment, Time now);
  void on_fin_acked(Shared& shared, Time now);
  void take_urgent(Shared& shared, const Segment& segment);
  DropReason take_text(Shared& shared, Segment&& segment, Time now);
  void on_fin(Shared& shared, Time now);
  void challenge(Shared& shared, Time now);
  void answer_unacceptable(Shared& shared, const Segment& segment, Time now);
  void update_ts_recent(const Segment& segment);
  void take_user_timeout(const Shared& shared, const wire::TcpUserTimeout& told);
  [[nodiscard]] bool has_old_timestamp(const Segment& segment, Time now) const;

  // connection_output.cpp
  void compose(const Shared& shared, wire::TcpFlags flags, SequenceNumber seq, Outgoing& outgoing,
               Time now);
  // Something always: the types spare their answers a move.
  [[nodiscard]] std::optional<Outgoing> compose_reset(Shared& shared, Time now);
  [[nodiscard]] std::optional<Outgoing> compose_ack(Shared& shared, SequenceNumber seq,
                                                    const Ack& ack, Time now);
  [[nodiscard]] std::optional<Outgoing> compose_text(Shared& shared, Transmission& transmission,
                                                     Time now);
  void write_options(Outgoing& outgoing, const Ack& ack, Time now) const;
  void add_user_timeout(const Shared& shared, Outgoing& outgoing);
  void note_sent(Shared& shared, const Outgoing& outgoing, std::uint16_t segments, Time now,
                 const Transmission* transmission = nullptr);
  [[nodiscard]] Ack carried_ack(Shared& shared, Time now);
  [[nodiscard]] std::uint16_t segment_size_max(const Shared& shared) const;

  // connection_calls.cpp
  [[nodiscard]] std::optional<Error> why_not_write();
  [[nodiscard]] bool has_enough_to_read(const Shared& shared) const;
  [[nodiscard]] Error why_nothing_to_read() const;
  [[nodiscard]] Error take_why_nothing_to_read();
  void wait_for_room(const Shared& shared, Time now);
  void note_fullness(const Shared& shared);
  void tell_of_room() {
    flags_.program_waits = false;
    flags_.news_writable = true;
  }
  void start_closing(Shared& shared, Time now);
  void obey_options(Shared& shared, Time now);
  [[nodiscard]] bool is_writable(const Shared& shared) const;

  // connection_path.cpp
  [[nodiscard]] bool is_in_flight(const Shared& shared, SequenceNumber quoted) const;
  void lower_path_mtu(Shared& shared, std::uint32_t mtu, Time now);
  void set_path_mtu(Shared& shared, std::uint32_t mtu, Time now);
  // Routers cut what they find too long. Those of IPv6 cannot.
  [[nodiscard]] bool ignores_path_mtu(const TcpSocketOptions& options) const {
    return options.path_mtu == TcpPathMtu::kIgnore && flow_.is_v4();
  }

  // connection_timers.cpp
  [[nodiscard]] std::optional<Time> keepalive_deadline(const Shared& shared) const;
  [[nodiscard]] Duration keepalive_interval(const Shared& shared) const;
  void on_keepalive(Shared& shared, Time now);
  [[nodiscard]] Patience patience(const Shared& shared) const;
  void start_fin_wait_2(const Shared& shared, Time now);

  // Sender and Receiver know the peer. Before, there is only the Handshake.
  void end_halves(Shared& shared);
  [[nodiscard]] bool has_halves() const { return flags_.has_halves; }
  [[nodiscard]] std::uint32_t clock(Time now) const { return timestamp_clock(now) + ts_offset_; }

  // connection_info.cpp
  void tell_ack(const Shared& shared, const AckOutcome& outcome, Time now) const;

  Flow flow_;
  State state_ = State::kClosed;
  Flags flags_;
  std::uint16_t send_scale_ : 4 = 0;
  std::uint16_t probes_ : 12 = 0;  // keepalive's, unanswered
  std::uint16_t path_mtu_;
  std::uint16_t peer_mss_ = kMssDefaultV4;
  std::uint16_t peer_user_timeout_ = 0;  // seconds; 0: none
  std::uint32_t ts_offset_ = 0;
  std::uint32_t ts_recent_ = 0;
  std::uint32_t refused_ack_at_ = 0;  // ms: the last ACK of an unacceptable segment
  Sender sender_;
  Receiver receiver_;
  Time heard_;      // the last acceptable segment
  Time ends_at_{};  // of FIN-WAIT-2, lingering, or until FIN or a write is tried again; 0: never
  Time opened_;
  // For TcpInfo, modulo 2^32.
  std::uint32_t segments_sent_ = 0;
  std::uint32_t segments_received_ = 0;
  std::uint32_t data_segments_received_ = 0;
  std::uint32_t out_of_order_received_ = 0;
  std::uint32_t delivered_ce_ = 0;
  Index opening_ = kNoIndex;
  OptionSetIndex options_;
  std::optional<Error> error_;
  std::optional<Error> soft_error_;
};
// With tables, index and what the Sender keeps, an idle endpoint stays within 512 bytes.
static_assert(sizeof(Connection) <= 408);

}  // namespace strata::tcp
