// SPDX-License-Identifier: Apache-2.0
// A server and a program under its filter: the program is this test program once more.
#include "attach/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "attach/launch.h"
#include "socket/posix/loopback.h"

namespace strata::attach::server_test {
namespace {

constexpr const char* kOurselves = "/proc/self/exe";

// Drives the stack: the loop drives the server.
class Driver final : public Pollable {
 public:
  explicit Driver(Stack& stack) : stack_(stack) {}
  bool turn(Time now) override {
    const bool has_more = stack_.poll(now);
    stack_.flush(now);
    return has_more;
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override {
    return stack_.next_deadline();
  }

 private:
  Stack& stack_;
};

struct House : posix::Loopback {
  House() { EXPECT_TRUE(loop->add(driver)); }
  ~House() { loop->remove(driver); }
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // The exit status of this program's test `name`.
  int run(const std::string& name) {
    auto launch = Launch::prepare({kOurselves, "--gtest_filter=AttachedProgram.DISABLED_" + name,
                                   "--gtest_also_run_disabled_tests"});
    if (!launch) ADD_FAILURE() << launch.error().text;
    if (!launch) return -1;
    server = Server::create(*stack, *loop, launch->take_listener());
    server->on_untraceable([this](pid_t /*thread*/) { ++untraceable; });
    EXPECT_TRUE(launch->release());
    const Time latest = loop->now() + std::chrono::seconds(20);
    int status = 0;
    while (::waitpid(launch->process(), &status, WNOHANG) == 0) {
      if (loop->now() > latest) ::kill(launch->process(), SIGKILL);
      static_cast<void>(loop->run_once(std::chrono::milliseconds(5)));
    }
    for (int i = 0; i < 20; ++i) static_cast<void>(loop->run_once(Duration::zero()));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  std::unique_ptr<Loop> loop = *Loop::create({.policy = LoopPolicy::kSleep});
  Driver driver{*stack};
  std::unique_ptr<Server> server;
  int untraceable = 0;
};

// ── What the program does ───────────────────────────────────────────────────────────────────────

// Ends the program at once: whatever this one would do at its end is the other one's.
void want(bool holds, int line) {
  if (!holds) ::_exit(line % 250 + 1);
}
#define WANT(condition) want((condition), __LINE__)

sockaddr_in name_of(int socket) {
  sockaddr_in name{};
  socklen_t size = sizeof(name);
  WANT(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  return name;
}

int bound(int type) {
  const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const sockaddr_in here = posix::loopback_address(0);
  WANT(made >= 0);
  WANT(::bind(made, posix::as_sockaddr(here), sizeof(here)) == 0);
  return made;
}

TEST(AttachedProgram, DISABLED_Streams) {
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in there = name_of(heard);
  WANT(::connect(near, posix::as_sockaddr(there), sizeof(there)) == 0);
  const int far = ::accept4(heard, nullptr, nullptr, SOCK_NONBLOCK);
  WANT(far >= 0 && (::fcntl(far, F_GETFL) & O_NONBLOCK) != 0);
  char text[8]{};
  WANT(::recv(far, text, sizeof(text), 0) == -1 && errno == EAGAIN);
  WANT(::write(near, "hello", 5) == 5);
  pollfd asked{far, POLLIN, 0};
  WANT(::poll(&asked, 1, 5000) == 1);
  WANT(::read(far, text, sizeof(text)) == 5);
  const int on = 1;
  WANT(::setsockopt(near, IPPROTO_TCP, 1, &on, sizeof(on)) == 0);
  WANT(::setsockopt(near, SOL_SOCKET, 9999, &on, sizeof(on)) == -1 && errno == ENOPROTOOPT);
  WANT(::shutdown(near, SHUT_WR) == 0);
  WANT(::poll(&asked, 1, 5000) == 1 && ::read(far, text, sizeof(text)) == 0);
  WANT(::accept4(heard, nullptr, nullptr, 12345) == -1 && errno == EINVAL);
  ::_exit(0);
}

// Sends more than there is room for, while a child reads.
template <typename Send>
void send_to_child(int near, int far, std::size_t size, Send send) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char> text(size + 1);
    WANT(::recv(far, text.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size));
    WANT(text.front() == 'b' && text[size - 1] == 'b');
    ::_exit(0);
  }
  const std::string bytes(size, 'b');
  WANT(send(near, bytes) == static_cast<ssize_t>(size));
  int status = 0;
  WANT(::waitpid(child, &status, 0) == child && status == 0);
}

// An address, bytes with the SYN: what the pair cannot carry waits as on the kernel.
TEST(AttachedProgram, DISABLED_BytesBesideThePair) {
  // More than there is room for in the socket, less than the pool of this stack can hold.
  constexpr std::size_t kMuch = 300'000;
  constexpr int kRoom = 20'000;
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::sendto(near, "first", 5, MSG_FASTOPEN, posix::as_sockaddr(there), sizeof(there)) == 5);
  const int far = ::accept(heard, nullptr, nullptr);
  char text[8]{};
  WANT(::recv(far, text, 5, MSG_WAITALL) == 5 && std::string_view(text) == "first");
  WANT(::setsockopt(near, SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof(kRoom)) == 0);
  send_to_child(near, far, kMuch, [&](int socket, const std::string& bytes) {
    return ::sendto(socket, bytes.data(), bytes.size(), 0, posix::as_sockaddr(there),
                    sizeof(there));
  });
  send_to_child(near, far, kMuch, [&](int socket, std::string bytes) {
    iovec parts[] = {{bytes.data(), 10}, {bytes.data() + 10, bytes.size() - 10}};
    msghdr message{};
    sockaddr_in name = there;
    message.msg_name = &name;
    message.msg_namelen = sizeof(name);
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    return ::sendmsg(socket, &message, 0);
  });
  WANT(::close(heard) == 0);
  const int refused = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::sendto(refused, "first", 5, MSG_FASTOPEN, posix::as_sockaddr(there), sizeof(there)) ==
           -1 &&
       errno == ECONNREFUSED);
  ::_exit(0);
}

// Linux: the first connect() after the connection has come about answers 0, those after it do not.
TEST(AttachedProgram, DISABLED_ConnectAgain) {
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  const auto answers = [&](int socket, int error) {
    const int done = ::connect(socket, posix::as_sockaddr(there), sizeof(there));
    return error == 0 ? done == 0 : done == -1 && errno == error;
  };
  const int near = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  WANT(answers(near, EINPROGRESS));
  pollfd asked{near, POLLOUT, 0};
  WANT(::poll(&asked, 1, 5000) == 1);
  WANT(answers(near, 0) && answers(near, EISCONN));
  const int waiting = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(answers(waiting, 0) && answers(waiting, EISCONN));
  ::_exit(0);
}

// Linux: connect() tells of the failure when nobody else has, and then begins anew.
TEST(AttachedProgram, DISABLED_ConnectAgainAfterAFailure) {
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  const sockaddr_in nobody = posix::loopback_address(9);
  const int near = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const timeval patience{0, 20'000};
  WANT(::setsockopt(near, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
  WANT(::connect(near, posix::as_sockaddr(nobody), sizeof(nobody)) == -1 && errno == EINPROGRESS);
  pollfd asked{near, POLLOUT, 0};
  WANT(::poll(&asked, 1, 5000) == 1);
  WANT(::connect(near, posix::as_sockaddr(there), sizeof(there)) == -1 && errno == ECONNREFUSED);
  WANT(::fcntl(near, F_SETFL, 0) == 0);
  WANT(::connect(near, posix::as_sockaddr(there), sizeof(there)) == 0);
  char byte = 0;
  WANT(::recv(near, &byte, 1, 0) == -1 && errno == EAGAIN);  // as long as it was told before
  ::_exit(0);
}

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
  WANT(::close(heard) == 0 && ::close(listener) == 0);
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
  WANT(::socket(AF_PACKET, SOCK_RAW, 0) == -1 && errno == EAFNOSUPPORT);
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

// ── What becomes of it ──────────────────────────────────────────────────────────────────────────

class Programs : public testing::TestWithParam<const char*> {};

TEST_P(Programs, AreServedAndLeaveNothingBehind) {
  House house;
  EXPECT_EQ(house.run(GetParam()), 0) << "the line of what was not as wanted, plus one";
  ASSERT_NE(house.server, nullptr);
  EXPECT_GT(house.server->counters().calls, 3U);
  EXPECT_FALSE(house.server->has_open_sockets());
}

// As users without privileges are.
class WithoutTracing {
 public:
  WithoutTracing() {
    EXPECT_EQ(::syscall(__NR_capget, &header_, former_), 0);
    __user_cap_data_struct fewer[] = {former_[0], former_[1]};
    fewer[0].effective &= ~(1U << unsigned{CAP_SYS_PTRACE});
    EXPECT_EQ(::syscall(__NR_capset, &header_, fewer), 0);
  }
  ~WithoutTracing() { EXPECT_EQ(::syscall(__NR_capset, &header_, former_), 0); }
  WithoutTracing(const WithoutTracing&) = delete;
  WithoutTracing& operator=(const WithoutTracing&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct former_[2]{};
};

TEST(Server, LeavesSocketsOfTheKernelsToWhoMayNotBeTraced) {
  const WithoutTracing fewer;
  House house;
  EXPECT_EQ(house.run("NotTraceable"), 0);
  EXPECT_EQ(house.untraceable, 1);
}

// The kernel walks the calls that wait when it is asked after one: asking after all of them in each
// turn would be cubic in their number.
TEST(Server, ServesThousandsThatWaitWithoutAskingAfterAllOfThem) {
  House house;
  EXPECT_EQ(house.run("ManyThreadsWait"), 0);
  const ServerCounters& counters = house.server->counters();
  EXPECT_GT(counters.calls, 600U);
  EXPECT_LT(counters.asked_after, 30 * counters.calls);
}

INSTANTIATE_TEST_SUITE_P(Server, Programs,
                         testing::Values("Streams", "BytesBesideThePair", "ConnectAgain",
                                         "ConnectAgainAfterAFailure", "Datagrams",
                                         "ClosedWhileOthersWait", "Interrupted", "Restarted",
                                         "BadArguments", "Interfaces", "ProcNet", "ErrorsAndMarks"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace strata::attach::server_test
