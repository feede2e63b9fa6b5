// SPDX-License-Identifier: Apache-2.0
// Receiver: its beginning and end, and what it lends from slabs, pool and account.
#include "tcp/receive/receiver.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace strata::tcp {

void Receiver::on_established(const ReceiverTerms& terms, const TcpConfig& config,
                              const TcpSocketOptions& options) {
  next_ = terms.irs + 1U;
  right_edge_ = next_ + terms.window_offered;
  acknowledged_ = next_;
  window_shift_ = terms.window_shift & 0xfU;
  sack_permitted_ = terms.sack_permitted ? 1 : 0;
  timestamps_ = terms.timestamps ? 1 : 0;
  echo_.set_mode(terms.ecn);
  tuning_.start(receive_buffer_bounds(config, options));
  urgent_inline_ = options.urgent_inline ? 1 : 0;
  timing_.set_quick(options.quick_ack);
}

void Receiver::set_options(const TcpConfig& config, const TcpSocketOptions& options) {
  tuning_.set_bounds(receive_buffer_bounds(config, options));
  urgent_inline_ = options.urgent_inline ? 1 : 0;
  timing_.set_quick(options.quick_ack);
}

void Receiver::release(ReceiverShared& shared) {
  shared.account.give_back(bytes_held(shared));
  if (is_holder_ != 0) shared.account.leave();
  is_holder_ = 0;
  if (Inbox* const inbox = find_inbox(shared)) {
    inbox->consume(inbox->size());
    shared.slabs.give_back_inbox(inbox_);
  }
  if (disorder_ != kNoIndex) shared.slabs.disorders().destroy(disorder_);
  inbox_ = disorder_ = kNoIndex;
  has_listed_ = has_prompt_ = has_gap_ = has_mark_ = 0;
}

Disorder* Receiver::take_disorder(ReceiverShared& shared) {
  if (disorder_ == kNoIndex) {
    disorder_ =
        shared.slabs.disorders().try_create(shared.memory, shared.config.out_of_order_segments_max);
  }
  return find_disorder(shared);
}

Inbox* Receiver::take_inbox(ReceiverShared& shared) {
  if (inbox_ == kNoIndex) inbox_ = shared.slabs.take_inbox();
  return find_inbox(shared);
}

std::size_t Receiver::bytes_held(const ReceiverShared& shared) const {
  const Inbox* inbox = find_inbox(shared);
  const Disorder* disorder = find_disorder(shared);
  return (inbox == nullptr ? 0 : inbox->buffer_bytes()) +
         (disorder == nullptr ? 0 : disorder->reassembly.bytes_held());
}

void Receiver::settle(ReceiverShared& shared, std::size_t before) {
  Disorder* const disorder = find_disorder(shared);
  BufferAccount& account = shared.account;
  std::size_t held = bytes_held(shared);
  while (held > before && !account.try_take(held - before)) {
    if (disorder == nullptr || !disorder->reassembly.shed_furthest()) {
      account.take(held - before);  // text in order: has_room_for() had looked before it was taken
      break;
    }
    held = bytes_held(shared);
  }
  if (held < before) account.give_back(before - held);
  while (disorder != nullptr && !disorder->reassembly.empty() && must_shed(shared, *disorder)) {
    (void)disorder->reassembly.shed_furthest();
    const std::size_t left = bytes_held(shared);
    account.give_back(held - left);
    held = left;
  }
  note_holder(account, held != 0);
}

void Receiver::charge(BufferAccount& account, std::size_t before, std::size_t held) {
  if (held >= before) {
    account.take(held - before);  // has_room_for() had looked before it was taken
  } else {
    account.give_back(before - held);
  }
  note_holder(account, held != 0);
}

void Receiver::note_holder(BufferAccount& account, bool holds) {
  if (holds == (is_holder_ != 0)) return;
  is_holder_ = holds ? 1 : 0;
  if (holds) {
    account.enter();
  } else {
    account.leave();
  }
}

// The bounds of what is kept out of order: by this connection's own buffer, by its share of the
// account, and by its share of the pool once that is short.
bool Receiver::must_shed(const ReceiverShared& shared, const Disorder& disorder) const {
  const std::size_t own_max = std::size_t{2} * tuning_.limit() + kLargeBufferBytes;
  if (disorder.reassembly.bytes_held() > own_max) return true;
  const std::size_t held = bytes_held(shared);
  if (shared.account.must_shed(held)) return true;
  const std::size_t holders = std::max<std::size_t>(shared.account.holders(), 1);
  return shared.pool.is_short() && held > shared.pool.bytes_reserved() / holders;
}

