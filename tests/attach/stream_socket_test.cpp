// SPDX-License-Identifier: Apache-2.0
#include "attach/stream_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <string>

#include "socket/posix/loopback.h"
#include "socket/posix/stream_file.h"

namespace strata::attach::stream_socket_test {
namespace {

constexpr std::uint16_t kPort = 8080;

short events(const Descriptor& end) {
  pollfd asked{end.get(), POLLIN | POLLOUT | POLLRDHUP, 0};
  EXPECT_GE(::poll(&asked, 1, 0), 0);
  return asked.revents;
}

std::string read_all(const Descriptor& end) {
  std::string text(1 << 16U, '\0');
  const ssize_t count = ::recv(end.get(), text.data(), text.size(), MSG_DONTWAIT);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return text;
}

// A socket, and the end that a program would hold. The test is the program.
struct Held {
  Held(posix::FilePtr file, bool is_open, ProgramDescriptors& descriptors) {
    Pair pair = *make_pair(SOCK_STREAM | SOCK_NONBLOCK);
    socket = std::make_unique<StreamSocket>(std::move(file), pair, descriptors, is_open);
    end = std::move(pair.theirs);
    socket->set_whereabouts({::getpid(), end.get()});
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::send(end.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }

  std::unique_ptr<StreamSocket> socket;
  Descriptor end;
};

struct Lab : posix::Loopback {
  Held open_stream() {
    return {std::make_shared<posix::StreamFile>(*stack, AddressFamily::kIpv4), false, descriptors};
  }
  // What the server does once a turn.
  void turn(std::initializer_list<Held*> all) {
    for (int i = 0; i < 8; ++i) {
      for (Held* one : all) {
        one->socket->note_events(is_hung_up(one->socket->end()) ? EPOLLIN | EPOLLHUP : EPOLLIN);
        one->socket->pump(now);
      }
      stack->poll(now);
      stack->flush(now);
    }
  }
  Held listening() {
    Held made = open_stream();
    const sockaddr_in here = posix::loopback_address(kPort);
    EXPECT_EQ(made.socket->file().bind(posix::as_sockaddr(here), sizeof(here), now), 0);
    EXPECT_EQ(made.socket->listen(2, now), 0);
    return made;
  }
  Answer connect(Held& one, std::uint16_t port = kPort) {
    const sockaddr_in there = posix::loopback_address(port);
    return one.socket->connect(posix::as_sockaddr(there), sizeof(there), now);
  }
  // Two ends of a connection.
  std::pair<Held, Held> connected() {
    Held heard = listening();
    Held near = open_stream();
    EXPECT_EQ(connect(near), -EINPROGRESS);
    turn({&near, &heard});
    auto accepted = heard.socket->accept(heard.end.get(), now);
    EXPECT_NE(accepted.file, nullptr);
    std::pair<Held, Held> both(std::move(near), Held(accepted.file, true, descriptors));
    heard.end.reset();
    turn({&heard});
    return both;
  }

