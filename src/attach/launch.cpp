// SPDX-License-Identifier: Apache-2.0
#include "attach/launch.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "attach/filter.h"
#include "attach/notifications.h"
#include "attach/process/pidfd.h"

namespace strata::attach {
namespace {

// What the child tells through the channel: first the listener's number, then, if exec fails, why.
struct Report {
  int what = 0;  // a descriptor, or minus an errno
};

bool tell(int channel, int what) {
  const Report report{what};
  return ::write(channel, &report, sizeof(report)) == sizeof(report);
}

int install_filter(Opening opening) {
  std::vector<sock_filter> program = make_filter(opening);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  const long listener =
      ::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  return listener < 0 ? -errno : static_cast<int>(listener);
}

void restore_signals() {
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction now{};
    const bool is_ignored = ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
    if (!is_ignored) ::sigaction(signal, &usual, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void preload(const std::string& shim) {
  const char* others = std::getenv("LD_PRELOAD");
  const std::string all = others == nullptr ? shim : shim + ":" + others;
  ::setenv("LD_PRELOAD", all.c_str(), 1);
}

// In the child; never returns.
[[noreturn]] void become(const std::vector<std::string>& words, const std::string& shim,
                         const std::optional<rlimit>& descriptors, int channel) {
  const int listener = install_filter(shim.empty() ? Opening::kIsTold : Opening::kIsKernels);
  if (!tell(channel, listener) || listener < 0) ::_exit(126);
  // Refused with an errno that no kernel has for it: then our answer came, and nobody else's.
  const int tried = ::socket(AF_INET, SOCK_STREAM, 0);
  const bool is_ours = tried < 0 && errno == EXFULL;
  std::byte go{};
  if (!tell(channel, is_ours ? 0 : -EPROTO)) ::_exit(126);
  if (::read(channel, &go, 1) != 1) ::_exit(126);
  ::close(listener);
  restore_signals();
  if (descriptors) ::setrlimit(RLIMIT_NOFILE, &*descriptors);
  if (!shim.empty()) preload(shim);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int why = errno;
  tell(channel, -why);
  ::_exit(why == ENOENT ? 127 : 126);
}

std::expected<int, LaunchFailure> read_report(int channel) {
  Report report;
  ssize_t count = 0;
  do {
    count = ::read(channel, &report, sizeof(report));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(report)) return std::unexpected(LaunchFailure{"the child has died"});
  return report.what;
}

std::string reason(int error) { return std::strerror(error); }

}  // namespace

std::expected<Launch, LaunchFailure> Launch::prepare(const std::vector<std::string>& words,
                                                     const std::string& shim,
                                                     const std::optional<rlimit>& descriptors) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return std::unexpected(LaunchFailure{reason(errno)});
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return std::unexpected(LaunchFailure{"no process: " + reason(errno)});
  if (child == 0) become(words, shim, descriptors, theirs.get());
  Launch launch(child, std::move(ours));
  theirs.reset();
  if (auto taken = launch.take_over(); !taken) {
    launch.channel_.reset();
    ::waitpid(child, nullptr, 0);
    return std::unexpected(std::move(taken).error());
  }
  return launch;
}

std::expected<void, LaunchFailure> Launch::take_over() {
  const auto number = read_report(channel_.get());
  if (!number) return std::unexpected(number.error());
  if (*number == -EBUSY) {
    return std::unexpected(LaunchFailure{"this process is under a filter of this kind already"});
  }
  if (*number < 0) {
    return std::unexpected(LaunchFailure{"no seccomp notifications: " + reason(-*number)});
  }
  const Descriptor process(open_process(process_, 0));
  listener_ = Descriptor(process ? copy_descriptor(process.get(), *number) : -1);
  if (!listener_) return std::unexpected(LaunchFailure{"pidfd_getfd: " + reason(errno)});
  // The child's attempt comes in here, or the filter is not in charge.
  Notifications notifications(std::move(listener_));
  constexpr int kPatienceMs = 5000;
  pollfd asked{notifications.descriptor(), POLLIN, 0};
  if (::poll(&asked, 1, kPatienceMs) != 1) {
    return std::unexpected(LaunchFailure{"the filter is not in charge: no call came in"});
  }
  const auto call = notifications.receive();
  const bool is_expected = call && call->number == __NR_socket;
  if (!is_expected || !notifications.answer(*call, -EXFULL)) {
    return std::unexpected(LaunchFailure{"the filter is not in charge: another call came in"});
  }
  listener_ = std::move(notifications).take();
  const auto tried = read_report(channel_.get());
  if (!tried) return std::unexpected(tried.error());
  if (*tried != 0) {
    return std::unexpected(LaunchFailure{"the filter is not in charge: the kernel made a socket"});
  }
  return {};
}

std::expected<void, LaunchFailure> Launch::release() {
  const std::byte go{};
  if (::write(channel_.get(), &go, 1) != 1) {
    return std::unexpected(LaunchFailure{"the child has died"});
  }
  // Nothing comes when exec succeeds: the child's end closes.
  const auto failure = read_report(channel_.get());
  channel_.reset();
  if (!failure) return {};
  ::waitpid(process_, nullptr, 0);
  return std::unexpected(LaunchFailure{reason(-*failure), *failure == -ENOENT});
}

}  // namespace strata::attach
