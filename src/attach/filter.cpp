// SPDX-License-Identifier: Apache-2.0
#include "attach/filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/confine/call_assembly.h"

namespace strata::attach {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "programs cannot be attached on this architecture yet"
#endif

constexpr std::uint32_t kTell = SECCOMP_RET_USER_NOTIF;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

constexpr std::uint32_t refuse(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

using runtime::high_half;
using runtime::low_half;

constexpr std::uint32_t kToldCalls[] = {
    __NR_bind,        __NR_connect,     __NR_listen,     __NR_accept,   __NR_accept4,
    __NR_getsockname, __NR_getpeername, __NR_getsockopt, __NR_shutdown, __NR_setsockopt,
    __NR_sendmsg,     __NR_recvmsg,     __NR_sendmmsg,   __NR_recvmmsg};

void add_socket(runtime::CallAssembly& code) {
  code.begin_call(__NR_socket);
  code.load(low_half(0));
  for (const int family : {AF_INET, AF_INET6, AF_PACKET, AF_NETLINK}) {
    code.answer_if(static_cast<std::uint32_t>(family), kTell);
  }
  // These would speak by the kernel's network, some of them TCP.
  for (const int family : {AF_KEY, AF_RDS, AF_TIPC, AF_RXRPC, AF_SMC, AF_XDP}) {
    code.answer_if(static_cast<std::uint32_t>(family), refuse(EAFNOSUPPORT));
  }
  code.end_call(kAllow);
}

// A single byte without any flag: who reads no more asks whether there is a connection, as
// CPython's ssl does before connect(), and a pair would say that there is. The preload library
// takes single bytes with flags, and must not wait for the launcher.
void add_probe(runtime::CallAssembly& code) {
  code.answer_unless(0, kAllow);
  code.load(low_half(2));
  code.answer_if(1, kTell);
}

// With an address, or with flags that an AF_UNIX stream does not understand as TCP does.
void add_transfer(runtime::CallAssembly& code, std::uint32_t number, std::uint32_t flags) {
  code.begin_call(number);
  code.load(low_half(4));
  code.answer_unless(0, kTell);
  code.load(high_half(4));
  code.answer_unless(0, kTell);
  code.load(low_half(3));
  code.answer_if_any_of(flags, kTell);
  if (number == __NR_recvfrom) add_probe(code);
  code.end_call(kAllow);
}

// Files, and not to be made or changed.
void add_open(runtime::CallAssembly& code, std::uint32_t number, unsigned flags) {
  constexpr std::uint32_t kOther = O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY | O_PATH;
  code.begin_call(number);
  code.load(low_half(flags));
  code.answer_if_any_of(kOther, kAllow);
  code.answer(kTell);
  code.end_call(kAllow);
}

void add_opens(runtime::CallAssembly& code) {
#if defined(__x86_64__)
  add_open(code, __NR_open, 1);
#endif
  add_open(code, __NR_openat, 2);
}

// Queues (FIONREAD, SIOCOUTQ, the latter known to terminals as TIOCOUTQ) and all of 0x89xx: network
// interfaces and sockets.
void add_ioctl(runtime::CallAssembly& code) {
  constexpr std::uint32_t kQueueIn = 0x541b;
  constexpr std::uint32_t kQueueOut = 0x5411;
  constexpr std::uint32_t kSockets = 0x8900;
  code.begin_call(__NR_ioctl);
  code.load(low_half(1));
  code.answer_if(kQueueIn, kTell);
  code.answer_if(kQueueOut, kTell);
  code.keep_bits(0xffff'ff00);
  code.answer_if(kSockets, kTell);
  code.end_call(kAllow);
}

}  // namespace

std::vector<sock_filter> make_filter(Opening opening) {
  runtime::CallAssembly code;
  code.load(offsetof(seccomp_data, arch));
  code.answer_unless(kArchitecture, refuse(ENOSYS));
  code.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr std::uint32_t kX32 = 0x4000'0000;
  code.answer_if_any_of(kX32, refuse(ENOSYS));
#endif
  for (const std::uint32_t number : kToldCalls) code.answer_if(number, kTell);
  code.answer_if(__NR_io_uring_setup, refuse(EPERM));
  add_socket(code);
  add_transfer(code, __NR_sendto, MSG_OOB | MSG_MORE | MSG_FASTOPEN);
  add_transfer(code, __NR_recvfrom, MSG_OOB | MSG_ERRQUEUE | MSG_TRUNC);
  add_ioctl(code);
  if (opening == Opening::kIsTold) add_opens(code);
  code.answer(kAllow);
  return code.take();
}

}  // namespace strata::attach
