// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/unix_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "attach/proc/proc_lab.h"
#include "driver/descriptor.h"

namespace strata::attach::unix_lines_test {
namespace {

constexpr std::string_view kText =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "0000000000000000: 00000002 00000000 00010000 0001 01 21573 /run/dbus/system_bus_socket\n"
    "ffff888004fc3c00: 00000003 00000000 00000000 0001 03     7\n"
    "0000000000000000: 00000003 00000000 00000000 0001 03 77\n";

TEST(UnixLines, ThoseOfPairsAreNotTold) {
  EXPECT_EQ(lines_without(kText, {}), kText);
  const std::string without = lines_without(kText, {7, 2, 1});
  EXPECT_THAT(without, testing::HasSubstr(" 21573 /run"));
  EXPECT_THAT(without, testing::HasSubstr(" 03 77\n"));
  EXPECT_THAT(without, testing::Not(testing::HasSubstr("ffff888004fc3c00")));
  EXPECT_EQ(std::ranges::count(without, '\n'), 3);
}

TEST(UnixLines, WhatIsNoLineOfASocketStays) {
  for (const std::string_view odd :
       {"", "\n", " \n\n", "one two", "a b c d e f g\n", "1 2 3 4 5 6"}) {
    EXPECT_EQ(lines_without(odd, {0, 6}), odd);
  }
}

TEST(UnixLines, TheKernelsOthersAreThere) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const driver::Descriptor pair(ends[0]);
  const driver::Descriptor other(ends[1]);
  struct stat facts{};
  ASSERT_EQ(::fstat(pair.get(), &facts), 0);
  const std::string line = " 03 " + std::to_string(facts.st_ino) + "\n";
  proc_lab::Lab lab;
  EXPECT_THAT(lab.text(client::NetFile::kUnix), testing::HasSubstr(line));
  const OpenSocket ours{.inode = facts.st_ino};
  EXPECT_THAT(unix_lines({*lab.stack, {&ours, 1}, Time{}}), testing::Not(testing::HasSubstr(line)));
}

}  // namespace
}  // namespace strata::attach::unix_lines_test
