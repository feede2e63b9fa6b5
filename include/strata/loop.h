// SPDX-License-Identifier: Apache-2.0
// Loop: real time, real descriptors. Drives stacks on one thread and runs their applications.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "strata/error.h"
#include "strata/executor.h"
#include "strata/inline_function.h"
#include "strata/time.h"

// One turn:
//
//   read the clock -> inbox -> pollables (receive, flush) -> watches -> timers -> posted tasks
//        ^                                                                               |
//        |   anything worked: again at once                                              |
//        +-------------------------------------------------------------------------------+
//        |   nothing worked: compute the earliest deadline, spin or sleep           |
//
// 1. The clock is read once a turn; now() is constant within it. Descriptors are looked at every
//    few turns, and whenever the loop has nothing else to do.
// 2. The loop sleeps only after a turn in which nothing worked. What one part leaves for another
//    (a task that wrote to a socket, a memory link between two stacks) is thus always picked up
//    before sleeping, whatever the order of the parts.
// 3. Before it sleeps it says so (sleeping_), and looks at the inbox once more. wake() fills the
//    inbox first and looks at sleeping_ second, so one of the two always sees the other. Pollables
//    do the same with prepare_to_sleep().
// 4. Descriptors are level-triggered: what was not read wakes the loop again.
// 5. Timers run in order of deadline, then of starting; tasks in order of posting. What a task
//    posts or starts runs in a later turn at the earliest.
// 6. A turn is in no other: neither turns a task its own loop, nor ends it. And a pollable does not
//    go in its own turn. Each is a STRATA_CHECK.

namespace strata {

// What a loop drives: a stack with its devices, a capture replay, a bridge.
class Pollable {
 public:
  virtual ~Pollable() = default;
  // Does what there is to do at `now`, a bounded amount of it. True when it did anything.
  virtual bool turn(Time now) = 0;
  // When turn() must be called again even though no descriptor is readable.
  [[nodiscard]] virtual std::optional<Time> next_deadline() const = 0;
  // Kernel descriptors that are readable when turn() has work. Read by add() and update(); negative
  // ones are left out.
  [[nodiscard]] virtual std::span<const int> descriptors() const { return {}; }
  // The loop is about to sleep: whoever brings work by memory alone must be told to wake it now.
  // False when some has come already.
  [[nodiscard]] virtual bool prepare_to_sleep() { return true; }
  // A descriptor reported an error or hang-up and turn() did nothing about it: the loop has
  // stopped watching it.
  virtual void on_descriptor_lost(int /*descriptor*/) {}
};

enum class LoopPolicy : std::uint8_t {
  kSpin,      // never sleeps: lowest latency, a whole core
  kAdaptive,  // spins a little before sleeping, unless others want the core
  kSleep,     // sleeps as soon as nothing is left to do
};

struct LoopOptions {
  LoopPolicy policy = LoopPolicy::kAdaptive;
  // Waking a sleeping core costs 20 to 40 us on a virtual machine, so kAdaptive waits about that
  // long before it sleeps.
  Duration spin_time = std::chrono::microseconds(50);
  // kAdaptive wakes so much before something is due and spins the rest, so that waking up does not
  // make it late. Not while others want the core.
  Duration spin_before_deadline{};
  Time (*clock)() = nullptr;  // null: real_now
};

namespace runtime {
class CoreLoad;
class SignalCatcher;
class TimerQueue;
}  // namespace runtime

class Loop final : public Executor {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create(const LoopOptions& options = {});
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The pollable must outlive the loop or be removed, which may be at any time but inside of its
  // own turn(): that of another, a timer, a task.
  Result<void> add(Pollable& pollable);
  void remove(Pollable& pollable);
  // Reads descriptors() again.
  Result<void> update(Pollable& pollable);

  // Calls `on_ready` whenever `descriptor` is readable, writable, or broken (EPOLLIN, EPOLLOUT,
  // EPOLLERR, EPOLLHUP as in `events`), until unwatch().
  using OnReady = InlineFunction<void(std::uint32_t events)>;
  Result<void> watch(int descriptor, std::uint32_t events, OnReady on_ready);
  bool unwatch(int descriptor);

