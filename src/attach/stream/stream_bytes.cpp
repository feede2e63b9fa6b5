// SPDX-License-Identifier: Apache-2.0
// A StreamSocket's bytes by the pair.
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "attach/stream/stream_socket.h"
#include "attach/stream/waiting_reader.h"

namespace strata::attach {
namespace {

msghdr message_of(iovec& part) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return message;
}

void keep(std::vector<std::byte>& into, Bytes rest) { into.assign(rest.begin(), rest.end()); }

}  // namespace

std::size_t StreamSocket::bytes_inward() const {
  return to_program_.size() + (lease_ == nullptr ? 0 : lease_->unread());
}

std::size_t StreamSocket::bytes_outward() const {
  if (lease_ != nullptr) {
    const Lease::Pieces bytes = lease_->outward_bytes();
    return to_stack_.size() + bytes[0].size() + bytes[1].size();
  }
  const std::size_t ours = stuffing_ + (is_end_marked_ ? 1 : 0);
  const std::size_t in_pair = bytes_in_pair();
  return to_stack_.size() + in_pair - std::min(in_pair, ours);
}

// ── To the program ──────────────────────────────────────────────────────────────────────────────

bool StreamSocket::send_rest() {
  if (to_program_.empty()) return true;
  const ssize_t count =
      ::send(end_.get(), to_program_.data(), to_program_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count > 0) to_program_.erase(to_program_.begin(), to_program_.begin() + count);
  if (count < 0 && errno != EAGAIN) to_program_.clear();                // nobody reads any more
  if (to_program_.empty()) std::vector<std::byte>().swap(to_program_);  // sockets are many
  wants_room_ = !to_program_.empty();
  return !wants_room_;
}

Answer StreamSocket::read_stack(MutableBytes to, int flags, Time now) {
  iovec part{to.data(), to.size()};
  msghdr message = message_of(part);
  return file_->receive(message, flags, now);
}

// The stack's reader stops in front of an urgent byte (RFC 6093): it goes beside the others, behind
// what came before it. Rings have no such place, nor have the pairs of Linux before 5.15: then it
// waits here for recv(MSG_OOB).
void StreamSocket::move_urgent(Time now) {
  int is_at_mark = 0;
  if (file_->control(SIOCATMARK, is_at_mark) < 0 || is_at_mark == 0) return;
  std::byte byte{};
  if (read_stack({&byte, 1}, MSG_OOB, now) != 1) return;
  was_urgent_ = true;
  const int flags = MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL;
  if (lease_ != nullptr || ::send(end_.get(), &byte, 1, flags) != 1) urgent_ = byte;
}

std::optional<std::byte> StreamSocket::take_urgent() { return std::exchange(urgent_, {}); }

Answer StreamSocket::learn_low_water(int theirs) {
  const std::size_t before = std::exchange(low_water_, file_->receive_low_water());
  if (before == low_water_) return 0;
  const auto mark = static_cast<int>(low_water_);
  return ::setsockopt(theirs, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)) == 0 ? 0 : -errno;
}

bool StreamSocket::holds_back(Time now) {
  constexpr Duration kPause = std::chrono::milliseconds(10);
  if (low_water_ <= 1 || peer_has_ended_) return false;
  int in_pair = 0;
  if (::ioctl(end_.get(), SIOCOUTQ, &in_pair) != 0 || in_pair != 0) return false;
  int unread = 0;
  static_cast<void>(file_->control(FIONREAD, unread));
  const std::size_t all = to_program_.size() + static_cast<std::size_t>(std::max(unread, 0));
  if (all == 0 || all >= low_water_ || (file_->events() & (POLLIN | POLLERR)) != 0) return false;
  if (now < next_look_) return true;
  if (!borrow_program_end() || reader_waits(whereabouts_.thread, whereabouts_.number)) return false;
  next_look_ = now + kPause;
  wakes_at_ = next_look_;
  return true;
}

Answer StreamSocket::follow_low_water(int theirs, Time now) {
  if (lease_ != nullptr && file_->receive_low_water() > 1) return -ENOPROTOOPT;
  if (const Answer learned = learn_low_water(theirs); learned < 0) return learned;
  if (stage_ == Stage::kOpen && low_water_ > 1 && !end_is_told_ && !was_urgent_) {
    // All at once, so that nobody who reads meanwhile gets what comes behind it.
    constexpr std::size_t kMoreThanAPairHolds = 262'144;
    std::vector<std::byte> unread(kMoreThanAPairHolds);
    const ssize_t count = ::recv(theirs, unread.data(), unread.size(), MSG_DONTWAIT);
    if (count > 0) {
      to_program_.insert(to_program_.begin(), unread.begin(), unread.begin() + count);
    }
  }
  next_look_ = now;
  pump(now);
  return 0;
}

