// SPDX-License-Identifier: Apache-2.0
// Receiver: the RCV.* half of a connection (RFC 9293 3.3.1), from arriving text to the program's
// reads, and to the ACKs that are owed for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/index.h"
#include "strata/bytes.h"
#include "strata/error.h"
#include "strata/packet.h"
#include "strata/tcp_config.h"
#include "strata/time.h"
#include "strata/wire/tcp_options.h"
#include "tcp/receive/ack_timing.h"
#include "tcp/receive/ecn_echo.h"
#include "tcp/receive/receive_tuning.h"
#include "tcp/receive/shared.h"
#include "tcp/segment.h"
#include "tcp/sequence_number.h"

//        read by the program |  inbox, not read  |   window: text may come here   |
//   ─────────────────────────┼───────────────────┼──────[ held ]──[held]──────────┼────────────
//                                            RCV.NXT                    offered right edge
//
// 1. The offered right edge never moves left (RFC 9293 3.8.6: SHLD-14 "must not shrink the
// window").
//    It moves right only by min(half the buffer, a full segment) or more (RFC 9293 3.8.6.2.2).
// 2. What is in order is readable, and stays as it arrived: first bytes win.
// 3. FIN has one place. Text behind it, and a FIN where text is, are not believed.
// 4. Calls that only record send nothing; a pulled Ack counts as sent.
// 5. Between calls the account holds exactly what inbox and reassembly hold, and a connection
//    whose text is all read and in order owns nothing but these few bytes.

namespace strata::tcp {

// What a segment, or several merged ones, told beside its text.
struct TextFacts {
  std::uint16_t segments = 1;  // on the wire
  EcnCodepoint ecn = EcnCodepoint::kNotEct;
  bool psh = false;
  bool fin = false;                // stands behind the text
  std::optional<Duration> echo{};  // since that was sent which its timestamp echoes
};

enum class TextKind : std::uint8_t {
  kInOrder,     // RCV.NXT has moved: over text, FIN or both
  kOutOfOrder,  // kept, or at least noted, for later
  kDuplicate,   // nothing new
  kRefused,     // new, but not kept: no memory, or behind the FIN. The peer sends it again
};

struct TextOutcome {
  TextKind kind = TextKind::kDuplicate;
  std::uint32_t bytes_made_readable = 0;
  bool fin_reached = false;  // by this call: all text and FIN are in order now
};

// Values for the header of a segment that acknowledges.
struct Ack {
  SequenceNumber ack;
  std::uint16_t window = 0;  // as on the wire
  bool ece = false;
  wire::TcpSackBlocks sack{};  // in the order of RFC 2018 4, a duplicate first (RFC 2883 4)
};

// What SYN and SYN,ACK have agreed on.
struct ReceiverTerms {
  SequenceNumber irs;                // the SYN's own number
  std::uint32_t window_offered = 0;  // in bytes, by our SYN or SYN,ACK
  std::uint8_t window_shift = 0;     // ours; 0 without window scaling
  bool sack_permitted = false;
  bool timestamps = false;  // they leave room for three blocks
  EcnEchoMode ecn = EcnEchoMode::kOff;
};

// A receiver as plain values. Text not read is not in it (peek() tells it), and text out of order
// is left to the peer, who sends it again.
struct ReceiverSnapshot {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  std::uint32_t next = 0;
  std::uint32_t right_edge = 0;
  std::uint32_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint32_t unread = 0;
  std::uint32_t buffer = 0;
  std::uint32_t buffer_max = 0;
  std::int64_t rtt_ns = 0;
  std::uint16_t segment_size = 0;
  std::uint16_t ce_segments = 0;
  std::uint8_t window_shift = 0;
  EcnEchoMode ecn = EcnEchoMode::kOff;
  bool ece = false;
  bool sack_permitted = false;
  bool timestamps = false;
  bool fin_reached = false;
  bool is_shut_down = false;
  bool urgent_inline = false;
  friend bool operator==(const ReceiverSnapshot&, const ReceiverSnapshot&) = default;
};

class Receiver {
 public:
  Receiver() = default;
  Receiver(const Receiver&) = delete;  // it holds slab entries: release() it
  Receiver& operator=(const Receiver&) = delete;

  // The SYN has been received. Text may follow, even text that came with it (RFC 7413).
  void on_established(const ReceiverTerms& terms, const TcpConfig& config,
                      const TcpSocketOptions& options);
  // Buffer bounds, quick_ack, urgent_inline.
  void set_options(const TcpConfig& config, const TcpSocketOptions& options);
  // Gives everything back; unread text is gone. To be called before the receiver dies.
  void release(ReceiverShared& shared);

  // ── Segments ──────────────────────────────────────────────────────────────────────────────
  // RFC 9293 3.10.7.4, first check; `length` is SEG.LEN, with SYN and FIN.
  [[nodiscard]] bool is_acceptable(SequenceNumber begin, std::uint32_t length) const;
  // It was not: an ACK is owed all the same (RFC 9293 3.10.7.4), but for RST. The caller limits
  // the rate of those without text.
  void on_unacceptable(ReceiverShared& shared, SequenceNumber begin, std::uint32_t length);
  // RFC 3168 6.1.3. Before on_text() of the same segment.
  void on_cwr() { echo_.on_cwr(); }
  // Text, FIN or both of an acceptable segment; `payload` is null without text.
  TextOutcome on_text(ReceiverShared& shared, SequenceNumber begin, PacketPtr payload,
                      const TextFacts& facts, Time now);
  // The same for a FIN alone; `seq` is its own number.
  TextOutcome on_fin(ReceiverShared& shared, SequenceNumber seq, const TextFacts& facts, Time now) {
    return on_text(shared, seq, nullptr, facts, now);
  }
  // RFC 9293 3.10.7.4, sixth check: SEG.SEQ + urgent pointer, the number behind the urgent data.
  // True when this is news for the program.
  bool on_urgent(ReceiverShared& shared, SequenceNumber end);