  // Turns until stop(), also one that came before. Answers the signal that stopped it, or 0.
  int run();
  // One turn, sleeping at most `patience` when there is nothing to do. True when it did anything.
  // Not from inside of a turn.
  bool run_once(Duration patience);
  void stop() { stopped_ = true; }
  [[nodiscard]] bool is_stopped() const { return stopped_; }
  // These signals end run() in order. A second one of the same kind has its old effect, so that a
  // program that hangs can still be ended. A SIGHUP that is ignored, as nohup(1) has it, stays so.
  // One loop of a process at a time.
  Result<void> stop_on_signals(std::initializer_list<int> signals);
  // After stop_on_signals(): this one runs `task` instead, in a turn, as often as it comes. Several
  // that come before that turn are one. Not to be called from inside a task of a signal.
  Result<void> run_on_signal(int signal, Task task);

  // Executor, on the loop's thread.
  [[nodiscard]] Time now() const override { return now_; }
  void post(Task task) override;
  TimerId start_timer(Time deadline, Task task) override;
  bool cancel_timer(TimerId timer) override;

  // From any thread.
  void wake();
  void post_from_outside(Task task);
  void stop_from_outside();

  struct Counters {
    std::uint64_t turns = 0;
    std::uint64_t sleeps = 0;
    std::uint64_t spins_refused = 0;  // kAdaptive slept at once because the cores were busy
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Watch;
  struct Member;

  Loop(const LoopOptions& options, int epoll, int event);

  bool turn();
  bool turn_pollables();
  bool take_inbox();
  bool run_watches();
  bool run_signal_tasks();
  bool run_timers();
  bool run_tasks();
  void idle(Duration patience);
  [[nodiscard]] bool may_spin();
  [[nodiscard]] Duration lead();
  void sleep_until(Time latest);
  void look_at_descriptors(Duration patience);
  void note_signal();
  [[nodiscard]] std::optional<Time> next_deadline() const;
  [[nodiscard]] Member* find(const Pollable& pollable) const;
  [[nodiscard]] bool is_reported_broken(const Member& member, int descriptor) const;
  void drop_broken_descriptors(Member& member);
  Result<void> register_descriptors(Member& member);
  void unregister_descriptors(Member& member);
  void interrupt();

  LoopOptions options_;
  int epoll_;
  int event_;
  Time now_{};
  Time last_work_{};
  bool is_turning_ = false;
  bool stopped_ = false;
  int stop_signal_ = 0;
  bool is_refusal_counted_ = false;
  std::uint32_t turns_since_look_ = 0;
  std::uint64_t next_watch_key_ = 0;
  std::vector<std::unique_ptr<Member>> members_;
  // Of the members; the last of these is in its turn.
  std::size_t turned_ = 0;
  std::vector<std::unique_ptr<Watch>> watches_;  // by descriptor
  std::vector<std::unique_ptr<Watch>> gone_;     // one of them may be running
  // What the kernel reported and no turn has acted on yet.
  struct Report {
    std::uint64_t key;
    std::uint32_t events;
  };
  std::vector<Report> reports_;
  std::vector<Report> acted_on_;
  std::unique_ptr<runtime::TimerQueue> timers_;
  std::unique_ptr<runtime::CoreLoad> core_load_;
  std::unique_ptr<runtime::SignalCatcher> signals_;
  struct SignalTask {
    int signal = 0;
    Task task;
    bool is_due = false;
  };
  std::vector<SignalTask> signal_tasks_;
  // What one of them throws leaves the others to a later turn.
  std::vector<TimerId> due_;
  std::size_t next_due_ = 0;
  std::vector<Task> tasks_;
  std::vector<Task> running_;
  std::size_t next_running_ = 0;
  Counters counters_;

  std::atomic<bool> sleeping_{false};
  std::atomic<bool> has_inbox_{false};
  std::atomic<bool> stop_asked_{false};
  std::mutex inbox_mutex_;
  std::vector<Task> inbox_;
};

}  // namespace strata
