// SPDX-License-Identifier: Apache-2.0
// TimeWaits: connections that are over, remembered for 2 MSL (RFC 9293 3.6.1) in 64 bytes each.
//
//   add() ──> [ oldest | ... | youngest ]  all wait equally long, so the list is sorted by itself
//                 │                        and has one deadline
//                 └──> expired, or shed when a younger one needs the place
//
// 1. An entry is 52 bytes and 9 in the index; local addresses are few and kept once.
// 2. RST ends no TIME-WAIT (RFC 1337, F1): a late duplicate of an old segment cannot make way for
//    others to be taken into a new connection.
// 3. A new connection may take the place early: by its timestamp or sequence number (RFC 6191), as
//    may one that our program asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bucket_index.h"
#include "base/index_list.h"
#include "base/slab.h"
#include "strata/drop_reason.h"
#include "strata/memory.h"
#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/flow.h"
#include "tcp/open/local_addresses.h"
#include "tcp/open/reset.h"
#include "tcp/open/secrets.h"
#include "tcp/packed_time.h"
#include "tcp/segment.h"

namespace strata::tcp {

// What a connection leaves behind.
struct TimeWait {
  Flow flow{};
  SequenceNumber snd_nxt{};
  SequenceNumber rcv_nxt{};
  std::optional<std::uint32_t> ts_recent{};  // none: the connection was without timestamps
  std::uint16_t window = 0;                  // as the last ACK told it

  friend bool operator==(const TimeWait&, const TimeWait&) = default;
};

// A TIME-WAIT as it outlives a program: plain, and told apart by its version.
struct TimeWaitSnapshot {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  TimeWait time_wait{};
  Duration left{};
};

class TimeWaits {
 public:
  TimeWaits(Memory& memory, const TcpConfig& config, const Secrets& secrets);

  // The hash is hash_of(secrets.flows, flow), here and below. The oldest goes when all places are
  // taken. False when Memory has none: then nothing is remembered. The flow must not be there yet.
  [[nodiscard]] bool add(const TimeWait& time_wait, std::uint32_t hash, Time now);
  // kNoIndex when it is not there.
  [[nodiscard]] Index find(const Flow& flow, std::uint32_t hash) const;
  void prefetch(std::uint32_t hash) const { index_.prefetch(hash); }
  [[nodiscard]] TimeWait operator[](Index index) const;
  void erase(Index index);

  // What to do about a segment.
  struct Verdict {
    DropReason drop = DropReason::kNone;
    // The ISS with which a listener may take the SYN after erase(); its segments will not be taken
    // for old ones (RFC 6191, RFC 9293 MAY-2).
    std::optional<SequenceNumber> reuse_with{};
    bool answers = false;   // with reply_to()
    bool is_owed = false;   // the peer's FIN came again: its answer is not for the budget to refuse
    bool restarts = false;  // the 2 MSL begin again, with restart()
  };
  [[nodiscard]] Verdict judge(Index index, const Segment& segment) const;
  // RFC 9293 3.10.7.4: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
  [[nodiscard]] Outgoing reply_to(Index index, Time now) const;
  void restart(Index index, Time now);

  // All of it: judges, takes what the budget allows, restarts. Does not erase. Where nobody
  // listens, a SYN cannot begin anything: it is challenged like any other.
  struct Outcome {
    Verdict verdict{};
    std::optional<Outgoing> reply{};
  };
  [[nodiscard]] Outcome on_segment(Index index, const Segment& segment, bool is_heard,
                                   ReplyBudget& budget, Time now);

  // Our program connects again along this flow (RFC 6191's rule, from the other side): where the
  // timestamps of both ends can tell the incarnations apart, and a tick of our clock has passed.
  // Gives the ISS to use; the owner erases the entry.
  [[nodiscard]] std::optional<SequenceNumber> reusable_with(Index index, Time now) const;

  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] bool is_due(Time now) const {
    return !order_.empty() && deadline_of(entries_[order_.front()]) <= now;
  }
  // Forgets the expired, at most a few thousand a call; next_deadline() tells whether more are due.
  // Calls gone(local_port) for each.
  template <typename Gone>
  void on_deadline(Time now, Gone gone) {
    for (unsigned i = 0; i < kExpiredPerCall && is_due(now); ++i) {
      gone(entries_[order_.front()].local_port);
      erase(order_.front());
    }
  }
  // The port of the one that add() will shed, if it will.
  [[nodiscard]] std::optional<std::uint16_t> next_shed() const;

  // Calls visit(index) from the oldest to the youngest.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (Index i = order_.front(); i != kNoIndex; i = order_.next(entries_, i)) visit(i);
  }
  // In the order of indices, which an end in between does not disturb.
  [[nodiscard]] Index next_used(Index from) const { return entries_.next_used(from); }
  [[nodiscard]] std::uint32_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes_used() const;

  [[nodiscard]] TimeWaitSnapshot snapshot(Index index, Time now) const;
  // Oldest first, as for_each() told them. False for another version, for what is there already
  // and when Memory has no more.
  [[nodiscard]] bool restore(const TimeWaitSnapshot& snapshot, Time now);

 private:
  static constexpr unsigned kExpiredPerCall = 4096;

  struct Entry {
    IndexLink link;
    IpAddress remote_address;
    std::uint16_t local = 0;  // in locals_
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;
    std::uint16_t window = 0;
    SequenceNumber snd_nxt;
    SequenceNumber rcv_nxt;
    std::uint32_t ts_recent = 0;
    std::uint32_t deadline_high : 31 = 0;
    std::uint32_t has_timestamps : 1 = 0;
    std::uint32_t deadline_low = 0;
  };
  static_assert(sizeof(Entry) == 52);

  [[nodiscard]] static Time deadline_of(const Entry& entry);
  static void set_deadline(Entry& entry, Time deadline);
  [[nodiscard]] Flow flow_of(const Entry& entry) const;
  [[nodiscard]] std::uint32_t hash_of_entry(Index index) const {
    return hash_of(secrets_.flows, flow_of(entries_[index]));
  }
  [[nodiscard]] Verdict judge_syn(const Entry& entry, const Segment& syn) const;
  [[nodiscard]] bool insert(const TimeWait& time_wait, std::uint32_t hash, Time deadline);

  const TcpConfig& config_;
  const Secrets& secrets_;
  LocalAddresses locals_;
  Slab<Entry> entries_;
  BucketIndex index_;
  IndexList<Entry, &Entry::link> order_;
};

}  // namespace strata::tcp
