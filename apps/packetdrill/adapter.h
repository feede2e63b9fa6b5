// SPDX-License-Identifier: Apache-2.0
// Adapter: a stack that packetdrill drives with two threads, on a clock of its own.
//
//   main thread     events in order: calls, packets in and out, waiting (usleep, gettimeofday)
//   second thread   the one call that may block
//
// 1. Time is virtual: it moves only when the main thread waits, by what it waits for, and jumps
// from
//    one instant at which the stack has something to do to the next. No run depends on the load of
//    the machine.
// 2. A call that has to wait sleeps on a condition, and so in the kernel, where packetdrill looks
//    for it. When it is done, time stands still until its thread has asked what time it is.
// 3. One lock guards all. Nothing runs while nobody calls: the stack has no thread.
#pragma once

#include <sys/time.h>

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "packetdrill/descriptors.h"
#include "script/language/options.h"
#include "script/run/machine.h"
#include "socket/posix/calls.h"

namespace strata::packetdrill {

struct AdapterOptions {
  script::Options script;
  bool follows_host = true;  // net.ipv4.tcp_* of the host are ours
};

// `--local_ip=192.168.0.1 --mtu=1500 --follow_host=0`; or what is wrong with it.
[[nodiscard]] std::expected<AdapterOptions, std::string> read_flags(std::string_view flags);

class Adapter {
 public:
  using Begin = std::move_only_function<posix::Operation(posix::Calls& calls, Time now)>;

  explicit Adapter(const AdapterOptions& options);

  // The kernel's answer; returns when the call is done.
  posix::Answer call(Begin begin);
  // The same for a call that makes a descriptor: answers the real one.
  posix::Answer make(Begin begin);
  // 0 and two real ones, or minus an errno.
  posix::Answer make_pipe(int descriptors[2]);
  posix::Answer close(int real);
  [[nodiscard]] int ours(int real);

  void inject(Bytes packet);
  // Nothing: none came in the longest time that scripts wait.
  [[nodiscard]] std::optional<script::Captured> next_packet();

  [[nodiscard]] timeval time_of_day();
  void sleep(Duration duration);

 private:
  struct Waiter {
    posix::Operation operation;
    bool is_main = false;  // the thread that waits
    bool is_told = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  // The stack, made when it is first needed: scripts set the host up before.
  [[nodiscard]] script::Machine& machine();
  [[nodiscard]] Time now() const;
  [[nodiscard]] bool is_main() const { return std::this_thread::get_id() == main_; }
  posix::Answer run(Lock& lock, Begin& begin);
  // One instant further, at most to `limit`.
  void step(Lock& lock, Time limit);
  void advance(Lock& lock, Time to);
  void resume_waiters();
  void on_thread_came_back();
  // Scripts of others may use addresses that nobody told us of.
  void adopt_destination(Bytes packet);

  std::mutex mutex_;
  std::condition_variable changed_;
  AdapterOptions options_;
  std::thread::id main_ = std::this_thread::get_id();
  std::optional<script::Machine> machine_;
  Time before_ = script::Machine::kStart;  // the clock until there is a machine
  Duration offset_{};                      // of ours behind the machine's
  Descriptors descriptors_;
  std::vector<Waiter*> waiters_;
  unsigned returning_ = 0;  // threads whose call is done and who have not asked for the time
};

}  // namespace strata::packetdrill
