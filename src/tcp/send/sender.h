// SPDX-License-Identifier: Apache-2.0
// Sender: the half of a connection that is SND.* in RFC 9293: what may leave, and when again.
//
//            una                 nxt              una + window
//   ----------|===================|.................|----------------------> stream
//             |  sent, not acked  |  queued text    |
//             |  Flight::records  |                 |
//             |<--- Flight::queue (ByteQueue) ---->|
//
//   write ──> queue ──> next_transmission ──> record ──> on_ack ──> gone
//                            ^                  │ lost (LossDetection, TailProbe, timers)
//                            └───── again ──────┘ how fast: Recovery, CongestionControl, Pacer
//
// 1. The Sender is what an idle connection keeps. Text, records and all that recovery knows are a
//    Flight, taken with the first byte and given back some time after the last; counts for TcpInfo
//    are Totals, taken with the first byte and kept. A Flight that rests is as good as none.
// 2. What is pulled from next_transmission() counts as sent. Nothing else sends.
// 3. A record is what one Transmission sent, up to 64 KB, until parts of it meet different fates.
// 4. A peer can make a Sender work, never grow: records are at most one a segment that we sent.
// 5. The Sender points to nothing: memory and settings are an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/index.h"
#include "strata/bytes.h"
#include "strata/packet.h"
#include "strata/tcp_info.h"
#include "strata/time.h"
#include "tcp/congestion/slot.h"
#include "tcp/rtt.h"
#include "tcp/send/events.h"
#include "tcp/send/record.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

enum class SendPhase : std::uint8_t;
struct Flight;
struct SenderShared;
struct Totals;

class Sender {
 public:
  using Shared = SenderShared;

  // `first` is the number of the first byte of text: ISS + 1.
  explicit Sender(SequenceNumber first);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  // Nothing more will be sent: what is queued goes back, what was counted stays.
  void end(Shared& shared);
  // That, too.
  void release(Shared& shared);
  // Shared::next_fold() has passed.
  static void on_fold(Shared& shared, Time now);

  void prefetch(const Shared& shared) const;

  // ── The program's side ────────────────────────────────────────────────────────────────────
  // How many bytes were taken: what the buffer has room for, and memory. Also before the connection
  // is open. `more` holds back a last small segment for what follows.
  [[nodiscard]] std::uint32_t write(Shared& shared, Bytes bytes, Time now, bool more = false);
  // Whole or not at all; then `packet` stays.
  [[nodiscard]] bool write_owned(Shared& shared, PacketPtr& packet, Time now);
  // The last byte written is urgent (RFC 9293 3.8.5).
  void mark_urgent(Shared& shared);
  // FIN follows what was written. False: no memory for the note now.
  [[nodiscard]] bool queue_fin(Shared& shared, Time now);
  void set_options(Shared& shared, const SendOptions& options, Time now);
  // False: Memory has no room for the algorithm's state.
  [[nodiscard]] bool change_control(Shared& shared, const Algorithm& control, Time now);
  // Bytes that write() would take now, memory permitting.
  [[nodiscard]] std::uint32_t room(const Shared& shared) const;

  // ── The connection's side ─────────────────────────────────────────────────────────────────
  // RFC 7413 4.1.3: text for a SYN, at most so much; null when there is none. It counts as not
  // sent.
  [[nodiscard]] PacketPtr share_first(Shared& shared, std::uint32_t bytes_max) const;
  void on_established(Shared& shared, const PeerParameters& peer, Time now);
  AckOutcome on_ack(Shared& shared, const AckEvent& ack, Time now);
  [[nodiscard]] std::optional<Transmission> next_transmission(Shared& shared,
                                                              const SendLimits& limits, Time now);
  // Is it worth asking again? Yes, unless there is surely nothing.
  [[nodiscard]] bool has_outgoing(const Shared& shared) const;
  [[nodiscard]] std::optional<Time> next_deadline(const Shared& shared) const;
  [[nodiscard]] DeadlineOutcome on_deadline(Shared& shared, const Patience& patience, Time now);
  // Another MSS: the path's or the peer's options changed. What is in flight and larger is sent
  // again in smaller pieces, without being taken for a sign of congestion (RFC 1191 6.5).
  void on_mss(Shared& shared, std::uint16_t mss, Time now);
  // ICMP told of an unreachable way, believably, about the segment at `quoted` (RFC 6069).
  void on_icmp_soft(Shared& shared, SequenceNumber quoted, Time now);

