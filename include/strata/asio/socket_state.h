// SPDX-License-Identifier: Apache-2.0
// What sockets and acceptors of this skin hold: a native socket, and who waits for it.
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "strata/asio/operation.h"
#include "strata/asio/options.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// The state of a socket stays where it is when the socket is moved, so that what waits may go on.
template <typename Native>
struct SocketState : context::Member {
  explicit SocketState(const executor& from) : Member(from.owner()), own(from) {}
  ~SocketState() override { sides.cancel_all(); }
  void stop() override { sides.cancel_all(); }

  [[nodiscard]] Time now() const { return own.owner().now(); }
  [[nodiscard]] Stack& stack() const { return own.owner().stack(); }
  Result<void> adopt(Native made) {
    native.emplace(std::move(made));
    return native->on_ready([this](Readiness news) {
      const context::Running running(own.owner());
      sides.on_news(news);
    });
  }
  void drop() {
    sides.cancel_all();
    native.reset();
  }

  executor own;
  std::optional<Native> native;
  PendingSides sides;
};

// Begins a step that does not matter to who waits already: the handler hears of a refusal, if there
// is one.
template <typename Signature, typename State, typename Token, typename Step>
auto start_step(State& state, PendingQueue& queue, Token&& token, Step step) {
  return net::async_initiate<Token, Signature>(
      [&state, &queue](auto handler, Step taken) {
        const std::optional<Error> refused = state.refusal();
        if (!refused) return begin(state.own, queue, std::move(handler), std::move(taken));
        taken.fail(*refused);
        answer(state.own, std::move(handler), std::move(taken));
      },
      token, std::move(step));
}

// async_wait(): done as soon as the socket is what was asked for, and nothing is read or written.
template <typename State>
class WaitingFor : public Answer<void> {
 public:
  WaitingFor(State& state, net::socket_base::wait_type what) : state_(&state), what_(what) {}
  bool attempt() {
    const auto is = state_->native->readiness();
    if (!is) return settle(std::unexpected(is.error()));
    const bool is_ready = (what_ == net::socket_base::wait_read && is->readable) ||
                          (what_ == net::socket_base::wait_write && is->writable) ||
                          (what_ == net::socket_base::wait_error && is->closed);
    if (is_ready || is->error) return settle({});
    return settle(std::unexpected(Error::kWouldBlock));
  }
  std::tuple<error_code> take() { return {error()}; }

 private:
  State* state_;
  net::socket_base::wait_type what_;
};

template <typename State, typename Token>
auto start_wait(State& state, net::socket_base::wait_type what, Token&& token) {
  PendingQueue& queue = what == net::socket_base::wait_read    ? state.sides.readers
                        : what == net::socket_base::wait_write ? state.sides.writers
                                                               : state.sides.mourners;
  return start_step<void(error_code)>(state, queue, std::forward<Token>(token),
                                      WaitingFor<State>(state, what));
}

[[nodiscard]] inline error_code error_of(const Result<void>& done) {
  return done ? error_code() : to_error_code(done.error());
}

// The form of a call that throws what the other form answers.
template <typename Act>
auto throwing(Act act) {
  error_code error;
  if constexpr (std::is_void_v<decltype(act(error))>) {
    act(error);
    throw_if(error);
  } else {
    auto answer = act(error);
    throw_if(error);
    return answer;
  }
}

// An option there is not has a name of its own in Asio.
template <typename T>
[[nodiscard]] error_code option_error(const Result<T>& done) {
  if (done) return {};
  if (done.error() == Error::kNotSupported) return net::error::no_protocol_option;
  return to_error_code(done.error());
}

template <typename Option, typename Protocol>
[[nodiscard]] Bytes option_bytes(const Option& option, const Protocol& protocol) {
  const void* const data = option.data(protocol);
  return {static_cast<const std::byte*>(data), option.size(protocol)};
}
template <typename Option, typename Protocol>
[[nodiscard]] MutableBytes option_room(Option& option, const Protocol& protocol) {
  void* const data = option.data(protocol);
  return {static_cast<std::byte*>(data), option.size(protocol)};
}

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
