// SPDX-License-Identifier: Apache-2.0
#include "attach/process/program.h"

#include <gtest/gtest.h>
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <latch>
#include <string_view>
#include <thread>

#include "attach/notifications.h"
#include "attach/pair.h"
#include "attach/process/pidfd.h"

namespace strata::attach::program_test {
namespace {

// We are the program.
const ProgramMemory kOurs(::getpid());

std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uint64_t>(object); }

// A page that can be used, and behind it one that cannot.
class EdgeOfMemory {
 public:
  EdgeOfMemory()
      : size_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
        start_(static_cast<std::byte*>(::mmap(nullptr, 2 * size_, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_EQ(::mprotect(end(), size_, PROT_NONE), 0);
  }
  ~EdgeOfMemory() { ::munmap(start_, 2 * size_); }
  EdgeOfMemory(const EdgeOfMemory&) = delete;
  EdgeOfMemory& operator=(const EdgeOfMemory&) = delete;
  [[nodiscard]] std::byte* end() const { return start_ + size_; }

 private:
  std::size_t size_;
  std::byte* start_;
};

TEST(ProgramMemory, IsReadAndWritten) {
  int number = 7;
  EXPECT_EQ(kOurs.read<int>(address_of(&number)), 7);
  EXPECT_EQ(kOurs.write(address_of(&number), 9), 0);
  EXPECT_EQ(number, 9);
}

TEST(ProgramMemory, WhatCannotBeReachedIsEfault) {
  const EdgeOfMemory edge;
  EXPECT_EQ(kOurs.read<int>(0).error(), -EFAULT);
  EXPECT_EQ(kOurs.read<int>(UINT64_MAX - 1).error(), -EFAULT);
  EXPECT_EQ(kOurs.read<std::uint64_t>(address_of(edge.end() - 4)).error(), -EFAULT);
  EXPECT_EQ(kOurs.read<std::uint32_t>(address_of(edge.end() - 4)), 0U);
  EXPECT_EQ(kOurs.write(address_of(edge.end() - 4), std::uint64_t{1}), -EFAULT);
}

TEST(ProgramMemory, NothingIsReadFromNowhere) {
  EXPECT_EQ(kOurs.read(0, MutableBytes()), 0);
  EXPECT_EQ(kOurs.write(0, Bytes()), 0);
}

TEST(ProgramMemory, PartsAreGatheredAndScattered) {
  std::array<char, 4> first{'a', 'b', 'c', 'd'};
  std::array<char, 3> second{'e', 'f', 'g'};
  const std::array<iovec, 3> given{iovec{first.data(), first.size()}, iovec{nullptr, 0},
                                   iovec{second.data(), second.size()}};
  const auto parts = kOurs.read_parts(address_of(given.data()), given.size());
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(size_of(*parts), 7U);
  const auto all = kOurs.gather(*parts, 100);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(std::memcmp(all->data(), "abcdefg", 7), 0);
  EXPECT_EQ(kOurs.gather(*parts, 5)->size(), 5U);
  EXPECT_EQ(kOurs.scatter(*parts, std::as_bytes(std::span(std::string_view("12345")))), 0);
  EXPECT_EQ(std::string_view(first.data(), 4), "1234");
  EXPECT_EQ(std::string_view(second.data(), 3), "5fg");
}

TEST(ProgramMemory, PartsThatNoMessageHasAreRefused) {
  EXPECT_EQ(kOurs.read_parts(0, IOV_MAX + 1).error(), -EMSGSIZE);
  EXPECT_EQ(kOurs.read_parts(0, 1).error(), -EFAULT);
  const std::array<iovec, 2> endless{iovec{nullptr, SSIZE_MAX}, iovec{nullptr, 1}};
  EXPECT_EQ(kOurs.read_parts(address_of(endless.data()), 2).error(), -EINVAL);
}

// Thread numbers are used again: what one of them names then is not the caller's.
TEST(ProgramMemory, OfACallThatNobodyWaitsInIsNotRead) {
  const Notifications none{Descriptor()};
  const ProgramMemory theirs(none, {.id = 1, .thread = ::getpid()});
  int number = 7;
  const iovec part{&number, sizeof(number)};
  EXPECT_EQ(theirs.read<int>(address_of(&number)).error(), -EFAULT);
  EXPECT_EQ(theirs.read_parts(address_of(&part), 1).error(), -EFAULT);
  EXPECT_EQ(theirs.gather({&part, 1}, sizeof(number)).error(), -EFAULT);
  EXPECT_FALSE(theirs.is_the_callers());
}

TEST(ProgramMemory, UncheckedIsReadWhoeverItBelongsTo) {
  const Notifications none{Descriptor()};
  const ProgramMemory theirs = ProgramMemory(none, {.id = 1, .thread = ::getpid()}).unchecked();
  const int number = 7;
  EXPECT_EQ(theirs.read<int>(address_of(&number)), 7);
  EXPECT_TRUE(theirs.is_the_callers());
}

TEST(ProgramDescriptors, CopiesShareTheOpenFile) {
  ProgramDescriptors descriptors;
  const auto pair = make_pair(SOCK_STREAM);
  ASSERT_TRUE(pair.has_value());
  const auto copy = descriptors.copy(::getpid(), pair->theirs.get());
  ASSERT_TRUE(copy.has_value());
  EXPECT_NE(copy->get(), pair->theirs.get());
  EXPECT_EQ(cookie_of(copy->get()), pair->cookie);
  EXPECT_EQ(descriptors.copy(::getpid(), 1'000'000).error(), -EBADF);
}

// As before Linux 6.9: the pidfd is the process's, which lives on when the thread has ended.
TEST(ProgramDescriptors, AThreadThatHasEndedIsNotTakenForItsProcess) {
  constexpr unsigned kNoFlagOfPidfdOpen = 1;
  ProgramDescriptors descriptors(kNoFlagOfPidfdOpen);
  const auto pair = make_pair(SOCK_STREAM);
  ASSERT_TRUE(pair.has_value());
  std::latch begun(1);
  std::latch asked(1);
  pid_t number = 0;
  std::thread thread([&] {
    number = ::gettid();
    begun.count_down();
    asked.wait();
  });
  begun.wait();
  EXPECT_TRUE(descriptors.copy(number, pair->theirs.get()).has_value());
  EXPECT_TRUE(descriptors.copy(number, pair->theirs.get()).has_value());
  asked.count_down();
  thread.join();
  while (::syscall(__NR_tgkill, ::getpid(), number, 0) == 0) ::sched_yield();
  EXPECT_EQ(descriptors.copy(number, pair->theirs.get()).error(), -ESRCH);
}

TEST(ProgramDescriptors, ProcessesThatAreNotThereAreTold) {
  ProgramDescriptors descriptors;
  EXPECT_EQ(descriptors.copy(0x7fff'fff0, 0).error(), -ESRCH);
  EXPECT_LT(open_process(0x7fff'fff0, 0), 0);
}

}  // namespace
}  // namespace strata::attach::program_test
