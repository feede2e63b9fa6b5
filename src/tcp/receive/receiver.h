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

  // Brings what arriving text will touch.
  void prefetch(const ReceiverShared& shared) const {
    if (inbox_ != kNoIndex) shared.slabs.inboxes().prefetch(inbox_);
    if (disorder_ != kNoIndex) shared.slabs.disorders().prefetch(disorder_);
  }

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
  [[nodiscard]] bool owes_ack() const { return timing_.owes_now() || has_listed_ != 0; }
  [[nodiscard]] bool owes_prompt_ack() const { return has_prompt_ != 0; }
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
  void shut_down() { is_shut_down_ = 1; }
  [[nodiscard]] bool is_shut_down() const { return is_shut_down_ != 0; }

  // Drops text out of order, the furthest first, until `bytes` of buffers are free or none is
  // left: for a transport whose account is full. Answers how much that freed.
  std::size_t shed(ReceiverShared& shared, std::size_t bytes);

  // ── What is so ────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] SequenceNumber next() const { return next_; }                          // RCV.NXT
  [[nodiscard]] std::uint32_t window() const { return distance(next_, right_edge_); }  // RCV.WND
  [[nodiscard]] SequenceNumber window_end() const { return right_edge_; }
  [[nodiscard]] SequenceNumber acknowledged() const { return acknowledged_; }  // Last.ACK.sent
  [[nodiscard]] std::uint8_t window_shift() const { return window_shift_; }
  [[nodiscard]] bool fin_reached() const { return fin_reached_ != 0; }
  [[nodiscard]] std::uint64_t bytes_received() const { return received_; }  // in order
  [[nodiscard]] std::uint32_t buffer_limit() const { return tuning_.limit(); }
  [[nodiscard]] std::optional<Duration> rtt() const { return tuning_.rtt(); }
  [[nodiscard]] std::uint16_t segment_size() const { return timing_.segment_size(); }
  // None: there was no text yet.
  [[nodiscard]] std::optional<Duration> since_text(Time now) const {
    return timing_.since_arrival(now);
  }
  [[nodiscard]] Duration ack_delay(const TcpConfig& config) const {
    return timing_.delay(config.delayed_ack_max);
  }
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
  // A segment's text and FIN, cut to what may still come, in offsets.
  struct Arrival {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool has_fin = false;
    SequenceRange duplicate{};  // the part that stood before RCV.NXT
  };

  // ── receiver.cpp: what is lent, and given back ────────────────────────────────────────────
  [[nodiscard]] Disorder* find_disorder(const ReceiverShared& shared) const {
    return disorder_ == kNoIndex ? nullptr : &shared.slabs.disorders()[disorder_];
  }
  [[nodiscard]] Disorder* take_disorder(ReceiverShared& shared);
  [[nodiscard]] Inbox* find_inbox(const ReceiverShared& shared) const {
    return inbox_ == kNoIndex ? nullptr : &shared.slabs.inboxes()[inbox_];
  }
  [[nodiscard]] Inbox* take_inbox(ReceiverShared& shared);
  // Charges the account for what is held now beyond `before`, and sheds what may not be held.
  void settle(ReceiverShared& shared, std::size_t before);
  // The same where the inbox is all there is, and `held` is what it holds.
  void charge(BufferAccount& account, std::size_t before, std::size_t held);
  void note_holder(BufferAccount& account, bool holds);
  [[nodiscard]] bool must_shed(const ReceiverShared& shared, const Disorder& disorder) const;
  void give_back_unused(ReceiverShared& shared);
  void look_at(const Disorder& disorder);

  // ── receiver_input.cpp ────────────────────────────────────────────────────────────────────
  TextOutcome on_next_text(ReceiverShared& shared, PacketPtr&& payload, std::uint32_t bytes,
                           Time now);
  [[nodiscard]] bool keep_next(ReceiverShared& shared, PacketPtr&& payload);
  TextOutcome on_other_text(ReceiverShared& shared, SequenceNumber begin, PacketPtr payload,
                            const TextFacts& facts, Time now);
  [[nodiscard]] Arrival trim(const Disorder* disorder, SequenceNumber begin, PacketPtr& payload,
                             bool has_fin) const;
  TextOutcome take_in_order(ReceiverShared& shared, const Arrival& arrival, PacketPtr payload,
                            Time now);
  [[nodiscard]] SequenceRange duplicate_of(const ReceiverShared& shared,
                                           const Arrival& arrival) const;
  [[nodiscard]] std::uint64_t store_in_order(ReceiverShared& shared, const Arrival& arrival,
                                             PacketPtr payload);
  TextOutcome take_out_of_order(ReceiverShared& shared, Arrival arrival, PacketPtr payload,
                                const TextFacts& facts);
  [[nodiscard]] std::uint64_t fill(Inbox& inbox, Disorder* disorder, PacketPool& pool,
                                   PacketPtr payload) const;
  [[nodiscard]] bool has_room_for(ReceiverShared& shared, const Packet& payload);
  void advance_to(ReceiverShared& shared, std::uint64_t received);
  void reach_fin(ReceiverShared& shared);
  [[nodiscard]] bool on_mark(ReceiverShared& shared, const TextFacts& facts);
  void note_urgent_byte(ReceiverShared& shared);
  [[nodiscard]] std::uint64_t offset_of(SequenceNumber sequence) const {
    return received_ + static_cast<std::uint64_t>(std::int64_t{sequence - text_end()});
  }
  // Behind the text in order: RCV.NXT without the FIN.
  [[nodiscard]] SequenceNumber text_end() const { return next_ - (fin_reached_ ? 1U : 0U); }

  // ── receiver_acks.cpp ─────────────────────────────────────────────────────────────────────
  void owe_duplicate(ReceiverShared& shared, SequenceNumber trigger, SequenceRange duplicate,
                     std::uint16_t count);
  void list_ack(ReceiverShared& shared, const OwedAck& owed);
  void list_plain_ack(ReceiverShared& shared, bool is_prompt, bool ece);
  [[nodiscard]] Ack listed_ack(ReceiverShared& shared, Disorder& disorder, Time now);
  [[nodiscard]] Ack current_ack(ReceiverShared& shared, bool with_text, Time now);
  [[nodiscard]] std::uint32_t room(const ReceiverShared& shared) const;
  [[nodiscard]] std::uint32_t room_to_offer(const ReceiverShared& shared) const;
  [[nodiscard]] bool is_worth_offering(std::uint32_t room) const;
  void open_window(const ReceiverShared& shared);
  [[nodiscard]] std::uint16_t window_field(const ReceiverShared& shared, SequenceNumber ack);
  [[nodiscard]] std::size_t sack_blocks_max() const { return timestamps_ ? 3 : 4; }

  // ── receiver_reads.cpp ────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::uint64_t read_place(const Inbox& inbox) const {
    return received_ - inbox.size();
  }
  // How much may be read at once; steps over an urgent byte that stands in front.
  [[nodiscard]] std::size_t begin_read(ReceiverShared& shared, Inbox& inbox, std::size_t wanted);
  void end_read(ReceiverShared& shared, const Inbox& inbox, std::size_t count,
                std::size_t held_before, Time now);

  std::uint64_t received_ = 0;  // text in order since the SYN: the offset of RCV.NXT
  AckTiming timing_;
  ReceiveTuning tuning_;
  SequenceNumber next_;
  SequenceNumber right_edge_;
  SequenceNumber acknowledged_;
  Index inbox_ = kNoIndex;
  Index disorder_ = kNoIndex;
  EcnEcho echo_;
  std::uint16_t window_shift_ : 4 = 0;
  std::uint16_t sack_permitted_ : 1 = 0;
  std::uint16_t timestamps_ : 1 = 0;
  std::uint16_t fin_reached_ : 1 = 0;
  std::uint16_t is_shut_down_ : 1 = 0;
  std::uint16_t urgent_inline_ : 1 = 0;
  std::uint16_t is_holder_ : 1 = 0;   // the account knows of us
  std::uint16_t has_listed_ : 1 = 0;  // what Disorder has, seen without going there: owed ACKs,
  std::uint16_t has_prompt_ : 1 = 0;  // prompt ones among them,
  std::uint16_t has_gap_ : 1 = 0;     // text or FIN that stands behind a hole,
  std::uint16_t has_mark_ : 1 = 0;    // an urgent mark
};
static_assert(sizeof(Receiver) <= 80);

}  // namespace strata::tcp
