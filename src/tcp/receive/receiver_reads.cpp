// SPDX-License-Identifier: Apache-2.0
// Receiver: what the program takes, and what that does to window and buffer.
#include <algorithm>
#include <cstdint>

#include "tcp/receive/receiver.h"

namespace strata::tcp {

std::size_t Receiver::read(ReceiverShared& shared, MutableBytes to, Time now) {
  if (inbox_ == kNoIndex || to.empty()) return 0;
  Inbox& inbox = *find_inbox(shared);
  const std::size_t before = inbox.buffer_bytes();
  const std::size_t count = inbox.read(to.first(begin_read(shared, inbox, to.size())));
  end_read(shared, inbox, count, before, now);
  return count;
}

PacketPtr Receiver::read_slices(ReceiverShared& shared, std::size_t bytes_max, Time now) {
  if (inbox_ == kNoIndex || bytes_max == 0) return nullptr;
  Inbox& inbox = *find_inbox(shared);
  const std::size_t before = inbox.buffer_bytes();
  PacketPtr slices = inbox.take(begin_read(shared, inbox, bytes_max));
  end_read(shared, inbox, slices == nullptr ? 0 : slices->size(), before, now);
  return slices;
}

// RFC 6093 2 and 3: a reader stops in front of the urgent byte, and then finds it in its place
// (inline), or left out.
std::size_t Receiver::begin_read(ReceiverShared& shared, Inbox& inbox, std::size_t wanted) {
  if (has_mark_ == 0) return std::min(wanted, inbox.size());
  Disorder& disorder = *find_disorder(shared);
  const std::uint64_t place = read_place(inbox);
  const std::uint64_t mark = disorder.urgent.place();
  if (place < mark) {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(std::min(wanted, inbox.size()), mark - place));
  }
  if (urgent_inline_ == 0) inbox.consume(1);
  disorder.urgent.on_read(mark + 1);
  look_at(disorder);
  return std::min(wanted, inbox.size());
}

// `held_before`: by the inbox.
void Receiver::end_read(ReceiverShared& shared, const Inbox& inbox, std::size_t count,
                        std::size_t held_before, Time now) {
  if (disorder_ == kNoIndex) {
    charge(shared.account, held_before, inbox.buffer_bytes());
  } else {
    settle(shared, held_before - inbox.buffer_bytes() + bytes_held(shared));
    look_at(*find_disorder(shared));
  }
  const bool may_grow = !shared.account.under_pressure() && !shared.pool.is_short();
  (void)tuning_.on_read(static_cast<std::uint32_t>(count), timing_.segment_size(), may_grow, next_,
                        window(), now);
  // A window update saves the sender from waiting for an ACK that nothing else will cause. It is
  // not needed while half of what can be offered still is.
  const std::uint32_t offer = room_to_offer(shared) >> window_shift() << window_shift();
  if (fin_reached_ == 0 && is_worth_offering(offer) && window() <= offer / 2) timing_.owe_now();
  if (inbox.empty() || disorder_ != kNoIndex) give_back_unused(shared);
}

std::size_t Receiver::peek(const ReceiverShared& shared, std::size_t offset,
                           MutableBytes to) const {
  const Inbox* const inbox = find_inbox(shared);
  if (inbox == nullptr) return 0;
  std::size_t end = inbox->size();
  if (has_mark_ != 0) {
    const std::uint64_t place = read_place(*inbox);
    const std::uint64_t mark = find_disorder(shared)->urgent.place();
    const auto ahead = static_cast<std::size_t>(std::min<std::uint64_t>(mark - place, end));
    if (ahead == 0 && urgent_inline_ == 0) {
      ++offset;  // as a read() would step over it
    } else if (ahead != 0) {
      end = ahead;
    }
  }
  if (offset >= end) return 0;
  const std::size_t count = std::min(to.size(), end - offset);
  inbox->copy_out(offset, to.first(count));
  return count;
}

std::size_t Receiver::readable(const ReceiverShared& shared) const {
  const Inbox* const inbox = find_inbox(shared);
  if (inbox == nullptr) return 0;
  if (has_mark_ == 0 || urgent_inline_ != 0) return inbox->size();
  const bool holds_mark = find_disorder(shared)->urgent.place() < received_;
  return inbox->size() - (holds_mark ? 1U : 0U);
}

Result<std::byte> Receiver::read_urgent(ReceiverShared& shared) {
  if (has_mark_ == 0 || urgent_inline_ != 0) return std::unexpected(Error::kInvalidArgument);
  UrgentMark& urgent = find_disorder(shared)->urgent;
  if (urgent.state() == UrgentMark::State::kAwaited) return std::unexpected(Error::kWouldBlock);
  const std::optional<std::byte> value = urgent.take();
  if (!value) return std::unexpected(Error::kInvalidArgument);
  return *value;
}

bool Receiver::is_at_urgent_mark(const ReceiverShared& shared) const {
  if (has_mark_ == 0) return false;
  const Inbox* const inbox = find_inbox(shared);
  const std::uint64_t place = inbox == nullptr ? received_ : read_place(*inbox);
  return find_disorder(shared)->urgent.place() == place;
}

bool Receiver::has_urgent(const ReceiverShared& shared) const {
  return has_mark_ != 0 && urgent_inline_ == 0 &&
         find_disorder(shared)->urgent.state() == UrgentMark::State::kHere;
}

}  // namespace strata::tcp
