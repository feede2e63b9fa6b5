// SPDX-License-Identifier: Apache-2.0
#include "base/ready_hook.h"

#include <memory>
#include <utility>

namespace strata {
namespace {

struct Block {
  ReadyCallback callback;
  Memory& memory;
};

// A callback in a block of its own, which goes with it.
class Boxed {
 public:
  explicit Boxed(Block* block) : block_(block) {}
  Boxed(Boxed&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Boxed& operator=(Boxed&&) = delete;
  ~Boxed() {
    if (block_ == nullptr) return;
    Memory& memory = block_->memory;
    std::destroy_at(block_);
    memory.release(block_, sizeof(Block), alignof(Block));
  }
  void operator()(Readiness news) { block_->callback(news); }

 private:
  Block* block_;
};

}  // namespace

bool ReadyHook::set(ReadyCallback wanted, Memory& memory) {
  if (callback.try_take(wanted)) return true;
  void* const place = memory.allocate(sizeof(Block), alignof(Block));
  if (place == nullptr) return false;
  callback = Boxed(new (place) Block{std::move(wanted), memory});
  return true;
}

bool ReadyList::watch(ReadyHook& hook, ReadyCallback wanted, Readiness so_far, Memory& memory) {
  ReadyHook::Callback former;
  if (!wanted) {
    former = take(hook);
    return true;
  }
  former = std::move(hook.callback);
  if (!hook.set(std::move(wanted), memory)) {
    hook.callback = std::move(former);
    return false;
  }
  if (!(so_far == Readiness{})) add(hook, so_far);
  return true;
}

void ReadyList::tell() {
  for (std::size_t left = hooks_.size(); left != 0 && !hooks_.empty(); --left) {
    ReadyHook* hook = hooks_.pop_front();
    const Readiness news = std::exchange(hook->news, {});
    if (!hook->callback) continue;
    // The callback stays outside its hook while it runs, for it may close its own socket; it goes
    // back only if the hook was not removed meanwhile and got no other callback.
    ReadyHook::Callback callback = std::move(hook->callback);
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

ReadyHook::Callback ReadyList::take(ReadyHook& hook) {
  remove(hook);
  hook.news = {};
  return std::move(hook.callback);
}

}  // namespace strata
