// SPDX-License-Identifier: Apache-2.0
#include "strata/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "runtime/core_load.h"
#include "runtime/loop_parts.h"
#include "runtime/signal_catcher.h"
#include "runtime/timer_queue.h"
#include "strata/check.h"
#include "strata/real_clock.h"

namespace strata {
namespace {

// A busy or spinning loop still sees its descriptors: one system call in so many turns.
constexpr std::uint32_t kTurnsBetweenLooks = 16;
constexpr Duration kForever = Duration::max();

// Until the end of the scope, also when a task throws.
class Marked {
 public:
  explicit Marked(bool& mark) : mark_(mark) { mark_ = true; }
  ~Marked() { mark_ = false; }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

 private:
  bool& mark_;
};

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create(const LoopOptions& options) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::unique_ptr<Loop> loop(new Loop(options, epoll, event));
  if (epoll < 0 || event < 0) return std::unexpected(runtime::error_of(errno));
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = runtime::kWakeKey;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, event, &wanted) != 0) {
    return std::unexpected(runtime::error_of(errno));
  }
  return loop;
}

Loop::Loop(const LoopOptions& options, int epoll, int event)
    : options_(options),
      epoll_(epoll),
      event_(event),
      timers_(std::make_unique<runtime::TimerQueue>()),
      core_load_(std::make_unique<runtime::CoreLoad>()) {
  if (options_.clock == nullptr) options_.clock = real_now;
  now_ = options_.clock();
  last_work_ = now_;
}

Loop::~Loop() {
  STRATA_CHECK(!is_turning_);
  signals_ = nullptr;  // its handler writes to the descriptor that goes next
  if (event_ >= 0) ::close(event_);
  if (epoll_ >= 0) ::close(epoll_);
}

int Loop::run() {
  while (!stopped_) run_once(kForever);
  stopped_ = false;
  return std::exchange(stop_signal_, 0);
}

bool Loop::run_once(Duration patience) {
  if (turn()) return true;
  if (stopped_) return false;
  idle(patience);
  return turn();
}

bool Loop::turn() {
  // A task that turned its loop would enter a stack in the middle of that stack's turn.
  STRATA_CHECK(!is_turning_);
  const Marked turning(is_turning_);
  now_ = options_.clock();
  ++counters_.turns;
  note_signal();
  if (++turns_since_look_ >= kTurnsBetweenLooks) look_at_descriptors(Duration::zero());
  bool worked = take_inbox();
  // What is posted from here on belongs to a later turn.
  if (running_.empty()) running_.swap(tasks_);
  worked |= turn_pollables();
  worked |= run_watches();
  worked |= run_signal_tasks();
  worked |= run_timers();
  worked |= run_tasks();
  if (worked) {
    last_work_ = now_;
    is_refusal_counted_ = false;
  }
  return worked;
}

void Loop::note_signal() {
  while (signals_ != nullptr) {
    const int signal = signals_->take();
    if (signal == 0) break;
    const auto found = std::ranges::find(signal_tasks_, signal, &SignalTask::signal);
    if (found != signal_tasks_.end()) {
      found->is_due = true;
    } else {
      stop_signal_ = signal;
      stopped_ = true;
    }
  }
  if (stop_asked_.exchange(false)) stopped_ = true;
}

bool Loop::run_signal_tasks() {
  bool worked = false;
  for (SignalTask& each : signal_tasks_) {
    if (!std::exchange(each.is_due, false)) continue;
    each.task();
    worked = true;
  }
  return worked;
}

bool Loop::take_inbox() {
  if (!has_inbox_.load(std::memory_order_relaxed) || !has_inbox_.exchange(false)) return false;
  std::vector<Task> arrived;
  {
    const std::lock_guard lock(inbox_mutex_);
    arrived.swap(inbox_);
  }
  for (Task& task : arrived) tasks_.push_back(std::move(task));
  return true;
}

bool Loop::turn_pollables() {
  bool worked = false;
  // A pollable may add others and remove them.
  for (turned_ = 0; turned_ < members_.size();) {
    Member& member = *members_[turned_++];
    const bool member_worked = member.pollable.turn(now_);
    if (!member_worked && !reports_.empty()) drop_broken_descriptors(member);
    worked |= member_worked;
  }
  turned_ = 0;
  return worked;
}

