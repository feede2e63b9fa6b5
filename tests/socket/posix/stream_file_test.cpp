// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/stream_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/socket.h>

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

struct Row {
  int family, level, name, value, answer, told;
};

// Every option is set and asked for again; what is told may be what the kernel makes of it.
// A program that answers before it has read the whole question resets, and is heard all the same.
TEST(StreamFile, WhatWasWrittenBeforeAResetArrives) {
  for (const bool lingers : {false, true}) {
    Connection lab;
    if (lingers) {
      const linger at_once{1, 0};
      EXPECT_EQ(lab.calls->setsockopt(lab.near, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once),
                                      lab.now),
                0);
    } else {
      EXPECT_EQ(lab.calls->write(lab.far, "question", 8, lab.now).answer(), 8);
      lab.settle();
    }
    EXPECT_EQ(lab.calls->write(lab.near, "answer", 6, lab.now).answer(), 6);
    EXPECT_EQ(lab.calls->close(lab.near, lab.now).answer(), 0);
    lab.settle();
    EXPECT_EQ(lab.received(), "answer");
    char byte = 0;
    EXPECT_EQ(lab.calls->read(lab.far, &byte, 1, lab.now).answer(), -ECONNRESET);
  }
}

TEST(StreamFile, BuffersHaveASizeBeforeThereIsAConnection) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
  for (const int name : {SO_SNDBUF, SO_RCVBUF}) {
    int told = 0;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, name, &told, &size, loopback.now), 0);
    EXPECT_GT(told, 0) << name;
  }
}

TEST(StreamFile, KeepsTheOptionsItIsGiven) {
  const Row rows[] = {
      {AF_INET, SOL_SOCKET, SO_RCVLOWAT, 9, 0, 9},
      {AF_INET, SOL_SOCKET, SO_RCVLOWAT, 0, 0, 1},
      {AF_INET, SOL_SOCKET, SO_RCVLOWAT, -1, 0, 3 << 20},
      {AF_INET, SOL_SOCKET, SO_SNDLOWAT, 9, -ENOPROTOOPT, 1},
      {AF_INET, SOL_SOCKET, SO_MARK, 7, 0, 7},
      {AF_INET, SOL_SOCKET, SO_PRIORITY, 3, 0, 3},
      {AF_INET, SOL_SOCKET, SO_BROADCAST, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_BUSY_POLL, 50, -EPERM, 0},
      {AF_INET, SOL_SOCKET, SO_INCOMING_CPU, 0, -ENOPROTOOPT, -1},
      {AF_INET, IPPROTO_IP, IP_TRANSPARENT, 1, -EPERM, 0},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, 0, IP_PMTUDISC_DONT},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, 0, IP_PMTUDISC_DO},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, -EINVAL, IP_PMTUDISC_WANT},
      {AF_INET6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, 0, IPV6_PMTUDISC_DO},
      {AF_INET, IPPROTO_IP, IP_FREEBIND, 1, 0, 1},
      {AF_INET, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0, 1},
  };
  for (const Row& row : rows) {
    Loopback loopback;
    Calls& calls = *loopback.calls;
    const auto fd = static_cast<int>(calls.socket(row.family, SOCK_STREAM, 0));
    EXPECT_EQ(calls.setsockopt(fd, row.level, row.name, &row.value, sizeof(int), loopback.now),
              row.answer)
        << row.level << " " << row.name << " " << row.value;
    int told = -2;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, row.level, row.name, &told, &size, loopback.now), 0);
    EXPECT_EQ(told, row.told) << row.level << " " << row.name;
  }
}

TEST(StreamFile, TheLowWaterMarkIsHalfOfTheBufferAtMost) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
  const int buffer = 10'000;
  const int wanted = 1'000'000;
  EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(int), loopback.now), 0);
  EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(int), loopback.now), 0);
  int told = 0;
  socklen_t size = sizeof(told);
  EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &told, &size, loopback.now), 0);
  EXPECT_EQ(told, buffer);
}

struct LowWater : Connection {
  LowWater() {
    const int mark = 8;
    EXPECT_EQ(calls->setsockopt(far, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark), now), 0);
    EXPECT_EQ(calls->fcntl(far, F_SETFL, 0), 0);
  }
  short events() {
    pollfd asked{far, POLLIN | POLLRDHUP, 0};
    EXPECT_GE(calls->poll(&asked, 1, 0, now).answer(), 0);
    return asked.revents;
  }
  Operation read(std::size_t size, int flags = 0) {
    return calls->recv(far, buffer.data(), size, flags, now);
  }
  std::array<char, 64> buffer{};
};

TEST(StreamFile, AReaderThatWaitsDoesSoForTheLowWaterMark) {
  LowWater lab;
  EXPECT_EQ(lab.send({"1234"}), 4);
  EXPECT_EQ(lab.events(), 0);
  Operation read = lab.read(20);
  EXPECT_FALSE(read.is_done());
  EXPECT_EQ(lab.send({"5678"}), 4);
  EXPECT_EQ(lab.send({"9"}), 1);
  read.resume(lab.now);
  EXPECT_EQ(read.answer(), 9);
}

