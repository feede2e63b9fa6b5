// SPDX-License-Identifier: Apache-2.0
// when_all, when_any: several tasks awaited as one.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "strata/coro/task.h"

namespace strata::coro {

// What a task without a result contributes.
template <typename T>
using Outcome = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <typename T>
Outcome<T> take_outcome(Task<T>& task) {
  if constexpr (std::is_void_v<T>) {
    task.take();
    return {};
  } else {
    return task.take();
  }
}

template <typename... Ts>
class [[nodiscard]] AllOf {
 public:
  explicit AllOf(Task<Ts>... tasks) : tasks_(std::move(tasks)...) {}
  AllOf(const AllOf&) = delete;
  AllOf& operator=(const AllOf&) = delete;

  [[nodiscard]] bool await_ready() const { return sizeof...(Ts) == 0; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    std::apply([this](auto&... task) { ((left_ += task.start({&on_done, this}) ? 0U : 1U), ...); },
               tasks_);
    return left_ != 0;
  }
  std::tuple<Outcome<Ts>...> await_resume() {
    // In braces: in order, so that the first exception is the first task's.
    return std::apply(
        [](auto&... task) { return std::tuple<Outcome<Ts>...>{take_outcome(task)...}; }, tasks_);
  }

 private:
  static void on_done(void* whom) noexcept {
    auto& all = *static_cast<AllOf*>(whom);
    if (--all.left_ == 0) all.waiter_.resume();
  }

  std::tuple<Task<Ts>...> tasks_;
  std::size_t left_ = 0;
  std::coroutine_handle<> waiter_;
};

// Runs all and answers with all results, in order. An exception of one is thrown once all are done.
template <typename... Ts>
AllOf<Ts...> when_all(Task<Ts>... tasks) {
  return AllOf<Ts...>(std::move(tasks)...);
}

template <typename... Ts>
class [[nodiscard]] AnyOf {
  static_assert(sizeof...(Ts) != 0);

 public:
  explicit AnyOf(Task<Ts>... tasks) : tasks_(std::move(tasks)...) {
    for (std::size_t i = 0; i < sizeof...(Ts); ++i) racers_[i] = {this, i};
  }
  AnyOf(const AnyOf&) = delete;
  AnyOf& operator=(const AnyOf&) = delete;

  [[nodiscard]] bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    return !start_all(std::index_sequence_for<Ts...>());
  }
  std::variant<Outcome<Ts>...> await_resume() {
    return take_winner(std::index_sequence_for<Ts...>());
  }

 private:
  struct Racer {
    AnyOf* race = nullptr;
    std::size_t number = 0;
  };
  static void on_done(void* whom) noexcept {
    const Racer& racer = *static_cast<Racer*>(whom);
    racer.race->winner_ = racer.number;
    racer.race->waiter_.resume();
  }

  // Stops at the first that is done at once.
  template <std::size_t... kI>
  bool start_all(std::index_sequence<kI...> /*numbers*/) {
    return ((winner_ = kI, std::get<kI>(tasks_).start({&on_done, &racers_[kI]})) || ...);
  }
  template <std::size_t... kI>
  std::variant<Outcome<Ts>...> take_winner(std::index_sequence<kI...> /*numbers*/) {
    ((kI == winner_ ? void() : std::get<kI>(tasks_).cancel()), ...);
    std::optional<std::variant<Outcome<Ts>...>> outcome;
    ((kI == winner_
          ? void(outcome.emplace(std::in_place_index<kI>, take_outcome(std::get<kI>(tasks_))))
          : void()),
     ...);
    return *std::move(outcome);
  }

  std::tuple<Task<Ts>...> tasks_;
  Racer racers_[sizeof...(Ts)];
  std::size_t winner_ = 0;
  std::coroutine_handle<> waiter_;
};

// Runs all until the first is done, then destroys the others. The answer's index() says which it
// was.
template <typename... Ts>
AnyOf<Ts...> when_any(Task<Ts>... tasks) {
  return AnyOf<Ts...>(std::move(tasks)...);
}

}  // namespace strata::coro
