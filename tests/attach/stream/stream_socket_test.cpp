// SPDX-License-Identifier: Apache-2.0
#include "attach/stream/stream_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <memory>
#include <string>

#include "attach/stream/stream_lab.h"

namespace strata::attach::stream_socket_test {
namespace {

using stream_lab::events;
using stream_lab::Held;
using stream_lab::Lab;

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

// Linux: whoever did not wait may ask once more, and is told 0.
TEST(StreamSocket, TellsOnceByConnectThatItIsConnected) {
  Lab lab;
  Held heard = lab.listening();
  Held near = lab.open_stream();
  EXPECT_EQ(lab.connect(near), -EINPROGRESS);
  EXPECT_EQ(lab.connect(near), -EALREADY);
  lab.turn({&near, &heard});
  EXPECT_EQ(lab.connect(near), 0);
  EXPECT_EQ(lab.connect(near), -EISCONN);
}

// Linux: below zero is as many as there may be.
TEST(StreamSocket, ANegativeBacklogIsTheLargest) {
  Lab lab;
  Held heard = lab.listening();
  EXPECT_EQ(heard.socket->listen(-1, lab.now), 0);
  Held one = lab.open_stream();
  Held other = lab.open_stream();
  EXPECT_EQ(lab.connect(one), -EINPROGRESS);
  EXPECT_EQ(lab.connect(other), -EINPROGRESS);
  lab.turn({&one, &other, &heard});
  EXPECT_EQ(stream_lab::read_all(heard.end).size(), 2U) << "a token each";
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

// One is accepted at each event: the last must have one, too.
TEST(StreamSocket, AListenerIsReadableAsLongAsConnectionsWait) {
  constexpr int kMoreThanTokensFit = 600;
  Lab lab;
  Held heard = lab.listening();
  const auto connection = std::make_shared<posix::StreamFile>(*lab.stack, AddressFamily::kIpv4);
  for (int i = 0; i < kMoreThanTokensFit; ++i) heard.socket->put_back(connection);
  for (int left = kMoreThanTokensFit; left > 0; --left) {
    ASSERT_EQ(events(heard.end), POLLIN) << left;
    ASSERT_NE(heard.socket->accept(left % 2 == 0 ? heard.end.get() : -1, lab.now).file, nullptr);
  }
  EXPECT_EQ(events(heard.end), 0);
  heard.socket->put_back(connection);
  EXPECT_EQ(events(heard.end), POLLIN);
}

TEST(StreamSocket, ATokenThatCouldNotBeTakenGoesWithTheNextAccept) {
  Lab lab;
  Held heard = lab.listening();
  heard.socket->put_back(std::make_shared<posix::StreamFile>(*lab.stack, AddressFamily::kIpv4));
  heard.socket->set_whereabouts({});
  EXPECT_NE(heard.socket->accept(-1, lab.now).file, nullptr);
  EXPECT_EQ(events(heard.end), POLLIN);
  EXPECT_EQ(heard.socket->accept(heard.end.get(), lab.now).error, -EAGAIN);
  EXPECT_EQ(events(heard.end), 0);
}

TEST(StreamSocket, AResetIsOneAtTheProgramsEndToo) {
  Lab lab;
  auto [near, far] = lab.connected();
  reset_on_close(near, lab.now);
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
