// SPDX-License-Identifier: Apache-2.0
#include "attach/lease/lease.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace strata::attach {
namespace {

using client::kLaneBytes;

// Without this much free a plug stays: a wake-up is worth half a ring.
constexpr std::uint32_t kRoomy = kLaneBytes / 2;

Lease::Pieces pieces_of(std::span<std::byte> data, const Result<SharedRingPart>& part) {
  if (!part) return {};
  const auto& [first, second] = part->pieces;
  return {data.subspan(first.offset, first.length), data.subspan(second.offset, second.length)};
}

void append(std::vector<std::byte>& to, const Lease::Pieces& pieces) {
  for (const MutableBytes piece : pieces) to.insert(to.end(), piece.begin(), piece.end());
}

// No data is among it.
void throw_away(int descriptor) {
  std::array<std::byte, 4096> thrown;
  while (::recv(descriptor, thrown.data(), thrown.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

std::expected<std::unique_ptr<Lease>, Answer> Lease::begin(std::shared_ptr<SharedRoom> room,
                                                           std::uint64_t cookie, int theirs) {
  int send_buffer = 0;
  socklen_t size = sizeof(send_buffer);
  if (::getsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &send_buffer, &size) != 0) {
    return std::unexpected(-errno);
  }
  const Answer slot = room->take_slot(cookie);
  if (slot < 0) return std::unexpected(slot);
  std::unique_ptr<Lease> lease(
      new Lease(std::move(room), static_cast<std::uint32_t>(slot), send_buffer));
  constexpr int kSmallest = 1;  // the kernel makes of it what is possible
  if (::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &kSmallest, sizeof(kSmallest)) != 0) {
    lease->let_go();
    return std::unexpected(-errno);
  }
  return lease;
}

Lease::Lease(std::shared_ptr<SharedRoom> room, std::uint32_t slot, int send_buffer)
    : room_(std::move(room)),
      slot_(slot),
      send_buffer_(send_buffer),
      inward_(room_->memory().slots[slot].inward.indices, kLaneBytes),
      outward_(room_->memory().slots[slot].outward.indices, kLaneBytes) {}

Lease::~Lease() {
  if (is_given_back_) {
    room_->give_slot(slot_);
  } else {
    say_ended();
    cut();
    room_->retire_slot(slot_);
  }
}

// ── To the program ──────────────────────────────────────────────────────────────────────────────

Lease::Pieces Lease::inward_room() {
  Pieces pieces = pieces_of(memory().inward_data, inward_.room());
  if (!pieces[0].empty()) return pieces;
  wait_for_reader();
  return pieces_of(memory().inward_data, inward_.room());
}

bool Lease::is_read_up() {
  if (unread() == 0) return true;
  wait_for_reader();
  return unread() == 0;
}

void Lease::wait_for_reader() {
  lane().writer_waits.store(1);
  client::order_before_look();
}

void Lease::publish(std::size_t count, int end) {
  if (count == 0) return;
  inward_.publish(static_cast<std::uint32_t>(count));
  client::order_before_look();
  note_arrival();
  client::order_before_look();
  if (!is_looked_at()) tell(end);
}

void Lease::remind(int end) {
  if (unread() != 0) tell(end);
}

void Lease::note_arrival() {
  std::atomic<std::uint64_t>& word = room_->memory().arrivals[slot_ / 64];
  const std::uint64_t bit = std::uint64_t{1} << (slot_ % 64);
  if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit);
}

bool Lease::is_looked_at() {
  const std::uint32_t set = lane().watch_set.load(std::memory_order_relaxed) - 1;
  return set < client::kWatchSets && room_->memory().sleepers[set].load() == 0;
}

void Lease::tell(int end) {
  const bool is_always = lane().every_arrival.load(std::memory_order_relaxed) != 0;
  if (lane().token.exchange(1) != 0 && !is_always) return;
  // The program may have read it all before it saw the 1: then it must not be told. If it has seen
  // it, it waits for the token.
  std::uint32_t one = 1;
  if (!is_always && unread() == 0 && lane().token.compare_exchange_strong(one, 0)) return;
  static_cast<void>(::send(end, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

std::size_t Lease::unread() {
  const Result<SharedRingPart> room = inward_.room();
  return room ? kLaneBytes - room->length() : 0;
}

// ── From the program ────────────────────────────────────────────────────────────────────────────

Lease::Pieces Lease::outward_bytes() {
  return pieces_of(memory().outward_data, outward_.readable());
}

void Lease::consume(std::size_t count) {
  if (count != 0) outward_.consume(static_cast<std::uint32_t>(count));
}

bool Lease::is_roomy() {
  const Result<SharedRingPart> part = outward_.readable();
  return part && kLaneBytes - part->length() >= kRoomy;
}

// ── Its end ─────────────────────────────────────────────────────────────────────────────────────

Lease::Remains Lease::end(int ours, int theirs) {
  Remains remains;
  append(remains.to_stack, outward_bytes());
  if (const Result<SharedRingPart> room = inward_.room(); room) {
    const std::uint32_t size = kLaneBytes - room->length();
    const std::uint32_t begin = (room->pieces[0].offset - size) & (kLaneBytes - 1);
    const std::uint32_t first = std::min(size, kLaneBytes - begin);
    const std::span<std::byte> data(memory().inward_data);
    append(remains.to_program, {data.subspan(begin, first), data.first(size - first)});
  }
  if (ours >= 0) throw_away(ours);
  if (theirs >= 0) throw_away(theirs);
  const int half = send_buffer_ / 2;  // Linux doubles what it is given
  static_cast<void>(::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half)));
  is_given_back_ = true;
  return remains;
}

}  // namespace strata::attach
