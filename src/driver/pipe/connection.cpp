// SPDX-License-Identifier: Apache-2.0
#include "driver/pipe/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace strata::driver::pipe {
namespace {

// What the first end sends along with the memory. Ends of different builds must agree on it.
struct Greeting {
  std::array<char, 8> name{'s', 't', 'r', 'a', 't', 'a', ' ', 'p'};
  std::uint32_t version = 2;
  std::uint32_t lane_bytes = SharedMemory::kLaneBytes;

  friend bool operator==(const Greeting&, const Greeting&) = default;
};

constexpr long kRetryNs = 100'000'000;
constexpr int kBellsAtOnce = 64;
constexpr int kEventsAtOnce = 3;  // listener or timer, and socket

bool is_trusted(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0 || ::geteuid() == 0;
}

// A descriptor that came with the message; -1 when there is none. What else came is closed.
int descriptor_of(msghdr& message) {
  int found = -1;
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(one) + i * sizeof(int), sizeof(int));
      if (found >= 0) ::close(found);
      found = descriptor;
    }
  }
  return found;
}

}  // namespace

std::expected<Connection, DeviceError> Connection::open(const std::string& name) {
  auto side = Side::claim(name);
  if (!side) return std::unexpected(std::move(side).error());
  const bool is_first = side->is_first();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int listener = is_first ? side->listen() : -1;
  const int error = errno;
  const int timer = is_first ? -1 : ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  Connection made(*std::move(side), epoll, listener, timer);
  if (epoll < 0 || (is_first ? listener : timer) < 0) {
    return std::unexpected(DeviceError{"pipe:" + name + ": " + std::strerror(error), ""});
  }
  made.watch(is_first ? listener : timer);
  if (!is_first) made.on_timer();
  return made;
}

std::expected<std::pair<Connection, Connection>, DeviceError> Connection::make_pair() {
  std::array<int, 2> sockets{-1, -1};
  constexpr int kKind = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
  std::pair made(Connection(Side::without_name(true), ::epoll_create1(EPOLL_CLOEXEC), -1, -1),
                 Connection(Side::without_name(false), ::epoll_create1(EPOLL_CLOEXEC), -1, -1));
  auto& [first, second] = made;
  const bool is_paired = ::socketpair(AF_UNIX, kKind, 0, sockets.data()) == 0;
  first.socket_ = sockets[0];
  second.socket_ = sockets[1];
  first.share(SharedMemory::make());
  second.memory_ = first.memory_;
  if (!is_paired || first.epoll_ < 0 || second.epoll_ < 0 || first.memory_ == nullptr) {
    return std::unexpected(DeviceError{std::string("pipe: ") + std::strerror(errno), ""});
  }
  first.watch(first.socket_);
  second.watch(second.socket_);
  return made;
}

Connection::Connection(Connection&& other) noexcept
    : side_(std::move(other.side_)),
      epoll_(std::exchange(other.epoll_, -1)),
      listener_(std::exchange(other.listener_, -1)),
      timer_(std::exchange(other.timer_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      memory_(std::move(other.memory_)) {}

Connection::~Connection() {
  for (const int descriptor : {socket_, listener_, timer_, epoll_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

void Connection::watch(int descriptor) const {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  (void)::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

bool Connection::tend() {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = ::epoll_wait(epoll_, events.data(), kEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor == socket_) on_socket();
    if (descriptor == listener_) on_listener();
    if (descriptor == timer_) on_timer();
  }
  return count > 0;
}

// Who calls before the former end was let go is turned away, and will call again.
void Connection::on_listener() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) return;
  if (memory_ || !is_trusted(socket)) {
    ::close(socket);
    return;
  }
  share(SharedMemory::make());
  if (!memory_ || !hand_over(socket)) {
    memory_.reset();
    ::close(socket);
    return;
  }
  socket_ = socket;
  watch(socket_);
}

bool Connection::hand_over(int socket) {
  Greeting greeting;
  iovec bytes{&greeting, sizeof(greeting)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int file = memory_->file();
  std::memcpy(CMSG_DATA(rights), &file, sizeof(file));
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(greeting);
}

void Connection::on_timer() {
  std::uint64_t times = 0;
  (void)::read(timer_, &times, sizeof(times));
  if (memory_) return retry_soon();
  if (socket_ >= 0) return;
  socket_ = side_.connect();
  if (socket_ >= 0 && !is_trusted(socket_)) {
    ::close(socket_);
    socket_ = -1;
  }
  if (socket_ < 0) return retry_soon();
  watch(socket_);
}

void Connection::retry_soon() const {
  const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = kRetryNs}};
  (void)::timerfd_settime(timer_, 0, &soon, nullptr);
}

void Connection::on_socket() {
  for (int i = 0; i < kBellsAtOnce && socket_ >= 0; ++i) {
    Greeting greeting{.name = {}, .version = 0, .lane_bytes = 0};
    iovec bytes{&greeting, sizeof(greeting)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return hang_up();
    const int file = descriptor_of(message);
    const bool is_greeting = count == sizeof(greeting) && greeting == Greeting{};
    if (file < 0) continue;
    if (is_greeting && !is_first() && !memory_) {
      take_over(file);
    } else {
      ::close(file);
    }
  }
}

void Connection::take_over(int file) {
  share(SharedMemory::adopt(file));
  if (!memory_) hang_up();
}

void Connection::share(std::optional<SharedMemory> memory) {
  if (memory) memory_ = std::make_shared<const SharedMemory>(*std::move(memory));
}

void Connection::ring() const {
  if (socket_ < 0) return;
  const char bell = 0;
  (void)::send(socket_, &bell, sizeof(bell), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Connection::hang_up() {
  if (socket_ < 0) return;
  ::close(std::exchange(socket_, -1));
  if (!is_first()) retry_soon();
}

void Connection::let_go() {
  hang_up();
  memory_.reset();
}

}  // namespace strata::driver::pipe
