// SPDX-License-Identifier: Apache-2.0
// Receiver: what arriving segments do (RFC 9293 3.10.7.4: first, sixth, seventh and eighth check).
#include <algorithm>
#include <cstdint>
#include <utility>

#include "tcp/receive/receiver.h"

namespace strata::tcp {

// RFC 9293 3.10.7.4, first check, all four cases. A segment that begins before the window and ends
// behind it has neither end inside, but all that is wanted: it is acceptable too.
bool Receiver::is_acceptable(SequenceNumber begin, std::uint32_t length) const {
  const bool is_open = window() != 0;
  if (length == 0) {
    return is_open ? next_ <= begin && begin < right_edge_ : begin == next_;
  }
  return is_open && begin < right_edge_ && next_ < begin + length;
}

void Receiver::on_unacceptable(ReceiverShared& shared, SequenceNumber begin, std::uint32_t length) {
  const SequenceNumber end = begin + length;
  const bool is_old = length != 0 && begin < next_ && end <= next_;
  owe_duplicate(shared, begin, is_old ? SequenceRange{begin, end} : SequenceRange{}, 1);
}

TextOutcome Receiver::on_text(ReceiverShared& shared, SequenceNumber begin, PacketPtr payload,
                              const TextFacts& facts, Time now) {
  const auto bytes =
      static_cast<std::uint32_t>(payload == nullptr ? std::size_t{0} : payload->size());
  timing_.on_arrival(bytes, facts.segments, facts.psh, now);
  if (facts.echo && bytes != 0) tuning_.on_echo(*facts.echo);
  const bool is_mark_news = on_mark(shared, facts);
  const bool is_usual = begin == next_ && bytes != 0 && !facts.fin && fin_reached_ == 0 &&
                        has_gap_ == 0 && bytes <= window();
  const TextOutcome outcome = is_usual
                                  ? on_next_text(shared, std::move(payload), bytes, now)
                                  : on_other_text(shared, begin, std::move(payload), facts, now);
  if (is_mark_news) timing_.owe_now();
  return outcome;
}

// Header prediction's half of the work: the next bytes, all of them, and nothing waits for them.
TextOutcome Receiver::on_next_text(ReceiverShared& shared, PacketPtr&& payload, std::uint32_t bytes,
                                   Time now) {
  if (is_shut_down_ == 0 && !keep_next(shared, std::move(payload))) {
    timing_.owe_now();
    return {TextKind::kRefused};
  }
  if (timing_.owes_for_text()) list_plain_ack(shared, false, echo_.ece());
  advance_to(shared, received_ + bytes);
  timing_.on_in_order(bytes, shared.config.delayed_ack_max, now);
  tuning_.on_text(next_, window(), now);
  return {TextKind::kInOrder, is_shut_down_ != 0 ? 0 : bytes};
}

bool Receiver::keep_next(ReceiverShared& shared, PacketPtr&& payload) {
  Inbox* const inbox = has_room_for(shared, *payload) ? take_inbox(shared) : nullptr;
  if (inbox == nullptr) return false;
  const bool is_all = disorder_ == kNoIndex;
  const std::size_t before = is_all ? inbox->buffer_bytes() : bytes_held(shared);
  inbox->append(shared.pool, std::move(payload));
  if (is_all) {
    charge(shared.account, before, inbox->buffer_bytes());
  } else {
    settle(shared, before);
  }
  return true;
}

TextOutcome Receiver::on_other_text(ReceiverShared& shared, SequenceNumber begin, PacketPtr payload,
                                    const TextFacts& facts, Time now) {
  const Arrival arrival = trim(find_disorder(shared), begin, payload, facts.fin);
  const bool is_next = arrival.begin == received_ && fin_reached_ == 0;
  if (is_next && (arrival.begin != arrival.end || arrival.has_fin)) {
    return take_in_order(shared, arrival, std::move(payload), now);
  }
  if (arrival.begin > received_ && (arrival.begin != arrival.end || arrival.has_fin)) {
    return take_out_of_order(shared, arrival, std::move(payload), facts);
  }
  // RFC 9293 3.10.7.4: what is not in the window is answered, for the peer may wait for an ACK
  // that was lost. What begins behind the FIN, or behind the window, is not called old.
  owe_duplicate(shared, begin, arrival.duplicate, facts.segments);
  return {begin < next_ ? TextKind::kDuplicate : TextKind::kRefused};
}

// Cuts off what has been received in order, what stands behind the window, and what stands behind
// the FIN. The FIN goes with the text in front of it.
Receiver::Arrival Receiver::trim(const Disorder* disorder, SequenceNumber begin, PacketPtr& payload,
                                 bool has_fin) const {
  const auto bytes =
      static_cast<std::uint32_t>(payload == nullptr ? std::size_t{0} : payload->size());
  SequenceNumber end = begin + bytes;
  Arrival arrival;
  if (begin < text_end() && bytes != 0) {
    arrival.duplicate = {begin, sooner(end, text_end())};
    payload->skip(arrival.duplicate.length());
    begin = arrival.duplicate.end;
  }
  SequenceNumber limit = fin_reached_ != 0 ? text_end() : right_edge_;
  if (disorder != nullptr && disorder->fin) {
    limit = sooner(limit, text_end() + static_cast<std::uint32_t>(*disorder->fin - received_));
  }
  if (end > limit) {
    has_fin = false;
    end = later(begin, limit);
    if (payload != nullptr) payload->truncate(distance(begin, end));
  }
  arrival.begin = offset_of(begin);
  arrival.end = offset_of(end);
  // A FIN has one place: the first one told, and none where text is known to follow.
  const bool fits =
      disorder == nullptr ||
      (disorder->fin ? *disorder->fin == arrival.end
                     : arrival.end == received_ || disorder->reassembly.end() <= arrival.end);
  arrival.has_fin = has_fin && fin_reached_ == 0 && begin >= text_end() && fits;
  if (begin == end) payload = nullptr;
  return arrival;
}

TextOutcome Receiver::take_in_order(ReceiverShared& shared, const Arrival& arrival,
                                    PacketPtr payload, Time now) {
  const std::uint64_t begin = received_;
  const bool fills_gap = has_gap_ != 0;
  const SequenceRange duplicate = duplicate_of(shared, arrival);
  const std::uint64_t end = store_in_order(shared, arrival, std::move(payload));
  if (timing_.owes_for_text()) list_plain_ack(shared, false, echo_.ece());
  advance_to(shared, end);
  Disorder* const disorder = find_disorder(shared);
  const bool fin_reached = disorder != nullptr && disorder->fin
                               ? *disorder->fin == end
                               : arrival.has_fin && arrival.end == end;
  if (fin_reached) reach_fin(shared);
  if (disorder != nullptr) look_at(*disorder);

  const auto bytes = static_cast<std::uint32_t>(end - begin);
  timing_.on_in_order(bytes, shared.config.delayed_ack_max, now);
  tuning_.on_text(next_, window(), now);
  // RFC 5681 4.2: an ACK at once for what fills all or part of a gap.
  if (fills_gap) timing_.on_loss();
  if (fills_gap || fin_reached || bytes == 0) timing_.owe_now();
  if (!duplicate.empty() && sack_permitted_ != 0) {
    // RFC 2883 4: the part that had been here before is reported with the ACK of the rest.
    timing_.hand_over();
    list_ack(shared, {.ack = next_,
                      .trigger = duplicate.begin,
                      .duplicate = duplicate,
                      .is_prompt = true,
                      .ece = echo_.ece()});
  }
  give_back_unused(shared);
  if (bytes == 0 && !fin_reached) return {TextKind::kRefused};
  return {TextKind::kInOrder, is_shut_down_ != 0 ? 0 : bytes, fin_reached};
}

// What of the text had been here: below RCV.NXT, or else the first part of it that is held.
SequenceRange Receiver::duplicate_of(const ReceiverShared& shared, const Arrival& arrival) const {
  const Disorder* const disorder = find_disorder(shared);
  if (!arrival.duplicate.empty() || disorder == nullptr) return arrival.duplicate;
  const std::uint64_t begin = disorder->reassembly.next_covered(arrival.begin);
  if (begin >= arrival.end) return {};
  const std::uint64_t end = std::min(disorder->reassembly.covered().first_gap(begin), arrival.end);
  return {next_ + static_cast<std::uint32_t>(begin - received_),
          next_ + static_cast<std::uint32_t>(end - received_)};
}

// Keeps the text, and what of Reassembly follows it; answers the offset behind all that.
std::uint64_t Receiver::store_in_order(ReceiverShared& shared, const Arrival& arrival,
                                       PacketPtr payload) {
  if (payload == nullptr) return received_;
  const bool is_wanted = is_shut_down_ == 0;
  if (is_wanted && !has_room_for(shared, *payload)) return received_;
  const std::size_t before = bytes_held(shared);
  Disorder* const disorder = find_disorder(shared);
  std::uint64_t end = received_;
  if (!is_wanted) {
    end = arrival.end;
    if (disorder != nullptr) end = disorder->reassembly.covered().first_gap(end);
  } else if (Inbox* const inbox = take_inbox(shared)) {
    end = fill(*inbox, disorder, shared.pool, std::move(payload));
  }
  if (disorder != nullptr) disorder->reassembly.forget_before(end);
  settle(shared, before);
  return end;
}

// Puts what is new of the payload behind the inbox, and behind that what had come before it. What
// has been held longer wins where both tell the same bytes. Answers where the text now ends.
std::uint64_t Receiver::fill(Inbox& inbox, Disorder* disorder, PacketPool& pool,
                             PacketPtr payload) const {
  std::uint64_t at = received_;
  if (disorder == nullptr) {
    at += payload->size();
    inbox.append(pool, std::move(payload));
    return at;
  }
  while (payload != nullptr) {
    const std::uint64_t gap = disorder->reassembly.next_covered(at) - at;
    if (payload->size() <= gap) {
      at += payload->size();
      inbox.append(pool, std::exchange(payload, nullptr));
    } else {
      const auto wanted = static_cast<std::size_t>(gap);
      const std::size_t taken = wanted == 0 ? 0 : inbox.append_part(pool, *payload, wanted);
      at += taken;
      payload->skip(taken);
      if (taken != wanted) return at;
    }
    const std::uint64_t end = disorder->reassembly.move_to(inbox, pool, at);
    const std::uint64_t moved = end - at;
    at = end;
    if (payload == nullptr) break;
    if (moved == 0) return at;  // no buffer for a copy: the peer sends the rest again
    payload->skip(static_cast<std::size_t>(std::min<std::uint64_t>(moved, payload->size())));
    if (payload->size() == 0) payload = nullptr;
  }
  return at;
}

TextOutcome Receiver::take_out_of_order(ReceiverShared& shared, Arrival arrival, PacketPtr payload,
                                        const TextFacts& facts) {
  const SequenceNumber begin = text_end() + static_cast<std::uint32_t>(arrival.begin - received_);
  timing_.on_loss();
  Disorder* const disorder = take_disorder(shared);
  if (disorder == nullptr) {
    timing_.owe_now();
    return {TextKind::kRefused};
  }
  TextOutcome outcome{TextKind::kOutOfOrder};
  if (payload != nullptr && is_shut_down_ == 0) {
    const std::size_t before = bytes_held(shared);
    const auto added = disorder->reassembly.add(shared.pool, arrival.begin, std::move(payload));
    settle(shared, before);
    const bool is_kept =
        added.bytes != 0 && disorder->reassembly.covered().overlaps(arrival.begin, arrival.end);
    if (!is_kept) {
      outcome.kind =
          added.was_refused || added.bytes != 0 ? TextKind::kRefused : TextKind::kDuplicate;
    }
    if (outcome.kind != TextKind::kRefused) disorder->history.on_arrival(arrival.begin);
    if (arrival.duplicate.empty() && added.duplicate.length() != 0) {
      arrival.duplicate = {
          begin + static_cast<std::uint32_t>(added.duplicate.begin - arrival.begin),
          begin + static_cast<std::uint32_t>(added.duplicate.end - arrival.begin)};
    }
  } else if (payload != nullptr) {
    outcome.kind = TextKind::kRefused;  // nobody will read it: it may as well come in order
  }
  if (arrival.has_fin && outcome.kind != TextKind::kRefused) disorder->fin = arrival.end;
  owe_duplicate(shared, begin, arrival.duplicate, facts.segments);
  look_at(*disorder);
  return outcome;
}

// May this payload be charged? Text out of order gives way to text in order.
bool Receiver::has_room_for(ReceiverShared& shared, const Packet& payload) {
  const std::size_t bytes = payload.buffer_bytes();
  if (bytes <= shared.account.room()) return true;
  (void)shed(shared, bytes - shared.account.room());
  return bytes <= shared.account.room();
}

void Receiver::advance_to(ReceiverShared& shared, std::uint64_t received) {
  next_ += static_cast<std::uint32_t>(received - received_);
  received_ = received;
  right_edge_ = later(right_edge_, next_);
  if (has_mark_ == 0) return;
  if (is_shut_down_ == 0) return note_urgent_byte(shared);
  // What is thrown away is not urgent; and places of unread text are not known any more.
  Disorder& disorder = *find_disorder(shared);
  disorder.urgent = {};
  look_at(disorder);
}

// RFC 9293 3.10.7.4, eighth check: the FIN takes a number of its own. What stands behind it, if
// anything, was never sent by an honest peer.
void Receiver::reach_fin(ReceiverShared& shared) {
  next_ += 1U;
  fin_reached_ = 1;
  right_edge_ = later(right_edge_, next_);
  Disorder* const disorder = find_disorder(shared);
  if (disorder == nullptr) return;
  const std::size_t before = bytes_held(shared);
  disorder->reassembly.clear();
  disorder->fin.reset();
  if (disorder->urgent.state() == UrgentMark::State::kAwaited) disorder->urgent = {};
  settle(shared, before);
}

// RFC 8257 3.2: when marks begin or end, the text before is acknowledged at once with the old
// answer, and the text after it with the new one. RFC 3168 6.1.3 asks for no ACK of its own, but
// the sooner the sender hears of a first mark, the better.
// True when an ACK of this segment must go at once.
bool Receiver::on_mark(ReceiverShared& shared, const TextFacts& facts) {
  const bool before = echo_.ece();
  if (!echo_.on_text(facts.ecn, facts.segments)) return false;
  if (echo_.mode() == EcnEchoMode::kExact && timing_.is_pending()) {
    list_plain_ack(shared, true, before);
  }
  return true;
}

bool Receiver::on_urgent(ReceiverShared& shared, SequenceNumber end) {
  if (fin_reached_ != 0 || is_shut_down_ != 0) return false;
  const Inbox* const inbox = find_inbox(shared);
  const std::uint64_t read_up_to = inbox == nullptr ? received_ : read_place(*inbox);
  const std::int64_t ahead = std::int64_t{end - next_};
  if (ahead <= -static_cast<std::int64_t>(received_ - read_up_to)) return false;
  Disorder* const disorder = take_disorder(shared);
  if (disorder == nullptr) return false;
  const bool is_news =
      disorder->urgent.on_pointer(received_ + static_cast<std::uint64_t>(ahead), read_up_to);
  look_at(*disorder);
  if (is_news) note_urgent_byte(shared);
  give_back_unused(shared);
  return is_news;
}

void Receiver::note_urgent_byte(ReceiverShared& shared) {
  UrgentMark& urgent = find_disorder(shared)->urgent;
  if (urgent.state() != UrgentMark::State::kAwaited || urgent.place() >= received_) return;
  const Inbox* const inbox = find_inbox(shared);
  if (inbox == nullptr || urgent.place() < read_place(*inbox)) return;
  std::byte value{};
  inbox->copy_out(static_cast<std::size_t>(urgent.place() - read_place(*inbox)), {&value, 1});
  urgent.on_byte(value);
}

}  // namespace strata::tcp
