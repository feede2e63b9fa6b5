// SPDX-License-Identifier: Apache-2.0
// ReadyHook: how an engine's socket stands in the stack's list of those with news.
#pragma once

#include "base/intrusive_list.h"
#include "strata/memory.h"
#include "strata/readiness.h"

namespace strata {

// Every idle socket whose program waits has one, so it is small: most callbacks capture one
// pointer, and one that captures more stands in a block of its own.
struct ReadyHook {
  using Callback = InlineFunction<void(Readiness), sizeof(void*)>;

  ListLink<ReadyHook> link;
  Readiness news;
  Callback callback;

  // An empty one takes it away. False without memory: the hook keeps what it had.
  [[nodiscard]] bool set(ReadyCallback wanted, Memory& memory);
};
static_assert(sizeof(ReadyHook) <= 40);

// Sockets whose programs are to be called after the flush, each once, in the order of its first
// news. A program may close any socket, its own too, from inside the call.
class ReadyList {
 public:
  void add(ReadyHook& hook, Readiness news) {
    if (!hook.callback) return;
    hook.news = hook.news | news;
    if (!hook.link.is_linked()) hooks_.push_back(hook);
  }
  // Whom the hook tells from now on, and what of before; an empty callback takes the old one away.
  // False without memory: the hook keeps what it had. The old one ends last, for it may own the
  // socket: afterwards the hook may be gone.
  [[nodiscard]] bool watch(ReadyHook& hook, ReadyCallback wanted, Readiness so_far, Memory& memory);
  // Before the hook's memory goes.
  void remove(ReadyHook& hook);
  // The same, and the callback is the caller's, to end when nothing else is left to do.
  [[nodiscard]] ReadyHook::Callback take(ReadyHook& hook);
  [[nodiscard]] bool empty() const { return hooks_.empty(); }
  // Tells those that have news now; what they cause is told next time.
  void tell();

 private:
  IntrusiveList<ReadyHook, &ReadyHook::link> hooks_;
  ReadyHook* running_ = nullptr;  // whose callback runs now, unless it was removed meanwhile
};

}  // namespace strata
