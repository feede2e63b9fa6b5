// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/socket.h"

namespace strata::coro {

SocketWait::SocketWait(SocketBase& socket, Direction direction, const Until& until)
    : Wait(socket.executor(), until), socket_(socket), direction_(direction) {}

bool SocketWait::try_at_once() {
  if (is_cancelled()) {
    fail(Error::kCancelled);
    return true;
  }
  if (attempt()) return true;
  const auto refused = refusal();
  if (refused) fail(*refused);
  return refused.has_value();
}

void SocketWait::wait(std::coroutine_handle<> waiter) {
  SocketWait*& place = direction_ == Direction::kRead ? socket_.reader_ : socket_.writer_;
  STRATA_CHECK(place == nullptr);
  place = this;
  is_waiting_ = true;
  suspend(waiter);
  if (!socket_.is_watched_) socket_.watch();
  // Without a place among those that are told it would wait for ever.
  if (!socket_.is_watched_) end_soon(Error::kOutOfMemory);
}

void SocketWait::withdraw() {
  if (!is_waiting_) return;
  (direction_ == Direction::kRead ? socket_.reader_ : socket_.writer_) = nullptr;
  is_waiting_ = false;
}

void SocketWait::on_end(std::optional<Error> why) {
  withdraw();
  if (why) fail(*why);
}

void SocketBase::on_news(Readiness news) {
  const bool is_over = news.error || news.closed;
  const bool is_read = (news.readable || is_over) && try_again(reader_);
  const bool is_written = (news.writable || is_over) && try_again(writer_);
  // Whoever is resumed may destroy this socket, and the other one's task with it.
  if (is_read && is_written) writer_->end_soon(std::nullopt);
  if (is_read)
    reader_->finish();
  else if (is_written)
    writer_->finish();
}

bool SocketBase::try_again(SocketWait* waiting) {
  if (waiting == nullptr || waiting->is_answered_) return false;
  waiting->is_answered_ = waiting->attempt();
  return waiting->is_answered_;
}

void SocketWait::finish() {
  withdraw();
  resume();
}

void SocketBase::end_waits() {
  if (reader_ != nullptr) reader_->end_soon(Error::kConnectionAborted);
  if (writer_ != nullptr) writer_->end_soon(Error::kConnectionAborted);
}

}  // namespace strata::coro
