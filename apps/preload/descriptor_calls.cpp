// SPDX-License-Identifier: Apache-2.0
// Calls that make descriptors, copy them, close them, and change what they do.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <optional>

#include "attach/client/kernel.h"
#include "preload/libc.h"

namespace strata::preload {
namespace {

namespace kernel = attach::client::kernel;
using attach::client::Entry;

constexpr unsigned kCloseOnExecOnly = 4;  // CLOSE_RANGE_CLOEXEC

int answer(long of_kernel) {
  if (of_kernel >= 0) return static_cast<int>(of_kernel);
  errno = static_cast<int>(-of_kernel);
  return -1;
}

std::optional<int> unread_of(int descriptor, unsigned long what) {
  Entry* entry = what == FIONREAD ? descriptors().find(descriptor) : nullptr;
  if (entry == nullptr || entry->state.load() != attach::client::State::kLeased) return {};
  return attach::client::unread_leased(*entry);
}

int do_accept4(int listener, sockaddr* name, socklen_t* name_size, int flags) {
  const int made = flags == 0 ? next().accept(listener, name, name_size)
                              : next().accept4(listener, name, name_size, flags);
  if (made >= 0) descriptors().born(made, (flags & SOCK_NONBLOCK) != 0);
  return made;
}

// A call that fails leaves `at` open, and what it has.
void prepare_dup(int descriptor, int at) {
  if (descriptor == at || next().fcntl(descriptor, F_GETFD) < 0) return;
  descriptors().release(descriptor);
  descriptors().forget(at);
}

}  // namespace

int do_fcntl(int descriptor, int what, void* argument) {
  if (what == F_DUPFD || what == F_DUPFD_CLOEXEC) descriptors().release(descriptor);
  const auto flags = reinterpret_cast<std::intptr_t>(argument);
  if (what == F_SETFL && (flags & O_ASYNC) != 0) descriptors().await_input(descriptor);
  const int done = next().fcntl(descriptor, what, argument);
  if (what != F_SETFL || done < 0) return done;
  if (Entry* entry = descriptors().find(descriptor); entry != nullptr) {
    entry->is_non_blocking.store((flags & O_NONBLOCK) != 0);
  }
  return done;
}

int do_close(int descriptor) {
  descriptors().forget(descriptor);
  return next().close(descriptor);
}

int do_close_range(unsigned first, unsigned last, int flags) {
  constexpr unsigned kKnownFlags = 2U | kCloseOnExecOnly;  // CLOSE_RANGE_UNSHARE
  const bool is_valid = (static_cast<unsigned>(flags) & ~kKnownFlags) == 0;
  const auto known = static_cast<unsigned>(attach::client::Descriptors::kMax - 1);
  if (is_valid && (static_cast<unsigned>(flags) & kCloseOnExecOnly) == 0 && first <= known) {
    descriptors().forget_range(static_cast<int>(first),
                               static_cast<int>(last < known ? last : known));
  }
  return next().close_range == nullptr ? answer(kernel::call(__NR_close_range, first, last, flags))
                                       : next().close_range(first, last, flags);
}

// The rings know no low-water mark.
int do_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size) {
  if (level == SOL_SOCKET && name == SO_RCVLOWAT) descriptors().release(descriptor);
  return next().setsockopt(descriptor, level, name, value, size);
}

int do_dup(int descriptor) {
  descriptors().release(descriptor);
  return next().dup(descriptor);
}

int do_dup2(int descriptor, int at) {
  prepare_dup(descriptor, at);
  return next().dup2(descriptor, at);
}

int do_dup3(int descriptor, int at, int flags) {
  if ((flags & ~O_CLOEXEC) == 0) prepare_dup(descriptor, at);
  return next().dup3(descriptor, at, flags);
}

int do_ioctl(int descriptor, unsigned long what, void* argument) {
  if (const auto unread = unread_of(descriptor, what); unread && argument != nullptr) {
    *static_cast<int*>(argument) = *unread;
    return 0;
  }
  if (what == FIOASYNC) descriptors().await_input(descriptor);
  const int done = next().ioctl(descriptor, what, argument);
  Entry* entry = what == FIONBIO && done >= 0 ? descriptors().find(descriptor) : nullptr;
  if (entry != nullptr) entry->is_non_blocking.store(*static_cast<const int*>(argument) != 0);
  return done;
}

