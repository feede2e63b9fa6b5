// SPDX-License-Identifier: Apache-2.0
#include "attach/filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace strata::attach::filter_test {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif

using Arguments = std::array<std::uint64_t, 6>;

// What the kernel's interpreter would answer; only instructions that the filter has.
std::uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const std::byte*>(&data) + step.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += accumulator == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: at += (accumulator & step.k) != 0 ? step.jt : step.jf; break;
      case BPF_RET | BPF_K: return step.k;
      default: ADD_FAILURE() << "an instruction that is not known: " << step.code; return 0;
    }
  }
  ADD_FAILURE() << "it runs past its end";
  return 0;
}

std::uint32_t answer(long number, const Arguments& arguments = {},
                     std::uint32_t architecture = kNative) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = architecture;
  std::memcpy(data.args, arguments.data(), sizeof(data.args));
  return run(make_filter(Opening::kIsTold), data);
}

constexpr std::uint32_t kTold = SECCOMP_RET_USER_NOTIF;
constexpr std::uint32_t kAllowed = SECCOMP_RET_ALLOW;

TEST(Filter, SocketsOfTheInternetAreToldAndOthersAreTheKernels) {
  for (const std::uint64_t family :
       std::initializer_list<std::uint64_t>{AF_INET, AF_INET6, AF_PACKET, AF_NETLINK}) {
    EXPECT_EQ(answer(__NR_socket, {family, SOCK_STREAM}), kTold) << family;
  }
  for (const std::uint64_t family : std::initializer_list<std::uint64_t>{AF_UNIX, AF_VSOCK}) {
    EXPECT_EQ(answer(__NR_socket, {family, SOCK_STREAM}), kAllowed) << family;
  }
}

TEST(Filter, FamiliesThatSpeakByTheKernelsNetworkAreNotThere) {
  for (const std::uint64_t family :
       std::initializer_list<std::uint64_t>{AF_KEY, AF_RDS, AF_TIPC, AF_RXRPC, AF_SMC, AF_XDP}) {
    EXPECT_EQ(answer(__NR_socket, {family, SOCK_STREAM}),
              std::uint32_t{SECCOMP_RET_ERRNO | EAFNOSUPPORT})
        << family;
  }
}

TEST(Filter, BytesWithoutAddressesAreTheKernels) {
  for (const long number : {__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_close, __NR_dup,
                            __NR_ppoll, __NR_epoll_pwait, __NR_sendfile, __NR_splice, __NR_clone,
                            __NR_execve, __NR_socketpair, __NR_fcntl}) {
    EXPECT_EQ(answer(number, {3, 4, 5, 6, 7, 8}), kAllowed) << number;
  }
  EXPECT_EQ(answer(__NR_sendto, {3, 0x1000, 10, MSG_NOSIGNAL | MSG_DONTWAIT}), kAllowed);
  EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 10, MSG_PEEK | MSG_WAITALL}), kAllowed);
}

TEST(Filter, AddressesAreTold) {
  // Half of an address may be zero.
  for (const std::uint64_t address : {std::uint64_t{0x1000}, std::uint64_t{0x7f00'0000'0000}}) {
    EXPECT_EQ(answer(__NR_sendto, {3, 0x1000, 10, 0, address, 16}), kTold);
    EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 10, 0, address, 16}), kTold);
  }
}

TEST(Filter, AReadOfOneByteIsTold) {
  EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 1, 0}), kTold);
  EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 2, 0}), kAllowed);
  EXPECT_EQ(answer(__NR_sendto, {3, 0x1000, 1, 0}), kAllowed);
  for (const std::uint64_t flags : {MSG_PEEK + 0U, MSG_DONTWAIT + 0U}) {
    EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 1, flags}), kAllowed) << flags;
  }
}

TEST(Filter, FlagsThatAPairDoesNotKnowAreTold) {
  for (const std::uint64_t flags : {MSG_OOB, MSG_MORE, MSG_FASTOPEN}) {
    EXPECT_EQ(answer(__NR_sendto, {3, 0x1000, 10, flags}), kTold) << flags;
  }
  for (const std::uint64_t flags : {MSG_OOB, MSG_ERRQUEUE, MSG_TRUNC}) {
    EXPECT_EQ(answer(__NR_recvfrom, {3, 0x1000, 10, flags}), kTold) << flags;
  }
}

TEST(Filter, CallsAboutSocketsAreTold) {
  for (const long number :
       {__NR_bind, __NR_connect, __NR_listen, __NR_accept, __NR_accept4, __NR_getsockname,
        __NR_getpeername, __NR_getsockopt, __NR_setsockopt, __NR_shutdown, __NR_sendmsg,
        __NR_recvmsg, __NR_sendmmsg, __NR_recvmmsg}) {
    EXPECT_EQ(answer(number), kTold) << number;
  }
}

TEST(Filter, OnlyQueuesAndInterfacesAreToldOfIoctl) {
  constexpr std::uint64_t kQueue = 0x541b;
  constexpr std::uint64_t kAddress = 0x8915;
  constexpr std::uint64_t kTerminal = 0x5401;
  EXPECT_EQ(answer(__NR_ioctl, {3, kQueue}), kTold);
  EXPECT_EQ(answer(__NR_ioctl, {3, kAddress}), kTold);
  EXPECT_EQ(answer(__NR_ioctl, {3, kTerminal}), kAllowed);
}

TEST(Filter, FilesThatAreReadAreToldWhereNoShimIs) {
  using Words = std::initializer_list<std::uint64_t>;
  constexpr std::uint64_t kHere = static_cast<std::uint32_t>(AT_FDCWD);
  for (const std::uint64_t flags : Words{O_RDONLY, O_CLOEXEC, O_NONBLOCK}) {
    EXPECT_EQ(answer(__NR_openat, {kHere, 0x1000, flags}), kTold) << flags;
  }
  for (const std::uint64_t flags : Words{O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_DIRECTORY, O_PATH}) {
    EXPECT_EQ(answer(__NR_openat, {kHere, 0x1000, flags}), kAllowed) << flags;
  }
#if defined(__x86_64__)
  EXPECT_EQ(answer(__NR_open, {0x1000, O_RDONLY}), kTold);
  EXPECT_EQ(answer(__NR_open, {0x1000, O_WRONLY}), kAllowed);
#endif
  seccomp_data data{};
  data.nr = __NR_openat;
  data.arch = kNative;
  EXPECT_EQ(run(make_filter(Opening::kIsKernels), data), kAllowed);
}

TEST(Filter, WhatWouldPassBesideItIsRefused) {
  EXPECT_EQ(answer(__NR_io_uring_setup), std::uint32_t{SECCOMP_RET_ERRNO | EPERM});
  EXPECT_EQ(answer(__NR_read, {}, AUDIT_ARCH_I386), std::uint32_t{SECCOMP_RET_ERRNO | ENOSYS});
#if defined(__x86_64__)
  EXPECT_EQ(answer(0x4000'0000 + __NR_read), std::uint32_t{SECCOMP_RET_ERRNO | ENOSYS});
#endif
}

}  // namespace
}  // namespace strata::attach::filter_test
