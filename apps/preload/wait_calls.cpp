// SPDX-License-Identifier: Apache-2.0
// Calls that wait for descriptors, and those that say which.
#include <poll.h>
#include <sys/select.h>

#include <algorithm>
#include <cerrno>

#include "attach/client/kernel.h"
#include "preload/libc.h"

namespace strata::preload {
namespace {

using attach::client::WatchSet;

constexpr std::uintptr_t kFirstPage = 4096;

bool is_address(const void* given) { return reinterpret_cast<std::uintptr_t>(given) >= kFirstPage; }

void await_inputs(const pollfd* all, nfds_t count) {
  constexpr int kInputs = POLLIN | POLLRDNORM | POLLPRI | POLLRDHUP;
  if (!is_address(all)) return;
  for (nfds_t i = 0; i < count; ++i) {
    if ((all[i].events & kInputs) != 0) descriptors().await_input(all[i].fd);
  }
}

// Sets may be longer than libc's type says, and shorter than `end`: the kernel looks no further
// than there are descriptors.
void await_inputs(int end, const fd_set* inputs) {
  if (!is_address(inputs)) return;
  const auto* const words = reinterpret_cast<const unsigned long*>(inputs);
  constexpr int kBits = static_cast<int>(8 * sizeof(unsigned long));
  for (int i = 0; i < std::min(end, descriptors().end()); ++i) {
    if ((words[i / kBits] >> static_cast<unsigned>(i % kBits) & 1U) != 0) {
      descriptors().await_input(i);
    }
  }
}

int made_set(int descriptor) {
  if (descriptor >= 0) descriptors().set_born(descriptor);
  return descriptor;
}

// `kernel(waits)`, as WatchSets has it.
template <typename Kernel>
int do_wait(int set, epoll_event* into, int size, bool is_patient, Kernel kernel) {
  WatchSet* known = size > 0 && is_address(into) ? descriptors().watch_sets().find(set) : nullptr;
  if (known == nullptr) return kernel(true);
  const int former_error = errno;
  const int found = descriptors().watch_sets().wait(*known, set, into, size, is_patient, kernel);
  if (found >= 0) errno = former_error;
  return found;
}

}  // namespace

int do_epoll_ctl(int set, int what, int descriptor, epoll_event* event) {
  attach::client::Entry* entry = descriptors().find(descriptor);
  if (entry != nullptr && is_address(event) && what != EPOLL_CTL_DEL &&
      (event->events & static_cast<unsigned>(EPOLLET)) != 0) {
    attach::client::Descriptors::want_edges(*entry);
  }
  const auto answer = descriptors().watch(set, what, descriptor, event);
  if (!answer) return next().epoll_ctl(set, what, descriptor, event);
  if (*answer == 0) return 0;
  errno = static_cast<int>(-*answer);
  return -1;
}

void before_waiting(long number, long first, long second) {
  switch (number) {
#if defined(SYS_poll)
    case SYS_poll:
#endif
    case SYS_ppoll:
      await_inputs(reinterpret_cast<const pollfd*>(first), static_cast<nfds_t>(second));
      break;
#if defined(SYS_select)
    case SYS_select:
#endif
    case SYS_pselect6:
      await_inputs(static_cast<int>(first), reinterpret_cast<const fd_set*>(second));
      break;
#if defined(SYS_epoll_wait)
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2: descriptors().watch_sets().retire(static_cast<int>(first)); break;
    default: break;
  }
}

extern "C" {

int shim_epoll_create(int) STRATA_WRAPPER(epoll_create);
int shim_epoll_create1(int) STRATA_WRAPPER(epoll_create1);
int shim_epoll_ctl(int, int, int, epoll_event*) STRATA_WRAPPER(epoll_ctl);
int shim_epoll_wait(int, epoll_event*, int, int) STRATA_WRAPPER(epoll_wait);
int shim_epoll_pwait(int, epoll_event*, int, int, const sigset_t*) STRATA_WRAPPER(epoll_pwait);
int shim_epoll_pwait2(int, epoll_event*, int, const timespec*, const sigset_t*)
    STRATA_WRAPPER(epoll_pwait2);
int shim_poll(pollfd*, nfds_t, int) STRATA_WRAPPER(poll);
int shim_poll_chk(pollfd*, nfds_t, int, size_t) STRATA_WRAPPER(__poll_chk);
int shim_underscored_poll(pollfd*, nfds_t, int) STRATA_WRAPPER(__poll);
int shim_ppoll(pollfd*, nfds_t, const timespec*, const sigset_t*) STRATA_WRAPPER(ppoll);
int shim_ppoll_chk(pollfd*, nfds_t, const timespec*, const sigset_t*, size_t)
    STRATA_WRAPPER(__ppoll_chk);
int shim_select(int, fd_set*, fd_set*, fd_set*, timeval*) STRATA_WRAPPER(select);
int shim_underscored_select(int, fd_set*, fd_set*, fd_set*, timeval*) STRATA_WRAPPER(__select);
int shim_pselect(int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*)
    STRATA_WRAPPER(pselect);

int shim_epoll_create(int size) { return made_set(next().epoll_create(size)); }
int shim_epoll_create1(int flags) { return made_set(next().epoll_create1(flags)); }
int shim_epoll_ctl(int set, int what, int descriptor, epoll_event* event) {
  return do_epoll_ctl(set, what, descriptor, event);
}
int shim_epoll_wait(int set, epoll_event* into, int size, int timeout) {
  return do_wait(set, into, size, timeout != 0, [&](bool waits) {
    return next().epoll_wait(set, into, size, waits ? timeout : 0);
  });
}
int shim_epoll_pwait(int set, epoll_event* into, int size, int timeout, const sigset_t* mask) {
  return do_wait(set, into, size, timeout != 0, [&](bool waits) {
    return next().epoll_pwait(set, into, size, waits ? timeout : 0, mask);
  });
}
int shim_epoll_pwait2(int set, epoll_event* into, int size, const timespec* timeout,
                      const sigset_t* mask) {
  if (next().epoll_pwait2 == nullptr) {
    descriptors().watch_sets().retire(set);
    return static_cast<int>(
        next().syscall(SYS_epoll_pwait2, set, into, size, timeout, mask, sizeof(std::uint64_t)));
  }
  constexpr timespec kNow{};
  const bool is_patient = !is_address(timeout) || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
  return do_wait(set, into, size, is_patient, [&](bool waits) {
    return next().epoll_pwait2(set, into, size, waits ? timeout : &kNow, mask);
  });
}

int shim_poll(pollfd* all, nfds_t count, int timeout) {
  await_inputs(all, count);
  return next().poll(all, count, timeout);
}
int shim_poll_chk(pollfd* all, nfds_t count, int timeout, size_t size) {
  if (size / sizeof(*all) < count) __builtin_trap();
  return shim_poll(all, count, timeout);
}
int shim_underscored_poll(pollfd* all, nfds_t count, int timeout) {
  return shim_poll(all, count, timeout);
}
int shim_ppoll(pollfd* all, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  await_inputs(all, count);
  return next().ppoll(all, count, timeout, mask);
}
int shim_ppoll_chk(pollfd* all, nfds_t count, const timespec* timeout, const sigset_t* mask,
                   size_t size) {
  if (size / sizeof(*all) < count) __builtin_trap();
  return shim_ppoll(all, count, timeout, mask);
}
int shim_select(int end, fd_set* inputs, fd_set* outputs, fd_set* others, timeval* timeout) {
  await_inputs(end, inputs);
  return next().select(end, inputs, outputs, others, timeout);
}
int shim_underscored_select(int end, fd_set* inputs, fd_set* outputs, fd_set* others,
                            timeval* timeout) {
  return shim_select(end, inputs, outputs, others, timeout);
}
int shim_pselect(int end, fd_set* inputs, fd_set* outputs, fd_set* others, const timespec* timeout,
                 const sigset_t* mask) {
  await_inputs(end, inputs);
  return next().pselect(end, inputs, outputs, others, timeout, mask);
}

}  // extern "C"

}  // namespace strata::preload