bool Loop::run_timers() {
  timers_->collect_due(now_, due_);
  bool worked = false;
  while (next_due_ < due_.size()) {
    Task task = timers_->take(due_[next_due_++]);
    if (!task) continue;
    task();
    worked = true;
  }
  due_.clear();
  next_due_ = 0;
  return worked;
}

bool Loop::run_tasks() {
  if (running_.empty()) return false;
  while (next_running_ < running_.size()) running_[next_running_++]();
  running_.clear();
  next_running_ = 0;
  return true;
}

std::optional<Time> Loop::next_deadline() const {
  std::optional<Time> deadline = timers_->next_deadline();
  for (const auto& member : members_) {
    deadline = earlier(deadline, member->pollable.next_deadline());
  }
  return deadline;
}

bool Loop::may_spin() {
  switch (options_.policy) {
    case LoopPolicy::kSpin: return true;
    case LoopPolicy::kSleep: return false;
    case LoopPolicy::kAdaptive: break;
  }
  if (now_ - last_work_ >= options_.spin_time) return false;
  if (!core_load_->is_contended(now_)) return true;
  if (!std::exchange(is_refusal_counted_, true)) ++counters_.spins_refused;
  return false;
}

void Loop::idle(Duration patience) {
  if (may_spin()) return;
  const std::optional<Time> deadline = next_deadline();
  // A patience that reaches beyond the end of time is no limit at all.
  const bool is_endless = patience >= kNever - now_;
  const Time latest = is_endless ? kNever : now_ + std::max(patience, Duration::zero());
  Time until = deadline.value_or(kNever);
  if (const Duration early = lead(); deadline && early > Duration::zero()) {
    if (until <= now_ + early) return;
    until -= early;
  }
  sleep_until(std::min(until, latest));
}

Duration Loop::lead() {
  const bool has_lead =
      options_.policy == LoopPolicy::kAdaptive && options_.spin_before_deadline > Duration::zero();
  return has_lead && !core_load_->is_contended(now_) ? options_.spin_before_deadline
                                                     : Duration::zero();
}

void Loop::sleep_until(Time latest) {
  sleeping_.store(true);
  // Whoever filled the inbox before that line is seen here; whoever fills it later sees sleeping_.
  bool has_work = has_inbox_.load() || stop_asked_.load();
  for (const auto& member : members_) has_work |= !member->pollable.prepare_to_sleep();
  if (!has_work) {
    ++counters_.sleeps;
    // The turn itself took time, which would be slept too long.
    const Time now = latest == kNever ? now_ : options_.clock();
    // What is due at once may be told as the beginning of time, from which nothing is subtracted.
    const Duration patience = latest <= now ? Duration::zero() : latest - now;
    look_at_descriptors(latest == kNever ? kForever : patience);
  }
  sleeping_.store(false);
}

void Loop::interrupt() {
  has_inbox_.store(true);
  if (!sleeping_.exchange(false)) return;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(event_, &one, sizeof(one)));
}

void Loop::wake() { interrupt(); }

void Loop::post_from_outside(Task task) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(task));
  }
  interrupt();
}

void Loop::stop_from_outside() {
  stop_asked_.store(true);
  interrupt();
}

void Loop::post(Task task) { tasks_.push_back(std::move(task)); }

TimerId Loop::start_timer(Time deadline, Task task) {
  return timers_->start(deadline, std::move(task));
}

bool Loop::cancel_timer(TimerId timer) { return timers_->cancel(timer); }

Result<void> Loop::stop_on_signals(std::initializer_list<int> signals) {
  signals_ = nullptr;
  signal_tasks_.clear();
  auto catcher = runtime::SignalCatcher::install(signals, event_);
  if (!catcher) return std::unexpected(catcher.error());
  signals_ = *std::move(catcher);
  return {};
}

Result<void> Loop::run_on_signal(int signal, Task task) {
  if (signals_ == nullptr) return std::unexpected(Error::kInvalidArgument);
  // Known before it can come, so that it never stops anything.
  std::erase_if(signal_tasks_, [&](const SignalTask& each) { return each.signal == signal; });
  signal_tasks_.push_back({.signal = signal, .task = std::move(task)});
  auto added = signals_->add(signal);
  if (!added) signal_tasks_.pop_back();
  return added;
}

}  // namespace strata
