// SPDX-License-Identifier: Apache-2.0
// RetransmissionQueue: the records of what was sent and not yet acknowledged cumulatively.
//
//   by sequence:  | in flight | SACKed | lost | SACKed | in flight | in flight |
//   by time sent: oldest -> ... -> newest, in flight only
//
// 1. Records cover [una, nxt) without gaps, each byte once.
// 2. A record in flight is on the list by time; a SACKed or lost one is not. Sending a lost record
//    again makes it the newest in flight. On the list, records are ordered by (sent_time, end).
// 3. SACKed neighbours are one record, so that there is at most one SACKed record beside another,
//    and walking over what a peer keeps repeating is short.
// 4. One record, the first where there is a choice, lives in the queue itself and not in the slab:
//    most flights have no other.
// 5. in_flight(), sacked() and lost() count bytes of the three states; their sum is nxt - una.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/slab.h"
#include "tcp/send/record.h"
#include "tcp/send/sequence_index.h"

namespace strata::tcp {

class RetransmissionQueue {
 public:
  using Records = Slab<Record>;

  explicit RetransmissionQueue(Memory& memory) : index_(memory) {}
  // All records go back.
  void clear(Records& records);

  [[nodiscard]] bool empty() const { return index_.empty(); }
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::uint32_t sacked() const { return sacked_; }
  [[nodiscard]] std::uint32_t lost() const { return lost_; }
  [[nodiscard]] std::uint32_t sacked_segments() const { return sacked_segments_; }

  // In flight, and the newest. Null when there is no memory; nothing has changed then.
  [[nodiscard]] Record* append(Records& records, SequenceNumber begin, SequenceNumber end,
                               Time sent_time);

  [[nodiscard]] Record& at(Records& records, std::size_t position) {
    return named(records, index_[position].record);
  }
  [[nodiscard]] const Record& at(const Records& records, std::size_t position) const {
    return named(records, index_[position].record);
  }
  // As the list by time names them.
  [[nodiscard]] Record& named(Records& records, Index index) {
    return index == kOwn ? own_ : records[index];
  }
  [[nodiscard]] const Record& named(const Records& records, Index index) const {
    return index == kOwn ? own_ : records[index];
  }
  // Of the record that holds `at`, which lies in [una, nxt).
  [[nodiscard]] std::size_t position_of(SequenceNumber at) const { return index_.position_of(at); }

  // Cuts the record in two at `edge`, strictly inside; the second part comes at position + 1.
  // False when there is no memory; nothing has changed then.
  [[nodiscard]] bool split(Records& records, std::size_t position, SequenceNumber edge);
  void pop_front(Records& records);
  // The bytes of the first record up to `una`, strictly inside, are acknowledged.
  void trim_front(Records& records, SequenceNumber una);

  // Each from any other state. mark_sacked() joins the record with SACKed neighbours and answers
  // the position of the whole.
  std::size_t mark_sacked(Records& records, std::size_t position);
  void mark_lost(Records& records, std::size_t position, TcpLossCause cause);
  // Again in flight: sent at `sent_time`, which is no earlier than any other's.
  void mark_sent(Records& records, std::size_t position, Time sent_time);
  // Again in flight, as if it had never been thought lost or SACKed: the list is searched for its
  // place, from `near` on, which is in flight; kNoIndex: the oldest. Answers its name.
  Index mark_in_flight(Records& records, std::size_t position, Index near = kNoIndex);

  // The first lost record at or behind `from`; size() when there is none.
  [[nodiscard]] std::size_t next_lost(const Records& records, std::size_t from);

  // The list by time. kNoIndex at its end.
  [[nodiscard]] Index oldest() const { return oldest_; }
  [[nodiscard]] Index newest() const { return newest_; }

 private:
  static constexpr Index kOwn = kNoIndex - 1;

  // kNoIndex: no memory.
  [[nodiscard]] Index create(Records& records) {
    if (owns_one_) return records.try_create();
    owns_one_ = true;
    std::construct_at(&own_);
    return kOwn;
  }
  void destroy(Records& records, Index index) {
    if (index != kOwn) return records.destroy(index);
    owns_one_ = false;
  }
  void leave(Records& records, Index index);  // the state it is in
  void link_newest(Records& records, Index index);
  void link_behind(Records& records, Index before, Index index);
  void unlink(Records& records, Index index);
  bool join_next(Records& records, std::size_t position);

  SequenceIndex index_;
  Record own_;
  bool owns_one_ = false;
  std::uint32_t in_flight_ = 0;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t sacked_segments_ = 0;
  Index oldest_ = kNoIndex;
  Index newest_ = kNoIndex;
  SequenceNumber lost_from_;  // no lost record begins below it, while there are any
};

}  // namespace strata::tcp
