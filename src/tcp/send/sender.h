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
//    Flight, taken with the first byte and given back with the last; counts for TcpInfo are Totals,
//    taken with the first byte and kept.
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
#include "tcp/send/events.h"
#include "tcp/send/rtt.h"
#include "tcp/sequence_number.h"

namespace strata::tcp {

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
  // Before the end: everything goes back.
  void release(Shared& shared);

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
  // RFC 7413 4.1.3: text for a SYN, at most so much; null when there is none. It counts as not sent.
  [[nodiscard]] PacketPtr share_first(Shared& shared, std::uint32_t bytes_max) const;
  void on_established(Shared& shared, const PeerParameters& peer, Time now);
  AckOutcome on_ack(Shared& shared, const AckEvent& ack, Time now);
  [[nodiscard]] std::optional<Transmission> next_transmission(Shared& shared,
                                                              const SendLimits& limits, Time now);
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
    bool reordering_seen : 1 = false;
  };

  congestion::CongestionSlot control_;
  SequenceNumber una_;
  SequenceNumber nxt_;
  std::uint32_t window_ = 0;      // SND.WND
  std::uint32_t window_max_ = 0;  // Max.SND.WND of RFC 5961 5.2 and RFC 9293 3.8.6.2.1
  SequenceNumber wl1_;
  SequenceNumber wl2_;
  Index flight_ = kNoIndex;
  Index totals_ = kNoIndex;
  std::uint16_t mss_ = 536;
  Flags flags_;
  std::uint32_t buffer_limit_ = 0;
  Rtt rtt_;
  Time last_sent_{};
  std::uint64_t pacing_rate_max_ = UINT64_MAX;
};

}  // namespace strata::tcp
