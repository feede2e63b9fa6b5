// SPDX-License-Identifier: Apache-2.0
#include "attach/stream/stream_socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace strata::attach {
namespace {

// So much of one socket in a turn; then the others.
constexpr int kRoundsMax = 8;

}  // namespace

StreamSocket::StreamSocket(posix::FilePtr file, Pair& pair, ProgramDescriptors& descriptors,
                           bool is_open)
    : Socket(std::move(file), pair, descriptors), stage_(is_open ? Stage::kOpen : Stage::kFresh) {
  if (!is_open) stuffing_ = make_unwritable(pair.theirs.get());
  static_cast<void>(learn_low_water(pair.theirs.get()));  // the listener's
}

void StreamSocket::renew(Pair& pair) {
  adopt(pair);
  stuffing_ = make_unwritable(pair.theirs.get());
  low_water_ = 1;
  static_cast<void>(learn_low_water(pair.theirs.get()));
  error_ = 0;
  stage_ = Stage::kFresh;
}

void StreamSocket::pump(Time now) {
  if (stage_ == Stage::kConnecting) follow_connecting(now);
  if (stage_ == Stage::kListening) take_connections(now);
  if (stage_ == Stage::kOpen) {
    bool moved = true;
    for (int round = 0; round < kRoundsMax && moved && stage_ == Stage::kOpen; ++round) {
      moved = !is_hung_up_ && move_inward(now);
      if (stage_ == Stage::kOpen) moved |= move_outward(now);
    }
    has_more_to_do_ = moved && stage_ == Stage::kOpen;
    if (is_hung_up_ && stage_ == Stage::kOpen) watch_progress(now);
  } else if (is_hung_up_ && end_) {
    finish(now);
  }
}

// ── Connecting ──────────────────────────────────────────────────────────────────────────────────

Answer StreamSocket::connect(const sockaddr* address, socklen_t size, Time now) {
  if (std::exchange(success_is_untold_, false)) return 0;
  const Answer answer = file_->connect(address, size, now);
  if (answer == -EINPROGRESS) {
    stage_ = Stage::kConnecting;
    connect_answer_ = answer;
  } else if (answer == 0 && stage_ == Stage::kFresh) {
    // TCP_FASTOPEN_CONNECT: the first bytes will connect, so they must be able to come.
    take_stuffing();
    stage_ = Stage::kOpen;
  }
  return answer;
}

std::optional<Answer> StreamSocket::connect_answer() const {
  if (stage_ == Stage::kConnecting) return std::nullopt;
  return connect_answer_;
}

void StreamSocket::follow_connecting(Time now) {
  connect_answer_ = file_->connect_result();
  if (connect_answer_ == -EINPROGRESS) return;
  if (connect_answer_ == 0) {
    success_is_untold_ = held_.empty();
    take_stuffing();
    stage_ = Stage::kOpen;
    return;
  }
  stage_ = Stage::kFresh;
  if (!held_.empty()) return;  // whoever waits in connect() is told there, and may try again
  static_cast<void>(now);
  close_end(connect_answer_);  // stuffed as it is
  stage_ = Stage::kBroken;
}

void StreamSocket::take_stuffing() {
  while (stuffing_ != 0) {
    const MutableBytes into = scratch().first(std::min(scratch().size(), stuffing_));
    const ssize_t count = ::recv(end_.get(), into.data(), into.size(), 0);
    if (count <= 0) break;
    stuffing_ -= static_cast<std::size_t>(count);
  }
}

// ── Listening ───────────────────────────────────────────────────────────────────────────────────

Answer StreamSocket::listen(int backlog, Time now) {
  const Answer answer = file_->listen(backlog, now);
  if (answer < 0) return answer;
  stage_ = Stage::kListening;
  // As Linux has it, where below zero is as many as there may be.
  backlog_ = std::clamp<std::uint32_t>(static_cast<std::uint32_t>(backlog), 1, SOMAXCONN);
  return answer;
}

void StreamSocket::take_connections(Time now) {
  while (waiting_.size() < backlog_) {
    posix::File::Accepted accepted = file_->accept(now);
    if (accepted.file == nullptr) return;
    put_back(std::move(accepted.file));
  }
}

