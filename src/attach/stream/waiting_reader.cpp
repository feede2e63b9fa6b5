// SPDX-License-Identifier: Apache-2.0
#include "attach/stream/waiting_reader.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "attach/process/program.h"

namespace strata::attach {
namespace {

constexpr int kThreadsMax = 64;
constexpr long kReads[] = {__NR_read,     __NR_readv,   __NR_pread64, __NR_preadv2,
                           __NR_recvfrom, __NR_recvmsg, __NR_recvmmsg};

// proc(5): "running", or the number of the call a thread waits in, and its arguments; -1 when it
// waits in none.
bool waits_there(const std::string& call, int number) {
  char* rest = nullptr;
  const long kind = std::strtol(call.c_str(), &rest, 10);
  if (rest == call.c_str() || std::ranges::find(kReads, kind) == std::end(kReads)) return false;
  return std::strtoul(rest, nullptr, 16) == static_cast<unsigned long>(number);
}

}  // namespace

bool reader_waits(pid_t thread, int number) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path tasks = "/proc/" + std::to_string(process_number(thread)) + "/task";
  int count = 0;
  for (fs::directory_iterator task(tasks, failed); !failed && task != fs::directory_iterator();
       task.increment(failed)) {
    if (++count > kThreadsMax) return true;
    std::string call;
    std::ifstream file(task->path() / "syscall");
    const bool is_open = file.is_open();
    const bool is_read = is_open && std::getline(file, call);
    // A thread that has ended meanwhile waits for nothing; one that may not be asked might.
    if (!is_read && fs::exists(task->path(), failed) && !failed) return true;
    if (is_read && waits_there(call, number)) return true;
  }
  return failed || count == 0;
}

}  // namespace strata::attach
