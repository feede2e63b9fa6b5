// SPDX-License-Identifier: Apache-2.0
// The seccomp filter under which programs run: which of their calls come to us.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace strata::attach {

// Bytes go by the kernel: read, write, send and recv without an address, poll, close, dup, fcntl
// and whatever else works on any descriptor are never looked at. What makes a socket, names it,
// asks about it or needs an address is told to us, and the caller waits for our answer.
//
// Families that are protocols over the kernel's network are as on a kernel without them
// (EAFNOSUPPORT). io_uring makes sockets and connections beside this filter, so it is refused
// (EPERM, what the kernel answers where it is switched off). A foreign instruction set (i386, x32)
// has other numbers for the same calls, so all its calls are refused (ENOSYS): nothing reaches the
// kernel's network unseen.
//
// Where no shim is in the program, opening a file for reading is told, too: /proc/net is ours.
enum class Opening : bool { kIsKernels, kIsTold };

[[nodiscard]] std::vector<sock_filter> make_filter(Opening opening);

}  // namespace strata::attach
