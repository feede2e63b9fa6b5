// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>

#include "socket/posix/loopback.h"

namespace strata::posix::calls_test {
namespace {

using std::chrono::milliseconds;

struct Pair : Loopback {
  Pair() {
    const sockaddr_in address = loopback_address(7000);
    server = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM, 0));
    client = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM, 0));
    EXPECT_EQ(calls->bind(server, as_sockaddr(address), sizeof(address), now), 0);
    EXPECT_EQ(calls->connect(client, as_sockaddr(address), sizeof(address), now).answer(), 0);
  }
  int server = -1;
  int client = -1;
};

TEST(Calls, NumberDescriptorsFromTheLowestFree) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  EXPECT_EQ(calls.socket(AF_INET, SOCK_DGRAM, 0), 3);
  EXPECT_EQ(calls.socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP), 4);
  EXPECT_EQ(calls.close(3, loopback.now).answer(), 0);
  EXPECT_EQ(calls.close(3, loopback.now).answer(), -EBADF);
  EXPECT_EQ(calls.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), 3);
  EXPECT_EQ(calls.fcntl(3, F_GETFL, 0), O_RDWR | O_NONBLOCK);
}

TEST(Calls, RefuseSocketsThereAreNone) {
  Loopback loopback;
  EXPECT_EQ(loopback.calls->socket(AF_UNIX, SOCK_DGRAM, 0), -EAFNOSUPPORT);
  EXPECT_EQ(loopback.calls->socket(AF_INET, SOCK_RDM, 0), -ESOCKTNOSUPPORT);
  EXPECT_EQ(loopback.calls->socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), -EPROTONOSUPPORT);
}

TEST(Calls, BlockingReadIsDoneWhenTheDatagramHasArrived) {
  Pair pair;
  std::array<char, 16> buffer{};
  Operation read = pair.calls->read(pair.server, buffer.data(), buffer.size(), pair.now);
  EXPECT_FALSE(read.is_done());
  EXPECT_EQ(pair.calls->write(pair.client, "hello", 5, pair.now).answer(), 5);
  pair.settle();
  read.resume(pair.now);
  ASSERT_TRUE(read.is_done());
  EXPECT_EQ(read.answer(), 5);
  EXPECT_STREQ(buffer.data(), "hello");
}

