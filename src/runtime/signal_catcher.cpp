// SPDX-License-Identifier: Apache-2.0
#include "runtime/signal_catcher.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>

namespace strata::runtime {
namespace {

// All that a handler may touch.
std::atomic<std::uint64_t> caught_signals{0};  // a bit each
std::atomic<int> event_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

std::uint64_t bit_of(int signal) { return std::uint64_t{1} << static_cast<unsigned>(signal - 1); }

extern "C" void on_signal(int signal) {
  const int saved = errno;
  caught_signals.fetch_or(bit_of(signal));
  const std::uint64_t one = 1;
  // Cannot fail but for a full counter, which is readable already.
  static_cast<void>(!::write(event_descriptor.load(), &one, sizeof(one)));
  errno = saved;
}

}  // namespace

Result<std::unique_ptr<SignalCatcher>> SignalCatcher::install(std::initializer_list<int> signals,
                                                              int event) {
  int nobody = -1;
  if (!event_descriptor.compare_exchange_strong(nobody, event)) {
    return std::unexpected(Error::kAlreadyExists);
  }
  std::unique_ptr<SignalCatcher> catcher(new SignalCatcher());
  caught_signals.store(0);
  for (const int signal : signals) {
    if (const auto set = catcher->set(signal, SA_RESTART | static_cast<int>(SA_RESETHAND)); !set) {
      return std::unexpected(set.error());
    }
  }
  return catcher;
}

Result<void> SignalCatcher::add(int signal) { return set(signal, SA_RESTART); }

Result<void> SignalCatcher::set(int signal, int flags) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = flags;
  ::sigemptyset(&action.sa_mask);
  struct sigaction former{};
  if (::sigaction(signal, nullptr, &former) != 0) return std::unexpected(Error::kInvalidArgument);
  // nohup(1): the end of the terminal is not to be the end of the program.
  if (signal == SIGHUP && former.sa_handler == SIG_IGN) return {};
  if (::sigaction(signal, &action, nullptr) != 0) return std::unexpected(Error::kInvalidArgument);
  if (std::ranges::find(former_, signal, &Former::first) == former_.end()) {
    former_.emplace_back(signal, former);
  }
  return {};
}

SignalCatcher::~SignalCatcher() {
  for (const auto& [signal, former] : former_) ::sigaction(signal, &former, nullptr);
  event_descriptor.store(-1);
}

int SignalCatcher::take() const {
  const std::uint64_t caught = caught_signals.load();
  if (caught == 0) return 0;
  const int signal = std::countr_zero(caught) + 1;
  caught_signals.fetch_and(~bit_of(signal));
  return signal;
}

}  // namespace strata::runtime
