// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/stream_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <string>
#include <vector>

#include "socket/posix/loopback.h"

namespace strata::posix::stream_file_test {
namespace {

constexpr int kPort = 7000;

// Two ends of one connection over loopback; neither call waits.
struct Connection : Loopback {
  Connection() {
    const sockaddr_in address = loopback_address(kPort);
    const int listener = static_cast<int>(calls->socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(calls->bind(listener, as_sockaddr(address), sizeof(address), now), 0);
    EXPECT_EQ(calls->listen(listener, 1, now), 0);
    near = static_cast<int>(calls->socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    EXPECT_EQ(calls->connect(near, as_sockaddr(address), sizeof(address), now).answer(),
              -EINPROGRESS);
    settle();
    far = static_cast<int>(calls->accept(listener, nullptr, nullptr, SOCK_NONBLOCK, now).answer());
    EXPECT_GE(far, 0);
  }

  Answer send(std::initializer_list<std::string> texts, int flags = 0) {
    std::vector<iovec> parts;
    for (const std::string& text : texts) {
      parts.push_back({const_cast<char*>(text.data()), text.size()});
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const Answer sent = calls->sendmsg(near, &message, flags, now).answer();
    settle();
    return sent;
  }
  void turn_on(int level, int name) {
    const int on = 1;
    EXPECT_EQ(calls->setsockopt(near, level, name, &on, sizeof(on), now), 0);
  }
  std::string received() {
    std::array<char, 8192> buffer;
    const Answer count = calls->read(far, buffer.data(), buffer.size(), now).answer();
    return count < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(count));
  }

  int near = -1;
  int far = -1;
};

// nsd starts on no system that does not know them, unless it is told EPERM.
TEST(StreamFile, ForcedBufferSizesAreSizes) {
  constexpr int kNames[][2] = {{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}};
  for (const auto [forced, plain] : kNames) {
    Loopback loopback;
    Calls& calls = *loopback.calls;
    const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
    const int wanted = 30'000;
    EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof(int), loopback.now), 0);
    int told = -1;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, plain, &told, &size, loopback.now), 0);
    EXPECT_EQ(told, 2 * wanted);
    EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, forced, &told, &size, loopback.now), -ENOPROTOOPT);
  }
}

TEST(StreamFile, PartsGoTogetherAndAtOnce) {
  Connection connection;
  EXPECT_EQ(connection.send({"one ", "", "two"}), 7);
  EXPECT_EQ(connection.received(), "one two");
}

TEST(StreamFile, AnEmptyPartAtTheEndHoldsNothingBack) {
  Connection connection;
  EXPECT_EQ(connection.send({"whole", "", ""}), 5);
  EXPECT_EQ(connection.received(), "whole");
  EXPECT_EQ(connection.send({"held"}, MSG_MORE), 4);
  EXPECT_EQ(connection.received(), "");
}

TEST(StreamFile, NothingIsSentThatCannotBeToldOf) {
  Connection connection;
  connection.turn_on(SOL_SOCKET, SO_ZEROCOPY);
  connection.turn_on(IPPROTO_TCP, TCP_NODELAY);
  std::size_t sent = 0;
  Answer last = 0;
  // Nobody reads the notifications, and they are bounded.
  while (sent < 100'000 && (last = connection.send({"x"}, MSG_ZEROCOPY)) == 1) {
    sent += connection.received().size();
  }
  EXPECT_EQ(last, -ENOBUFS);
  EXPECT_GT(sent, 0U);
  EXPECT_EQ(connection.received(), "");
  EXPECT_EQ(connection.send({"y"}), 1);
  EXPECT_EQ(connection.received(), "y");
}

// The pool holds a megabyte and a half, less than a connection may queue: what waits to be sent and
// to be read must leave room for the frames that carry it.
TEST(StreamFile, AWriterCannotTakeTheWholePool) {
  Connection connection;
  constexpr std::size_t kTotal = 8U << 20U;
  const std::string chunk(1U << 16U, 'x');
  std::size_t written = 0;
  std::size_t read = 0;
  for (int turn = 0; turn < 20'000 && read < kTotal; ++turn) {
    const Answer sent = written < kTotal ? connection.send({chunk}) : 0;
    if (sent > 0) written += static_cast<std::size_t>(sent);
    // Nobody reads before all is full.
    if (turn > 200) read += connection.received().size();
    connection.now += std::chrono::milliseconds(1);
    connection.settle();
  }
  EXPECT_GE(read, kTotal) << "of " << written;
}

}  // namespace
}  // namespace strata::posix::stream_file_test
