// SPDX-License-Identifier: Apache-2.0
// What programs under a filter do with streams.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "attach/attached_program.h"

namespace strata::attach::attached_streams_test {
namespace {

using attached_program::bound;
using attached_program::name_of;

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

// recv(MSG_TRUNC): nothing is copied, and it waits as any other.
TEST(AttachedProgram, DISABLED_BytesForNobody) {
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  const sockaddr_in there = name_of(heard);
  const int near = ::socket(AF_INET, SOCK_STREAM, 0);
  WANT(::connect(near, posix::as_sockaddr(there), sizeof(there)) == 0);
  const int far = ::accept(heard, nullptr, nullptr);
  WANT(::recv(far, nullptr, 5, MSG_TRUNC | MSG_DONTWAIT) == -1 && errno == EAGAIN);
  std::thread late([near] {
    static_cast<void>(::poll(nullptr, 0, 50));
    WANT(::write(near, "throw ", 6) == 6);
    static_cast<void>(::poll(nullptr, 0, 50));
    WANT(::write(near, "this away", 9) == 9);
  });
  WANT(::recv(far, nullptr, 10, MSG_TRUNC | MSG_WAITALL) == 10);
  late.join();
  WANT(::recv(far, nullptr, 100, MSG_TRUNC | MSG_PEEK) == 5);
  char untouched = '?';
  iovec part{&untouched, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  WANT(::recvmsg(far, &message, MSG_TRUNC) == 1 && untouched == '?' && message.msg_flags == 0);
  char text[8]{};
  WANT(::recv(far, text, sizeof(text), 0) == 4 && std::string_view(text) == "away");
  WANT(::close(near) == 0);
  WANT(::recv(far, nullptr, 5, MSG_TRUNC) == 0);
  ::_exit(0);
}

// Of the calls that are told: what is not connected has nothing to wait for.
TEST(AttachedProgram, DISABLED_MessagesWithoutAPeer) {
  const int fresh = ::socket(AF_INET, SOCK_STREAM, 0);
  const int heard = bound(SOCK_STREAM);
  WANT(::listen(heard, 4) == 0);
  for (const int alone : {fresh, heard}) {
    char byte = 0;
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    WANT(::recvmsg(alone, &message, 0) == -1 && errno == ENOTCONN);
    WANT(::recv(alone, &byte, 1, MSG_TRUNC) == -1 && errno == ENOTCONN);
    WANT(::sendmsg(alone, &message, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    WANT(::send(alone, &byte, 1, MSG_MORE | MSG_NOSIGNAL) == -1 && errno == EPIPE);
  }
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

}  // namespace
}  // namespace strata::attach::attached_streams_test
