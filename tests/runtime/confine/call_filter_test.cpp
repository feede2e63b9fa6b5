// SPDX-License-Identifier: Apache-2.0
#include "runtime/confine/call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "runtime/confine/forked.h"
#include "runtime/confine/user.h"

namespace strata::runtime::call_filter_test {
namespace {

constexpr int kNotFiltered = 99;

// In a child: `body` behind the filter.
template <typename Body>
int behind_filter(const Needs& needs, Body body) {
  return status_of_child([&] {
    if (forbid_new_privileges() != 0 || confine_calls(needs) != 0) return kNotFiltered;
    return body();
  });
}

int open_passwd() { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC); }
int socket_of(int family, int type = SOCK_STREAM) { return ::socket(family, type, 0); }

TEST(CallFilter, NoFileIsOpenedAndNoProgramStarted) {
  EXPECT_EQ(behind_filter({}, [] { return error_of(open_passwd); }), EPERM);
  EXPECT_EQ(behind_filter({},
                          [] {
                            char* const words[] = {nullptr};
                            return error_of([&] { return ::execve("/bin/true", words, words); });
                          }),
            EPERM);
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return ::fork(); }); }), EPERM);
  EXPECT_EQ(
      behind_filter({}, [] { return error_of([] { return ::unlink("/tmp/strata-nothing"); }); }),
      EPERM);
}

TEST(CallFilter, OtherProcessesMountsAndSpacesAreOutOfReach) {
  EXPECT_EQ(
      behind_filter(
          {}, [] { return error_of([] { return ::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0); }); }),
      EPERM);
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return ::kill(::getppid(), 0); }); }),
            EPERM);
  EXPECT_EQ(
      behind_filter(
          {}, [] { return error_of([] { return ::mount("none", "/tmp", "tmpfs", 0, nullptr); }); }),
      EPERM);
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return ::unshare(CLONE_NEWUSER); }); }),
            EPERM);
  EXPECT_EQ(behind_filter({},
                          [] {
                            return error_of([] {
                              return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
                            });
                          }),
            EPERM);
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return ::syscall(SYS_bpf, 0, 0, 0); }); }),
            EPERM);
}

TEST(CallFilter, MemoryIsNeverMadeExecutable) {
  EXPECT_EQ(behind_filter({},
                          [] {
                            void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                            if (page == MAP_FAILED) return kNotFiltered;
                            return error_of(
                                [page] { return ::mprotect(page, 4096, PROT_READ | PROT_EXEC); });
                          }),
            EPERM);
  EXPECT_EQ(behind_filter({},
                          [] {
                            const void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
                                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                            return page == MAP_FAILED ? errno : 0;
                          }),
            EPERM);
}

TEST(CallFilter, SocketsAreThoseThatAreNeeded) {
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return socket_of(AF_INET); }); }), EPERM);
  EXPECT_EQ(behind_filter({}, [] { return error_of([] { return socket_of(AF_UNIX); }); }), EPERM);
  Needs gateway;
  gateway.host_sockets = true;
  EXPECT_EQ(behind_filter(gateway, [] { return error_of([] { return socket_of(AF_INET); }); }), 0);
  EXPECT_EQ(behind_filter(gateway, [] { return error_of([] { return socket_of(AF_UNIX); }); }),
            EPERM);
  EXPECT_EQ(behind_filter(gateway,
                          [] { return error_of([] { return socket_of(AF_PACKET, SOCK_RAW); }); }),
            EPERM);
  Needs pipe;
  pipe.local_sockets = true;
  EXPECT_EQ(behind_filter(pipe, [] { return error_of([] { return socket_of(AF_UNIX); }); }), 0);
}

TEST(CallFilter, FilesAreOpenedWhereFoldersWereNamed) {
  Needs reads;
  reads.reads.emplace_back("/etc");
  EXPECT_EQ(behind_filter(reads, [] { return error_of(open_passwd); }), 0);
  EXPECT_EQ(
      behind_filter(reads, [] { return error_of([] { return ::unlink("/tmp/strata-nothing"); }); }),
      EPERM);
  Needs writes;
  writes.writes.emplace_back("/tmp");
  EXPECT_EQ(behind_filter(writes,
                          [] { return error_of([] { return ::unlink("/tmp/strata-nothing"); }); }),
            ENOENT);
}

TEST(CallFilter, ThreadsAreStillMade) {
  EXPECT_EQ(behind_filter({},
                          [] {
                            int told = 0;
                            std::thread([&told] { told = error_of(open_passwd); }).join();
                            return told;
                          }),
            EPERM);
}

TEST(CallFilter, TerminalsAndLimitsAreLookedAtAndNotChanged) {
  EXPECT_EQ(behind_filter({},
                          [] {
                            char letter = 'x';
                            return error_of([&letter] { return ::ioctl(0, TIOCSTI, &letter); });
                          }),
            EPERM);
  EXPECT_EQ(
      behind_filter({},
                    [] {
                      rlimit limit{};
                      if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kNotFiltered;
                      return error_of([&limit] { return ::setrlimit(RLIMIT_NOFILE, &limit); });
                    }),
      EPERM);
  EXPECT_EQ(behind_filter(
                {}, [] { return error_of([] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }); }),
            EPERM);
}

TEST(CallFilter, AbortStillAborts) {
  EXPECT_EQ(behind_filter({}, []() -> int { std::abort(); }), -SIGABRT);
}

#if defined(__x86_64__)
// Of x32, and of 32 bits: numbers that mean something else there.
TEST(CallFilter, OtherArchitecturesEndTheProcess) {
  EXPECT_EQ(behind_filter(
                {}, [] { return error_of([] { return ::syscall(0x4000'0000 | SYS_getpid); }); }),
            -SIGSYS);
  EXPECT_EQ(
      behind_filter(
          {},
          [] {
            long number = 20;  // getpid() of 32 bits
            __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
            return 0;
          }),
      -SIGSYS)
      << "by the filter, where the kernel takes such calls at all";
}
#endif

TEST(CallFilter, IsShortEnoughForItsJumps) {
  Needs all{.reads = {"/"}, .writes = {"/"}, .host_sockets = true, .local_sockets = true};
  all.taps = true;
  EXPECT_GT(make_call_filter(all).size(), make_call_filter({}).size());
  EXPECT_LT(make_call_filter(all).size(), std::size_t{BPF_MAXINSNS});
}

}  // namespace
}  // namespace strata::runtime::call_filter_test
