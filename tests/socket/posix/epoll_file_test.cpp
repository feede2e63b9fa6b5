// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/epoll_file.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cerrno>

namespace strata::posix::epoll_file_test {
namespace {

class Lamp final : public File {
 public:
  [[nodiscard]] std::uint32_t events() const override { return now; }
  void shine(std::uint32_t events) {
    now = events;
    tell_news();
  }
  std::uint32_t now = 0;
};

epoll_event event(std::uint32_t events, std::uint64_t data) {
  epoll_event made{};
  made.events = events;
  made.data.u64 = data;
  return made;
}

struct Set {
  Answer collect(std::size_t room = 4) { return epoll.collect(std::span(got).first(room)); }
  EpollFile epoll;
  std::shared_ptr<Lamp> lamp = std::make_shared<Lamp>();
  std::array<epoll_event, 4> got{};
};

TEST(EpollFile, LevelsAreToldAsLongAsTheyLast) {
  Set set;
  const epoll_event wanted = event(EPOLLIN, 7);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  EXPECT_EQ(set.collect(), 0);
  set.lamp->shine(POLLIN | POLLOUT);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(set.collect(), 1);
    // By value: the structure is packed, and EXPECT_EQ binds references.
    EXPECT_EQ(std::uint32_t{set.got[0].events}, EPOLLIN);
    EXPECT_EQ(std::uint64_t{set.got[0].data.u64}, 7U);
  }
  EXPECT_EQ(set.epoll.events() & POLLIN, static_cast<std::uint32_t>(POLLIN));
  set.lamp->shine(0);
  EXPECT_EQ(set.collect(), 0);
}

TEST(EpollFile, EdgesAreToldOnceForEachNews) {
  Set set;
  const epoll_event wanted = event(EPOLLIN | EPOLLET, 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  set.lamp->shine(POLLIN);
  EXPECT_EQ(set.collect(), 1);
  EXPECT_EQ(set.collect(), 0);
  set.lamp->shine(POLLIN);
  EXPECT_EQ(set.collect(), 1);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_MOD, 3, set.lamp, &wanted), 0);
  EXPECT_EQ(set.collect(), 1);  // a change arms it again
}

TEST(EpollFile, OneShotIsSilentUntilItIsArmedAgain) {
  Set set;
  const epoll_event wanted = event(EPOLLIN | EPOLLONESHOT, 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  set.lamp->shine(POLLIN);
  EXPECT_EQ(set.collect(), 1);
  EXPECT_EQ(set.collect(), 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_MOD, 3, set.lamp, &wanted), 0);
  EXPECT_EQ(set.collect(), 1);
}

TEST(EpollFile, ErrorsAreToldUnasked) {
  Set set;
  const epoll_event wanted = event(0, 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  set.lamp->shine(POLLERR | POLLHUP | POLLIN);
  ASSERT_EQ(set.collect(), 1);
  EXPECT_EQ(set.got[0].events, EPOLLERR | EPOLLHUP);
}

TEST(EpollFile, AShortArrayStarvesNobody) {
  Set set;
  auto other = std::make_shared<Lamp>();
  const epoll_event first = event(EPOLLIN, 1);
  const epoll_event second = event(EPOLLIN, 2);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &first), 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 4, other, &second), 0);
  set.lamp->shine(POLLIN);
  other->shine(POLLIN);
  std::uint64_t seen = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(set.collect(1), 1);
    seen |= set.got[0].data.u64;
  }
  EXPECT_EQ(seen, 3U);
}

TEST(EpollFile, ForgetsFilesThatAreClosed) {
  Set set;
  const epoll_event wanted = event(EPOLLIN, 0);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  set.lamp->shine(POLLIN);
  set.lamp.reset();
  EXPECT_EQ(set.collect(), 0);
}

TEST(EpollFile, AnswersAsTheKernel) {
  Set set;
  const epoll_event wanted = event(EPOLLIN, 0);
  EXPECT_EQ(set.epoll.change(EPOLL_CTL_MOD, 3, set.lamp, &wanted), -ENOENT);
  EXPECT_EQ(set.epoll.change(EPOLL_CTL_DEL, 3, set.lamp, nullptr), -ENOENT);
  EXPECT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, nullptr), -EFAULT);
  EXPECT_EQ(set.epoll.change(99, 3, set.lamp, &wanted), -EINVAL);
  ASSERT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), 0);
  EXPECT_EQ(set.epoll.change(EPOLL_CTL_ADD, 3, set.lamp, &wanted), -EEXIST);
  EXPECT_EQ(set.epoll.change(EPOLL_CTL_DEL, 3, set.lamp, nullptr), 0);
}

}  // namespace
}  // namespace strata::posix::epoll_file_test
