// SPDX-License-Identifier: Apache-2.0
#include "tcp/send/retransmission_queue.h"

#include <algorithm>
#include <utility>

namespace strata::tcp {
namespace {

std::uint16_t saturated(std::uint32_t count) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 0xffff));
}

// RFC 8985 6.2: RACK_sent_after(b, a).
bool was_sent_before(const Record& a, const Record& b) {
  return a.sent_time < b.sent_time || (a.sent_time == b.sent_time && a.end < b.end);
}

}  // namespace

void RetransmissionQueue::clear(Records& records) {
  for (std::size_t i = 0; i < index_.size(); ++i) destroy(records, index_[i].record);
  index_.clear();
  in_flight_ = sacked_ = lost_ = sacked_segments_ = 0;
  oldest_ = newest_ = kNoIndex;
}

Record* RetransmissionQueue::append(Records& records, SequenceNumber begin, SequenceNumber end,
                                    Time sent_time) {
  const Index index = create(records);
  if (index == kNoIndex) return nullptr;
  if (!index_.try_push_back({begin, index})) {
    destroy(records, index);
    return nullptr;
  }
  Record& record = named(records, index);
  record.begin = begin;
  record.end = end;
  record.sent_time = sent_time;
  in_flight_ += record.length();
  link_newest(records, index);
  return &record;
}

bool RetransmissionQueue::split(Records& records, std::size_t position, SequenceNumber edge) {
  const Index index = index_[position].record;
  const Index added = create(records);
  if (added == kNoIndex) return false;
  named(records, added) = named(records, index);
  if (!index_.try_insert_at(position + 1, {edge, added})) {
    destroy(records, added);
    return false;
  }
  Record& first = named(records, index);
  Record& second = named(records, added);
  STRATA_CHECK(first.begin < edge && edge < first.end);
  // The grid of edges goes on where it was.
  const std::uint32_t step = edge == first.edge_before(edge)
                                 ? first.segment_size
                                 : distance(edge, first.edge_behind(edge));
  second.begin = edge;
  second.first_size = static_cast<std::uint16_t>(step);
  first.end = edge;
  first.has_fin = false;
  first.first_size = saturated(std::min<std::uint32_t>(first.first_size, first.length()));
  second.older = second.newer = kNoIndex;
  if (first.state == RecordState::kInFlight) link_behind(records, index, added);
  if (first.state == RecordState::kSacked) {
    sacked_segments_ -= first.sacked_segments;
    first.sacked_segments = saturated(first.segments());
    second.sacked_segments = saturated(second.segments());
    sacked_segments_ += first.sacked_segments + 0U + second.sacked_segments;
  }
  return true;
}

void RetransmissionQueue::pop_front(Records& records) {
  const Index index = index_[0].record;
  leave(records, index);
  destroy(records, index);
  index_.pop_front();
}

void RetransmissionQueue::trim_front(Records& records, SequenceNumber una) {
  Record& record = named(records, index_[0].record);
  STRATA_CHECK(record.begin < una && una < record.end);
  const std::uint32_t bytes = distance(record.begin, una);
  const SequenceNumber edge = record.edge_behind(una);
  record.first_size = edge == una ? record.segment_size : saturated(distance(una, edge));
  record.begin = una;
  index_[0].begin = una;
  switch (record.state) {
    case RecordState::kInFlight: in_flight_ -= bytes; break;
    case RecordState::kSacked: sacked_ -= bytes; break;
    case RecordState::kLost: lost_ -= bytes; break;
  }
}

std::size_t RetransmissionQueue::mark_sacked(Records& records, std::size_t position) {
  const Index index = index_[position].record;
  leave(records, index);
  Record& record = named(records, index);
  record.state = RecordState::kSacked;
  record.sacked_segments = saturated(record.segments());
  sacked_ += record.length();
  sacked_segments_ += record.sacked_segments;
  (void)join_next(records, position);
  if (position > 0 && join_next(records, position - 1)) return position - 1;
  return position;
}

