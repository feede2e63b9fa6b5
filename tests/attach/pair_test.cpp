// SPDX-License-Identifier: Apache-2.0
#include "attach/pair.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace strata::attach::pair_test {
namespace {

short events(int descriptor) {
  pollfd asked{descriptor, POLLIN | POLLOUT | POLLRDHUP, 0};
  EXPECT_GE(::poll(&asked, 1, 0), 0);
  return asked.revents;
}

TEST(Pair, OnlyTheProgramsEndMayBlock) {
  const auto pair = make_pair(SOCK_STREAM);
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(::fcntl(pair->theirs.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(pair->ours.get(), F_GETFL) & O_NONBLOCK, 0);
  const auto other = make_pair(SOCK_SEQPACKET | SOCK_NONBLOCK);
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(::fcntl(other->theirs.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Pair, CookieIsTheSameForEveryCopyAndForNothingElse) {
  const auto pair = make_pair(SOCK_STREAM);
  ASSERT_TRUE(pair.has_value());
  const Descriptor copy(::dup(pair->theirs.get()));
  EXPECT_EQ(cookie_of(copy.get()), pair->cookie);
  EXPECT_NE(cookie_of(pair->ours.get()), pair->cookie);
  const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(cookie_of(file.get()), 0U);
}

TEST(Pair, IsWritableOnceTheStuffingIsRead) {
  const auto pair = make_pair(SOCK_STREAM | SOCK_NONBLOCK);
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(events(pair->theirs.get()), POLLOUT);
  std::size_t left = make_unwritable(pair->theirs.get());
  EXPECT_GT(left, 0U);
  EXPECT_EQ(events(pair->theirs.get()), 0);
  std::array<std::byte, 4096> buffer;
  while (left != 0) {
    const ssize_t count = ::recv(pair->ours.get(), buffer.data(), buffer.size(), 0);
    ASSERT_GT(count, 0);
    left -= static_cast<std::size_t>(count);
  }
  EXPECT_EQ(events(pair->theirs.get()), POLLOUT);
}

TEST(Pair, BecomesWritableWithOneEvent) {
  const auto pair = make_pair(SOCK_STREAM | SOCK_NONBLOCK);
  ASSERT_TRUE(pair.has_value());
  std::size_t left = make_unwritable(pair->theirs.get());
  const Descriptor watcher(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{EPOLLOUT | EPOLLET, {}};
  ASSERT_EQ(::epoll_ctl(watcher.get(), EPOLL_CTL_ADD, pair->theirs.get(), &event), 0);
  int events_told = 0;
  for (std::byte byte{}; left != 0; --left) {
    ASSERT_EQ(::recv(pair->ours.get(), &byte, 1, 0), 1);
    events_told += ::epoll_wait(watcher.get(), &event, 1, 0);
  }
  EXPECT_EQ(events_told, 1);
}

TEST(Pair, ClosingWithTheStuffingUnreadIsAnError) {
  auto pair = make_pair(SOCK_STREAM | SOCK_NONBLOCK);
  ASSERT_TRUE(pair.has_value());
  ASSERT_GT(make_unwritable(pair->theirs.get()), 0U);
  pair->ours.reset();
  EXPECT_EQ(events(pair->theirs.get()), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
  std::byte byte{};
  EXPECT_EQ(::recv(pair->theirs.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(Pair, HangsUpWithTheLastCopy) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
    auto pair = make_pair(type);
    ASSERT_TRUE(pair.has_value());
    Descriptor copy(::dup(pair->theirs.get()));
    pair->theirs.reset();
    EXPECT_FALSE(is_hung_up(pair->ours.get())) << type;
    copy.reset();
    EXPECT_TRUE(is_hung_up(pair->ours.get())) << type;
  }
}

TEST(Pair, HalfAShutdownIsNoHangUp) {
  const auto pair = make_pair(SOCK_STREAM);
  ASSERT_TRUE(pair.has_value());
  ::shutdown(pair->theirs.get(), SHUT_WR);
  EXPECT_FALSE(is_hung_up(pair->ours.get()));
}

TEST(Pair, IsRefusedWhileSomeDescriptorsAreLeft) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Descriptor highest(::dup(0));
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(highest.get()) + 40;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<Pair> pairs;
  posix::Answer why = 0;
  for (;;) {
    auto pair = make_pair(SOCK_STREAM);
    if (!pair) {
      why = pair.error();
      break;
    }
    pairs.push_back(*std::move(pair));
  }
  EXPECT_EQ(why, -EMFILE);
  EXPECT_GT(pairs.size(), 5U);
  std::vector<Descriptor> left;
  while (left.size() < 100) {
    Descriptor one(::dup(0));
    if (!one) break;
    left.push_back(std::move(one));
  }
  EXPECT_GE(left.size(), 10U);
  EXPECT_LT(left.size(), 100U);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace strata::attach::pair_test