TEST(Calls, NonBlockingReadAnswersAtOnce) {
  Pair pair;
  char byte = 0;
  EXPECT_EQ(pair.calls->recv(pair.server, &byte, 1, MSG_DONTWAIT, pair.now).answer(), -EAGAIN);
  ASSERT_EQ(pair.calls->fcntl(pair.server, F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(pair.calls->read(pair.server, &byte, 1, pair.now).answer(), -EAGAIN);
}

TEST(Calls, ReceiveTimeoutEndsARead) {
  Pair pair;
  const timeval timeout{0, 20'000};
  ASSERT_EQ(pair.calls->setsockopt(pair.server, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout),
                                   pair.now),
            0);
  char byte = 0;
  Operation read = pair.calls->read(pair.server, &byte, 1, pair.now);
  ASSERT_TRUE(read.deadline().has_value());
  EXPECT_EQ(*read.deadline(), pair.now + milliseconds(20));
  read.resume(pair.now + milliseconds(19));
  EXPECT_FALSE(read.is_done());
  read.resume(*read.deadline());
  EXPECT_EQ(read.answer(), -EAGAIN);
}

TEST(Calls, PollWaitsForAnyOfItsDescriptors) {
  Pair pair;
  std::array<pollfd, 2> polled = {{{pair.server, POLLIN, 0}, {pair.client, POLLIN, 0}}};
  Operation poll = pair.calls->poll(polled.data(), polled.size(), 1000, pair.now);
  EXPECT_FALSE(poll.is_done());
  EXPECT_EQ(pair.calls->write(pair.client, "x", 1, pair.now).answer(), 1);
  pair.settle();
  poll.resume(pair.now);
  EXPECT_EQ(poll.answer(), 1);
  EXPECT_EQ(polled[0].revents, POLLIN);
  EXPECT_EQ(polled[1].revents, 0);
  pollfd wrong{99, POLLIN, 0};
  EXPECT_EQ(pair.calls->poll(&wrong, 1, 0, pair.now).answer(), 1);
  EXPECT_EQ(wrong.revents, POLLNVAL);
  EXPECT_EQ(pair.calls->poll(polled.data() + 1, 1, 0, pair.now).answer(), 0);
}

TEST(Calls, DuplicatesShareOneSocket) {
  Pair pair;
  const auto copy = static_cast<int>(pair.calls->fcntl(pair.server, F_DUPFD_CLOEXEC, 10));
  EXPECT_EQ(copy, 10);
  EXPECT_EQ(pair.calls->fcntl(copy, F_GETFD, 0), FD_CLOEXEC);
  EXPECT_EQ(pair.calls->close(pair.server, pair.now).answer(), 0);
  EXPECT_EQ(pair.calls->write(pair.client, "x", 1, pair.now).answer(), 1);
  pair.settle();
  int count = 0;
  EXPECT_EQ(pair.calls->ioctl(copy, FIONREAD, &count), 0);
  EXPECT_EQ(count, 1);
}

TEST(Calls, RefuseMemoryThatCannotBe) {
  Pair pair;
  EXPECT_EQ(pair.calls->read(pair.server, nullptr, 1, pair.now).answer(), -EFAULT);
  EXPECT_EQ(pair.calls->recvmsg(pair.server, nullptr, 0, pair.now).answer(), -EFAULT);
  EXPECT_EQ(pair.calls->readv(pair.server, nullptr, -1, pair.now).answer(), -EINVAL);
  EXPECT_EQ(pair.calls->ioctl(pair.server, FIONREAD, nullptr), -EFAULT);
  EXPECT_EQ(pair.calls->getsockopt(pair.server, SOL_SOCKET, SO_TYPE, nullptr, nullptr, pair.now),
            -EFAULT);
}

TEST(Calls, SpliceTakesOnlyWhatTheOtherEndHasRoomFor) {
  Pair pair;
  int ends[2] = {};
  ASSERT_EQ(pair.calls->pipe(ends, O_NONBLOCK), 0);
  EXPECT_EQ(pair.calls->write(pair.client, "datagram", 8, pair.now).answer(), 8);
  pair.settle();
  EXPECT_EQ(pair.calls->splice(pair.server, nullptr, ends[1], nullptr, 100, 0, pair.now).answer(),
            8);
  EXPECT_EQ(pair.calls->splice(ends[0], nullptr, pair.client, nullptr, 4, 0, pair.now).answer(), 4);
  std::array<char, 9> rest{};
  EXPECT_EQ(pair.calls->read(ends[0], rest.data(), 8, pair.now).answer(), 4);
  EXPECT_STREQ(rest.data(), "gram");
  EXPECT_EQ(pair.calls->splice(pair.server, nullptr, pair.client, nullptr, 4, 0, pair.now).answer(),
            -EINVAL);
}

TEST(Calls, CallsOfSocketsRefuseOtherFiles) {
  Loopback loopback;
  int ends[2] = {};
  ASSERT_EQ(loopback.calls->pipe(ends, 0), 0);
  char byte = 0;
  EXPECT_EQ(loopback.calls->recv(ends[0], &byte, 1, 0, loopback.now).answer(), -ENOTSOCK);
  EXPECT_EQ(loopback.calls->listen(ends[0], 1, loopback.now), -ENOTSOCK);
  EXPECT_EQ(loopback.calls->accept(ends[0], nullptr, nullptr, 0, loopback.now).answer(), -ENOTSOCK);
}

}  // namespace
}  // namespace strata::posix::calls_test