extern "C" {

int shim_socket(int, int, int) STRATA_WRAPPER(socket);
int shim_connect(int, const sockaddr*, socklen_t) STRATA_WRAPPER(connect);
int shim_accept(int, sockaddr*, socklen_t*) STRATA_WRAPPER(accept);
int shim_accept4(int, sockaddr*, socklen_t*, int) STRATA_WRAPPER(accept4);
int shim_close(int) STRATA_WRAPPER(close);
int shim_underscored_close(int) STRATA_WRAPPER(__close);
int shim_close_range(unsigned, unsigned, int) STRATA_WRAPPER(close_range);
void shim_closefrom(int) STRATA_WRAPPER(closefrom);
int shim_dup(int) STRATA_WRAPPER(dup);
int shim_dup2(int, int) STRATA_WRAPPER(dup2);
int shim_underscored_dup2(int, int) STRATA_WRAPPER(__dup2);
int shim_dup3(int, int, int) STRATA_WRAPPER(dup3);
int shim_fcntl(int, int, ...) STRATA_WRAPPER(fcntl);
int shim_fcntl64(int, int, ...) STRATA_WRAPPER(fcntl64);
int shim_underscored_fcntl(int, int, ...) STRATA_WRAPPER(__fcntl);
int shim_ioctl(int, unsigned long, ...) STRATA_WRAPPER(ioctl);
int shim_setsockopt(int, int, int, const void*, socklen_t) STRATA_WRAPPER(setsockopt);
FILE* shim_fdopen(int, const char*) STRATA_WRAPPER(fdopen);
int shim_dprintf(int, const char*, ...) STRATA_WRAPPER(dprintf);
int shim_dprintf_chk(int, int, const char*, ...) STRATA_WRAPPER(__dprintf_chk);
int shim_vdprintf(int, const char*, va_list) STRATA_WRAPPER(vdprintf);
int shim_vdprintf_chk(int, int, const char*, va_list) STRATA_WRAPPER(__vdprintf_chk);

int shim_socket(int family, int type, int protocol) {
  const int made = next().socket(family, type, protocol);
  const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  const bool is_tcp = (family == AF_INET || family == AF_INET6) && kind == SOCK_STREAM &&
                      (protocol == 0 || protocol == IPPROTO_TCP);
  if (made >= 0 && is_tcp) descriptors().born(made, (type & SOCK_NONBLOCK) != 0, false);
  return made;
}
// Spares the first data call its question.
int shim_connect(int descriptor, const sockaddr* name, socklen_t size) {
  const int done = next().connect(descriptor, name, size);
  const bool has_begun = done == 0 || errno == EINPROGRESS;
  Entry* entry = has_begun ? descriptors().find(descriptor) : nullptr;
  if (entry != nullptr) entry->has_peer.store(true);
  return done;
}
int shim_accept(int listener, sockaddr* name, socklen_t* name_size) {
  return do_accept4(listener, name, name_size, 0);
}
int shim_accept4(int listener, sockaddr* name, socklen_t* name_size, int flags) {
  return do_accept4(listener, name, name_size, flags);
}
int shim_close(int descriptor) { return do_close(descriptor); }
int shim_underscored_close(int descriptor) { return do_close(descriptor); }
int shim_close_range(unsigned first, unsigned last, int flags) {
  return do_close_range(first, last, flags);
}
void shim_closefrom(int first) {
  descriptors().forget_range(first, attach::client::Descriptors::kMax - 1);
  if (next().closefrom != nullptr) next().closefrom(first);
}
int shim_dup(int descriptor) { return do_dup(descriptor); }
int shim_dup2(int descriptor, int at) { return do_dup2(descriptor, at); }
int shim_underscored_dup2(int descriptor, int at) { return do_dup2(descriptor, at); }
int shim_dup3(int descriptor, int at, int flags) { return do_dup3(descriptor, at, flags); }

// The third argument is a number, an address or nothing: as wide as an address at most.
int shim_fcntl(int descriptor, int what, ...) {
  va_list rest;
  va_start(rest, what);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return do_fcntl(descriptor, what, argument);
}
int shim_fcntl64(int descriptor, int what, ...) {
  va_list rest;
  va_start(rest, what);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return do_fcntl(descriptor, what, argument);
}
int shim_underscored_fcntl(int descriptor, int what, ...) {
  va_list rest;
  va_start(rest, what);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return do_fcntl(descriptor, what, argument);
}
int shim_ioctl(int descriptor, unsigned long what, ...) {
  va_list rest;
  va_start(rest, what);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return do_ioctl(descriptor, what, argument);
}
int shim_setsockopt(int descriptor, int level, int name, const void* value, socklen_t size) {
  return do_setsockopt(descriptor, level, name, value, size);
}

// What a FILE does is done inside libc, past us.
FILE* shim_fdopen(int descriptor, const char* mode) {
  descriptors().release(descriptor);
  return next().fdopen(descriptor, mode);
}
int shim_dprintf(int descriptor, const char* format, ...) {
  va_list rest;
  va_start(rest, format);
  const int count = shim_vdprintf(descriptor, format, rest);
  va_end(rest);
  return count;
}
int shim_dprintf_chk(int descriptor, int /*level*/, const char* format, ...) {
  va_list rest;
  va_start(rest, format);
  const int count = shim_vdprintf(descriptor, format, rest);
  va_end(rest);
  return count;
}
int shim_vdprintf(int descriptor, const char* format, va_list rest) {
  descriptors().release(descriptor);
  return next().vdprintf(descriptor, format, rest);
}
int shim_vdprintf_chk(int descriptor, int /*level*/, const char* format, va_list rest) {
  return shim_vdprintf(descriptor, format, rest);
}

}  // extern "C"

}  // namespace strata::preload
