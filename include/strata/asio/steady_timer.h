// SPDX-License-Identifier: Apache-2.0
// asio::steady_timer: Asio's timer on the clock of the Executor, real or virtual.
#pragma once

#include <tuple>

#include "strata/asio/operation.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename Executor>
class basic_steady_timer;  // default_token.h

// As net::steady_timer, but for the clock: time points are strata::Time, and only the Executor
// knows which moment it is.
class steady_timer {
 public:
  using executor_type = executor;
  template <typename Other>
  struct rebind_executor {
    using other = basic_steady_timer<Other>;
  };
  using clock_type = Clock;
  using duration = Duration;
  using time_point = Time;

  explicit steady_timer(context& owner) : steady_timer(owner.get_executor()) {}
  explicit steady_timer(const executor& own) : state_(own) {}
  template <AnyExecutor Other>
  explicit steady_timer(const Other& other) : steady_timer(executor_of(other)) {}
  template <typename Owner>
  steady_timer(Owner&& owner, Duration after) : steady_timer(owner) {
    expires_after(after);
  }
  template <typename Owner>
  steady_timer(Owner&& owner, Time when) : steady_timer(owner) {
    expires_at(when);
  }
  steady_timer(steady_timer&&) noexcept = default;
  steady_timer& operator=(steady_timer&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] Time expiry() const { return state_->expiry; }

  // Those who wait hear operation_aborted.
  std::size_t expires_at(Time when) {
    const std::size_t cancelled = cancel();
    state_->expiry = when;
    return cancelled;
  }
  std::size_t expires_after(Duration after) {
    const Time now = state_->now();
    return expires_at(after < kNever - now ? now + after : kNever);
  }
  std::size_t cancel() { return state_->cancel(); }
  // The one who has waited longest.
  std::size_t cancel_one() { return state_->cancel_one(); }

  // void(error_code)
  template <typename Token>
  auto async_wait(Token&& token) {
    State& state = *state_;
    return net::async_initiate<Token, void(error_code)>(
        [&state](auto handler) {
          begin(state.own, state.waiting, std::move(handler), Expired(state));
          state.arm();
        },
        token);
  }

 private:
  struct State final : context::Member {
    explicit State(const executor& from) : Member(from.owner()), own(from) {}
    ~State() override { cancel(); }
    void stop() override { cancel(); }

    [[nodiscard]] Executor& runner() const { return own.owner().runner(); }
    [[nodiscard]] Time now() const { return runner().now(); }
    std::size_t cancel() {
      disarm();
      const std::size_t cancelled = waiting.size();
      waiting.cancel_all();
      return cancelled;
    }
    std::size_t cancel_one() {
      Pending* const first = waiting.front();
      if (first == nullptr) return 0;
      first->cancel();
      if (waiting.empty()) disarm();
      return 1;
    }
    void arm() {
      if (is_armed || waiting.empty() || expiry == kNever) return;
      is_armed = true;
      timer = runner().start_timer(expiry, [this] {
        is_armed = false;
        const context::Running running(own.owner());
        if (Pending* const last = waiting.try_all()) last->finish(Pending::How::kDispatch);
      });
    }
    void disarm() {
      if (std::exchange(is_armed, false)) runner().cancel_timer(timer);
    }

    executor own;
    Time expiry{};
    PendingQueue waiting;
    TimerId timer{};
    bool is_armed = false;
  };

  class Expired : public Answer<void> {
   public:
    explicit Expired(State& state) : state_(&state) {}
    bool attempt() {
      if (state_->now() < state_->expiry) return false;
      return settle({});
    }
    std::tuple<error_code> take() { return {error()}; }

   private:
    State* state_;
  };

  Held<State> state_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
