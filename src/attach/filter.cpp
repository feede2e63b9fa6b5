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

// Arguments are 64 bits wide and read in halves; these machines are little-endian.
constexpr std::uint32_t low_half(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * 8);
}
constexpr std::uint32_t high_half(unsigned argument) { return low_half(argument) + 4; }

class Assembly {
 public:
  void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
  // Answers when what was loaded is `value`.
  void answer_if(std::uint32_t value, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    answer(action);
  }
  void answer_unless(std::uint32_t value, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(action);
  }
  void answer_if_any_of(std::uint32_t bits, std::uint32_t action) {
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    answer(action);
  }
  void keep_bits(std::uint32_t mask) { add(BPF_ALU | BPF_AND | BPF_K, mask); }
  // What follows is for the call `number` alone, up to end_call().
  void begin_call(std::uint32_t number) {
    begin_ = program_.size();
    program_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0));
  }
  void end_call() {
    answer(kAllow);
    program_[begin_].jf = static_cast<std::uint8_t>(program_.size() - begin_ - 1);
  }
  [[nodiscard]] std::vector<sock_filter> take() { return std::move(program_); }

 private:
  void add(std::uint16_t code, std::uint32_t k) { program_.push_back(BPF_STMT(code, k)); }

  std::vector<sock_filter> program_;
  std::size_t begin_ = 0;
};

constexpr std::uint32_t kToldCalls[] = {
    __NR_bind,        __NR_connect,     __NR_listen,     __NR_accept,   __NR_accept4,
    __NR_getsockname, __NR_getpeername, __NR_getsockopt, __NR_shutdown, __NR_setsockopt,
    __NR_sendmsg,     __NR_recvmsg,     __NR_sendmmsg,   __NR_recvmmsg};

void add_socket(Assembly& code) {
  code.begin_call(__NR_socket);
  code.load(low_half(0));
  for (const int family : {AF_INET, AF_INET6, AF_PACKET, AF_NETLINK}) {
    code.answer_if(static_cast<std::uint32_t>(family), kTell);
  }
  code.end_call();
}

// With an address, or with flags that an AF_UNIX stream does not understand as TCP does.
void add_transfer(Assembly& code, std::uint32_t number, std::uint32_t flags) {
  code.begin_call(number);
  code.load(low_half(4));
  code.answer_unless(0, kTell);
  code.load(high_half(4));
  code.answer_unless(0, kTell);
  code.load(low_half(3));
  code.answer_if_any_of(flags, kTell);
  code.end_call();
}

// Files, and not to be made or changed.
void add_open(Assembly& code, std::uint32_t number, unsigned flags) {
  constexpr std::uint32_t kOther = O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY | O_PATH;
  code.begin_call(number);
  code.load(low_half(flags));
  code.answer_if_any_of(kOther, kAllow);
  code.answer(kTell);
  code.end_call();
}

void add_opens(Assembly& code) {
#if defined(__x86_64__)
  add_open(code, __NR_open, 1);
#endif
  add_open(code, __NR_openat, 2);
}

// Queues (FIONREAD, SIOCOUTQ, the latter known to terminals as TIOCOUTQ) and all of 0x89xx: network
// interfaces and sockets.
void add_ioctl(Assembly& code) {
  constexpr std::uint32_t kQueueIn = 0x541b;
  constexpr std::uint32_t kQueueOut = 0x5411;
  constexpr std::uint32_t kSockets = 0x8900;
  code.begin_call(__NR_ioctl);
  code.load(low_half(1));
  code.answer_if(kQueueIn, kTell);
  code.answer_if(kQueueOut, kTell);
  code.keep_bits(0xffff'ff00);
  code.answer_if(kSockets, kTell);
  code.end_call();
}

}  // namespace

std::vector<sock_filter> make_filter(Opening opening) {
  Assembly code;
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