TEST(StreamFile, WhoAsksForLessThanTheMarkWaitsForNoMore) {
  LowWater lab;
  EXPECT_EQ(lab.send({"1234"}), 4);
  EXPECT_EQ(lab.read(20, MSG_DONTWAIT | MSG_PEEK).answer(), 4) << "who does not wait has it";
  EXPECT_EQ(lab.read(3).answer(), 3);
  Operation peek = lab.read(20, MSG_PEEK);
  EXPECT_FALSE(peek.is_done());
  EXPECT_EQ(lab.send({"5678901"}), 7);
  EXPECT_NE(lab.events() & POLLIN, 0);
  peek.resume(lab.now);
  EXPECT_EQ(peek.answer(), 8);
  EXPECT_EQ(lab.read(20).answer(), 8);
}

TEST(StreamFile, TheEndIsToldBelowTheLowWaterMark) {
  LowWater lab;
  EXPECT_EQ(lab.send({"12"}), 2);
  Operation peek = lab.read(20, MSG_PEEK);
  EXPECT_FALSE(peek.is_done());
  EXPECT_EQ(lab.calls->shutdown(lab.near, SHUT_WR, lab.now), 0);
  lab.settle();
  EXPECT_EQ(lab.events(), POLLIN | POLLRDHUP);
  peek.resume(lab.now);
  EXPECT_EQ(peek.answer(), 2);
  EXPECT_EQ(lab.read(20).answer(), 2);
}

// An end of one connection, which looks at what the other does.
struct Peeking : Connection {
  Answer peek() {
    std::array<char, 4> buffer{};
    return calls->recv(far, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT, now).answer();
  }
  int pending_error() {
    int error = 0;
    socklen_t size = sizeof(error);
    EXPECT_EQ(calls->getsockopt(far, SOL_SOCKET, SO_ERROR, &error, &size, now), 0);
    return error;
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(calls->setsockopt(near, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once), now), 0);
    EXPECT_EQ(calls->close(near, now).answer(), 0);
    settle();
  }
};

// Linux: the error is for who writes.
TEST(StreamFile, PeekingBehindTheEndLeavesTheResetAlone) {
  Peeking lab;
  EXPECT_EQ(lab.peek(), -EAGAIN);
  EXPECT_EQ(lab.calls->shutdown(lab.near, SHUT_WR, lab.now), 0);
  lab.settle();
  EXPECT_EQ(lab.peek(), 0);
  lab.reset();
  EXPECT_EQ(lab.peek(), 0);
  EXPECT_EQ(lab.peek(), 0);
  EXPECT_NE(lab.pending_error(), 0);
}

TEST(StreamFile, PeekingTellsOfAResetOnce) {
  Peeking lab;
  lab.reset();
  EXPECT_EQ(lab.peek(), -ECONNRESET);
  EXPECT_EQ(lab.peek(), 0);
  EXPECT_EQ(lab.pending_error(), 0);
}

TEST(StreamFile, PeekingFindsTheEndWhereReadingWasShutDown) {
  Peeking lab;
  EXPECT_EQ(lab.calls->shutdown(lab.far, SHUT_RD, lab.now), 0);
  EXPECT_EQ(lab.peek(), 0);
}

TEST(StreamFile, ABacklogIsAsLargeAsTheSystemHasItAtMostAndBelowZero) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto listener = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
  const auto listen = [&](int backlog) {
    EXPECT_EQ(calls.listen(listener, backlog, loopback.now), 0);
    std::size_t found = 0;
    loopback.stack->for_each_socket([&](const SocketEntry& entry) { found = entry.send_queue; });
    return found;
  };
  EXPECT_EQ(listen(-1), std::size_t{SOMAXCONN});
  EXPECT_EQ(listen(3), 3U);
  EXPECT_EQ(listen(0), 0U);
  EXPECT_EQ(listen(SOMAXCONN + 1), std::size_t{SOMAXCONN});
}

TEST(StreamFile, APortIsChosenByConnectWhenItIsToBe) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto listener = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in there = loopback_address(kPort);
  EXPECT_EQ(calls.bind(listener, as_sockaddr(there), sizeof(there), loopback.now), 0);
  EXPECT_EQ(calls.listen(listener, 1, loopback.now), 0);
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int on = 1;
  EXPECT_EQ(calls.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, 4, loopback.now), 0);
  sockaddr_in here = loopback_address(0);
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 5);
  EXPECT_EQ(calls.bind(fd, as_sockaddr(here), sizeof(here), loopback.now), 0);
  EXPECT_EQ(calls.bind(fd, as_sockaddr(here), sizeof(here), loopback.now), -EINVAL);
  sockaddr_in told{};
  socklen_t size = sizeof(told);
  EXPECT_EQ(calls.getsockname(fd, reinterpret_cast<sockaddr*>(&told), &size), 0);
  EXPECT_EQ(told.sin_port, 0);
  EXPECT_EQ(told.sin_addr.s_addr, here.sin_addr.s_addr);
  EXPECT_EQ(calls.connect(fd, as_sockaddr(there), sizeof(there), loopback.now).answer(),
            -EINPROGRESS);
  EXPECT_EQ(calls.getsockname(fd, reinterpret_cast<sockaddr*>(&told), &size), 0);
  EXPECT_NE(told.sin_port, 0);
  EXPECT_EQ(told.sin_addr.s_addr, here.sin_addr.s_addr);
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
