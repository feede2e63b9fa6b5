// SPDX-License-Identifier: Apache-2.0
#include "attach/process/watches.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "attach/pair.h"

namespace strata::attach::watches_test {
namespace {

std::uint64_t inode_of(int descriptor) {
  struct stat status{};
  EXPECT_EQ(::fstat(descriptor, &status), 0);
  return status.st_ino;
}

// We are the program.
struct Lab {
  void watch(const Descriptor& set, std::uint32_t events, std::uint64_t data) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    EXPECT_EQ(::epoll_ctl(set.get(), EPOLL_CTL_ADD, pair.theirs.get(), &event), 0);
  }
  [[nodiscard]] Watches find(std::uint64_t inode) {
    return Watches::find(descriptors, ::getpid(), pair.theirs.get(), inode);
  }

  Pair pair = *make_pair(SOCK_SEQPACKET);
  ProgramDescriptors descriptors;
};

std::uint64_t told_by(const Descriptor& set) {
  epoll_event event{};
  return ::epoll_wait(set.get(), &event, 1, 0) == 1 ? event.data.u64 : 0;
}

TEST(Watches, GoWithTheNumberToAnotherFile) {
  Lab lab;
  const Descriptor one(::epoll_create1(EPOLL_CLOEXEC));
  const Descriptor other(::epoll_create1(EPOLL_CLOEXEC));
  const Descriptor unconcerned(::epoll_create1(EPOLL_CLOEXEC));
  lab.watch(one, EPOLLIN, 0x1234'5678'9abc);
  lab.watch(other, EPOLLIN | EPOLLET, 7);
  const Watches watches = lab.find(inode_of(lab.pair.theirs.get()));
  EXPECT_EQ(watches.size(), 2U);
  const Pair next = *make_pair(SOCK_SEQPACKET);
  const int number = lab.pair.theirs.get();
  ASSERT_EQ(::dup2(next.theirs.get(), number), number);
  ASSERT_TRUE(watches.renew(next.theirs.get()));
  ASSERT_EQ(::send(next.ours.get(), "x", 1, 0), 1);
  EXPECT_EQ(told_by(one), 0x1234'5678'9abcU);
  EXPECT_EQ(told_by(one), 0x1234'5678'9abcU) << "a level stays";
  EXPECT_EQ(told_by(other), 7U);
  EXPECT_EQ(told_by(other), 0U) << "an edge does not";
  EXPECT_EQ(::epoll_ctl(one.get(), EPOLL_CTL_DEL, number, nullptr), 0) << "it has the number";
  EXPECT_EQ(::epoll_ctl(unconcerned.get(), EPOLL_CTL_DEL, number, nullptr), -1);
}

TEST(Watches, OfAnotherFileAreNotTaken) {
  Lab lab;
  const Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  lab.watch(set, EPOLLIN, 1);
  EXPECT_EQ(lab.find(inode_of(lab.pair.ours.get())).size(), 0U);
  EXPECT_TRUE(lab.find(0).renew(lab.pair.theirs.get()));
  EXPECT_TRUE(Watches(lab.pair.theirs.get()).renew(lab.pair.theirs.get()));
}

TEST(Watches, AreLookedForInSetsThatWereOpenedEarly) {
  Lab lab;
  std::vector<Descriptor> many;
  while (many.size() < 256) many.emplace_back(::dup(lab.pair.theirs.get()));
  const Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  lab.watch(set, EPOLLIN, 1);
  EXPECT_EQ(lab.find(inode_of(lab.pair.theirs.get())).size(), 0U);
}

TEST(Watches, OfANumberBeyondOurLimitAreNotRenewed) {
  Lab lab;
  const Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  lab.watch(set, EPOLLIN, 1);
  const Watches watches = lab.find(inode_of(lab.pair.theirs.get()));
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  const rlimit low{static_cast<rlim_t>(lab.pair.theirs.get()), former.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_FALSE(watches.renew(lab.pair.theirs.get()));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &former), 0);
}

// A thread that lives on a little would keep the file, and what it belongs to would not hear.
TEST(Watches, KeepNoFileOpen) {
  Lab lab;
  const Descriptor set(::epoll_create1(EPOLL_CLOEXEC));
  lab.watch(set, EPOLLIN, 1);
  const Watches watches = lab.find(inode_of(lab.pair.theirs.get()));
  const Pair next = *make_pair(SOCK_SEQPACKET);
  Descriptor borrowed(::dup(lab.pair.theirs.get()));
  ASSERT_TRUE(watches.renew(next.theirs.get()));
  lab.pair.theirs.reset();
  borrowed.reset();
  EXPECT_TRUE(is_hung_up(lab.pair.ours.get()));
}

}  // namespace
}  // namespace strata::attach::watches_test
