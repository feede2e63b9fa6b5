// SPDX-License-Identifier: Apache-2.0
#include "attach/lease/rooms.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace strata::attach::rooms_test {
namespace {

// The key is in the memory, for who has it.
std::uint64_t key_in(const Descriptor& file) {
  std::uint64_t key = 0;
  EXPECT_EQ(::pread(file.get(), &key, sizeof(key), 0), static_cast<ssize_t>(sizeof(key)));
  return key;
}

TEST(Rooms, AreFoundByTheKeyThatIsInThem) {
  Rooms rooms;
  EXPECT_TRUE(rooms.is_empty());
  const auto one = rooms.make(::getpid());
  const auto other = rooms.make(::getpid());
  ASSERT_TRUE(one && other);
  EXPECT_NE(key_in(*one), key_in(*other));
  ASSERT_NE(rooms.find(key_in(*one)), nullptr);
  EXPECT_EQ(rooms.find(key_in(*one))->key(), key_in(*one));
  EXPECT_EQ(rooms.find(key_in(*one) + 1), nullptr);
}

TEST(Rooms, CannotBeMadeSmallerUnderUs) {
  Rooms rooms;
  const auto file = rooms.make(::getpid());
  ASSERT_TRUE(file);
  EXPECT_NE(::ftruncate(file->get(), 0), 0);
}

TEST(Rooms, EndWithTheirProcess) {
  Rooms rooms;
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto theirs = rooms.make(child);
  const auto ours = rooms.make(::getpid());
  ASSERT_TRUE(theirs && ours);
  EXPECT_NE(rooms.find(key_in(*theirs)), nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(rooms.make(::getpid()));
  EXPECT_EQ(rooms.find(key_in(*theirs)), nullptr);
  EXPECT_NE(rooms.find(key_in(*ours)), nullptr);
  rooms.end_rooms_of(::getpid());
  EXPECT_TRUE(rooms.is_empty());
}

TEST(Rooms, KeepABoundedNumberThatNobodyUses) {
  Rooms rooms;
  const auto first = rooms.make(::getpid());
  const auto used = rooms.make(::getpid());
  ASSERT_TRUE(first && used);
  const auto room = rooms.find(key_in(*used));
  ASSERT_EQ(room->take_slot(1), 0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(rooms.make(::getpid()));
  EXPECT_EQ(rooms.find(key_in(*first)), nullptr);
  EXPECT_EQ(rooms.find(key_in(*used)), room);
}

TEST(SharedRoom, HasSoManySlotsAndUsesThemAgain) {
  Descriptor file;
  const auto room = SharedRoom::make(::getpid(), file);
  for (std::size_t i = 0; i < client::kSlots; ++i) {
    ASSERT_EQ(room->take_slot(i + 1), static_cast<Answer>(i));
  }
  EXPECT_EQ(room->take_slot(1), -ENOSPC);
  room->memory().slots[7].inward.token = 1;
  room->give_slot(7);
  EXPECT_EQ(room->take_slot(1), 7);
  EXPECT_EQ(room->memory().slots[7].inward.token, 0U);
}

TEST(SharedRoom, NewsNameTheirSocketsOnce) {
  Descriptor file;
  const auto room = SharedRoom::make(::getpid(), file);
  for (const std::uint64_t cookie : {100U, 101U, 102U}) ASSERT_GE(room->take_slot(cookie), 0);
  std::vector<std::uint64_t> told;
  const auto tell = [&told](std::uint64_t cookie) { told.push_back(cookie); };
  EXPECT_FALSE(room->take_news(tell));
  room->memory().news[0] = 0b101;
  EXPECT_TRUE(room->has_news());
  EXPECT_TRUE(room->take_news(tell));
  EXPECT_FALSE(room->has_news());
  EXPECT_FALSE(room->take_news(tell));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{100, 102}));
}

TEST(SharedRoom, SaysWhenItSleeps) {
  Descriptor file;
  const auto room = SharedRoom::make(::getpid(), file);
  room->say_sleeping(true);
  EXPECT_EQ(room->memory().is_sleeping, 1U);
  room->say_sleeping(false);
  EXPECT_EQ(room->memory().is_sleeping, 0U);
}

}  // namespace
}  // namespace strata::attach::rooms_test
