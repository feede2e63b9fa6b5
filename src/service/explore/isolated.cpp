// SPDX-License-Identifier: Apache-2.0
#include "service/explore/isolated.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/number_text.h"
#include "service/explore/trial_run.h"
#include "strata/check.h"

namespace strata::service {
namespace {

// Of processor time: a run takes a small part of one second.
constexpr rlim_t kTrialSecondsMost = 30;
constexpr std::string_view kToldBad = "bad ";
constexpr std::string_view kToldCheck = "check ";

// Of the child: where a failed STRATA_CHECK is told. It has nothing else to be told with.
int isolated_report = -1;

void tell_parent(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count <= 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void tell_failed_check(const char* condition, const char* file, int line) {
  std::string_view name = file;
  // The build's folder is no part of what failed.
  if (const std::size_t at = name.rfind("src/"); at != std::string_view::npos)
    name.remove_prefix(at);
  tell_parent(isolated_report,
              fmt::format("{}{}:{}: STRATA_CHECK({})", kToldCheck, name, line, condition));
}

[[noreturn]] void run_in_child(const LabFile& lab, const Trial& trial, int pipe) {
  isolated_report = pipe;
  set_check_handler(&tell_failed_check);
  const rlimit seconds{.rlim_cur = kTrialSecondsMost, .rlim_max = kTrialSecondsMost + 1};
  ::setrlimit(RLIMIT_CPU, &seconds);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  auto run = TrialRun::create(lab, trial);
  tell_parent(pipe, run ? verdict_line((*run)->run()) : std::string(kToldBad) + run.error().text);
  ::_exit(0);
}

}  // namespace

std::string verdict_line(const TrialVerdict& verdict) {
  return fmt::format("verdict {} {:x} {}\n{}\n{}", static_cast<int>(verdict.broken),
                     verdict.packet_hash, verdict.bytes, verdict.text,
                     to_text(Trial{.items = verdict.struck}));
}

Outcome<TrialVerdict> parse_verdict(const std::string& text) {
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
  TrialVerdict verdict;
  int broken = 0;
  unsigned long long hash = 0, bytes = 0;
  if (second == std::string::npos ||
      std::sscanf(text.c_str(), "verdict %d %llx %llu", &broken, &hash, &bytes) != 3) {
    return failed("a child told no verdict");
  }
  verdict.broken = static_cast<Broken>(broken);
  verdict.packet_hash = hash;
  verdict.bytes = bytes;
  verdict.text = text.substr(first + 1, second - first - 1);
  auto struck = read_trial_text(std::string_view(text).substr(second + 1), "verdict");
  if (!struck) return std::unexpected(struck.error());
  verdict.struck = std::move(struck->items);
  return verdict;
}

Outcome<IsolatedTrial> IsolatedTrial::start(const LabFile& lab, const Trial& trial) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return failed(fmt::format("a pipe: {}", std::strerror(errno)));
  }
  static_cast<void>(std::fflush(nullptr));  // or the child has it, too
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    run_in_child(lab, trial, pipe[1]);
  }
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    return failed(fmt::format("a process: {}", std::strerror(errno)));
  }
  return IsolatedTrial(child, pipe[0]);
}

IsolatedTrial::IsolatedTrial(IsolatedTrial&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      pipe_(std::exchange(other.pipe_, -1)),
      told_(std::move(other.told_)) {}

IsolatedTrial& IsolatedTrial::operator=(IsolatedTrial&& other) noexcept {
  if (this == &other) return *this;
  end();
  child_ = std::exchange(other.child_, -1);
  pipe_ = std::exchange(other.pipe_, -1);
  told_ = std::move(other.told_);
  return *this;
}

IsolatedTrial::~IsolatedTrial() { end(); }

void IsolatedTrial::end() {
  if (pipe_ >= 0) ::close(pipe_);
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  child_ = pipe_ = -1;
}

bool IsolatedTrial::read() {
  std::array<char, 65'536> buffer{};
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return false;
  if (count <= 0) return true;
  told_.append(buffer.data(), static_cast<std::size_t>(count));
  return false;
}

Outcome<TrialVerdict> IsolatedTrial::verdict() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  if (told_.starts_with(kToldBad)) return failed(told_.substr(kToldBad.size()));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return parse_verdict(told_);
  TrialVerdict verdict{.broken = Broken::kCrashed};
  if (told_.starts_with(kToldCheck)) {
    verdict.text = told_.substr(kToldCheck.size());
  } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    verdict.broken = Broken::kHung;
    verdict.text = fmt::format("it computed for {} seconds", kTrialSecondsMost);
  } else if (WIFSIGNALED(status)) {
    verdict.text = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  } else {
    verdict.text = fmt::format("exit status {}", WEXITSTATUS(status));
  }
  return verdict;
}

Outcome<TrialVerdict> run_isolated(const LabFile& lab, const Trial& trial) {
  auto running = IsolatedTrial::start(lab, trial);
  if (!running) return std::unexpected(std::move(running).error());
  while (!running->read()) {
  }
  return running->verdict();
}

}  // namespace strata::service
