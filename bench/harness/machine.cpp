// SPDX-License-Identifier: Apache-2.0
#include "bench/harness/machine.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace strata::bench {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

}  // namespace

Machine this_machine() {
  utsname name{};
  const std::string kernel = uname(&name) == 0 ? std::string(name.sysname) + " " + name.release
                                               : std::string("unknown system");
  return {.cpu = cpu_name(), .kernel = kernel, .cores = std::thread::hardware_concurrency()};
}

double load_average() {
  double minute = 0;
  return getloadavg(&minute, 1) == 1 ? minute : 0;
}

std::chrono::duration<double> processor_time() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    if (getrusage(who, &used) != 0) continue;
    for (const timeval& part : {used.ru_utime, used.ru_stime}) {
      seconds += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) * 1e-6;
    }
  }
  return std::chrono::duration<double>(seconds);
}

Pinned::Pinned(std::size_t core) {
  if (sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(core, &wanted);
  is_pinned_ = sched_setaffinity(0, sizeof(wanted), &wanted) == 0;
}

Pinned::~Pinned() {
  if (is_pinned_) sched_setaffinity(0, sizeof(before_), &before_);
}

}  // namespace strata::bench