std::size_t Receiver::shed(ReceiverShared& shared, std::size_t bytes) {
  Disorder* const disorder = find_disorder(shared);
  if (disorder == nullptr) return 0;
  const std::size_t before = bytes_held(shared);
  std::size_t held = before;
  while (before - held < bytes && disorder->reassembly.shed_furthest()) held = bytes_held(shared);
  settle(shared, before);
  look_at(*disorder);
  give_back_unused(shared);
  return before - held;
}

void Receiver::look_at(const Disorder& disorder) {
  has_listed_ = disorder.owed.empty() ? 0 : 1;
  has_prompt_ = disorder.owed.has_prompt() ? 1 : 0;
  has_gap_ = !disorder.reassembly.empty() || disorder.fin.has_value() ? 1 : 0;
  has_mark_ = disorder.urgent.is_set() ? 1 : 0;
}

void Receiver::give_back_unused(ReceiverShared& shared) {
  if (inbox_ != kNoIndex && find_inbox(shared)->empty()) {
    shared.slabs.give_back_inbox(std::exchange(inbox_, kNoIndex));
  }
  if (disorder_ != kNoIndex && !find_disorder(shared)->is_needed()) {
    shared.slabs.disorders().destroy(disorder_);
    disorder_ = kNoIndex;
    has_listed_ = has_prompt_ = has_gap_ = has_mark_ = 0;
  }
}

std::size_t Receiver::out_of_order_bytes(const ReceiverShared& shared) const {
  const Disorder* disorder = find_disorder(shared);
  return disorder == nullptr ? 0
                             : static_cast<std::size_t>(disorder->reassembly.covered().covered());
}

std::size_t Receiver::out_of_order_segments(const ReceiverShared& shared) const {
  const Disorder* disorder = find_disorder(shared);
  return disorder == nullptr ? 0 : disorder->reassembly.segments();
}

ReceiverSnapshot Receiver::snapshot(const ReceiverShared& shared) const {
  const Inbox* inbox = find_inbox(shared);
  ReceiverSnapshot values;
  values.next = next_.value();
  values.right_edge = right_edge_.value();
  values.acknowledged = acknowledged_.value();
  values.received = received_;
  values.unread = static_cast<std::uint32_t>(inbox == nullptr ? 0 : inbox->size());
  values.buffer = tuning_.limit();
  values.buffer_max = tuning_.limit_max();
  values.rtt_ns = tuning_.rtt().value_or(Duration::zero()).count();
  values.segment_size = timing_.segment_size();
  values.ce_segments = echo_.ce_segments();
  values.window_shift = window_shift();
  values.ecn = echo_.mode();
  values.ece = echo_.ece();
  values.sack_permitted = sack_permitted_ != 0;
  values.timestamps = timestamps_ != 0;
  values.fin_reached = fin_reached_ != 0;
  values.is_shut_down = is_shut_down_ != 0;
  values.urgent_inline = urgent_inline_ != 0;
  return values;
}

bool Receiver::restore(ReceiverShared& shared, const ReceiverSnapshot& values, Bytes unread) {
  if (values.version != ReceiverSnapshot::kVersion) return false;
  if (unread.size() != values.unread || values.unread > values.received) return false;
  release(shared);
  if (!unread.empty()) {
    Inbox* const inbox = take_inbox(shared);
    if (inbox == nullptr) return false;
    const bool is_whole = inbox->write(shared.pool, unread) == unread.size();
    settle(shared, 0);
    if (!is_whole) {
      release(shared);
      return false;
    }
  }
  next_ = SequenceNumber(values.next);
  right_edge_ = SequenceNumber(values.right_edge);
  acknowledged_ = SequenceNumber(values.acknowledged);
  received_ = values.received;
  timing_ = {};
  timing_.restore(values.segment_size);
  tuning_ = {};
  tuning_.restore(values.buffer, values.buffer_max, Duration(values.rtt_ns));
  echo_.restore(values.ecn, values.ece, values.ce_segments);
  window_shift_ = values.window_shift & 0xfU;
  sack_permitted_ = values.sack_permitted ? 1 : 0;
  timestamps_ = values.timestamps ? 1 : 0;
  fin_reached_ = values.fin_reached ? 1 : 0;
  is_shut_down_ = values.is_shut_down ? 1 : 0;
  urgent_inline_ = values.urgent_inline ? 1 : 0;
  // The peer's ACK may have been lost on the way: an ACK tells it where we stand.
  timing_.owe_now();
  return true;
}

}  // namespace strata::tcp
