// SPDX-License-Identifier: Apache-2.0
#include "attach/process/their_message.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace strata::attach::their_message_test {
namespace {

std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uint64_t>(object); }

// We are the program.
struct Lab {
  Lab() {
    header.msg_name = &name;
    header.msg_namelen = sizeof(name);
    header.msg_iov = parts.data();
    header.msg_iovlen = parts.size();
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }

  ProgramMemory memory{::getpid()};
  sockaddr_in name{};
  std::array<char, 4> first{};
  std::array<char, 4> second{};
  std::array<iovec, 2> parts{iovec{first.data(), 4}, iovec{second.data(), 4}};
  std::array<char, 32> control{};
  msghdr header{};
};

TEST(TheirMessage, IsReadWithItsAddresses) {
  Lab lab;
  const auto read = read_message(lab.memory, address_of(&lab.header));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->at, address_of(&lab.header));
  EXPECT_EQ(read->name, address_of(&lab.name));
  EXPECT_EQ(read->name_room, sizeof(lab.name));
  EXPECT_EQ(size_of(read->parts), 8U);
  EXPECT_EQ(read->control_size, 32U);
}

TEST(TheirMessage, WhatNoMessageHasIsRefused) {
  Lab lab;
  EXPECT_EQ(read_message(lab.memory, 8).error(), -EFAULT);
  lab.header.msg_namelen = 0x8000'0000;
  EXPECT_EQ(read_message(lab.memory, address_of(&lab.header)).error(), -EINVAL);
  lab.header.msg_iovlen = 1025;
  EXPECT_EQ(read_message(lab.memory, address_of(&lab.header)).error(), -EMSGSIZE);
}

TEST(TheirMessage, IsToldWhatCame) {
  Lab lab;
  const auto theirs = read_message(lab.memory, address_of(&lab.header));
  ASSERT_TRUE(theirs.has_value());
  sockaddr_storage source{};
  source.ss_family = AF_INET;
  std::array<char, 16> note{'n'};
  msghdr ours{};
  ours.msg_name = &source;
  ours.msg_namelen = sizeof(sockaddr_in);
  ours.msg_control = note.data();
  ours.msg_controllen = note.size();
  ours.msg_flags = MSG_TRUNC;
  const std::string_view text = "sixtyfour";
  EXPECT_EQ(tell_message(lab.memory, *theirs, ours, std::as_bytes(std::span(text)).first(6)), 0);
  EXPECT_EQ(std::string_view(lab.first.data(), 4), "sixt");
  EXPECT_EQ(std::string_view(lab.second.data(), 2), "yf");
  EXPECT_EQ(lab.name.sin_family, AF_INET);
  EXPECT_EQ(lab.control[0], 'n');
  EXPECT_EQ(lab.header.msg_namelen, sizeof(sockaddr_in));
  EXPECT_EQ(lab.header.msg_controllen, 16U);
  EXPECT_EQ(lab.header.msg_flags, int{MSG_TRUNC});
}

}  // namespace
}  // namespace strata::attach::their_message_test
