// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/call_filter.h"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

#include "runtime/confine/call_assembly.h"
#include "runtime/confine/call_names.h"

namespace strata::runtime {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#elif defined(__s390x__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_S390X;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kKill = SECCOMP_RET_KILL_PROCESS;

// Allowed when the argument is one of these numbers.
void allow_values(CallAssembly& code, std::uint32_t call, unsigned argument,
                  std::span<const std::uint32_t> values) {
  code.begin_call(call);
  code.load(low_half(argument));
  for (const std::uint32_t value : values) code.answer_if(value, kAllow);
  code.end_call(kRefuse);
}
void allow_values(CallAssembly& code, std::uint32_t call, unsigned argument,
                  std::initializer_list<std::uint32_t> values) {
  allow_values(code, call, argument, std::span(values.begin(), values.size()));
}

// Threads, and no processes. The flags of clone3() lie in memory, which a filter cannot read: the C
// library takes ENOSYS for an old kernel, and makes its threads by clone().
void add_threads(CallAssembly& code) {
#if defined(__s390x__)
  constexpr unsigned kFlags = 1;
#else
  constexpr unsigned kFlags = 0;
#endif
  constexpr std::uint32_t kNewSpaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  constexpr std::uint32_t kShared = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  code.begin_call(__NR_clone);
  code.load(low_half(kFlags));
  code.answer_if_any_of(kNewSpaces, kRefuse);
  code.keep_bits(kShared);
  code.answer_unless(kShared, kRefuse);
  code.end_call(kAllow);
  code.answer_if(__NR_clone3, kUnknown);
}

// Code that came as data is not run.
void add_memory(CallAssembly& code) {
  for (const std::uint32_t call : {std::uint32_t{__NR_mmap}, std::uint32_t{__NR_mprotect}}) {
    code.begin_call(call);
    code.load(low_half(2));
    code.answer_if_any_of(PROT_EXEC, kRefuse);
    code.end_call(kAllow);
  }
}

// Only to itself: abort() is a signal, too.
void add_signals(CallAssembly& code) {
  allow_values(code, __NR_tgkill, 0, {static_cast<std::uint32_t>(::getpid())});
}

void add_controls(CallAssembly& code, const Needs& needs) {
  std::vector<std::uint32_t> requests{FIONREAD,     FIONBIO,      TCGETS,     TIOCGWINSZ,
                                      SIOCGIFNAME,  SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFHWADDR,
                                      SIOCGIFINDEX, SIOCETHTOOL,  TUNGETIFF};
  if (needs.taps) {
    requests.insert(
        requests.end(),
        {static_cast<std::uint32_t>(TUNSETIFF), static_cast<std::uint32_t>(TUNSETVNETHDRSZ),
         static_cast<std::uint32_t>(TUNSETPERSIST), static_cast<std::uint32_t>(TUNSETOFFLOAD),
         SIOCSIFFLAGS, SIOCSIFMTU});
  }
  allow_values(code, __NR_ioctl, 1, requests);
  allow_values(code, __NR_prctl, 0, {PR_SET_NAME, PR_GET_TIMERSLACK, PR_SET_TIMERSLACK});
}

void add_sockets(CallAssembly& code, const Needs& needs) {
  std::vector<std::uint32_t> families;
  if (needs.local_sockets || needs.taps) families.push_back(AF_UNIX);
  if (needs.host_sockets || needs.taps) families.insert(families.end(), {AF_INET, AF_INET6});
  if (needs.taps) families.push_back(AF_NETLINK);
  if (families.empty()) return;
  allow_values(code, __NR_socket, 0, families);
  for (const std::uint32_t call :
       {std::uint32_t{__NR_connect}, std::uint32_t{__NR_bind}, std::uint32_t{__NR_listen}}) {
    code.answer_if(call, kAllow);
  }
}

// Limits are asked for, and only of this process: pid and the new limit are zero.
void add_limits(CallAssembly& code) {
  code.begin_call(__NR_prlimit64);
  code.load(low_half(0));
  code.answer_unless(0, kRefuse);
  code.load(low_half(2));
  code.answer_unless(0, kRefuse);
  code.load(high_half(2));
  code.answer_unless(0, kRefuse);
  code.end_call(kAllow);
}

}  // namespace

std::vector<sock_filter> make_call_filter(const Needs& needs) {
  if (kArchitecture == 0) return {};
  CallAssembly code;
  code.load(offsetof(seccomp_data, arch));
  code.answer_unless(kArchitecture, kKill);
  code.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  constexpr std::uint32_t kX32 = 0x4000'0000;
  code.answer_if_any_of(kX32, kKill);
#endif
  for (const std::uint32_t call : calls_at_work()) code.answer_if(call, kAllow);
  const bool opens_files =
      needs.taps || !needs.reads.empty() || !needs.writes.empty() || !needs.rereads.empty();
  if (opens_files) {
    for (const std::uint32_t call : calls_on_files()) code.answer_if(call, kAllow);
  }
  if (!needs.writes.empty()) {
    for (const std::uint32_t call : calls_that_change_files()) code.answer_if(call, kAllow);
  }
  // Each of these loads another word, and answers before it would be needed again.
  add_threads(code);
  add_memory(code);
  add_signals(code);
  add_controls(code, needs);
  add_sockets(code, needs);
  add_limits(code);
  code.answer(kRefuse);
  return code.take();
}

int confine_calls(const Needs& needs) {
  std::vector<sock_filter> program = make_call_filter(needs);
  if (program.empty()) return ENOSYS;
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  // No code of strangers runs here that could look at memory by speculation: older kernels would
  // slow every thread with a filter down for fear of it.
  constexpr unsigned kFlags =
      SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const long installed = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, &filter);
  if (installed == 0) return 0;
  // A thread that could not follow is named by its number.
  return installed > 0 ? EBUSY : errno;
}

}  // namespace strata::runtime
