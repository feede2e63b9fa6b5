// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "attach/stream/stream_lab.h"
#include "attach/stream/waiting_reader.h"

namespace strata::attach::stream_bytes_test {
namespace {

using stream_lab::events;
using stream_lab::Lab;
using stream_lab::read_all;

TEST(StreamBytes, BytesGoBothWaysAndEndsAfterThem) {
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

TEST(StreamBytes, AProgramThatDoesNotReadStopsTheOther) {
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

// Linux: recv(MSG_TRUNC) copies nothing.
TEST(StreamBytes, BytesForNobodyAreCountedAndGone) {
  Lab lab;
  auto [near, far] = lab.connected();
  near.write("throw this away");
  lab.turn({&near, &far});
  EXPECT_EQ(far.socket->discard(far.end.get(), 100, MSG_PEEK), 15);
  EXPECT_EQ(far.socket->discard(-1, 6, 0), 6) << "the end is where it was last seen";
  EXPECT_EQ(read_all(far.end), "this away");
  EXPECT_EQ(far.socket->discard(far.end.get(), 6, 0), -EAGAIN);
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_EQ(far.socket->discard(far.end.get(), 6, 0), 0);
  const stream_lab::Held fresh = lab.open_stream();
  EXPECT_EQ(fresh.socket->discard(fresh.end.get(), 6, 0), -ENOTCONN);
}

// The peer reads, little by little, until some of the bytes left behind have gone to it.
void read_until_progress(Lab& lab, stream_lab::Held& near, stream_lab::Held& far) {
  const std::size_t before = near.socket->bytes_outward();
  while (near.socket->bytes_outward() == before) {
    std::array<char, 4096> some{};
    ASSERT_GT(::recv(far.end.get(), some.data(), some.size(), MSG_DONTWAIT), 0);
    lab.turn({&near, &far});
  }
}

TEST(StreamBytes, AClosedProgramsBytesAreGivenUpWhenThePeerTakesNone) {
  using std::chrono::seconds;
  Lab lab;
  auto [near, far] = lab.connected();
  const int small = 8192;
  auto& file = near.socket->file();
  ASSERT_EQ(file.set_option(SOL_SOCKET, SO_SNDBUF, &small, sizeof(small), lab.now), 0);
  const std::string chunk(1 << 16U, 'x');
  for (int idle = 0; idle < 4;) {
    const bool is_sent = ::send(near.end.get(), chunk.data(), chunk.size(), MSG_DONTWAIT) > 0;
    idle = is_sent ? 0 : idle + 1;
    lab.turn({&near, &far});
  }
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_EQ(near.socket->take_wake_up(), lab.now + seconds(60));
  lab.now += seconds(59);
  lab.turn({&near, &far});
  ASSERT_FALSE(near.socket->is_gone());
  read_until_progress(lab, near, far);
  lab.now += seconds(5);  // what goes with it
  lab.turn({&near, &far});
  lab.now += seconds(54);
  lab.turn({&near, &far});
  EXPECT_TRUE(near.socket->take_wake_up().has_value());
  ASSERT_FALSE(near.socket->is_gone());
  lab.now += seconds(60);
  lab.turn({&near, &far});
  EXPECT_TRUE(near.socket->is_gone());
  while (!read_all(far.end).empty()) lab.turn({&far});
  EXPECT_NE(events(far.end) & POLLHUP, 0) << "a reset";
}

TEST(StreamBytes, AResetAfterShutdownIsToldStill) {
  Lab lab;
  auto [near, far] = lab.connected();
  near.write("last");
  EXPECT_EQ(near.socket->shut_down(SHUT_WR, near.end.get(), lab.now), 0);
  lab.turn({&near, &far});
  EXPECT_EQ(near.socket->bytes_outward(), 0U);
  EXPECT_EQ(read_all(far.end), "last");
  EXPECT_NE(events(far.end) & POLLRDHUP, 0);
  reset_on_close(far, lab.now);
  far.end.reset();
  lab.turn({&near, &far});
  std::byte byte{};
  EXPECT_EQ(::recv(near.end.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(StreamBytes, AResetBehindThePeersEndIsTold) {
  Lab lab;
  auto [near, far] = lab.connected();
  ::shutdown(near.end.get(), SHUT_WR);
  lab.turn({&near, &far});
  EXPECT_EQ(events(far.end), POLLIN | POLLOUT | POLLRDHUP);
  EXPECT_EQ(read_all(far.end), "") << "the end of what it says";
  reset_on_close(near, lab.now);
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_NE(events(far.end) & POLLHUP, 0);
  EXPECT_EQ(::send(far.end.get(), "x", 1, MSG_NOSIGNAL), -1) << "nothing is taken and lost";
}

TEST(StreamBytes, AnEndAfterShutdownIsNoFailure) {
  Lab lab;
  auto [near, far] = lab.connected();
  EXPECT_EQ(near.socket->shut_down(SHUT_WR, near.end.get(), lab.now), 0);
  lab.turn({&near, &far});
  far.write("answer");
  far.end.reset();
  lab.turn({&near, &far});
  EXPECT_EQ(read_all(near.end), "answer");
  std::byte byte{};
  EXPECT_EQ(::recv(near.end.get(), &byte, 1, 0), 0);
}

// RFC 2525 2.17 SHOULD: also when the program had said before that it would write no more.
TEST(StreamBytes, ClosingWithBytesUnreadAfterShutdownResets) {
  Lab lab;
  auto [near, far] = lab.connected();
  EXPECT_EQ(near.socket->shut_down(SHUT_WR, near.end.get(), lab.now), 0);
  far.write("never read");
  lab.turn({&near, &far});
  near.end.reset();
  lab.turn({&near, &far});
  EXPECT_NE(events(far.end) & POLLHUP, 0);
  std::byte byte{};
  EXPECT_EQ(::recv(far.end.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(StreamBytes, AnUrgentByteIsUrgentInThePair) {
  Lab lab;
  auto [near, far] = lab.connected();
  near.write("before");
  lab.turn({&near, &far});
  EXPECT_EQ(near.send('!', MSG_OOB, lab.now), 1);
  lab.turn({&near, &far});
  near.write("behind");
  lab.turn({&near, &far});
  EXPECT_EQ(read_all(far.end), "before");
  char byte = 0;
  EXPECT_EQ(::recv(far.end.get(), &byte, 1, MSG_OOB), 1);
  EXPECT_EQ(byte, '!');
  EXPECT_EQ(read_all(far.end), "behind");
  EXPECT_EQ(far.socket->take_urgent(), std::nullopt);
}

struct LowWater : Lab {
  LowWater() {
    const int mark = 8;
    EXPECT_EQ(far.socket->file().set_option(SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark), now), 0);
    EXPECT_EQ(far.socket->follow_low_water(far.end.get(), now), 0);
  }
  void arrive(std::string_view text) {
    near.write(text);
    turn({&near, &far});
  }
  std::pair<stream_lab::Held, stream_lab::Held> both = connected();
  stream_lab::Held& near = both.first;
  stream_lab::Held& far = both.second;
};

TEST(StreamBytes, FewerThanTheLowWaterMarkAreHeldBack) {
  LowWater lab;
  lab.arrive("1234");
  EXPECT_EQ(events(lab.far.end), POLLOUT);
  EXPECT_TRUE(lab.far.socket->take_wake_up().has_value()) << "somebody may wait for them yet";
  lab.arrive("5678");
  EXPECT_EQ(events(lab.far.end), POLLIN | POLLOUT);
  EXPECT_EQ(read_all(lab.far.end), "12345678");
  lab.arrive("9");
  EXPECT_EQ(events(lab.far.end), POLLOUT);
  ::shutdown(lab.near.end.get(), SHUT_WR);
  lab.turn({&lab.near, &lab.far});
  EXPECT_EQ(events(lab.far.end), POLLIN | POLLOUT | POLLRDHUP);
  EXPECT_EQ(read_all(lab.far.end), "9");
}

TEST(StreamBytes, WhatLiesInThePairIsTakenBackForAHigherMark) {
  LowWater lab;
  lab.arrive("12345678");
  const int mark = 10;
  posix::File& file = lab.far.socket->file();
  EXPECT_EQ(file.set_option(SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark), lab.now), 0);
  EXPECT_EQ(lab.far.socket->follow_low_water(lab.far.end.get(), lab.now), 0);
  EXPECT_EQ(events(lab.far.end), POLLOUT);
  lab.arrive("90");
  EXPECT_EQ(read_all(lab.far.end), "1234567890");
}

TEST(StreamBytes, ALowerMarkLetsThemGo) {
  LowWater lab;
  lab.arrive("1234");
  const int mark = 1;
  posix::File& file = lab.far.socket->file();
  EXPECT_EQ(file.set_option(SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark), lab.now), 0);
  EXPECT_EQ(lab.far.socket->follow_low_water(lab.far.end.get(), lab.now), 0);
  EXPECT_EQ(read_all(lab.far.end), "1234");
}

// It may want fewer than the mark, and the pair knows how many.
TEST(StreamBytes, WhoeverWaitsInAReadHasThem) {
  LowWater lab;
  ASSERT_EQ(::fcntl(lab.far.end.get(), F_SETFL, 0), 0);
  std::string got(4, '?');
  std::thread reader([&] { EXPECT_EQ(::recv(lab.far.end.get(), got.data(), got.size(), 0), 4); });
  while (!reader_waits(::gettid(), lab.far.end.get())) std::this_thread::yield();
  lab.now += std::chrono::seconds(1);
  lab.arrive("1234");
  reader.join();
  EXPECT_EQ(got, "1234");
}

}  // namespace
}  // namespace strata::attach::stream_bytes_test
