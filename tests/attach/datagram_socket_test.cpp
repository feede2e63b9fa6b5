// SPDX-License-Identifier: Apache-2.0
#include "attach/datagram_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "attach/taken_datagrams.h"
#include "socket/posix/datagram_file.h"
#include "socket/posix/loopback.h"

namespace strata::attach::datagram_socket_test {
namespace {

constexpr std::uint16_t kPort = 5000;

struct Lab : posix::Loopback {
  Lab() {
    Pair pair = *make_pair(SOCK_SEQPACKET | SOCK_NONBLOCK);
    auto opened = posix::DatagramFile::open(*stack, AddressFamily::kIpv4);
    socket = std::make_shared<DatagramSocket>(std::move(opened.file), pair, descriptors);
    end = std::move(pair.theirs);
    const sockaddr_in here = posix::loopback_address(kPort);
    EXPECT_EQ(socket->file().bind(posix::as_sockaddr(here), sizeof(here), now), 0);
    peer = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM, 0));
    const sockaddr_in there = posix::loopback_address(kPort + 1);
    EXPECT_EQ(calls->bind(peer, posix::as_sockaddr(there), sizeof(there), now), 0);
  }
  void arrive(std::string_view text) {
    const sockaddr_in here = posix::loopback_address(kPort);
    const auto sent = calls->sendto(peer, text.data(), text.size(), 0, posix::as_sockaddr(here),
                                    sizeof(here), now);
    EXPECT_EQ(sent.answer(), static_cast<Answer>(text.size()));
    settle();
    turn();
  }
  void turn() {
    socket->note_events(is_hung_up(socket->end()) ? EPOLLIN | EPOLLHUP : EPOLLIN);
    socket->pump(now);
    settle();
  }
  [[nodiscard]] std::string read_plainly() const {
    std::string text(100, '\0');
    const ssize_t count = ::recv(end.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (count < 0) return "nothing";
    text.resize(static_cast<std::size_t>(count));
    return text;
  }
  // As recvfrom() with an address does: the text, and the port it came from.
  std::pair<std::string, int> read_with_source(int flags = 0, std::size_t room = 100) {
    std::string text(room, '\0');
    sockaddr_storage name{};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &name;
    message.msg_namelen = sizeof(name);
    const Answer count = socket->receive(message, flags, end.get(), now);
    if (count < 0) return {"nothing", static_cast<int>(count)};
    text.resize(std::min(room, static_cast<std::size_t>(count)));
    sockaddr_in plain{};
    std::memcpy(&plain, &name, sizeof(plain));
    return {text, ntohs(plain.sin_port)};
  }

  ProgramDescriptors descriptors;
  std::shared_ptr<DatagramSocket> socket;
  Descriptor end;
  int peer = -1;
};

using Got = std::pair<std::string, int>;

TEST(DatagramSocket, PlainReadsAndReadsWithASourceTakeTurns) {
  Lab lab;
  for (const std::string_view text : {"one", "two", "three", "four"}) lab.arrive(text);
  EXPECT_EQ(lab.read_plainly(), "one");
  EXPECT_EQ(lab.read_with_source(), Got("two", kPort + 1));
  EXPECT_EQ(lab.read_plainly(), "three");
  EXPECT_EQ(lab.read_with_source(MSG_PEEK), Got("four", kPort + 1));
  EXPECT_EQ(lab.read_with_source(), Got("four", kPort + 1));
  EXPECT_EQ(lab.read_with_source(), Got("nothing", -EAGAIN));
}

// Takes the next as for a call, whose answer arrives or does not.
void take_for_call(Lab& lab, std::initializer_list<std::string_view> expected, bool arrives) {
  TakenDatagrams taken(lab.socket);
  for (const std::string_view text : expected) {
    std::vector<std::byte> bytes(100);
    sockaddr_storage name{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &name;
    message.msg_namelen = sizeof(name);
    ASSERT_EQ(lab.socket->receive(message, 0, lab.end.get(), lab.now),
              static_cast<Answer>(text.size()));
    bytes.resize(text.size());
    EXPECT_EQ(std::memcmp(bytes.data(), text.data(), text.size()), 0);
    taken.add(bytes, message, text.size());
  }
  if (arrives) taken.deliver();
}

TEST(DatagramSocket, WhatDidNotArriveComesBeforeAllOthersAgain) {
  Lab lab;
  for (const std::string_view text : {"one", "two", "three", "four", "five"}) lab.arrive(text);
  take_for_call(lab, {"one"}, true);
  take_for_call(lab, {"two", "three"}, false);
  EXPECT_EQ(lab.read_with_source(MSG_PEEK, 2), Got("tw", kPort + 1));
  EXPECT_EQ(lab.read_with_source(), Got("two", kPort + 1));
  take_for_call(lab, {"three"}, true);
  EXPECT_EQ(lab.read_with_source(), Got("four", kPort + 1));
}

TEST(DatagramSocket, WhoeverPollsFindsWhatDidNotArrive) {
  Lab lab;
  lab.arrive("one");
  take_for_call(lab, {"one"}, false);
  EXPECT_EQ(lab.read_plainly(), "nothing");
  lab.turn();
  EXPECT_EQ(lab.read_plainly(), "one");
  EXPECT_EQ(lab.read_with_source(), Got("nothing", -EAGAIN));
}

TEST(DatagramSocket, EmptyOnesCount) {
  Lab lab;
  for (const std::string_view text : {"", "second", ""}) lab.arrive(text);
  EXPECT_EQ(lab.read_plainly(), "");
  EXPECT_EQ(lab.read_with_source(), Got("second", kPort + 1));
  EXPECT_EQ(lab.read_with_source(), Got("", kPort + 1));
  EXPECT_EQ(lab.read_plainly(), "nothing");
}

TEST(DatagramSocket, TheNextOnesLengthIsKnown) {
  Lab lab;
  EXPECT_EQ(lab.socket->bytes_inward(), 0U);
  lab.arrive("12345");
  lab.arrive("123");
  EXPECT_EQ(lab.socket->bytes_inward(), 5U);
  EXPECT_EQ(lab.read_plainly(), "12345");
  EXPECT_EQ(lab.socket->bytes_inward(), 3U);
}

TEST(DatagramSocket, WhatIsTooLongIsCutAndSaidSo) {
  Lab lab;
  lab.arrive("0123456789");
  EXPECT_EQ(lab.read_with_source(0, 4), Got("0123", kPort + 1));
  EXPECT_EQ(lab.read_plainly(), "nothing");
}

TEST(DatagramSocket, KeepsBackWhatDoesNotFitAndLosesNone) {
  Lab lab;
  for (int i = 0; i < 400; ++i) lab.arrive(std::to_string(i));
  EXPECT_TRUE(lab.socket->wants_room());
  for (int i = 0; i < 250; ++i) {
    EXPECT_EQ(lab.read_plainly(), std::to_string(i));
    lab.turn();
  }
  EXPECT_EQ(lab.read_with_source(), Got("250", kPort + 1));
}

TEST(DatagramSocket, ConnectedWritesArriveAsTheyWere) {
  Lab lab;
  const sockaddr_in there = posix::loopback_address(kPort + 1);
  ASSERT_EQ(lab.socket->file().connect(posix::as_sockaddr(there), sizeof(there), lab.now), 0);
  ::send(lab.end.get(), "first", 5, 0);
  ::send(lab.end.get(), "second", 6, 0);
  lab.turn();
  char text[10] = {};
  EXPECT_EQ(lab.calls->recv(lab.peer, text, sizeof(text), MSG_DONTWAIT, lab.now).answer(), 5);
  EXPECT_EQ(lab.calls->recv(lab.peer, text, sizeof(text), MSG_DONTWAIT, lab.now).answer(), 6);
}

// Nothing that is sent stops the sender: what vanishes below takes no room.
TEST(DatagramSocket, AProgramThatFloodsItLeavesOthersTheirTurn) {
  Lab lab;
  const sockaddr_in there = posix::loopback_address(kPort + 1);
  ASSERT_EQ(lab.socket->file().connect(posix::as_sockaddr(there), sizeof(there), lab.now), 0);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(::send(lab.end.get(), "x", 1, 0), 1);
  lab.turn();
  EXPECT_TRUE(lab.socket->has_more_to_do());
  lab.turn();
  EXPECT_FALSE(lab.socket->has_more_to_do());
}

TEST(DatagramSocket, GoesWithItsLastDescriptor) {
  Lab lab;
  lab.end.reset();
  lab.turn();
  EXPECT_TRUE(lab.socket->is_gone());
}

TEST(DatagramSocket, ShutDownBothWaysItIsStillThere) {
  Lab lab;
  const sockaddr_in there = posix::loopback_address(kPort + 1);
  ASSERT_EQ(lab.socket->file().connect(posix::as_sockaddr(there), sizeof(there), lab.now), 0);
  EXPECT_EQ(lab.socket->shut_down(SHUT_RDWR, lab.end.get(), lab.now), 0);
  lab.turn();
  EXPECT_FALSE(lab.socket->is_gone());
  EXPECT_EQ(lab.read_plainly(), "");
}

TEST(DatagramSocket, ShutDownWithoutAPeerItsReadersAreWoken) {
  Lab lab;
  EXPECT_EQ(lab.socket->shut_down(7, lab.end.get(), lab.now), -EINVAL);
  EXPECT_EQ(lab.socket->shut_down(SHUT_RD, lab.end.get(), lab.now), -ENOTCONN);
  lab.turn();
  pollfd asked{lab.end.get(), POLLIN | POLLRDHUP, 0};
  EXPECT_EQ(::poll(&asked, 1, 0), 1);
  EXPECT_EQ(asked.revents, POLLIN | POLLRDHUP);
  EXPECT_EQ(lab.read_plainly(), "");
  EXPECT_EQ(lab.read_with_source().first, "");
}

// Beside other datagrams, which stay.
TEST(DatagramSocket, AnErrorThatIsAskedForIsGone) {
  Lab lab;
  lab.arrive("before");
  const sockaddr_in nobody = posix::loopback_address(9);
  EXPECT_EQ(lab.socket->file().connect(posix::as_sockaddr(nobody), sizeof(nobody), lab.now), 0);
  EXPECT_EQ(lab.socket->take_error_out(lab.end.get()), 0);
  EXPECT_EQ(::send(lab.end.get(), "lost", 4, 0), 4);
  lab.turn();
  lab.turn();
  EXPECT_EQ(lab.socket->take_error_out(lab.end.get()), -ECONNREFUSED);
  EXPECT_EQ(lab.socket->take_error_out(lab.end.get()), 0);
  lab.turn();
  EXPECT_EQ(lab.read_with_source(), Got("before", kPort + 1));
  EXPECT_EQ(lab.read_with_source(), Got("nothing", -EAGAIN));
}

// A pair of datagrams whose program end has its error set, as poll() sees it.
struct SignallingLab : Lab {
  SignallingLab() {
    const int on = 1;
    EXPECT_EQ(socket->file().set_option(IPPROTO_IP, IP_RECVERR, &on, sizeof(on), now), 0);
    EXPECT_TRUE(socket->needs_signals());
    Pair pair = *make_pair(SOCK_DGRAM | SOCK_NONBLOCK);
    EXPECT_EQ(DatagramSocket::name(pair), 0);
    socket->adopt_signalling(pair);
    EXPECT_FALSE(socket->needs_signals());
    end = std::move(pair.theirs);
    socket->set_whereabouts({::getpid(), end.get()});
  }
  void send_to_nobody() {
    sockaddr_in nobody = posix::loopback_address(9);
    iovec part{const_cast<char*>("lost"), 4};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &nobody;
    message.msg_namelen = sizeof(nobody);
    EXPECT_EQ(socket->send(message, 0, now), 4);
    settle();
    turn();
  }
  // Once the program has been quiet for a moment.
  [[nodiscard]] int events() {
    now += std::chrono::milliseconds(2);
    turn();
    pollfd asked{end.get(), POLLIN | POLLOUT, 0};
    return ::poll(&asked, 1, 0) == 1 ? asked.revents : 0;
  }
};

TEST(DatagramSocket, PollTellsOfErrorsUntilTheyAreAskedFor) {
  SignallingLab lab;
  EXPECT_EQ(lab.events(), POLLOUT);
  lab.send_to_nobody();
  EXPECT_EQ(lab.events(), POLLOUT | POLLERR);
  EXPECT_EQ(lab.read_with_source().second, -ECONNREFUSED);
  EXPECT_EQ(lab.events(), POLLOUT | POLLERR) << "it is in the queue still";
  EXPECT_EQ(lab.read_with_source(MSG_ERRQUEUE).first, "lost");
  EXPECT_EQ(lab.events(), POLLOUT);
  lab.arrive("data");
  EXPECT_EQ(lab.events(), POLLIN | POLLOUT);
  EXPECT_EQ(lab.read_with_source(), Got("data", kPort + 1));
}

TEST(DatagramSocket, ErrorsDoNotStopWhatComesAndGoes) {
  SignallingLab lab;
  lab.send_to_nobody();
  lab.arrive("data");
  EXPECT_EQ(lab.events(), POLLIN | POLLOUT | POLLERR);
  EXPECT_EQ(lab.read_plainly(), "nothing") << "the pair's error, once";
  EXPECT_EQ(lab.read_plainly(), "data");
  lab.send_to_nobody();
  EXPECT_EQ(lab.events(), POLLOUT | POLLERR) << "another one";
}

TEST(DatagramSocket, APairThatDoesNotTellItsEndIsAsked) {
  SignallingLab lab;
  lab.socket->ask_whether_held();
  lab.turn();
  EXPECT_FALSE(lab.socket->is_gone());
  EXPECT_EQ(lab.events(), POLLOUT) << "asking is not felt";
  lab.end.reset();
  lab.socket->pump(lab.now);
  EXPECT_FALSE(lab.socket->is_gone());
  lab.socket->ask_whether_held();
  lab.socket->pump(lab.now);
  EXPECT_TRUE(lab.socket->is_gone());
}

}  // namespace
}  // namespace strata::attach::datagram_socket_test