  // ── ACKs ──────────────────────────────────────────────────────────────────────────────────
  // Something must go now: at once, or with the next segment.
  [[nodiscard]] bool owes_ack() const { return timing_.owes_now() || has_listed_; }
  [[nodiscard]] bool owes_prompt_ack() const { return has_prompt_; }
  // Those that must not wait behind data: duplicates, changes of CE. Pulled means sent.
  [[nodiscard]] std::optional<Ack> next_prompt_ack(ReceiverShared& shared, Time now);
  // Every ACK owed, prompt ones first. Pulled means sent.
  [[nodiscard]] std::optional<Ack> next_ack(ReceiverShared& shared, Time now);
  // What any other segment shall carry; it counts as sent. No prompt ACK may be owed, but that a
  // segment with RST or SYN may go before it.
  [[nodiscard]] Ack carried_ack(ReceiverShared& shared, bool with_text, Time now);
  // An ACK whatever is owed: keepalive answers, challenge ACKs (RFC 5961).
  void owe_ack() { timing_.owe_now(); }
  [[nodiscard]] std::optional<Time> next_deadline() const { return timing_.next_deadline(); }
  void on_deadline(Time now) { timing_.on_deadline(now); }

  // ── The program ───────────────────────────────────────────────────────────────────────────
  // How many bytes; 0 when there are none: fin_reached() tells whether more may come.
  std::size_t read(ReceiverShared& shared, MutableBytes to, Time now);
  // The same without a copy; null when there are none.
  [[nodiscard]] PacketPtr read_slices(ReceiverShared& shared, std::size_t bytes_max, Time now);
  // From `offset` behind the next byte; nothing moves.
  [[nodiscard]] std::size_t peek(const ReceiverShared& shared, std::size_t offset,
                                 MutableBytes to) const;
  // Bytes that read() could give, up to an urgent mark and beyond.
  [[nodiscard]] std::size_t readable(const ReceiverShared& shared) const;
  // kWouldBlock: announced, not here yet. kInvalidArgument: there is none, or it is inline.
  [[nodiscard]] Result<std::byte> read_urgent(ReceiverShared& shared);
  [[nodiscard]] bool is_at_urgent_mark(const ReceiverShared& shared) const;
  [[nodiscard]] bool has_urgent(const ReceiverShared& shared) const;  // may be taken now
  // What comes from now on is acknowledged and thrown away; what is here may still be read.
  void shut_down() { is_shut_down_ = true; }
  [[nodiscard]] bool is_shut_down() const { return is_shut_down_; }

  // Drops text out of order, the furthest first, until `bytes` of buffers are free or none is
  // left: for a transport whose account is full. Answers how much that freed.
  std::size_t shed(ReceiverShared& shared, std::size_t bytes);

  // ── What is so ────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] SequenceNumber next() const { return next_; }                          // RCV.NXT
  [[nodiscard]] std::uint32_t window() const { return distance(next_, right_edge_); }  // RCV.WND
  [[nodiscard]] SequenceNumber acknowledged() const { return acknowledged_; }  // Last.ACK.sent
  [[nodiscard]] std::uint8_t window_shift() const { return window_shift_; }
  [[nodiscard]] bool fin_reached() const { return fin_reached_; }
  [[nodiscard]] std::uint64_t bytes_received() const { return received_; }  // in order
  [[nodiscard]] std::uint32_t buffer_limit() const { return tuning_.limit(); }
  [[nodiscard]] std::optional<Duration> rtt() const { return tuning_.rtt(); }
  [[nodiscard]] std::uint16_t segment_size() const { return timing_.segment_size(); }
  [[nodiscard]] Duration since_text(Time now) const { return timing_.since_arrival(now); }
  [[nodiscard]] std::uint16_t ce_segments() const { return echo_.ce_segments(); }
  [[nodiscard]] EcnEchoMode ecn_mode() const { return echo_.mode(); }
  // The connection's congestion control wants exact marks, or not.
  void set_ecn_mode(EcnEchoMode mode) { echo_.set_mode(mode); }
  [[nodiscard]] std::size_t out_of_order_bytes(const ReceiverShared& shared) const;
  [[nodiscard]] std::size_t out_of_order_segments(const ReceiverShared& shared) const;
  // Buffers held for this connection.
  [[nodiscard]] std::size_t bytes_held(const ReceiverShared& shared) const;

  [[nodiscard]] ReceiverSnapshot snapshot(const ReceiverShared& shared) const;
  // False when the version is another, or there is no memory for the unread text.
  [[nodiscard]] bool restore(ReceiverShared& shared, const ReceiverSnapshot& snapshot,
                             Bytes unread);

 private:
  std::uint64_t received_ = 0;  // text in order since the SYN: the offset of RCV.NXT
  AckTiming timing_;
  ReceiveTuning tuning_;
  SequenceNumber next_;
  SequenceNumber right_edge_;
  SequenceNumber acknowledged_;
  Index inbox_ = kNoIndex;
  Index disorder_ = kNoIndex;
  EcnEcho echo_;
  std::uint8_t window_shift_ = 0;
  bool sack_permitted_ : 1 = false;
  bool timestamps_ : 1 = false;
  bool fin_reached_ : 1 = false;
  bool is_shut_down_ : 1 = false;
  bool urgent_inline_ : 1 = false;
  bool has_listed_ : 1 = false;  // OwedAcks has entries
  bool has_prompt_ : 1 = false;  // and prompt ones among them
};
static_assert(sizeof(Receiver) <= 80);

}  // namespace strata::tcp
