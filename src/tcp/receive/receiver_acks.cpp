// SPDX-License-Identifier: Apache-2.0
// Receiver: the ACKs it owes, and the window they offer (RFC 9293 3.8.6).
#include <algorithm>
#include <cstdint>

#include "strata/check.h"
#include "tcp/receive/receiver.h"

namespace strata::tcp {
namespace {

constexpr std::uint64_t kNowhere = UINT64_MAX;
constexpr std::uint32_t kWindowFieldMax = 65535;

}  // namespace

std::optional<Ack> Receiver::next_prompt_ack(ReceiverShared& shared, Time now) {
  if (has_prompt_ == 0) return std::nullopt;
  return listed_ack(shared, *find_disorder(shared), now);
}

std::optional<Ack> Receiver::next_ack(ReceiverShared& shared, Time now) {
  if (has_listed_ != 0) return listed_ack(shared, *find_disorder(shared), now);
  if (!timing_.owes_now()) return std::nullopt;
  return current_ack(shared, false, now);
}

Ack Receiver::carried_ack(ReceiverShared& shared, bool with_text, Time now) {
  if (has_listed_ != 0) {
    Disorder& disorder = *find_disorder(shared);
    disorder.owed.drop_plain();
    look_at(disorder);
  }
  return current_ack(shared, with_text, now);
}

Ack Receiver::listed_ack(ReceiverShared& shared, Disorder& disorder, Time now) {
  const OwedAck owed = disorder.owed.front();
  disorder.owed.pop();
  // RFC 9293 3.8.6.1: what answers the probe of a closed window tells of a room found meanwhile.
  if (!owed.is_duplicate || window() == 0) open_window(shared);
  // Something else may have told more since: an ACK never goes back.
  const SequenceNumber number = later(owed.ack, acknowledged_);
  Ack ack{.ack = number, .window = window_field(shared, number)};
  ack.ece = echo_.mode() == EcnEchoMode::kExact ? owed.ece : echo_.ece();
  if (sack_permitted_ != 0) {
    ack.sack = disorder.history.blocks(disorder.reassembly.covered(), {text_end(), received_},
                                       offset_of(owed.trigger), owed.duplicate, sack_blocks_max());
  }
  acknowledged_ = number;
  if (number == next_) {
    if (owed.is_duplicate) {
      timing_.on_duplicate_sent();
    } else {
      timing_.on_ack_sent(false, now);
    }
  }
  look_at(disorder);
  give_back_unused(shared);
  return ack;
}

Ack Receiver::current_ack(ReceiverShared& shared, bool with_text, Time now) {
  open_window(shared);
  Ack ack{.ack = next_, .window = window_field(shared, next_), .ece = echo_.ece()};
  if (sack_permitted_ != 0 && has_gap_ != 0) {
    const Disorder& disorder = *find_disorder(shared);
    ack.sack = disorder.history.blocks(disorder.reassembly.covered(), {text_end(), received_},
                                       kNowhere, {}, sack_blocks_max());
  }
  acknowledged_ = next_;
  timing_.on_ack_sent(with_text, now);
  if (disorder_ != kNoIndex && has_listed_ == 0) give_back_unused(shared);
  return ack;
}

// RFC 5681 4.2: an ACK for each segment that is out of order or was here before.
void Receiver::owe_duplicate(ReceiverShared& shared, SequenceNumber trigger,
                             SequenceRange duplicate, std::uint16_t count) {
  if (timing_.owes_for_text()) list_plain_ack(shared, false, echo_.ece());
  list_ack(shared, {.ack = next_,
                    .trigger = trigger,
                    .duplicate = duplicate,
                    .count = std::max<std::uint16_t>(count, 1),
                    .is_prompt = true,
                    .is_duplicate = true,
                    .ece = echo_.ece()});
}

// The ACK of what is here now, so that it goes although more is about to come.
void Receiver::list_plain_ack(ReceiverShared& shared, bool is_prompt, bool ece) {
  timing_.hand_over();
  list_ack(shared, {.ack = next_, .trigger = next_, .is_prompt = is_prompt, .ece = ece});
}

// Without memory for the list, one ACK of everything has to do.
void Receiver::list_ack(ReceiverShared& shared, const OwedAck& owed) {
  Disorder* const disorder = take_disorder(shared);
  if (disorder == nullptr) return timing_.owe_now();
  disorder->owed.push(owed);
  look_at(*disorder);
}

// What the buffer could take beyond what it holds. Text is charged as text, or as half of its
// buffers where these are more: so short segments close the window before they fill the memory.
std::uint32_t Receiver::room(const ReceiverShared& shared) const {
  const Inbox* const inbox = find_inbox(shared);
  if (inbox == nullptr) return tuning_.limit();
  const std::size_t used = std::max(inbox->size(), inbox->buffer_bytes() / 2);
  return static_cast<std::uint32_t>(tuning_.limit() - std::min<std::size_t>(used, tuning_.limit()));
}

// Under pressure, a share of what is left to all: but always so much that text keeps moving for a
// program that reads.
std::uint32_t Receiver::room_to_offer(const ReceiverShared& shared) const {
  const std::uint32_t own = std::min(room(shared), kWindowFieldMax << window_shift());
  if (!shared.account.under_pressure()) return own;
  const std::size_t held = bytes_held(shared);
  const std::size_t share = shared.account.fair_share();
  const std::size_t left = std::max<std::size_t>(share - std::min(held, share),
                                                 held == 0 ? 2U * timing_.segment_size() : 0U);
  return static_cast<std::uint32_t>(std::min<std::size_t>({own, left, shared.account.room()}));
}

// RFC 9293 3.8.6.2.2: the right edge stays until it can move by half the buffer or a full segment.
bool Receiver::is_worth_offering(std::uint32_t offer) const {
  const std::int32_t gain = (next_ + offer) - right_edge_;
  const std::uint32_t least = std::min<std::uint32_t>(tuning_.limit() / 2, timing_.segment_size());
  return gain > 0 && static_cast<std::uint32_t>(gain) >= least;
}

void Receiver::open_window(const ReceiverShared& shared) {
  if (fin_reached_ != 0) return;
  const std::uint32_t offer = room_to_offer(shared) >> window_shift() << window_shift();
  if (is_worth_offering(offer)) right_edge_ = next_ + offer;
}

// RFC 7323 2.3 scales by shifting right, which would take back up to 2^shift - 1 bytes of what has
// been offered. So the field is rounded up, and the edge moves with it. A peer that sends less
// than 2^shift bytes a segment could move it forever: a quarter of the buffer is as far as it gets.
std::uint16_t Receiver::window_field(const ReceiverShared& shared, SequenceNumber ack) {
  const std::uint8_t shift = window_shift();
  const std::uint32_t window = distance(ack, right_edge_);
  const std::uint32_t granule = 1U << shift;
  std::uint32_t field = (window + granule - 1) >> shift;
  const SequenceNumber edge = ack + (field << shift);
  if (edge != right_edge_) {
    const std::uint32_t edge_max = room(shared) + tuning_.limit() / 4 + granule;
    if (edge - next_ <= static_cast<std::int32_t>(edge_max)) {
      right_edge_ = edge;
    } else {
      field = window >> shift;
    }
  }
  return static_cast<std::uint16_t>(std::min(field, kWindowFieldMax));
}

}  // namespace strata::tcp
