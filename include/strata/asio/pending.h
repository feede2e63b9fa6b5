// SPDX-License-Identifier: Apache-2.0
// What of Asio's operations needs no Asio: who waits for a socket, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/error.h"
#include "strata/readiness.h"

namespace strata::asio {

class PendingQueue;

// An operation that could not be done at once. It owns itself: finish() ends its life.
class Pending {
 public:
  enum class How : std::uint8_t {
    kPost,      // the handler runs in a later turn
    kDispatch,  // it may run now; nothing must be touched afterwards
  };

  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // True when there is an answer.
  virtual bool attempt() = 0;
  virtual void fail(Error error) = 0;
  virtual void finish(How how) = 0;
  // Out of its queue, and its handler hears kCancelled in a later turn.
  void cancel();

 protected:
  ~Pending() = default;

 private:
  friend class PendingQueue;
  PendingQueue* queue_ = nullptr;
  Pending* previous_ = nullptr;
  Pending* next_ = nullptr;
};

// Operations in one direction, tried in the order in which they came.
class PendingQueue {
 public:
  PendingQueue() = default;
  ~PendingQueue() { cancel_all(); }
  PendingQueue(const PendingQueue&) = delete;
  PendingQueue& operator=(const PendingQueue&) = delete;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  // Counted anew each time.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Pending* front() const { return first_; }
  void push(Pending& pending);
  void remove(Pending& pending);
  // Takes out those that are answered. Their handlers are posted, but for the last one's: that is
  // given back, to be finished once nothing else is left to do.
  [[nodiscard]] Pending* try_all();
  // All hear kCancelled in a later turn.
  void cancel_all() { finish_all(take_failed(Error::kCancelled)); }
  // The same in two steps: the queue is empty in between.
  [[nodiscard]] Pending* take_failed(Error error);
  static void finish_all(Pending* first);

 private:
  Pending* first_ = nullptr;
  Pending* last_ = nullptr;
};

// Both directions of a socket, and who waits for it to fail.
struct PendingSides {
  PendingQueue readers;
  PendingQueue writers;
  PendingQueue mourners;

  // Runs at most one handler, at the very end: it may destroy the socket.
  void on_news(Readiness news);
  void cancel_all() { fail_all(Error::kCancelled); }
  // All hear it in a later turn.
  void fail_all(Error error);
  [[nodiscard]] bool empty() const {
    return readers.empty() && writers.empty() && mourners.empty();
  }
};

}  // namespace strata::asio
