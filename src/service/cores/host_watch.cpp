// SPDX-License-Identifier: Apache-2.0
#include "service/cores/host_watch.h"

#include <atomic>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>

#include "service/cores/cores.h"

namespace strata::service {
namespace {

constexpr Duration kEvery = std::chrono::milliseconds(10);
// No turn of a core takes that long: by then it has put in what it saw.
constexpr Duration kHold = std::chrono::milliseconds(20);

std::vector<HostedStack*> followers_of(Cores* cores) {
  std::vector<HostedStack*> stacks;
  if (cores == nullptr) return stacks;
  for (const auto& follower : cores->followers()) stacks.push_back(&follower->hosted());
  return stacks;
}

}  // namespace

struct HostWatch::Wish {
  std::size_t bytes_max = 0;
  FrameWatch::Wanted wanted;
};

// What one core has seen: filled by its thread, emptied by the front core's.
struct HostWatch::Part {
  explicit Part(HostedStack& of)
      : host(of), watch(of.stack(), [this](const WatchedFrame& frame) { put(frame); }) {}

  void put(const WatchedFrame& frame) {
    const std::lock_guard lock(mutex);
    if (frames.size() == kFramesMax || bytes + frame.bytes.size() > kBytesMax) {
      ++missed;
      return;
    }
    bytes += frame.bytes.size();
    frames.push_back({.frame = frame, .bytes = {frame.bytes.begin(), frame.bytes.end()}});
  }
  // These two on the core's own thread. The front core counts the rounds.
  void start(std::uint64_t number, const Wish& wish) {
    if (round != number) empty_for(number);
    // A core without room for a hook has nothing to tell but that.
    if (!watch.start(wish.bytes_max, wish.wanted)) ++missed;
  }
  void stop(std::uint64_t number) {
    if (round != number) return;
    watch.stop();
    empty_for(number);
  }
  void empty_for(std::uint64_t number) {
    const std::lock_guard lock(mutex);
    frames = {};
    bytes = 0;
    round = number;
  }
  // On the front core's thread.
  void take(std::uint64_t number) {
    std::vector<Crossing> taken;
    {
      const std::lock_guard lock(mutex);
      if (round != number) return;
      bytes = 0;
      taken.swap(frames);
    }
    waiting.insert(waiting.end(), std::move_iterator(taken.begin()),
                   std::move_iterator(taken.end()));
  }

  HostedStack& host;
  std::mutex mutex;
  std::vector<Crossing> frames;
  std::size_t bytes = 0;
  std::uint64_t round = 0;
  std::atomic<std::uint64_t> missed{0};
  FrameWatch watch;
  std::deque<Crossing> waiting;  // the front core's
};

HostWatch::HostWatch(HostedStack& front, Cores* cores, FrameWatch::Tell tell)
    : HostWatch(front, followers_of(cores), std::move(tell)) {}

HostWatch::HostWatch(HostedStack& front, std::span<HostedStack* const> others,
                     FrameWatch::Tell tell)
    : front_(front), tell_(std::move(tell)) {
  parts_.push_back(std::make_shared<Part>(front));
  if (others.empty()) parts_.front()->watch.tell_to(tell_);
  for (HostedStack* const other : others) parts_.push_back(std::make_shared<Part>(*other));
}

HostWatch::~HostWatch() { stop(); }

Outcome<void> HostWatch::start(std::size_t bytes_max, FrameWatch::Wanted wanted) {
  const bool goes_on = is_running_;
  Part& own = *parts_.front();
  if (!goes_on) own.round = ++round_;
  if (auto started = own.watch.start(bytes_max, wanted); !started) return started;
  is_running_ = true;
  const auto wish = std::make_shared<const Wish>(bytes_max, std::move(wanted));
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    parts_[i]->host.loop().post_from_outside(
        [part = std::weak_ptr(parts_[i]), round = round_, wish] {
          if (const auto there = part.lock()) there->start(round, *wish);
        });
  }
  if (parts_.size() > 1 && !goes_on) drain_later();
  return {};
}

void HostWatch::stop() {
  if (!std::exchange(is_running_, false)) return;
  if (timer_) front_.loop().cancel_timer(*std::exchange(timer_, std::nullopt));
  parts_.front()->watch.stop();
  take_parts();
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    parts_[i]->host.loop().post_from_outside([part = std::weak_ptr(parts_[i]), round = round_] {
      if (const auto there = part.lock()) there->stop(round);
    });
  }
  tell_until(kNever);
}

std::uint64_t HostWatch::missed() const {
  std::uint64_t count = 0;
  for (const auto& part : parts_) count += part->missed.load(std::memory_order_relaxed);
  return count;
}

void HostWatch::drain_later() {
  timer_ = front_.loop().start_timer(front_.loop().now() + kEvery, [this] {
    drain_later();
    take_parts();
    tell_until(front_.loop().now() - kHold);
  });
}

void HostWatch::take_parts() {
  for (const auto& part : parts_) part->take(round_);
}

HostWatch::Part* HostWatch::earliest_until(Time time) {
  Part* found = nullptr;
  for (const auto& part : parts_) {
    if (part->waiting.empty() || part->waiting.front().frame.time > time) continue;
    const bool is_earlier =
        found == nullptr || part->waiting.front().frame.time < found->waiting.front().frame.time;
    if (is_earlier) found = part.get();
  }
  return found;
}

void HostWatch::tell_until(Time time) {
  for (Part* part = earliest_until(time); part != nullptr; part = earliest_until(time)) {
    Crossing& next = part->waiting.front();
    next.frame.bytes = next.bytes;
    tell_(next.frame);
    part->waiting.pop_front();
  }
}

}  // namespace strata::service
