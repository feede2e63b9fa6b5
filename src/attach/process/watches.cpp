// SPDX-License-Identifier: Apache-2.0
#include "attach/process/watches.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace strata::attach {
namespace {

namespace fs = std::filesystem;

// Each costs a readlink() while the stack waits, and loops open their sets before the many
// descriptors that they watch.
constexpr int kSearchedMax = 256;

// The number behind `key`.
std::optional<std::uint64_t> number_in(std::string_view line, std::string_view key, int base) {
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::uint64_t number = 0;
  const auto read = std::from_chars(line.data(), line.data() + line.size(), number, base);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// proc_pid_fdinfo(5): "tfd: 5 events: 1d data: 7 pos:0 ino:61af sdev:7".
std::optional<epoll_event> watch_in(std::string_view line, int number, std::uint64_t inode) {
  if (number_in(line, "tfd:", 10) != static_cast<std::uint64_t>(number)) return std::nullopt;
  if (number_in(line, "ino:", 16) != inode) return std::nullopt;
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(number_in(line, "events:", 16).value_or(0));
  event.data.u64 = number_in(line, "data:", 16).value_or(0);
  return event;
}

std::optional<epoll_event> watch_of(const fs::path& set, int number, std::uint64_t inode) {
  std::ifstream info(set);
  for (std::string line; std::getline(info, line);) {
    if (const auto found = watch_in(line, number, inode)) return found;
  }
  return std::nullopt;
}

}  // namespace

Watches Watches::find(ProgramDescriptors& descriptors, pid_t thread, int number,
                      std::uint64_t inode) {
  Watches found(number);
  const fs::path process = "/proc/" + std::to_string(thread);
  std::error_code failed;
  int searched = 0;
  for (fs::directory_iterator one(process / "fd", failed);
       !failed && one != fs::directory_iterator() && searched < kSearchedMax;
       one.increment(failed), ++searched) {
    std::error_code gone;
    if (fs::read_symlink(one->path(), gone) != "anon_inode:[eventpoll]") continue;
    const fs::path name = one->path().filename();
    const auto event = watch_of(process / "fdinfo" / name, number, inode);
    if (!event) continue;
    auto set = descriptors.copy(thread, std::atoi(name.c_str()));
    if (set) found.all_.push_back({*std::move(set), *event});
  }
  return found;
}

bool Watches::renew(int theirs) const {
  if (all_.empty()) return true;
  // It has our mask as it begins, and our signals are not for it to take.
  sigset_t all;
  sigset_t former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  const bool is_done = renew_in_thread(theirs);
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  return is_done;
}

bool Watches::renew_in_thread(int theirs) const {
  bool is_done = false;
  const auto work = [this, theirs, &is_done] {
    if (::unshare(CLONE_FILES) != 0) return;
    is_done = put_in(theirs);
    // join() does not wait for the kernel to close what is open still.
    ::close_range(0, UINT_MAX, 0);
  };
  try {
    std::thread(work).join();
  } catch (const std::system_error&) {
    return false;
  }
  return is_done;
}

// A set knows a descriptor by its number as well, which is the number of whoever puts it in: a
// thread with descriptors of its own has it where the program does.
bool Watches::put_in(int theirs) const {
  std::vector<Watch> sets;
  for (const Watch& watch : all_) {
    const int elsewhere = ::fcntl(watch.set.get(), F_DUPFD_CLOEXEC, number_ + 1);
    if (elsewhere < 0) return false;
    sets.push_back({Descriptor(elsewhere), watch.event});
  }
  if (theirs != number_ && ::dup2(theirs, number_) < 0) return false;
  for (Watch& watch : sets) {
    static_cast<void>(::epoll_ctl(watch.set.get(), EPOLL_CTL_ADD, number_, &watch.event));
  }
  return true;
}

}  // namespace strata::attach
