// SPDX-License-Identifier: Apache-2.0
// HalfOpens: what has sent SYN to a listener and is not connected yet; 96 bytes each, all told.
//
//   SYN ──on_listen()──> to_send ──next_outgoing()──> waiting[0] ──deadline──> to_send ──>
//   waiting[1]
//                                                         │ ACK: on_segment()
//                                                         └──> Opened ──finish()──> a connection
//
// 1. All entries that were sent equally often wait equally long, so each of these lists is sorted
//    by itself: no entry has a timer.
// 2. At most half_open_max stand here, and of one listener its backlog. Beyond that, SYN cookies
//    keep no state at all; without them, a full table gives up who has waited longest.
// 3. An entry stays until finish(), so that a connection that cannot be made now, for lack of
//    memory, can be made when the peer sends again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bucket_index.h"
#include "base/index_list.h"
#include "base/slab.h"
#include "strata/drop_reason.h"
#include "strata/memory.h"
#include "tcp/open/fast_open.h"
#include "tcp/open/handshake.h"
#include "tcp/open/listener.h"
#include "tcp/open/reset.h"
#include "tcp/open/secrets.h"

namespace strata::tcp {

// What a listener got: enough to make a connection of.
struct Opened {
  Flow flow;
  Index listener = kNoIndex;
  Index half_open = kNoIndex;  // to finish(); none for what was opened by a cookie
  SequenceNumber iss;
  SequenceNumber irs;
  Negotiated negotiated;
  std::optional<Duration> round_trip{};
  // Fast Open: the connection is in SYN-RECEIVED and goes on with this handshake, whose SYN-ACK is
  // due; RCV.NXT is behind the SYN's text. The owner counts it in Listener::fast_open_pending until
  // it is established or gone. Else the connection is established.
  std::optional<Handshake> handshake{};
};

class HalfOpens {
 public:
  HalfOpens(Memory& memory, const TcpConfig& config, const Secrets& secrets, Listeners& listeners,
            ReplyBudgets& budgets);

  // The hash is hash_of(secrets.flows, flow), here and below.
  [[nodiscard]] Index find(const Flow& flow, std::uint32_t hash) const;
  void prefetch(std::uint32_t hash) const { index_.prefetch(hash); }

  struct Outcome {
    DropReason drop = DropReason::kNone;
    std::optional<Outgoing> reply{};  // to send at once
    std::optional<Opened> opened{};
  };
  // RFC 9293 3.10.7.2: a segment for a listener that belongs to nothing else. `mtu` is of the path
  // to the peer; `iss` is told where a TIME-WAIT makes place (TimeWaits::Verdict::reuse_with).
  [[nodiscard]] Outcome on_listen(Listener& listener, const Segment& segment, std::uint32_t hash,
                                  std::uint32_t mtu, std::optional<SequenceNumber> iss, Time now);
  // RFC 9293 3.10.7.4, SYN-RECEIVED.
  [[nodiscard]] Outcome on_segment(Index index, const Segment& segment, Time now);
  // The connection was made. Before it is entered in other tables: its flow leaves this one.
  void finish(Index index) { erase(index); }
  // ICMP told that the peer cannot be reached, or the owner needs the place.
  void erase(Index index);
  void close_listener(Index listener);

  [[nodiscard]] const Flow& flow_of(Index index) const { return entries_[index].flow; }
  [[nodiscard]] const Handshake& handshake_of(Index index) const {
    return entries_[index].handshake;
  }
  [[nodiscard]] Index listener_of(Index index) const { return entries_[index].listener; }

  [[nodiscard]] bool has_outgoing() const { return !to_send_.empty(); }
  [[nodiscard]] std::optional<Outgoing> next_outgoing(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] bool is_due(Time now) const {
    return !entries_.empty() && next_deadline().value_or(kNever) <= now;
  }
  // At most a few thousand a call; next_deadline() tells whether more are due.
  void on_deadline(Time now);

  // In the order of indices: for (i = next_used(0); i != kNoIndex; i = next_used(i + 1)).
  [[nodiscard]] Index next_used(Index from) const { return entries_.next_used(from); }
  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes_used() const {
    return entries_.bytes_used() + index_.bytes_used();
  }

  struct Counters {
    std::uint64_t cookies_out = 0;
    std::uint64_t cookies_in = 0;
    std::uint64_t accept_overflows = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t shed = 0;
    std::uint64_t retransmitted = 0;  // SYN-ACKs
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  static constexpr std::size_t kLists = 32;  // after so many doublings any wait is at its longest
  static constexpr unsigned kExpiredPerCall = 4096;

  struct Entry {
    Handshake handshake;
    IndexLink link;
    Index listener = kNoIndex;
    Flow flow;
  };
  static_assert(sizeof(Entry) <= 84);
  using List = IndexList<Entry, &Entry::link>;

  [[nodiscard]] Handshake::Context context_of(const Listener& listener, const Flow& flow,
                                              std::uint32_t mtu = 1500) const {
    return {config_, listener.options, secrets_, flow, mtu};
  }
  [[nodiscard]] Outcome on_syn(Listener& listener, const Segment& syn, std::uint32_t hash,
                               std::uint32_t mtu, SequenceNumber iss, Time now);
  [[nodiscard]] Outcome on_ack(Listener& listener, const Segment& ack, std::uint32_t mtu, Time now);
  [[nodiscard]] Outcome on_established(Index index, const Segment& segment, Time now);
  [[nodiscard]] bool is_fast_open(const Listener& listener, const Segment& syn, Time now) const;
  // RFC 7413: does this listener take text with a SYN, and with what are its cookies made?
  [[nodiscard]] bool takes_fast_open(const Listener& listener) const {
    return config_.fast_open_server && (listener.options.fast_open || config_.fast_open_listeners);
  }
  [[nodiscard]] FastOpenCookies::Keys keys_of(const Listener& listener) const {
    return FastOpenCookies::Keys::of(config_, listener.options);
  }
  void promise_cookie(Handshake& handshake, const Listener& listener, const Segment& syn,
                      Time now) const;
  [[nodiscard]] bool is_deferred(const Entry& entry, const Segment& segment) const;
  [[nodiscard]] unsigned deferred_retries(const Listener& listener) const;
  [[nodiscard]] DropReason enter(Listener& listener, const Handshake& handshake, const Flow& flow,
                                 std::uint32_t hash);
  [[nodiscard]] bool shed_oldest();
  [[nodiscard]] List& list_of(const Entry& entry);
  void on_retry(Index index, Time now);

  const TcpConfig& config_;
  const Secrets& secrets_;
  Listeners& listeners_;
  ReplyBudgets& budgets_;
  FastOpenCookies cookies_;
  Slab<Entry> entries_;
  BucketIndex index_;
  List to_send_;
  std::array<List, kLists> waiting_{};  // by the number of retries
  Counters counters_;
};

}  // namespace strata::tcp