  // ── What can be seen ──────────────────────────────────────────────────────────────────────
  [[nodiscard]] SequenceNumber una() const { return una_; }
  [[nodiscard]] SequenceNumber nxt() const { return nxt_; }
  [[nodiscard]] std::uint32_t window() const { return window_; }
  [[nodiscard]] std::uint16_t mss() const { return mss_; }
  [[nodiscard]] const Rtt& rtt() const { return rtt_; }
  [[nodiscard]] bool is_fin_queued() const { return flags_.fin_queued; }
  [[nodiscard]] bool is_fin_sent() const { return flags_.fin_sent; }
  // FIN was acknowledged, and so was everything before.
  [[nodiscard]] bool is_finished() const { return flags_.fin_acked; }
  // Text and FIN that wait for an acknowledgement or to be sent.
  [[nodiscard]] bool has_outstanding() const { return una_ != nxt_; }
  [[nodiscard]] std::uint32_t queued(const Shared& shared) const;  // text, sent or not
  [[nodiscard]] std::uint32_t unsent(const Shared& shared) const;  // text
  [[nodiscard]] bool is_fin_unsent() const { return flags_.fin_queued && !flags_.fin_sent; }
  // Fills what of TcpInfo the sending half knows, and leaves the rest.
  void fill(const Shared& shared, TcpInfo& info, Time now) const;

  // ── For a connection that moves ───────────────────────────────────────────────────────────
  [[nodiscard]] SenderSnapshot snapshot(const Shared& shared) const;
  // Text from SND.UNA + offset on; the range lies inside `queued`.
  void copy_text(const Shared& shared, std::size_t offset, MutableBytes to) const;
  // Into a Sender just made. Then the text is written, and finish_restore() counts what of it had
  // been sent. False: not a version we know, or no memory.
  [[nodiscard]] bool restore(Shared& shared, const SenderSnapshot& snapshot,
                             const Algorithm* control, Time now);
  [[nodiscard]] bool finish_restore(Shared& shared, const SenderSnapshot& snapshot, Time now);

 private:
  struct Flags {
    bool established : 1 = false;
    bool sack_ok : 1 = false;
    bool timestamps_ok : 1 = false;
    bool ecn_ok : 1 = false;
    bool no_delay : 1 = false;
    bool cork : 1 = false;
    bool pacing : 1 = false;
    bool fixed_buffer : 1 = false;
    bool fin_queued : 1 = false;
    bool fin_sent : 1 = false;
    bool fin_acked : 1 = false;
    bool cwr_due : 1 = false;
    bool handshake_was_retransmitted : 1 = false;
    bool totals_are_whole : 1 = false;  // they did not fit when folded
    bool rests : 1 = false;             // has a Flight that nothing is in
    bool probe_unjudged : 1 = false;    // RFC 8985 7.4, of a flight that is over
  };
  static constexpr std::uint64_t kPacingUnit = 8;  // bytes per second: up to 34 GB/s

  // What a Transmission is made of.
  struct Piece {
    std::uint32_t bytes = 0;  // of text
    std::uint16_t segment_size = 0;
    bool fin = false;
    bool is_window_probe = false;
    bool is_path_probe = false;
  };

