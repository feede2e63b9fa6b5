// SPDX-License-Identifier: Apache-2.0
#include "base/ready_hook.h"

#include <utility>

namespace strata {

void ReadyList::tell() {
  for (std::size_t left = hooks_.size(); left != 0 && !hooks_.empty(); --left) {
    ReadyHook* hook = hooks_.pop_front();
    const Readiness news = std::exchange(hook->news, {});
    // The callback stays outside its hook while it runs, for it may close its own socket; it goes
    // back only if the hook was not removed meanwhile and got no other callback.
    ReadyCallback callback = std::move(hook->callback);
    running_ = hook;
    callback(news);
    if (running_ == hook && !hook->callback) hook->callback = std::move(callback);
    running_ = nullptr;
  }
}

void ReadyList::remove(ReadyHook& hook) {
  if (hook.link.is_linked()) hooks_.erase(hook);
  if (running_ == &hook) running_ = nullptr;
}

}  // namespace strata
