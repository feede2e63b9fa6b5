// SPDX-License-Identifier: Apache-2.0
// Connections of which both ends are sockets of programs, and the test is the programs.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "attach/stream/stream_socket.h"
#include "socket/posix/loopback.h"
#include "socket/posix/stream_file.h"

namespace strata::attach::stream_lab {

inline constexpr std::uint16_t kPort = 8080;

inline short events(const Descriptor& end) {
  pollfd asked{end.get(), POLLIN | POLLOUT | POLLRDHUP, 0};
  EXPECT_GE(::poll(&asked, 1, 0), 0);
  return asked.revents;
}

inline std::string read_all(const Descriptor& end) {
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

  // Past the pair, as send(MSG_OOB) goes.
  [[nodiscard]] Answer send(char byte, int flags, Time now) const {
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return socket->send_beside_pair(message, flags, now);
  }

  std::unique_ptr<StreamSocket> socket;
  Descriptor end;
};

inline void reset_on_close(Held& one, Time now) {
  const linger at_once{1, 0};
  ASSERT_EQ(one.socket->file().set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once), now),
            0);
}

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

}  // namespace strata::attach::stream_lab