void StreamSocket::put_back(posix::FilePtr connection) {
  waiting_.push_back(std::move(connection));
  // Without room for its token the end has hundreds of them, and is readable all the same.
  if (::send(end_.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) ++tokens_;
}

void StreamSocket::take_tokens(int theirs) {
  if (tokens_ <= waiting_.size()) return;
  const Descriptor borrowed = theirs < 0 ? borrow_program_end() : Descriptor();
  const int end = theirs < 0 ? borrowed.get() : theirs;
  std::byte token{};
  while (end >= 0 && tokens_ > waiting_.size()) {
    // With none left, the program has read them itself.
    tokens_ = ::recv(end, &token, 1, MSG_DONTWAIT) == 1 ? tokens_ - 1 : 0;
  }
}

posix::File::Accepted StreamSocket::accept(int theirs, Time now) {
  if (stage_ != Stage::kListening) return file_->accept(now);
  posix::File::Accepted first;
  if (waiting_.empty()) {
    first = file_->accept(now);  // what is new needs no token when somebody waits for it already
  } else {
    first.file = std::move(waiting_.front());
    waiting_.pop_front();
  }
  take_tokens(theirs);
  return first;
}

// ── Beside the pair ─────────────────────────────────────────────────────────────────────────────

Answer StreamSocket::send_beside_pair(const msghdr& message, int flags, Time now) {
  const Answer sent = file_->send(message, flags, now);
  const bool has_begun = sent >= 0 || sent == -EINPROGRESS || sent == -EAGAIN;
  if (stage_ == Stage::kFresh && (flags & MSG_FASTOPEN) != 0 && has_begun) {
    stage_ = Stage::kConnecting;
    connect_answer_ = -EINPROGRESS;
  }
  return sent;
}

// ── Ending ──────────────────────────────────────────────────────────────────────────────────────

void StreamSocket::end_inward() {
  peer_has_ended_ = true;
  end_is_told_ = true;
  ::shutdown(end_.get(), SHUT_WR);
}

// Behind the peer's end nothing is read, and a reset would be known to nobody but the next write.
void StreamSocket::heed_failure(Time now) {
  constexpr std::uint32_t kOver = POLLERR | POLLHUP;
  if ((file_->events() & kOver) != kOver) return;
  int error = 0;
  socklen_t size = sizeof(error);
  static_cast<void>(file_->option(SOL_SOCKET, SO_ERROR, &error, &size, now));
  if (error != 0) fail(-error, now);
}

void StreamSocket::end_outward(Time now) {
  program_has_ended_ = true;
  is_hung_up_ = is_hung_up_ || is_hung_up(end_.get());
  if (is_hung_up_) {
    finish(now);
  } else {
    static_cast<void>(file_->shut_down(SHUT_WR, now));
  }
}

Answer StreamSocket::shut_down(int how, int theirs, Time now) {
  if (stage_ != Stage::kOpen || how < SHUT_RD || how > SHUT_RDWR) {
    const Answer answer = file_->shut_down(how, now);
    if (answer >= 0 && stage_ == Stage::kListening && how != SHUT_WR) {
      drop_waiting(now);
      stage_ = Stage::kFresh;
      ::shutdown(end_.get(), SHUT_WR);
    }
    return answer;
  }
  if (how != SHUT_WR) {
    if (!peer_has_ended_) static_cast<void>(file_->shut_down(SHUT_RD, now));
    if (lease_ == nullptr) {
      ::shutdown(end_.get(), SHUT_WR);
    } else {
      static_cast<void>(move_inward_by_ring(now));
    }
  }
  // What lies in the pair goes first; then its end is read, or found in front of our own byte.
  if (how != SHUT_RD) {
    if (lease_ != nullptr) lease_->cut();
    is_end_marked_ |= ::send(theirs, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
    ::shutdown(theirs, SHUT_WR);
  }
  was_shut_down_ = true;
  may_have_bytes_ = true;
  return 0;
}

void StreamSocket::fail(Answer error, Time now) {
  // What the peer sent before may still be read.
  if (lease_ != nullptr) {
    while (error_ == 0 && !peer_has_ended_ && fill_ring(now) > 0) {
    }
    lease_->say_ended();
    lease_->cut();
  }
  if (lease_ == nullptr) save_inward(now);
  close_end(error);
  static_cast<void>(file_->close(now, true));
  stage_ = Stage::kOver;
}

void StreamSocket::drop_waiting(Time now) {
  for (const posix::FilePtr& connection : waiting_) {
    reset_on_close(*connection, now);
    static_cast<void>(connection->close(now, true));
  }
  waiting_.clear();
}

void StreamSocket::reset_on_close(posix::File& file, Time now) {
  const linger at_once{1, 0};
  static_cast<void>(file.set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once), now));
}

// It has hidden whether the program closed with bytes unread, and would be an error at its end.
void StreamSocket::take_end_mark(Time now) {
  if (!is_end_marked_) return;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(end_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == ECONNRESET) reset_on_close(*file_, now);
  std::byte mark{};
  static_cast<void>(::recv(end_.get(), &mark, 1, MSG_DONTWAIT));
}

// A peer that keeps its window closed would keep what the program has left behind for ever
// (RFC 9293 3.8.6.1), though nobody is there to give up.
void StreamSocket::watch_progress(Time now) {
  constexpr Duration kPatience = std::chrono::seconds(60);
  const std::size_t left = bytes_outward();
  if (std::exchange(left_behind_, left) != left) progress_at_ = now;
  if (now >= progress_at_ + kPatience) {
    reset_on_close(*file_, now);
    finish(now);
  } else if (now >= next_watch_) {
    next_watch_ = progress_at_ + kPatience;
    wakes_at_ = next_watch_;
  }
}

void StreamSocket::finish(Time now) {
  drop_waiting(now);
  take_end_mark(now);
  static_cast<void>(file_->close(now, true));
  // After shutdown() of both ways the program may have it still, and read what is left.
  if (lease_ != nullptr && !was_shut_down_) {
    lease_->let_go();
    lease_.reset();
  }
  end_.reset();
  wants_room_ = false;
  is_gone_ = !was_shut_down_;
  stage_ = Stage::kOver;
}

}  // namespace strata::attach
