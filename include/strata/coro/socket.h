// SPDX-License-Identifier: Apache-2.0
// What the sockets of coro share: who waits for them, and how an operation is tried.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "strata/check.h"
#include "strata/coro/wait.h"
#include "strata/readiness.h"
#include "strata/resolver.h"
#include "strata/stack.h"

namespace strata::coro {

// What a program needs to speak: a stack, and what runs its tasks and timers. Both outlive
// everything made from them.
struct Net {
  Stack& stack;
  Executor& executor;
  Resolver* resolver = nullptr;  // for connect() with names: Names of strata/names.h, or your own
};

class SocketBase;

// An attempt that is made at once, and again whenever its socket has news.
class SocketWait : public Wait {
 public:
  ~SocketWait() override { withdraw(); }
  SocketWait(SocketWait&&) noexcept = default;

 protected:
  enum class Direction : std::uint8_t { kRead, kWrite };

  SocketWait(SocketBase& socket, Direction direction, const Until& until);

  // True when there is an answer.
  virtual bool attempt() = 0;
  virtual void fail(Error error) = 0;

  [[nodiscard]] bool try_at_once();
  void wait(std::coroutine_handle<> waiter);
  void on_end(std::optional<Error> why) final;

  SocketBase& socket_;

 private:
  friend class SocketBase;
  void withdraw();
  void finish();

  Direction direction_;
  bool is_waiting_ = false;
  bool is_answered_ = false;  // and about to be resumed
};

template <typename T>
class [[nodiscard]] SocketOperation : public SocketWait {
 public:
  [[nodiscard]] bool await_ready() { return try_at_once(); }
  void await_suspend(std::coroutine_handle<> waiter) { wait(waiter); }
  Result<T> await_resume() { return std::move(result_); }

 protected:
  using SocketWait::SocketWait;
  void fail(Error error) final { result_ = std::unexpected(error); }
  // False: it must be tried again.
  bool answer(Result<T>&& result) {
    result_ = std::move(result);
    return result_ ||
           (result_.error() != Error::kWouldBlock && result_.error() != Error::kInProgress);
  }

  Result<T> result_ = std::unexpected(Error::kWouldBlock);
};

// One coroutine may wait for a socket to read and one to write. A socket can be moved while nobody
// waits for it.
class SocketBase {
 public:
  [[nodiscard]] Executor& executor() const { return *executor_; }

 protected:
  explicit SocketBase(Executor& executor) : executor_(&executor) {}
  SocketBase(SocketBase&& other) noexcept : executor_(other.executor_) { other.check_unused(); }
  SocketBase& operator=(SocketBase&& other) noexcept {
    check_unused();
    other.check_unused();
    executor_ = other.executor_;
    return *this;
  }
  ~SocketBase() { check_unused(); }

  void on_news(Readiness news);
  // Operations that wait end with kConnectionAborted.
  void end_waits();
  [[nodiscard]] Time now() const { return executor_->now(); }

  bool is_watched_ = false;  // the native socket calls on_news()

 private:
  friend class SocketWait;
  virtual void watch() = 0;
  static bool try_again(SocketWait* waiting);
  void check_unused() const { STRATA_CHECK(reader_ == nullptr && writer_ == nullptr); }

  Executor* executor_;
  SocketWait* reader_ = nullptr;
  SocketWait* writer_ = nullptr;
};

// What is moved registers anew, for the native socket calls the object and not its owner.
template <typename Native>
class Socket : public SocketBase {
 public:
  // The native socket, for its options and for what needs no waiting. Its on_ready() is taken.
  [[nodiscard]] Native& native() { return native_; }
  [[nodiscard]] const Native& native() const { return native_; }

 protected:
  Socket(Native native, Executor& executor) : SocketBase(executor), native_(std::move(native)) {}
  Socket(Socket&& other) noexcept
      : SocketBase(static_cast<SocketBase&&>(other)), native_(std::move(other.native_)) {
    if (std::exchange(other.is_watched_, false)) watch();
  }
  Socket& operator=(Socket&& other) noexcept {
    if (this == &other) return *this;
    SocketBase::operator=(static_cast<SocketBase&&>(other));
    native_ = std::move(other.native_);
    is_watched_ = false;
    if (std::exchange(other.is_watched_, false)) watch();
    return *this;
  }
  ~Socket() = default;

  Native native_;

 private:
  void watch() final {
    is_watched_ = native_.on_ready([this](Readiness news) { on_news(news); }).has_value();
  }
};

}  // namespace strata::coro
