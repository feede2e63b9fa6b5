// SPDX-License-Identifier: Apache-2.0
// Processes as descriptors. glibc 2.36 declares these without C linkage, so nobody can call them.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace strata::attach {

// Minus one, and errno, when it fails.
[[nodiscard]] inline int open_process(pid_t process, unsigned flags) {
  return static_cast<int>(::syscall(__NR_pidfd_open, process, flags));
}
// A descriptor of ours for the open file behind one of that process's.
[[nodiscard]] inline int copy_descriptor(int process, int descriptor) {
  return static_cast<int>(::syscall(__NR_pidfd_getfd, process, descriptor, 0));
}

}  // namespace strata::attach
