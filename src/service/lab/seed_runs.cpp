// SPDX-License-Identifier: Apache-2.0
#include "service/lab/seed_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

namespace strata::service {
namespace {

// A word that this process and those it forks see alike.
class SharedFlag {
 public:
  SharedFlag()
      : page_(::mmap(nullptr, sizeof(Flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0)) {
    if (is_usable()) new (page_) Flag(false);
  }
  ~SharedFlag() {
    if (is_usable()) ::munmap(page_, sizeof(Flag));
  }
  SharedFlag(const SharedFlag&) = delete;
  SharedFlag& operator=(const SharedFlag&) = delete;

  [[nodiscard]] bool is_usable() const { return page_ != MAP_FAILED; }
  void raise() { flag().store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_raised() const { return flag().load(std::memory_order_relaxed); }

 private:
  using Flag = std::atomic<bool>;
  static_assert(Flag::is_always_lock_free);
  [[nodiscard]] Flag& flag() const { return *static_cast<Flag*>(page_); }
  void* page_;
};

bool write_whole(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// One seed: its process, and what it has told so far. The first byte tells results ('+') from a
// failure ('-').
struct RunningSeed {
  std::uint64_t seed = 0;
  pid_t process = -1;
  int pipe = -1;  // -1: it has ended
  int status = 0;
  std::string text;
};

class SeedPool {
 public:
  explicit SeedPool(const SeedRuns& runs) : runs_(runs), next_(runs.first) {}
  ~SeedPool() {
    for (RunningSeed& one : started_) {
      if (one.pipe < 0) continue;
      ::kill(one.process, SIGKILL);
      finish(one);
    }
  }
  SeedPool(const SeedPool&) = delete;
  SeedPool& operator=(const SeedPool&) = delete;

  Outcome<void> run() {
    if (!stop_.is_usable()) return failed("no memory to share with other processes");
    while (true) {
      while (may_start()) {
        if (auto begun = start(); !begun) return begun;
      }
      if (started_.empty()) return {};
      gather();
      if (!is_stopping_ && runs_.interrupted()) {
        is_stopping_ = true;
        stop_.raise();
      }
      while (!started_.empty() && started_.front().pipe < 0) {
        const auto told = tell_first();
        if (!told) return std::unexpected(told.error());
        if (!*told) return {};
      }
    }
  }

 private:
  // What has ended and waits for its turn is bounded, too.
  [[nodiscard]] bool may_start() const {
    std::size_t running = 0;
    for (const RunningSeed& one : started_) running += one.pipe >= 0 ? 1 : 0;
    return !is_stopping_ && !is_last_started_ && running < runs_.jobs &&
           started_.size() < std::size_t{8} * runs_.jobs;
  }

  Outcome<void> start() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      return failed(fmt::format("pipe: {}", std::strerror(errno)));
    const pid_t process = ::fork();
    if (process < 0) {
      const int why = errno;
      for (const int end : ends) ::close(end);
      return failed(fmt::format("fork: {}", std::strerror(why)));
    }
    if (process == 0) {
      ::close(ends[0]);
      run_here(ends[1]);
    }
    ::close(ends[1]);
    started_.push_back({.seed = next_, .process = process, .pipe = ends[0], .text = {}});
    is_last_started_ = next_ == runs_.last;
    ++next_;
    return {};
  }

  // In the forked process. Nothing of the parent is flushed or destroyed.
  [[noreturn]] void run_here(int pipe) {
    // Nobody reads what we tell when the parent is gone.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent_) ::_exit(1);
    // Who pressed Ctrl-C meant the parent, which tells us.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGTERM, SIG_IGN);
    const auto told = runs_.run(next_, [this] { return stop_.is_raised(); });
    const std::string text = told ? "+" + *told : "-" + told.error().text;
    ::_exit(write_whole(pipe, text) ? 0 : 1);
  }

  void gather() {
    std::vector<pollfd> waiting;
    std::vector<RunningSeed*> whose;
    for (RunningSeed& one : started_) {
      if (one.pipe < 0) continue;
      waiting.push_back({.fd = one.pipe, .events = POLLIN, .revents = 0});
      whose.push_back(&one);
    }
    if (waiting.empty()) return;
    constexpr int kLookAgainMs = 100;
    if (::poll(waiting.data(), waiting.size(), kLookAgainMs) <= 0) return;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) read_some(*whose[i]);
    }
  }

  static void read_some(RunningSeed& one) {
    std::array<char, 65'536> buffer;
    const ssize_t count = ::read(one.pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return;
    if (count > 0) {
      one.text.append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      finish(one);
    }
  }

  static void finish(RunningSeed& one) {
    ::close(one.pipe);
    one.pipe = -1;
    while (::waitpid(one.process, &one.status, 0) < 0 && errno == EINTR) {
    }
  }

  // False: nobody wants to hear more.
  Outcome<bool> tell_first() {
    const RunningSeed one = std::move(started_.front());
    started_.pop_front();
    if (WIFSIGNALED(one.status)) {
      return failed(
          fmt::format("seed {}: its process ended by signal {}", one.seed, WTERMSIG(one.status)));
    }
    if (one.status != 0 || one.text.empty()) {
      return failed(fmt::format("seed {}: its process ended without results", one.seed));
    }
    if (one.text.front() == '-') return failed(one.text.substr(1));
    return runs_.tell(one.seed, one.text.substr(1));
  }

  const SeedRuns& runs_;
  const pid_t parent_ = ::getpid();
  std::uint64_t next_;
  bool is_last_started_ = false;
  bool is_stopping_ = false;
  SharedFlag stop_;
  std::deque<RunningSeed> started_;
};

Outcome<void> run_one_by_one(const SeedRuns& runs) {
  for (std::uint64_t seed = runs.first;; ++seed) {
    const auto told = runs.run(seed, runs.interrupted);
    if (!told) return std::unexpected(told.error());
    if (!runs.tell(seed, *told) || seed == runs.last || runs.interrupted()) return {};
  }
}

}  // namespace

Outcome<void> run_seeds(const SeedRuns& runs) {
  if (runs.jobs <= 1 || runs.first == runs.last) return run_one_by_one(runs);
  return SeedPool(runs).run();
}

}  // namespace strata::service
