// SPDX-License-Identifier: Apache-2.0
// What programs under a filter do with datagrams, signals, files and bad arguments.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "attach/attached_program.h"

namespace strata::attach::attached_programs_test {
namespace {

using attached_program::bound;
using attached_program::name_of;

TEST(AttachedProgram, DISABLED_Datagrams) {
  const int one = bound(SOCK_DGRAM);
  const sockaddr_in there = name_of(one);
  const int other = ::socket(AF_INET, SOCK_DGRAM, 0);
  WANT(::sendto(other, "text", 4, 0, posix::as_sockaddr(there), sizeof(there)) == 4);
  char text[8]{};
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  WANT(::recvfrom(one, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&from), &size) == 4);
  WANT(from.sin_port == name_of(other).sin_port);
  // Errors, for which the descriptor gets another pair.
  const int on = 1;
  WANT(::setsockopt(other, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
  WANT(name_of(other).sin_port == from.sin_port);
  const sockaddr_in nobody = posix::loopback_address(9);
  WANT(::sendto(other, "lost", 4, 0, posix::as_sockaddr(nobody), sizeof(nobody)) == 4);
  pollfd asked{other, 0, 0};
  WANT(::poll(&asked, 1, 5000) == 1 && asked.revents == POLLERR);
  ::close(other);
  const int again = ::socket(AF_INET, SOCK_DGRAM, 0);
  WANT(::bind(again, posix::as_sockaddr(from), sizeof(from)) == 0);
  ::_exit(0);
}

// A call that waits for many has its answer before they fill the memory of the launcher.
TEST(AttachedProgram, DISABLED_ManyLargeDatagrams) {
  constexpr std::size_t kMany = 64;
  static std::array<char, 30'000> text;
  const int heard = bound(SOCK_DGRAM);
  const sockaddr_in there = name_of(heard);
  const pid_t child = ::fork();
  if (child == 0) {
    WANT(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    for (;;) {
      static_cast<void>(
          ::sendto(heard, text.data(), text.size(), 0, posix::as_sockaddr(there), sizeof(there)));
      static_cast<void>(::poll(nullptr, 0, 1));
    }
  }
  iovec part{text.data(), text.size()};
  std::array<mmsghdr, kMany> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }
  const int count = ::recvmmsg(heard, messages.data(), kMany, 0, nullptr);
  WANT(count > 0 && count < static_cast<int>(kMany));
  WANT(messages[0].msg_len == text.size());
  WANT(::kill(child, SIGKILL) == 0 && ::waitpid(child, nullptr, 0) == child);
  ::_exit(0);
}

// What epoll was told before the descriptor got another pair is true of that one.
TEST(AttachedProgram, DISABLED_WatchedBeforeTheExchange) {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [set](int what, int descriptor, std::uint32_t events, std::uint64_t data) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    WANT(::epoll_ctl(set, what, descriptor, &event) == 0);
  };
  const auto tells = [set](std::uint32_t events, std::uint64_t data) {
    epoll_event event{};
    return ::epoll_wait(set, &event, 1, 5000) == 1 && event.data.u64 == data &&
           (event.events & events) == events;
  };
  const int datagrams = bound(SOCK_DGRAM);
  watch(EPOLL_CTL_ADD, datagrams, EPOLLIN, 7);
  std::thread waiter([&tells] { WANT(tells(EPOLLERR, 7)); });  // and nothing before
  const int on = 1;
  WANT(::setsockopt(datagrams, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
  const sockaddr_in nobody = posix::loopback_address(9);
  WANT(::sendto(datagrams, "x", 1, 0, posix::as_sockaddr(nobody), sizeof(nobody)) == 1);
  waiter.join();
  watch(EPOLL_CTL_MOD, datagrams, 0, 7);
  watch(EPOLL_CTL_DEL, datagrams, 0, 0);
  const int stream = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  watch(EPOLL_CTL_ADD, stream, EPOLLOUT, 8);
  WANT(::connect(stream, posix::as_sockaddr(nobody), sizeof(nobody)) == -1);
  WANT(tells(EPOLLERR, 8));
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  WANT(::connect(stream, posix::as_sockaddr(there), sizeof(there)) == -1 && errno == ECONNREFUSED);
  WANT(::connect(stream, posix::as_sockaddr(there), sizeof(there)) == -1 && errno == EINPROGRESS);
  WANT(tells(EPOLLOUT, 8));
  ::_exit(0);
}

// What a thread waits for with an address is answered by us, and not by the pair.
ssize_t receive(int socket) {
  char byte = 0;
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  return ::recvfrom(socket, &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size);
}

// Whoever has got the datagram sends it on to the next.
TEST(AttachedProgram, DISABLED_ManyThreadsWait) {
  constexpr int kThreads = 300;
  const int heard = bound(SOCK_DGRAM);
  const int sender = ::socket(AF_INET, SOCK_DGRAM, 0);
  const sockaddr_in there = name_of(heard);
  const auto send_on = [&] {
    WANT(::sendto(sender, "x", 1, 0, posix::as_sockaddr(there), sizeof(there)) == 1);
  };
  std::atomic<int> begun = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++begun;
      WANT(receive(heard) == 1);
      send_on();
    });
  }
  while (begun < kThreads) static_cast<void>(::poll(nullptr, 0, 1));
  static_cast<void>(::poll(nullptr, 0, 50));  // nearly all wait by now, which is what costs
  send_on();
  for (std::thread& thread : threads) thread.join();
  ::_exit(0);
}

TEST(AttachedProgram, DISABLED_ClosedWhileOthersWait) {
  const int heard = bound(SOCK_DGRAM);
  const int listener = bound(SOCK_STREAM);
  WANT(::listen(listener, 4) == 0);
  const sockaddr_in datagrams = name_of(heard);
  const sockaddr_in streams = name_of(listener);
  const timeval patience{5, 0};
  WANT(::setsockopt(heard, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
  std::thread receives([heard] { WANT(receive(heard) == -1 && errno == EBADF); });
  std::thread accepts(
      [listener] { WANT(::accept(listener, nullptr, nullptr) == -1 && errno == EBADF); });
  static_cast<void>(::poll(nullptr, 0, 50));  // both wait by now
  // Past libc: ThreadSanitizer takes what is meant here for a fault.
  WANT(::syscall(SYS_close, heard) == 0 && ::syscall(SYS_close, listener) == 0);
  receives.join();
  accepts.join();
  const int again = ::socket(AF_INET, SOCK_DGRAM, 0);
  WANT(::bind(again, posix::as_sockaddr(datagrams), sizeof(datagrams)) == 0);
  const int stream = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::bind(stream, posix::as_sockaddr(streams), sizeof(streams)) == 0);
  ::_exit(0);
}

std::atomic<int> alarms = 0;

void alarm_every_10_ms(int flags) {
  struct sigaction action{};
  action.sa_handler = [](int) { ++alarms; };
  action.sa_flags = flags;
  WANT(::sigaction(SIGALRM, &action, nullptr) == 0);
  const itimerval often{{0, 10'000}, {0, 10'000}};
  WANT(::setitimer(ITIMER_REAL, &often, nullptr) == 0);
}

// Who was interrupted takes nothing, and poll() tells what comes then.
TEST(AttachedProgram, DISABLED_Interrupted) {
  const int heard = bound(SOCK_DGRAM);
  const sockaddr_in there = name_of(heard);
  alarm_every_10_ms(0);
  for (int i = 0; i < 20; ++i) WANT(receive(heard) == -1 && errno == EINTR);
  const itimerval never{};
  WANT(::setitimer(ITIMER_REAL, &never, nullptr) == 0);
  const int sender = ::socket(AF_INET, SOCK_DGRAM, 0);
  WANT(::sendto(sender, "x", 1, 0, posix::as_sockaddr(there), sizeof(there)) == 1);
  pollfd asked{heard, POLLIN, 0};
  WANT(::poll(&asked, 1, 5000) == 1);
  WANT(receive(heard) == 1);
  ::_exit(0);
}

// SA_RESTART: the call goes on, however often. The child sends again and again, for Linux may take
// an answer and then end its call by a signal all the same.
TEST(AttachedProgram, DISABLED_Restarted) {
  const int heard = bound(SOCK_DGRAM);
  const sockaddr_in there = name_of(heard);
  int told[2];
  WANT(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    WANT(::read(told[0], &byte, 1) == 1);
    const int sender = ::socket(AF_INET, SOCK_DGRAM, 0);
    for (;;) {
      WANT(::sendto(sender, "x", 1, 0, posix::as_sockaddr(there), sizeof(there)) == 1);
      static_cast<void>(::poll(nullptr, 0, 20));
    }
  }
  std::thread waiting([heard] { WANT(receive(heard) == 1); });
  sigset_t mine;
  ::sigemptyset(&mine);
  ::sigaddset(&mine, SIGALRM);
  WANT(::pthread_sigmask(SIG_BLOCK, &mine, nullptr) == 0);  // the one that waits shall have them
  alarm_every_10_ms(SA_RESTART);
  while (alarms < 20) static_cast<void>(::poll(nullptr, 0, 1));
  WANT(::write(told[1], "x", 1) == 1);
  waiting.join();
  WANT(::kill(child, SIGKILL) == 0 && ::waitpid(child, nullptr, 0) == child);
  ::_exit(0);
}

TEST(AttachedProgram, DISABLED_BadArguments) {
  const int one = bound(SOCK_DGRAM);
  auto* const nowhere = std::bit_cast<sockaddr*>(std::uintptr_t{8});
  socklen_t size = 16;
  WANT(::connect(one, nowhere, 16) == -1 && errno == EFAULT);
  WANT(::getsockname(one, nowhere, &size) == -1 && errno == EFAULT);
  WANT(::sendmsg(one, std::bit_cast<msghdr*>(std::uintptr_t{8}), 0) == -1 && errno == EFAULT);
  WANT(::setsockopt(one, SOL_SOCKET, SO_REUSEADDR, nowhere, 4) == -1 && errno == EFAULT);
  WANT(::listen(one, 1) == -1 && errno == EOPNOTSUPP);
  const int on = 1;
  const int stream = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::setsockopt(stream, IPPROTO_TCP, TCP_INQ, &on, sizeof(on)) == -1 && errno == ENOPROTOOPT);
  const sockaddr_in here = name_of(one);
  WANT(::sendto(one, "x", 1, 0, posix::as_sockaddr(here), sizeof(here)) == 1);
  char byte = 0;
  iovec part{&byte, 1};
  mmsghdr message{};
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  for (timespec wrong : {timespec{-1, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}}) {
    WANT(::recvmmsg(one, &message, 1, 0, &wrong) == -1 && errno == EINVAL);
  }
  timespec for_ever{std::numeric_limits<time_t>::max(), 0};
  WANT(::recvmmsg(one, &message, 1, 0, &for_ever) == 1);
  WANT(::close(one) == 0);
  WANT(::close(one) == -1 && errno == EBADF);
  WANT(::listen(one, 1) == -1 && errno == EBADF);
  for (int i = 0; i < 2; ++i) WANT(::socket(AF_PACKET, SOCK_RAW, 0) == -1 && errno == EPERM);
  WANT(::socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) == -1 && errno == EPROTONOSUPPORT);
  WANT(::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) == -1 && errno == EPROTONOSUPPORT);
  ::_exit(0);
}