bool StreamSocket::move_inward(Time now) {
  if (lease_ != nullptr) return move_inward_by_ring(now);
  if (end_is_told_) heed_failure(now);
  if (end_is_told_ || holds_back(now) || !send_rest()) return false;
  if (peer_has_ended_) end_inward();
  if (end_is_told_) return false;
  move_urgent(now);
  const Answer count = read_stack(scratch(), 0, now);
  if (count == -EAGAIN) return false;
  if (count < 0) {
    fail(count, now);
    return false;
  }
  if (count == 0) {
    end_inward();
    return false;
  }
  const Bytes bytes = Bytes(scratch()).first(static_cast<std::size_t>(count));
  const ssize_t sent = ::send(end_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return true;  // nobody reads any more: it is thrown away
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (taken < bytes.size()) keep(to_program_, bytes.subspan(taken));
  wants_room_ = !to_program_.empty();
  return !wants_room_;
}

Answer StreamSocket::discard(int theirs, std::size_t size, int flags) {
  if (is_alone()) return -ENOTCONN;
  const Descriptor borrowed = theirs < 0 ? borrow_program_end() : Descriptor();
  const int end = theirs < 0 ? borrowed.get() : theirs;
  if (end < 0) return -EAGAIN;
  std::size_t done = 0;
  while (done < size) {
    const MutableBytes room = scratch().first(std::min(scratch().size(), size - done));
    const ssize_t count = ::recv(end, room.data(), room.size(), MSG_DONTWAIT | (flags & MSG_PEEK));
    if (count < 0 && done == 0) return -errno;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
    if ((flags & MSG_PEEK) != 0) break;
  }
  return static_cast<Answer>(done);
}

// What a program may still read when its connection has failed.
void StreamSocket::save_inward(Time now) {
  while (error_ == 0 && !peer_has_ended_ && send_rest()) {
    const Answer count = read_stack(scratch(), 0, now);
    if (count <= 0) break;
    keep(to_program_, Bytes(scratch()).first(static_cast<std::size_t>(count)));
  }
}

// ── From the program ────────────────────────────────────────────────────────────────────────────

// As recv() answers. What is marked ends in front of our own byte.
ssize_t StreamSocket::read_pair() {
  MutableBytes room = scratch();
  if (is_end_marked_) {
    const std::size_t in_pair = bytes_in_pair();
    if (in_pair <= 1) return 0;
    room = room.first(std::min(room.size(), in_pair - 1));
  }
  return ::recv(end_.get(), room.data(), room.size(), MSG_DONTWAIT);
}

bool StreamSocket::move_outward(Time now) {
  if (!to_stack_.empty()) {
    const Answer count = write_stack(to_stack_, 0, now);
    if (count < 0 && count != -EAGAIN) {
      fail(count, now);
      return false;
    }
    if (count > 0) to_stack_.erase(to_stack_.begin(), to_stack_.begin() + count);
    if (!to_stack_.empty()) return false;
    std::vector<std::byte>().swap(to_stack_);  // sockets are many
  }
  if (program_has_ended_) {
    if (is_hung_up_) finish(now);
    return false;
  }
  if (lease_ != nullptr) return move_outward_by_ring(now);
  if (!may_have_bytes_) return false;
  const ssize_t count = read_pair();
  if (count < 0 && errno == EAGAIN) {
    may_have_bytes_ = false;
    return false;
  }
  if (count <= 0) {
    if (count < 0) reset_on_close(*file_, now);  // closed with bytes unread: RFC 2525 2.17
    end_outward(now);
    return false;
  }
  const Bytes bytes = Bytes(scratch()).first(static_cast<std::size_t>(count));
  bytes_read_ += bytes.size();
  const Answer taken = write_stack(bytes, bytes_read_ <= more_until_ ? MSG_MORE : 0, now);
  if (taken < 0 && taken != -EAGAIN) {
    fail(taken, now);
    return false;
  }
  const auto written = static_cast<std::size_t>(std::max<Answer>(taken, 0));
  if (written < bytes.size()) keep(to_stack_, bytes.subspan(written));
  return to_stack_.empty();
}

Answer StreamSocket::write_stack(Bytes from, int flags, Time now) {
  iovec part{const_cast<std::byte*>(from.data()), from.size()};
  return file_->send(message_of(part), flags, now);
}

void StreamSocket::expect_more(std::size_t size) {
  more_until_ = bytes_read_ + bytes_in_pair() + size;
}

}  // namespace strata::attach