  // sender.cpp
  [[nodiscard]] Flight* flight(Shared& shared) const;
  [[nodiscard]] const Flight* flight(const Shared& shared) const;
  [[nodiscard]] Flight* take_flight(Shared& shared, Time now);
  void begin_flight(Shared& shared, Flight& f, Time now);
  void rest_if_idle(Shared& shared, Time now);
  void fold(Shared& shared);
  void destroy_flight(Shared& shared, Flight& f);
  [[nodiscard]] Totals kept_totals(const Shared& shared) const;
  void keep_totals(Shared& shared, const Totals& totals);
  void forget_totals(Shared& shared);
  void settle_account(Shared& shared, Flight& f, std::size_t taken);
  void set_phase(Flight& f, SendPhase phase, Time now);
  void use_mss(Shared& shared, Flight& f, std::uint16_t mss, Time now);
  void note_application_limit(Flight& f) const;
  void refresh_pacing(Flight& f);
  void limit_pacing(std::uint64_t bytes_per_second);
  [[nodiscard]] std::uint64_t pacing_limit() const {
    return pacing_rate_max_ == UINT32_MAX ? UINT64_MAX : pacing_rate_max_ * kPacingUnit;
  }
  [[nodiscard]] std::uint32_t initial_window() const;
  [[nodiscard]] std::uint32_t unsent(const Flight& f) const;
  [[nodiscard]] std::uint32_t in_flight(const Flight& f) const;
  [[nodiscard]] std::uint32_t flight_size() const { return distance(una_, nxt_); }

  // sender_ack.cpp
  [[nodiscard]] bool update_window(const AckEvent& ack);
  void acknowledge(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest);
  void apply_sack(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest);
  void count_duplicates(Flight& f, AckDigest& digest);
  void deliver(Flight& f, const Record& record, const SequenceRange& part, const AckEvent& ack,
               AckDigest& digest);
  [[nodiscard]] std::optional<Duration> sample_of_echo(const AckEvent& ack,
                                                       const AckDigest& digest) const;
  void sample_rtt(Flight& f, const AckEvent& ack, const AckDigest& digest);
  void tell_control(Flight& f, const AckEvent& ack, AckDigest& digest);
  void conclude_ack(Shared& shared, Flight& f, const AckDigest& digest, AckOutcome& outcome);
  void tune_buffer(const Shared& shared);

  // sender_recovery.cpp
  void judge_tail_probe(Flight& f, const AckEvent& ack, const AckDigest& digest);
  void detect_losses(Shared& shared, Flight& f, AckDigest* digest, Time now);
  void lose(Shared& shared, Flight& f, std::size_t position, TcpLossCause cause, AckDigest* digest,
            Time now);
  void judge_recovery(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest,
                      AckOutcome& outcome);
  void lose_first_segment(Shared& shared, Flight& f, TcpLossCause cause, AckDigest& digest);
  void on_congestion_mark(Flight& f, const AckDigest& digest);
  void judge_repair(Shared& shared, Flight& f, const AckEvent& ack, AckDigest& digest,
                    AckOutcome& outcome);
  [[nodiscard]] bool may_send_new(const Flight& f, Time now) const;
  [[nodiscard]] bool judge_timeout(Flight& f, const AckDigest& digest);
  void judge_late_duplicate(Shared& shared, const AckEvent& ack, Time now);
  void enter_recovery(Flight& f, const AckDigest& digest);
  void start_undo(Flight& f);
  void leave_recovery(Flight& f, Time now);
  void undo(Shared& shared, Flight& f, Time now);
  void reduce_window(Flight& f, const AckDigest& digest);
  void tell_congestion(Flight& f, congestion::CongestionCause cause, std::uint32_t bytes_acked,
                       Time now);

