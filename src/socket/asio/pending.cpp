// SPDX-License-Identifier: Apache-2.0
#include "strata/asio/pending.h"

#include <utility>

namespace strata::asio {

void Pending::cancel() {
  if (queue_ == nullptr) return;
  queue_->remove(*this);
  fail(Error::kCancelled);
  finish(How::kPost);
}

std::size_t PendingQueue::size() const {
  std::size_t size = 0;
  for (const Pending* one = first_; one != nullptr; one = one->next_) ++size;
  return size;
}

void PendingQueue::push(Pending& pending) {
  pending.queue_ = this;
  pending.previous_ = last_;
  pending.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &pending;
  last_ = &pending;
}

void PendingQueue::remove(Pending& pending) {
  (pending.previous_ == nullptr ? first_ : pending.previous_->next_) = pending.next_;
  (pending.next_ == nullptr ? last_ : pending.next_->previous_) = pending.previous_;
  pending.queue_ = nullptr;
}

Pending* PendingQueue::try_all() {
  Pending* answered = nullptr;
  while (first_ != nullptr && first_->attempt()) {
    if (answered != nullptr) answered->finish(Pending::How::kPost);
    answered = first_;
    remove(*answered);
  }
  return answered;
}

Pending* PendingQueue::take_failed(Error error) {
  Pending* const first = std::exchange(first_, nullptr);
  last_ = nullptr;
  for (Pending* one = first; one != nullptr; one = one->next_) {
    one->queue_ = nullptr;
    one->fail(error);
  }
  return first;
}

void PendingQueue::finish_all(Pending* first) {
  while (first != nullptr) {
    Pending* const one = std::exchange(first, first->next_);
    one->finish(Pending::How::kPost);
  }
}

// A handler that is not called but destroyed, because its context ends, may take the socket along:
// nothing of it is touched once the first was finished.
void PendingSides::fail_all(Error error) {
  Pending* const read = readers.take_failed(error);
  Pending* const written = writers.take_failed(error);
  Pending* const mourned = mourners.take_failed(error);
  PendingQueue::finish_all(read);
  PendingQueue::finish_all(written);
  PendingQueue::finish_all(mourned);
}

void PendingSides::on_news(Readiness news) {
  const bool is_over = news.error || news.closed;
  Pending* last = news.readable || is_over ? readers.try_all() : nullptr;
  const auto add = [&last](Pending* answered) {
    if (answered == nullptr) return;
    if (last != nullptr) answered->finish(Pending::How::kPost);
    if (last == nullptr) last = answered;
  };
  if (news.writable || is_over) add(writers.try_all());
  if (is_over) add(mourners.try_all());
  if (last != nullptr) last->finish(Pending::How::kDispatch);
}

}  // namespace strata::asio