void RetransmissionQueue::mark_lost(Records& records, std::size_t position, TcpLossCause cause) {
  const Index index = index_[position].record;
  leave(records, index);
  Record& record = named(records, index);
  record.state = RecordState::kLost;
  record.cause = cause;
  lost_from_ = lost_ == 0 ? record.begin : sooner(lost_from_, record.begin);
  lost_ += record.length();
}

void RetransmissionQueue::mark_sent(Records& records, std::size_t position, Time sent_time) {
  const Index index = index_[position].record;
  leave(records, index);
  Record& record = named(records, index);
  record.state = RecordState::kInFlight;
  record.sent_time = sent_time;
  if (record.transmissions < 0xff) ++record.transmissions;
  in_flight_ += record.length();
  link_newest(records, index);
}

Index RetransmissionQueue::mark_in_flight(Records& records, std::size_t position, Index near) {
  const Index index = index_[position].record;
  leave(records, index);
  Record& record = named(records, index);
  record.state = RecordState::kInFlight;
  in_flight_ += record.length();
  // What was thought lost is older than what was sent since.
  Index before = near;
  while (before != kNoIndex && !was_sent_before(named(records, before), record)) {
    before = named(records, before).older;
  }
  for (Index at = before == kNoIndex ? oldest_ : named(records, before).newer;
       at != kNoIndex && was_sent_before(named(records, at), record);
       at = named(records, at).newer) {
    before = at;
  }
  link_behind(records, before, index);
  return index;
}

std::size_t RetransmissionQueue::next_lost(const Records& records, std::size_t from) {
  if (lost_ == 0) return size();
  const bool is_from_first = from == 0;
  std::size_t position = is_from_first ? index_.position_of(lost_from_) : from;
  while (position < size() && at(records, position).state != RecordState::kLost) ++position;
  if (is_from_first && position < size()) lost_from_ = index_[position].begin;
  return position;
}

void RetransmissionQueue::leave(Records& records, Index index) {
  Record& record = named(records, index);
  switch (record.state) {
    case RecordState::kInFlight:
      in_flight_ -= record.length();
      unlink(records, index);
      break;
    case RecordState::kSacked:
      sacked_ -= record.length();
      sacked_segments_ -= record.sacked_segments;
      record.sacked_segments = 0;
      break;
    case RecordState::kLost: lost_ -= record.length(); break;
  }
}

void RetransmissionQueue::link_newest(Records& records, Index index) {
  link_behind(records, newest_, index);
}

// `before` kNoIndex: the oldest.
void RetransmissionQueue::link_behind(Records& records, Index before, Index index) {
  const Index after = before == kNoIndex ? oldest_ : named(records, before).newer;
  named(records, index).older = before;
  named(records, index).newer = after;
  (before == kNoIndex ? oldest_ : named(records, before).newer) = index;
  (after == kNoIndex ? newest_ : named(records, after).older) = index;
}

void RetransmissionQueue::unlink(Records& records, Index index) {
  Record& record = named(records, index);
  (record.older == kNoIndex ? oldest_ : named(records, record.older).newer) = record.newer;
  (record.newer == kNoIndex ? newest_ : named(records, record.newer).older) = record.older;
  record.older = record.newer = kNoIndex;
}

bool RetransmissionQueue::join_next(Records& records, std::size_t position) {
  if (position + 1 >= size()) return false;
  Record& first = at(records, position);
  const Index absorbed = index_[position + 1].record;
  const Record& second = named(records, absorbed);
  if (first.state != RecordState::kSacked || second.state != RecordState::kSacked) return false;
  const std::uint16_t segments = saturated(first.sacked_segments + 0U + second.sacked_segments);
  sacked_segments_ -= first.sacked_segments + 0U + second.sacked_segments;
  sacked_segments_ += segments;
  first.sacked_segments = segments;
  first.end = second.end;
  first.has_fin = second.has_fin;
  first.sent_time = std::max(first.sent_time, second.sent_time);
  first.transmissions = std::max(first.transmissions, second.transmissions);
  first.segment_size = std::max(first.segment_size, second.segment_size);
  destroy(records, absorbed);
  index_.erase_at(position + 1);
  return true;
}

}  // namespace strata::tcp
