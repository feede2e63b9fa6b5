// SPDX-License-Identifier: Apache-2.0
#include "runtime/signal_catcher.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace strata::runtime {
namespace {

// All that a handler may touch.
std::atomic<int> caught_signal{0};
std::atomic<int> event_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int signal) {
  const int saved = errno;
  caught_signal.store(signal);
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
  caught_signal.store(0);
  for (const int signal : signals) {
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    ::sigemptyset(&action.sa_mask);
    struct sigaction former{};
    if (::sigaction(signal, nullptr, &former) != 0) {
      return std::unexpected(Error::kInvalidArgument);
    }
    // nohup(1): the end of the terminal is not to be the end of the program.
    if (signal == SIGHUP && former.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
    catcher->former_.emplace_back(signal, former);
  }
  return catcher;
}

SignalCatcher::~SignalCatcher() {
  for (const auto& [signal, former] : former_) ::sigaction(signal, &former, nullptr);
  event_descriptor.store(-1);
}

int SignalCatcher::take() const {
  return caught_signal.load() == 0 ? 0 : caught_signal.exchange(0);
}

}  // namespace strata::runtime
