// SPDX-License-Identifier: Apache-2.0
// SignalCatcher: turns signals into a word and a readable descriptor.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "strata/error.h"

namespace strata::runtime {

// Handlers belong to the process, so one catcher exists at a time. The handler of a signal that
// ends something fires once and then gives way to the default, so that a second one ends a program
// that no longer turns its loop.
class SignalCatcher {
 public:
  // `event` is an eventfd that each signal makes readable.
  [[nodiscard]] static Result<std::unique_ptr<SignalCatcher>> install(
      std::initializer_list<int> signals, int event);
  ~SignalCatcher();  // puts the former handlers back
  SignalCatcher(const SignalCatcher&) = delete;
  SignalCatcher& operator=(const SignalCatcher&) = delete;

  // Another one, which may come again and again; also in the place of one of `signals`.
  [[nodiscard]] Result<void> add(int signal);
  // One that has come since it was last taken, the lowest first; 0: none.
  [[nodiscard]] int take() const;

 private:
  SignalCatcher() = default;
  [[nodiscard]] Result<void> set(int signal, int flags);

  using Former = std::pair<int, struct sigaction>;
  std::vector<Former> former_;
};

}  // namespace strata::runtime