  // sender_output.cpp
  [[nodiscard]] std::optional<Transmission> urgent_need(Shared& shared, Flight& f,
                                                        const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> retransmit(Shared& shared, Flight& f,
                                                       const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> retransmit_at(Shared& shared, Flight& f,
                                                          std::size_t position,
                                                          std::uint32_t bytes_max,
                                                          const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> send_new(Shared& shared, Flight& f,
                                                     const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> send_piece(Shared& shared, Flight& f,
                                                       const Piece& piece, Time now);
  [[nodiscard]] bool record_piece(Shared& shared, Flight& f, const Piece& piece, SequenceNumber end,
                                  Time now);
  [[nodiscard]] static PacketPtr text_of(Shared& shared, const Flight& f, std::uint32_t offset,
                                         std::uint32_t bytes);
  [[nodiscard]] std::optional<Transmission> probe_tail(Shared& shared, Flight& f,
                                                       const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> retransmit_last(Shared& shared, Flight& f,
                                                            const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> probe_window(Shared& shared, Flight& f,
                                                         const SendLimits& limits, Time now);
  [[nodiscard]] std::optional<Transmission> rescue(Shared& shared, Flight& f,
                                                   const SendLimits& limits, Time now);
  [[nodiscard]] Piece next_piece(Flight& f, const SendLimits& limits, Time now);
  [[nodiscard]] static bool is_urgent_at(const Flight& f, SequenceNumber at);
  [[nodiscard]] bool may_send_tail(const Flight& f, Time now) const;
  [[nodiscard]] bool is_worth_waiting(const Flight& f, std::uint32_t bytes,
                                      std::uint32_t bytes_max) const;
  [[nodiscard]] std::optional<Piece> path_probe(Flight& f, const SendLimits& limits, Time now);
  [[nodiscard]] std::uint32_t usable_window() const;
  [[nodiscard]] std::uint32_t congestion_room(const Flight& f) const;
  [[nodiscard]] std::uint16_t segment_size(const SendLimits& limits) const;
  void restart_after_idle(Flight& f, const Shared& shared, Time now);
  void on_transmitted(Shared& shared, Flight& f, Transmission& sent, std::uint32_t bytes, Time now);

  // sender_timers.cpp
  [[nodiscard]] Duration timeout(const Shared& shared, const Flight& f) const;
  void arm(Shared& shared, Flight& f, Time now);
  void arm_for_memory(Flight& f, Time now);
  [[nodiscard]] std::optional<Time> next_of_several(const Flight& f) const;
  [[nodiscard]] bool may_probe_tail(const Shared& shared, const Flight& f) const;
  [[nodiscard]] bool waits_for_window(const Shared& shared, const Flight& f) const;
  [[nodiscard]] DeadlineOutcome on_timer(Shared& shared, Flight& f, const Patience& patience,
                                         Time now);
  void on_timeout(Shared& shared, Flight& f, Time now);
  void mark_timed_out(Shared& shared, Flight& f, Time now);
  void forget_sacks(Shared& shared, Flight& f, Time now);
  [[nodiscard]] DeadlineOutcome count_unanswered(Flight& f, const Patience& patience,
                                                 Time now) const;

  // sender_info.cpp
  static void count_segments(const Shared& shared, const Flight& f, TcpInfo& info);
  static void fill_from_totals(const Totals& totals, TcpInfo& info);
  void fill_from_flight(const Shared& shared, const Flight& f, TcpInfo& info, Time now) const;
  [[nodiscard]] CongestionName congestion_name() const;

  congestion::CongestionSlot control_;
  SequenceNumber una_;
  SequenceNumber nxt_;
  std::uint32_t window_ = 0;      // SND.WND
  std::uint32_t window_max_ = 0;  // Max.SND.WND of RFC 5961 5.2 and RFC 9293 3.8.6.2.1
  SequenceNumber wl1_;
  SequenceNumber wl2_;
  Index flight_ = kNoIndex;
  Index totals_ = kNoIndex;        // folded, or whole
  std::uint16_t mss_ = 536;        // in use
  std::uint16_t mss_limit_ = 536;  // what options and path allow
  Flags flags_;
  std::uint8_t initial_segments_ = 10;  // RFC 6928
  std::uint32_t buffer_limit_ = 0;
  std::uint32_t pacing_rate_max_ = UINT32_MAX;  // in kPacingUnit; UINT32_MAX: no limit
  Rtt rtt_;
  Time last_sent_{};
};
static_assert(sizeof(Sender) <= 152);

}  // namespace strata::tcp
