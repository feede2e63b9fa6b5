// SPDX-License-Identifier: Apache-2.0
// Two coroutines on one loop and a pipe between them: the one asks, the other answers, and neither
// is called back.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "strata/coro/task.h"
#include "strata/coro/task_group.h"
#include "strata/loop.h"
#include "strata/ring.h"

using namespace strata;

namespace {

constexpr std::uint64_t kQuestions = 1000;
constexpr std::uint64_t kEnd = UINT64_MAX;

std::uint64_t number_in(const ring::Frame& frame) {
  std::uint64_t number = 0;
  if (frame.size() >= sizeof(number)) std::memcpy(&number, frame.bytes().data(), sizeof(number));
  return number;
}

coro::Task<bool> send(ring::TxRing& tx, std::uint64_t number) {
  while (!tx.send(std::as_bytes(std::span(&number, 1)))) {
    const Result<void> ready = co_await tx.ready();
    if (!ready) co_return false;
  }
  co_return true;
}

// Answers n with n squared until it is told to end.
coro::Task<> answer(ring::Port& port) {
  for (;;) {
    const Result<void> ready = co_await port.rx().ready();
    if (!ready) co_return;
    for (const ring::Frame& frame : port.rx().batch(64)) {
      const std::uint64_t number = number_in(frame);
      if (number == kEnd) co_return;
      const bool is_sent = co_await send(port.tx(), number * number);
      if (!is_sent) co_return;
    }
  }
}

coro::Task<> ask(ring::Port& port, Loop& loop, std::uint64_t& right) {
  for (std::uint64_t number = 0; number < kQuestions; ++number) {
    const bool is_sent = co_await send(port.tx(), number);
    if (!is_sent) break;
    const Result<void> ready = co_await port.rx().ready();
    if (!ready) break;
    for (const ring::Frame& frame : port.rx().batch(1)) {
      if (number_in(frame) == number * number) ++right;
    }
  }
  static_cast<void>(co_await send(port.tx(), kEnd));
  loop.stop();
}

}  // namespace

int main() {
  auto loop = Loop::create();
  auto ends = ring::Port::pipe();
  if (!loop || !ends) return EXIT_FAILURE;
  auto& [near, far] = *ends;
  for (ring::Port* port : {&near, &far}) {
    port->rx().attach(**loop);
    port->tx().attach(**loop);
  }
  std::uint64_t right = 0;
  coro::TaskGroup tasks;
  tasks.spawn(answer(far));
  tasks.spawn(ask(near, **loop, right));
  (*loop)->run();
  std::printf("%llu of %llu answers were right\n", static_cast<unsigned long long>(right),
              static_cast<unsigned long long>(kQuestions));
  return right == kQuestions ? EXIT_SUCCESS : EXIT_FAILURE;
}
