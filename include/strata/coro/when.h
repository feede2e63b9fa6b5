// SPDX-License-Identifier: Apache-2.0
// when_all, when_any: several tasks or operations awaited as one.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "strata/coro/task.h"

//   auto [a, b] = co_await when_all(ask(first), ask(second));
//   auto first = co_await when_any(stream.read(buffer), sleep_for(executor, 5s));
//   if (first.index() == 0) ...  // std::get<0>(first) is what read() answers
//   std::vector<Task<Result<TcpStream>>> tries = ...;
//   auto [index, stream] = co_await when_any(std::move(tries));
//
// What is no task yet, such as a read or a sleep, is made one: a frame each.

namespace strata::coro {

template <typename T>
concept Operation = requires(T& operation) {
  { operation.await_ready() } -> std::same_as<bool>;
  operation.await_resume();
};

template <Operation T>
Task<decltype(std::declval<T&>().await_resume())> as_task(T operation) {
  co_return co_await std::move(operation);
}
template <typename T>
Task<T> as_task(Task<T> task) {
  return task;
}

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
  requires(Operation<Ts> || ...)
auto when_all(Ts... operations) {
  return AllOf(as_task(std::move(operations))...);
}

// As many as are known when the program runs.
template <typename T>
class [[nodiscard]] AllOfMany {
 public:
  explicit AllOfMany(std::vector<Task<T>> tasks) : tasks_(std::move(tasks)) {}
  AllOfMany(const AllOfMany&) = delete;
  AllOfMany& operator=(const AllOfMany&) = delete;

  [[nodiscard]] bool await_ready() const { return tasks_.empty(); }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    for (Task<T>& task : tasks_) left_ += task.start({&on_done, this}) ? 0U : 1U;
    return left_ != 0;
  }
  std::vector<Outcome<T>> await_resume() {
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(tasks_.size());
    for (Task<T>& task : tasks_) outcomes.push_back(take_outcome(task));
    return outcomes;
  }

 private:
  static void on_done(void* whom) noexcept {
    auto& all = *static_cast<AllOfMany*>(whom);
    if (--all.left_ == 0) all.waiter_.resume();
  }

  std::vector<Task<T>> tasks_;
  std::size_t left_ = 0;
  std::coroutine_handle<> waiter_;
};
template <typename T>
AllOfMany<T> when_all(std::vector<Task<T>> tasks) {
  return AllOfMany<T>(std::move(tasks));
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

template <typename... Ts>
  requires(Operation<Ts> || ...)
auto when_any(Ts... operations) {
  return AnyOf(as_task(std::move(operations))...);
}

// Which one it was, and what it answered.
template <typename T>
struct First {
  std::size_t index = 0;
  Outcome<T> outcome;
};

template <typename T>
class [[nodiscard]] AnyOfMany {
 public:
  explicit AnyOfMany(std::vector<Task<T>> tasks) : tasks_(std::move(tasks)) {
    STRATA_CHECK(!tasks_.empty());
    for (std::size_t i = 0; i < tasks_.size(); ++i) racers_.push_back({this, i});
  }
  AnyOfMany(const AnyOfMany&) = delete;
  AnyOfMany& operator=(const AnyOfMany&) = delete;

  [[nodiscard]] bool await_ready() const { return false; }
  // Stops at the first that is done at once.
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    for (Racer& racer : racers_) {
      winner_ = racer.number;
      if (tasks_[racer.number].start({&on_done, &racer})) return false;
    }
    return true;
  }
  First<T> await_resume() {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (i != winner_) tasks_[i].cancel();
    }
    return {winner_, take_outcome(tasks_[winner_])};
  }

 private:
  struct Racer {
    AnyOfMany* race = nullptr;
    std::size_t number = 0;
  };
  static void on_done(void* whom) noexcept {
    const Racer& racer = *static_cast<Racer*>(whom);
    racer.race->winner_ = racer.number;
    racer.race->waiter_.resume();
  }

  std::vector<Task<T>> tasks_;
  std::vector<Racer> racers_;
  std::size_t winner_ = 0;
  std::coroutine_handle<> waiter_;
};
// Of none there is no first: that is a STRATA_CHECK.
template <typename T>
AnyOfMany<T> when_any(std::vector<Task<T>> tasks) {
  return AnyOfMany<T>(std::move(tasks));
}

}  // namespace strata::coro
