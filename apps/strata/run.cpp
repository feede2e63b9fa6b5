// SPDX-License-Identifier: Apache-2.0
// strata run: a program, unchanged, on a stack of its own. Its exit status is ours.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "attach/launch.h"
#include "attach/server.h"
#include "service/node.h"
#include "strata/commands.h"
#include "strata/complain.h"

namespace strata::app {
namespace {

using attach::Descriptor;
using attach::Launch;
using service::Node;

constexpr int kCannotRun = 126;  // what shells answer
constexpr int kNotFound = 127;
constexpr int kSignalBase = 128;

// Every socket of a program costs one descriptor of ours.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int exit_status_of(int status) {
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

// Waits for the program and all that it leaves behind, and passes signals on to it.
class Household {
 public:
  Household(Loop& loop, pid_t program) : loop_(loop), program_(program) {}
  ~Household() { loop_.unwatch(signals_.get()); }
  Household(const Household&) = delete;
  Household& operator=(const Household&) = delete;

  // Blocks the signals; before the program starts, or one could be missed.
  [[nodiscard]] bool open() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
      ::sigaddset(&wanted, signal);
    }
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    signals_ = Descriptor(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
    return signals_ &&
           loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { read(); }).has_value();
  }
  [[nodiscard]] int exit_status() const { return exit_status_; }

 private:
  void read() {
    signalfd_siginfo told{};
    while (::read(signals_.get(), &told, sizeof(told)) == sizeof(told)) {
      const auto signal = static_cast<int>(told.ssi_signo);
      if (signal == SIGCHLD) continue;
      // Those of a terminal's keys have reached the program already.
      const bool is_from_terminal = told.ssi_code == SI_KERNEL && signal != SIGHUP;
      if (!is_from_terminal || has_ended_) pass_on(signal);
    }
    reap();
  }

  // Once the program has gone, what it left behind is told instead.
  void pass_on(int signal) {
    if (!has_ended_) {
      ::kill(program_, signal);
      return;
    }
    std::ifstream children(fmt::format("/proc/self/task/{}/children", ::getpid()));
    for (pid_t child = 0; children >> child;) ::kill(child, signal);
  }

  void reap() {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended != program_) continue;
      has_ended_ = true;
      exit_status_ = exit_status_of(status);
    }
    if (ended < 0 && errno == ECHILD) loop_.stop();
  }

  Loop& loop_;
  pid_t program_;
  Descriptor signals_;
  bool has_ended_ = false;
  int exit_status_ = kFailed;
};

int refuse(const RunCommand& command, const attach::LaunchFailure& failure) {
  fmt::print(stderr, "strata run: {}: {}\n", command.words.front(), failure.text);
  return failure.is_not_found ? kNotFound : kCannotRun;
}

}  // namespace

int run_command(const RunCommand& command) {
  raise_descriptor_limit();
  auto created = Node::create(command.stack, {.detects_duplicates = false});
  if (!created) return complain("run", created.error());
  Node& node = **created;
  // Signals are the program's: it decides whether they end anything.
  if (const auto left = node.loop().stop_on_signals({}); !left) {
    return complain("run", {"signals cannot be left to the program"});
  }
  // Daemons stay our children, and so within reach.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  auto launch = Launch::prepare(command.words);
  if (!launch) return refuse(command, launch.error());
  Household household(node.loop(), launch->process());
  const auto server = attach::Server::create(node.stack(), node.loop(), launch->take_listener());
  if (server == nullptr || !household.open()) {
    return complain("run", {"no descriptors are left"});
  }
  if (::isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "strata run: {}: tier trap, on {}\n", command.words.front(),
               node.main().name());
  }
  if (const auto started = launch->release(); !started) return refuse(command, started.error());
  node.run();
  if (node.failure()) return complain("run", *node.failure());
  return household.exit_status();
}

}  // namespace strata::app