TEST(AttachedProgram, DISABLED_Interfaces) {
  WANT(::if_nametoindex("lo") == 1);
  WANT(::if_nametoindex("eth0") == 0);
  struct if_nameindex* const all = ::if_nameindex();
  WANT(all != nullptr && all[0].if_index == 1 && all[1].if_index == 0);
  ::_exit(0);
}

std::string contents_of(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  WANT(file >= 0);
  WANT((::fcntl(file, F_GETFD) & FD_CLOEXEC) != 0);
  std::string text(1 << 16U, '\0');
  const ssize_t count = ::read(file, text.data(), text.size());
  WANT(count >= 0 && ::write(file, "x", 1) == -1);
  WANT(::close(file) == 0);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

// The stack's, by any of the paths; other files are the kernel's.
TEST(AttachedProgram, DISABLED_ProcNet) {
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  struct stat one{};
  WANT(::fstat(heard, &one) == 0);
  const std::string table = contents_of("/proc/self/net/tcp");
  WANT(table.find(" " + std::to_string(one.st_ino) + " 1 ") != std::string::npos);
  const std::string devices = contents_of("/proc/net/dev");
  WANT(std::ranges::count(devices, '\n') == 3 && devices.find("lo:") != std::string::npos);
  // From where a program stands, and from folders it has open.
  const int process = ::open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int from_folder = ::openat(process, "net/tcp", O_RDONLY);
  struct stat ours{};
  WANT(::fstat(from_folder, &ours) == 0 && ours.st_size == static_cast<off_t>(table.size()));
  WANT(::chdir("/proc/net") == 0);
  WANT(contents_of("tcp") == table && contents_of("./../net/tcp") == table);
  WANT(::chdir("/proc/self/task") == 0 && contents_of("../net/tcp") == table);
  WANT(::chdir("/") == 0 && contents_of("proc/net/tcp") == table);
  WANT(::open("net/tcp", O_RDONLY) == -1 && errno == ENOENT);
  WANT(contents_of("/proc/self/stat").starts_with(std::to_string(::getpid()) + " "));
  WANT(::open("/proc/net/nothing", O_RDONLY) == -1 && errno == ENOENT);
  WANT(::open(std::bit_cast<char*>(std::uintptr_t{8}), O_RDONLY) == -1 && errno == EFAULT);
  ::_exit(0);
}

TEST(AttachedProgram, DISABLED_ErrorsAndMarks) {
  const int gone = bound(SOCK_DGRAM);
  const sockaddr_in nobody = name_of(gone);
  WANT(::close(gone) == 0);
  const int one = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  WANT(::connect(one, posix::as_sockaddr(nobody), sizeof(nobody)) == 0);
  WANT(::send(one, "x", 1, 0) == 1);
  pollfd asked{one, POLLIN, 0};
  WANT(::poll(&asked, 1, 5000) == 1);
  int value = 0;
  socklen_t size = sizeof(value);
  WANT(::getsockopt(one, SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == ECONNREFUSED);
  WANT(::getsockopt(one, SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == 0);
  char byte = 0;
  WANT(::recv(one, &byte, 1, 0) == -1 && errno == EAGAIN);
  const int heard = bound(SOCK_STREAM);
  const int mark = 4;
  WANT(::setsockopt(heard, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)) == 0);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::connect(near, posix::as_sockaddr(there), sizeof(there)) == 0);
  const int far = ::accept4(heard, nullptr, nullptr, SOCK_NONBLOCK);
  WANT(::getsockopt(far, SOL_SOCKET, SO_RCVLOWAT, &value, &size) == 0 && value == mark);
  WANT(::write(near, "123", 3) == 3);
  asked.fd = far;
  WANT(::poll(&asked, 1, 100) == 0);
  WANT(::write(near, "4", 1) == 1);
  char text[8]{};
  WANT(::poll(&asked, 1, 5000) == 1 && ::read(far, text, sizeof(text)) == 4);
  ::_exit(0);
}

TEST(AttachedProgram, DISABLED_NotTraceable) {
  WANT(::prctl(PR_SET_DUMPABLE, 0) == 0);
  const int heard = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const sa_family_t nameless = AF_UNIX;
  const auto* const any = reinterpret_cast<const sockaddr*>(&nameless);
  WANT(::bind(heard, any, sizeof(nameless)) == 0);
  WANT(::listen(heard, 4) == 0);
  int size = 0;
  socklen_t told = sizeof(size);
  WANT(::getsockopt(heard, SOL_SOCKET, SO_SNDBUF, &size, &told) == 0 && size > 0);
  ::_exit(0);
}

}  // namespace
}  // namespace strata::attach::attached_programs_test
