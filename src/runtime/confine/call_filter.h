// SPDX-License-Identifier: Apache-2.0
// The system calls that a confined process may make, as a program of the kernel's filter machine.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "runtime/confine/confine.h"

//   another architecture, or x32's numbers ──> the process is killed
//   calls that need a look at an argument:  clone, mmap, mprotect, ioctl, socket, prctl, ...
//   the list of what is left                ──> allowed
//   everything else                         ──> EPERM, and a line in the kernel's audit log
//
// Never, whatever the needs: execve, ptrace, mount, setns, bpf, module and key calls, new
// processes, memory that is executable.

namespace strata::runtime {

// Empty where the numbers of this architecture are not known here.
[[nodiscard]] std::vector<sock_filter> make_call_filter(const Needs& needs);

// For all threads, those to come included. An errno, or 0; ENOSYS without a filter.
[[nodiscard]] int confine_calls(const Needs& needs);

}  // namespace strata::runtime
