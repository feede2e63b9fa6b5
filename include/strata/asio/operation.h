// SPDX-License-Identifier: Apache-2.0
// How an asynchronous operation of this skin begins, waits, is cancelled, and tells its handler.
#pragma once

#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "strata/asio/context.h"
#include "strata/asio/pending.h"

// A step is what an operation does each time it is tried:
//
//   struct Step {
//     using Signature = void(error_code, std::size_t);
//     bool attempt();                                  // true: answered
//     void fail(Error error);
//     std::tuple<error_code, std::size_t> take();      // the handler's arguments
//     void give_up();                                  // if its slot cancels more than itself
//   };
//
//   initiate: attempt ─ answered ─> post(handler)
//                └ not yet ─> queue ─ news ─> attempt ─ answered ─> dispatch(handler)
//                               └ cancellation slot, close, cancel() ─> post(operation_aborted)
//
// A handler never runs inside the call that began its operation.

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// The error_code that Asio's own sockets would give.
[[nodiscard]] inline error_code to_error_code(Error error) {
  namespace e = net::error;
  switch (error) {
    case Error::kWouldBlock: return e::would_block;
    case Error::kInvalidArgument: return e::invalid_argument;
    case Error::kInvalidHandle: return e::bad_descriptor;
    case Error::kNotSupported: return e::operation_not_supported;
    case Error::kNotPermitted: return e::access_denied;
    case Error::kAddressInUse:
    case Error::kNoPortsLeft: return e::address_in_use;
    case Error::kNotConnected: return e::not_connected;
    case Error::kAlreadyConnected: return e::already_connected;
    case Error::kInProgress: return e::in_progress;
    case Error::kMessageTooLong: return e::message_size;
    case Error::kNetworkUnreachable: return e::network_unreachable;
    case Error::kHostUnreachable: return e::host_unreachable;
    case Error::kPortUnreachable:
    case Error::kConnectionRefused: return e::connection_refused;
    case Error::kConnectionReset: return e::connection_reset;
    case Error::kConnectionAborted: return e::connection_aborted;
    case Error::kTimedOut: return e::timed_out;
    case Error::kCancelled: return e::operation_aborted;
    case Error::kOutOfMemory: return e::no_memory;
    case Error::kClosed: return e::eof;
    case Error::kNotFound: return e::host_not_found;
    case Error::kAddressNotAvailable: return error_code(EADDRNOTAVAIL, e::get_system_category());
    case Error::kAlreadyExists: return error_code(EEXIST, e::get_system_category());
    case Error::kNoDevice: return error_code(ENODEV, e::get_system_category());
    case Error::kDeviceBusy: return error_code(EBUSY, e::get_system_category());
    case Error::kIo:
    case Error::kCorrupted: break;
  }
  return error_code(EIO, e::get_system_category());
}

inline void throw_if(const error_code& error) {
  if (error) throw system_error(error);
}

// Calls the handler with its arguments where it wants to run. Its executor may be of a kind that
// must not be told to do something later (that of futures), so that waiting a turn is ours.
template <typename Handler, typename Step>
void tell(executor own, Handler handler, Step step, Pending::How how) {
  auto target = net::get_associated_executor(handler, own);
  auto call = [target, handler = std::move(handler), arguments = step.take()]() mutable {
    net::dispatch(target,
                  [handler = std::move(handler), arguments = std::move(arguments)]() mutable {
                    std::apply(std::move(handler), std::move(arguments));
                  });
  };
  if (how == Pending::How::kDispatch)
    call();
  else
    net::post(own, std::move(call));
}

template <typename Handler, typename Step>
class Operation final : public Pending {
 public:
  using Allocator = typename std::allocator_traits<
      net::associated_allocator_t<Handler>>::template rebind_alloc<Operation>;

  static Operation& create(executor own, Handler&& handler, Step&& step) {
    Allocator allocator(net::get_associated_allocator(handler));
    Operation* const memory = std::allocator_traits<Allocator>::allocate(allocator, 1);
    return *new (memory) Operation(own, std::move(handler), std::move(step));
  }
  bool attempt() override { return step_.attempt(); }
  void fail(Error error) override { step_.fail(error); }
  void finish(How how) override {
    forget_slot();
    const executor own = own_;
    Handler handler(std::move(handler_));
    Step step(std::move(step_));
    const auto work = std::move(work_);  // until the handler has been handed over
    destroy(handler);
    tell(own, std::move(handler), std::move(step), how);
  }

  // What waits has had no effect yet that anybody could see, so that all three of Asio's kinds may
  // end it, unless the operation says otherwise.
  void obey(net::cancellation_type kinds) {
    auto slot = net::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    has_slot_ = true;
    slot.assign([this, kinds](net::cancellation_type asked) {
      if ((asked & kinds) == net::cancellation_type::none) return;
      if constexpr (requires { step_.give_up(); }) {
        step_.give_up();
      } else {
        cancel();
      }
    });
  }

 private:
  Operation(executor own, Handler&& handler, Step&& step)
      : own_(own),
        handler_(std::move(handler)),
        step_(std::move(step)),
        work_(net::get_associated_executor(handler_, own)) {}
  ~Operation() = default;

  void forget_slot() {
    if (!std::exchange(has_slot_, false)) return;
    net::get_associated_cancellation_slot(handler_).clear();
  }
  void destroy(const Handler& handler) {
    Allocator allocator(net::get_associated_allocator(handler));
    this->~Operation();
    std::allocator_traits<Allocator>::deallocate(allocator, this, 1);
  }

  executor own_;
  Handler handler_;
  Step step_;
  net::executor_work_guard<net::associated_executor_t<Handler, executor>> work_;
  bool has_slot_ = false;
};

inline constexpr net::cancellation_type kAnyCancellation = net::cancellation_type::terminal |
                                                           net::cancellation_type::partial |
                                                           net::cancellation_type::total;

// What async_initiate calls: one attempt, then a place in the queue.
template <typename Handler, typename Step>
void begin(executor own, PendingQueue& queue, Handler handler, Step step,
           net::cancellation_type kinds = kAnyCancellation) {
  if (queue.empty() && step.attempt()) {
    return tell(own, std::move(handler), std::move(step), Pending::How::kPost);
  }
  auto& operation = Operation<Handler, Step>::create(own, std::move(handler), std::move(step));
  operation.obey(kinds);
  queue.push(operation);
}

// The step has failed already, or needs no waiting.
template <typename Handler, typename Step>
void answer(executor own, Handler handler, Step step) {
  tell(own, std::move(handler), std::move(step), Pending::How::kPost);
}

// The part of a step that all share: an answer, or none yet.
template <typename T>
class Answer {
 public:
  void fail(Error error) { result_ = std::unexpected(error); }

 protected:
  // False: it must be tried again.
  bool settle(Result<T>&& result) {
    result_ = std::move(result);
    return result_ ||
           (result_.error() != Error::kWouldBlock && result_.error() != Error::kInProgress);
  }
  [[nodiscard]] error_code error() const {
    return result_ ? error_code() : to_error_code(result_.error());
  }

  Result<T> result_ = std::unexpected(Error::kWouldBlock);
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
