// SPDX-License-Identifier: Apache-2.0
#include "attach/client/stream_end.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "attach/client/kernel.h"

namespace strata::attach::client {
namespace {

// With the smallest send buffer, this much leaves the pair neither writable for poll() nor for a
// write that waits.
constexpr std::size_t kPlugBytes = 4096;
constexpr std::array<std::byte, kPlugBytes> kZeroes{};
constexpr int kTokenPatienceMs = 1000;

// Walks through parts and pieces of a ring at once.
template <typename Copy>
std::size_t walk(Parts parts, std::byte* data, const SharedRingPart& ring, Copy copy) {
  std::size_t done = 0;
  std::size_t in_piece = 0;
  std::size_t piece = 0;
  for (const iovec& part : parts) {
    for (std::size_t in_part = 0; in_part < part.iov_len;) {
      if (piece < ring.pieces.size() && in_piece == ring.pieces[piece].length) {
        ++piece;
        in_piece = 0;
      }
      if (piece == ring.pieces.size() || ring.pieces[piece].length == 0) return done;
      const std::size_t count =
          std::min(part.iov_len - in_part, ring.pieces[piece].length - in_piece);
      copy(static_cast<std::byte*>(part.iov_base) + in_part,
           data + ring.pieces[piece].offset + in_piece, count);
      in_part += count;
      in_piece += count;
      done += count;
    }
  }
  return done;
}

}  // namespace

std::size_t size_of(Parts parts) {
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

StreamEnd::StreamEnd(Room& room, std::uint32_t slot, int descriptor)
    : room_(&room),
      slot_(&room.slots[slot]),
      number_(slot),
      descriptor_(descriptor),
      inward_(slot_->inward.indices, kLaneBytes),
      outward_(slot_->outward.indices, kLaneBytes) {}

std::size_t StreamEnd::read(Parts into, bool peeks) {
  const Result<SharedRingPart> ring = inward_.readable();
  if (!ring) return 0;
  if (ring->length() == 0) {
    settle();
    return 0;
  }
  const std::size_t count = walk(into, slot_->inward_data.data(), *ring,
                                 [](std::byte* ours, std::byte* shared, std::size_t size) {
                                   std::memcpy(ours, shared, size);
                                 });
  if (peeks || count == 0) return count;
  inward_.consume(static_cast<std::uint32_t>(count));
  if (count == ring->length()) settle();
  order_before_look();
  const bool is_worth_it = ring->length() - count <= kLaneBytes / 2;
  if (is_worth_it && slot_->inward.writer_waits.load(std::memory_order_relaxed) != 0 &&
      slot_->inward.writer_waits.exchange(0) != 0) {
    tell();
  }
  return count;
}

// The ring was empty when last looked at.
void StreamEnd::settle() {
  InwardLane& lane = slot_->inward;
  if (lane.token.load(std::memory_order_relaxed) == 0 || lane.token.exchange(0) == 0) return;
  order_before_look();
  const Result<SharedRingPart> ring = inward_.readable();
  // Bytes came meanwhile. If the launcher saw our 0 it has sent a token of its own, and one of the
  // two must go; if not, the old one stays for the new bytes.
  if (ring && ring->length() != 0 && lane.token.exchange(1) == 0) return;
  take_token();
}

// The launcher publishes first and sends afterwards: it may be just about to.
void StreamEnd::take_token() {
  std::array<std::byte, 64> thrown;
  const bool takes_all = tells_every_arrival();
  const std::size_t size = takes_all ? thrown.size() : 1;
  long taken = -EINTR;
  while (taken == -EINTR) taken = kernel::receive_now(descriptor_, thrown.data(), size);
  if (taken != -EAGAIN || takes_all) return;
  pollfd asked{descriptor_, POLLIN, 0};
  timespec patience{.tv_sec = kTokenPatienceMs / 1000, .tv_nsec = 0};
  kernel::call(__NR_ppoll, reinterpret_cast<long>(&asked), 1, reinterpret_cast<long>(&patience));
  kernel::receive_now(descriptor_, thrown.data(), size);
}

// Only where each arrival is told: elsewhere a byte in the pair has its 1 in `token`.
void StreamEnd::drop_stale_tokens() {
  std::array<std::byte, 64> thrown;
  if (slot_->inward.token.load() == 0) {
    kernel::receive_now(descriptor_, thrown.data(), thrown.size());
  }
}

std::size_t StreamEnd::unread() {
  const Result<SharedRingPart> ring = inward_.readable();
  return ring ? ring->length() : 0;
}

std::size_t StreamEnd::write(Parts from) {
  const std::size_t size = size_of(from);
  const Result<SharedRingPart> ring = outward_.room();
  if (!ring || size == 0) return 0;
  const std::size_t count = walk(from, slot_->outward_data.data(), *ring,
                                 [](const std::byte* ours, std::byte* shared, std::size_t bytes) {
                                   std::memcpy(shared, ours, bytes);
                                 });
  wrote(count);
  if (count < size) plug();
  return count;
}

MutableBytes StreamEnd::room(std::size_t size) {
  const Result<SharedRingPart> ring = outward_.room();
  if (!ring) return {};
  const auto& first = ring->pieces[0];
  return MutableBytes(slot_->outward_data)
      .subspan(first.offset, std::min<std::size_t>(first.length, size));
}

void StreamEnd::wrote(std::size_t count) {
  if (count == 0) return;
  outward_.publish(static_cast<std::uint32_t>(count));
  tell();
}

void StreamEnd::plug() { kernel::send_now(descriptor_, kZeroes.data(), kZeroes.size()); }

bool StreamEnd::is_ended() const {
  return slot_->inward.is_ended.load(std::memory_order_acquire) != 0 || inward_.is_corrupted();
}

bool StreamEnd::tells_every_arrival() const {
  return slot_->inward.every_arrival.load(std::memory_order_relaxed) != 0;
}

bool StreamEnd::is_cut() const {
  return slot_->inward.is_cut.load(std::memory_order_acquire) != 0 || inward_.is_corrupted() ||
         outward_.is_corrupted();
}

void StreamEnd::tell_every_arrival() { slot_->inward.every_arrival.store(1); }

bool StreamEnd::want_tokens() {
  const bool is_news = slot_->inward.watch_set.exchange(0) != 0;
  order_before_look();
  return is_news;
}

void StreamEnd::tell() {
  std::atomic<std::uint64_t>& word = room_->news[number_ / 64];
  const std::uint64_t bit = std::uint64_t{1} << (number_ % 64);
  order_before_look();
  if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit);
  order_before_look();
  if (room_->is_sleeping.load(std::memory_order_relaxed) == 0 ||
      room_->is_sleeping.exchange(0) == 0) {
    return;
  }
  // A plug may leave no room for it, and after a shutdown() nothing goes this way.
  if (kernel::send_now(descriptor_, kZeroes.data(), 1) < 0) {
    kernel::control(descriptor_, kRing);
  }
}

}  // namespace strata::attach::client