  ProgramDescriptors descriptors;
};

TEST(StreamSocket, IsWritableNoSoonerThanItIsConnected) {
  Lab lab;
  Held heard = lab.listening();
  Held near = lab.open_stream();
  EXPECT_EQ(events(near.end), 0);
  EXPECT_EQ(lab.connect(near), -EINPROGRESS);
  near.socket->pump(lab.now);
  EXPECT_EQ(events(near.end), 0);
  EXPECT_FALSE(near.socket->connect_answer().has_value());
  lab.turn({&near, &heard});
  EXPECT_EQ(events(near.end), POLLOUT);
  EXPECT_EQ(near.socket->connect_answer(), 0);
}

TEST(StreamSocket, AFailureNobodyWaitsForIsAnErrorAtTheProgramsEnd) {
  Lab lab;
  Held near = lab.open_stream();
  EXPECT_EQ(lab.connect(near, 9), -EINPROGRESS);
  lab.turn({&near});
  EXPECT_EQ(events(near.end), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
  EXPECT_TRUE(near.socket->is_broken());
  EXPECT_EQ(near.socket->take_error(), -ECONNREFUSED);
  EXPECT_EQ(near.socket->take_error(), 0);
}

TEST(StreamSocket, AFailureSomebodyWaitsForLeavesThePairWhole) {
  Lab lab;
  Held near = lab.open_stream();
  EXPECT_EQ(lab.connect(near, 9), -EINPROGRESS);
  near.socket->held().push_back({{}, posix::Operation(0)});
  lab.turn({&near});
  EXPECT_EQ(near.socket->connect_answer(), -ECONNREFUSED);
  EXPECT_EQ(events(near.end), 0);
  near.socket->held().clear();
  Held heard = lab.listening();
  EXPECT_EQ(lab.connect(near), -EINPROGRESS);
  lab.turn({&near, &heard});
  EXPECT_EQ(events(near.end), POLLOUT);
}

TEST(StreamSocket, AListenerHasATokenForEachConnection) {
  Lab lab;
  Held heard = lab.listening();
  EXPECT_EQ(events(heard.end), 0);
  Held first = lab.open_stream();
  Held second = lab.open_stream();
  static_cast<void>(lab.connect(first));
  static_cast<void>(lab.connect(second));
  lab.turn({&first, &second, &heard});
  EXPECT_EQ(events(heard.end), POLLIN);
  auto one = heard.socket->accept(heard.end.get(), lab.now);
  EXPECT_NE(one.file, nullptr);
  EXPECT_EQ(events(heard.end), POLLIN);
  EXPECT_NE(heard.socket->accept(-1, lab.now).file, nullptr);
  EXPECT_EQ(events(heard.end), 0);
  EXPECT_EQ(heard.socket->accept(heard.end.get(), lab.now).error, -EAGAIN);
  heard.socket->put_back(std::move(one.file));
  EXPECT_EQ(events(heard.end), POLLIN);
}

TEST(StreamSocket, BytesGoBothWaysAndEndsAfterThem) {
  Lab lab;
  auto [near, far] = lab.connected();
  near.write("request");
  ::shutdown(near.end.get(), SHUT_WR);
  lab.turn({&near, &far});
  EXPECT_EQ(read_all(far.end), "request");
  EXPECT_EQ(events(far.end), POLLIN | POLLOUT | POLLRDHUP);
  far.write("answer");
  far.end.reset();
  lab.turn({&near, &far});
  EXPECT_TRUE(far.socket->is_gone());
  EXPECT_EQ(read_all(near.end), "answer");
  EXPECT_NE(events(near.end) & POLLRDHUP, 0);
}

TEST(StreamSocket, AProgramThatDoesNotReadStopsTheOther) {
  Lab lab;
  auto [near, far] = lab.connected();
  const std::string chunk(1 << 16U, 'x');
  std::size_t sent = 0;
  for (int idle = 0; idle < 4;) {
    const ssize_t count = ::send(near.end.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    idle = count > 0 ? 0 : idle + 1;
    sent += count > 0 ? static_cast<std::size_t>(count) : 0;
    lab.turn({&near, &far});
    ASSERT_LT(sent, 64U << 20U);
  }
  EXPECT_TRUE(far.socket->wants_room());
  std::size_t got = 0;
  for (int idle = 0; idle < 4 && got < sent;) {
    const std::size_t count = read_all(far.end).size();
    idle = count != 0 ? 0 : idle + 1;
    got += count;
    lab.turn({&near, &far});
  }
  EXPECT_EQ(got, sent);
}

TEST(StreamSocket, AResetIsOneAtTheProgramsEndToo) {
  Lab lab;
  auto [near, far] = lab.connected();
  const linger at_once{1, 0};
  ASSERT_EQ(
      near.socket->file().set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once), lab.now), 0);
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_NE(events(far.end) & POLLERR, 0);
  std::byte byte{};
  EXPECT_EQ(::recv(far.end.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(far.socket->take_error(), -ECONNRESET);
}

// RFC 2525 2.17 SHOULD: a close with bytes unread is told to the peer by a reset.
TEST(StreamSocket, ClosingWithBytesUnreadResets) {
  Lab lab;
  auto [near, far] = lab.connected();
  far.write("never read");
  lab.turn({&near, &far});
  near.end.reset();
  lab.turn({&near, &far});
  std::byte byte{};
  EXPECT_EQ(::recv(far.end.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(StreamSocket, ASocketThatWasNeverUsedGoesWithItsDescriptor) {
  Lab lab;
  Held fresh = lab.open_stream();
  Held heard = lab.listening();
  fresh.end.reset();
  heard.end.reset();
  lab.turn({&fresh, &heard});
  EXPECT_TRUE(fresh.socket->is_gone());
  EXPECT_TRUE(heard.socket->is_gone());
  static_cast<void>(lab.listening());  // the port is free again
}

}  // namespace
}  // namespace strata::attach::stream_socket_test
