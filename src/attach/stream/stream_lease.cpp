// SPDX-License-Identifier: Apache-2.0
// A StreamSocket's bytes by the rings of a lease.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "attach/stream/stream_socket.h"

namespace strata::attach {
namespace {

struct RingMessage {
  explicit RingMessage(const Lease::Pieces& pieces)
      : parts{{{pieces[0].data(), pieces[0].size()}, {pieces[1].data(), pieces[1].size()}}} {
    message.msg_iov = parts.data();
    message.msg_iovlen = pieces[1].empty() ? 1 : 2;
  }

  std::array<iovec, 2> parts;
  msghdr message{};
};

// All that lies there; false when its end was found.
bool take_all(int descriptor, MutableBytes scratch, std::vector<std::byte>& into) {
  for (;;) {
    const ssize_t count = ::recv(descriptor, scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    into.insert(into.end(), scratch.begin(), scratch.begin() + count);
  }
}

}  // namespace

Answer StreamSocket::begin_lease(const std::shared_ptr<SharedRoom>& room, int theirs) {
  const bool is_whole = stage_ == Stage::kOpen && !peer_has_ended_ && !program_has_ended_ &&
                        !is_hung_up_ && !was_shut_down_ && error_ == 0;
  if (!is_whole || was_urgent_ || lease_ != nullptr) return -ENOTCONN;
  if (low_water_ > 1) return -ENOTCONN;  // the rings know no mark
  if (bytes_read_ + bytes_in_pair() < more_until_) return -EAGAIN;
  // What lies in the pair comes before what will be in the rings.
  if (!take_all(end_.get(), scratch(), to_stack_)) return -ENOTCONN;
  std::vector<std::byte> unread;
  if (!take_all(theirs, scratch(), unread)) return -ENOTCONN;
  to_program_.insert(to_program_.begin(), unread.begin(), unread.end());
  auto begun = Lease::begin(room, cookie(), theirs);
  if (!begun) return begun.error();
  lease_ = *std::move(begun);
  wants_room_ = false;
  pair_has_ended_ = false;
  while (!to_program_.empty() && fill_ring({}) > 0) {
  }
  return static_cast<Answer>(lease_->slot());
}

void StreamSocket::end_lease(int theirs) {
  Lease::Remains remains = lease_->end(end_.get(), theirs);
  lease_.reset();
  to_stack_.insert(to_stack_.end(), remains.to_stack.begin(), remains.to_stack.end());
  to_program_.insert(to_program_.begin(), remains.to_program.begin(), remains.to_program.end());
  may_have_bytes_ = true;
  // The program is told of them by the same call that asked for the end.
  if (end_) static_cast<void>(send_rest());
}

Answer StreamSocket::fill_ring(Time now) {
  const Lease::Pieces room = lease_->inward_room();
  if (room[0].empty()) return -ENOBUFS;
  Answer count = 0;
  if (!to_program_.empty()) {
    auto next = to_program_.begin();
    for (const MutableBytes piece : room) {
      const auto left = static_cast<std::size_t>(to_program_.end() - next);
      const auto size = static_cast<std::ptrdiff_t>(std::min(piece.size(), left));
      std::copy_n(next, size, piece.begin());
      next += size;
    }
    count = next - to_program_.begin();
    to_program_.erase(to_program_.begin(), next);
  } else {
    move_urgent(now);
    RingMessage ring(room);
    count = file_->receive(ring.message, 0, now);
  }
  if (count > 0) lease_->publish(static_cast<std::size_t>(count), end_.get());
  return count;
}

bool StreamSocket::move_inward_by_ring(Time now) {
  if (end_is_told_) heed_failure(now);
  if (end_is_told_) return false;
  if (!peer_has_ended_ || !to_program_.empty()) {
    const Answer count = fill_ring(now);
    if (lease_->is_corrupted()) {
      reset_on_close(*file_, now);
      fail(-ECONNRESET, now);
      return false;
    }
    if (count == 0) {
      peer_has_ended_ = true;
    } else if (count < 0 && count != -EAGAIN && count != -ENOBUFS) {
      fail(count, now);
    }
    if (count > 0) return true;
    if (count < 0) return false;
  }
  // The end follows the last byte: in the pair it would be seen before those of the ring.
  if (lease_->is_read_up()) {
    lease_->say_ended();
    end_inward();
  }
  return false;
}

bool StreamSocket::move_outward_by_ring(Time now) {
  const Lease::Pieces bytes = lease_->outward_bytes();
  Answer taken = 0;
  if (!bytes[0].empty()) {
    const RingMessage ring(bytes);
    taken = file_->send(ring.message, 0, now);
    if (taken > 0) lease_->consume(static_cast<std::size_t>(taken));
  }
  if (lease_->is_corrupted()) {
    reset_on_close(*file_, now);
    taken = -ECONNRESET;
  }
  if (taken < 0 && taken != -EAGAIN) {
    fail(taken, now);
    return false;
  }
  look_at_leased_pair();
  if (taken > 0) return true;
  if (taken < 0 || !pair_has_ended_ || !lease_->outward_bytes()[0].empty()) return false;
  // The program closed with bytes unread: RFC 2525 2.17.
  if (is_hung_up(end_.get()) && (lease_->unread() != 0 || !to_program_.empty())) {
    reset_on_close(*file_, now);
  }
  end_outward(now);
  return false;
}

// Plugs and bells; and the end, which is acted upon when the ring is empty. A program may fill the
// ring meanwhile: its plug stays, or it would find the descriptor writable and the ring full for as
// long as we take out what it puts in.
void StreamSocket::look_at_leased_pair() {
  while (may_have_bytes_ && lease_->is_roomy()) {
    const ssize_t count = read_pair();
    if (count > 0) continue;
    may_have_bytes_ = false;
    pair_has_ended_ = count == 0 || errno != EAGAIN;
  }
}

}  // namespace strata::attach
