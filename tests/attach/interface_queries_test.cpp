// SPDX-License-Identifier: Apache-2.0
#include "attach/interface_queries.h"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "socket/posix/loopback.h"

namespace strata::attach::interface_queries_test {
namespace {

// The program that asks is this one.
struct Lab : posix::Loopback {
  Answer ask(unsigned long what, void* argument) {
    return answer_interface_request(*stack, what, ProgramMemory(::getpid()),
                                    reinterpret_cast<std::uint64_t>(argument));
  }
  Answer ask(unsigned long what, std::string_view name) {
    request = {};
    static_cast<void>(name.copy(request.ifr_name, IFNAMSIZ));
    return ask(what, &request);
  }
  [[nodiscard]] std::uint32_t address() const {
    sockaddr_in plain{};
    std::memcpy(&plain, &request.ifr_addr, sizeof(plain));
    return ntohl(plain.sin_addr.s_addr);
  }
  ifreq request{};
};

TEST(InterfaceQueries, TellWhatTheStackHas) {
  Lab lab;
  EXPECT_EQ(lab.ask(SIOCGIFINDEX, "lo"), 0);
  const int index = lab.request.ifr_ifindex;
  lab.request = {};
  lab.request.ifr_ifindex = index;
  EXPECT_EQ(lab.ask(SIOCGIFNAME, &lab.request), 0);
  EXPECT_STREQ(lab.request.ifr_name, "lo");
  EXPECT_EQ(lab.ask(SIOCGIFADDR, "lo"), 0);
  EXPECT_EQ(lab.address(), INADDR_LOOPBACK);
  EXPECT_EQ(lab.ask(SIOCGIFADDR, "lo:1"), 0) << "a label of it";
  EXPECT_EQ(lab.ask(SIOCGIFNETMASK, "lo"), 0);
  EXPECT_EQ(lab.address(), 0xff00'0000U);
  EXPECT_EQ(lab.ask(SIOCGIFFLAGS, "lo"), 0);
  EXPECT_EQ(lab.request.ifr_flags, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
  EXPECT_EQ(lab.ask(SIOCGIFMTU, "lo"), 0);
  EXPECT_GT(lab.request.ifr_mtu, 16'000);
  EXPECT_EQ(lab.ask(SIOCGIFHWADDR, "lo"), 0);
}

TEST(InterfaceQueries, RefuseWhatIsNotTheirs) {
  Lab lab;
  EXPECT_EQ(lab.ask(SIOCGIFINDEX, "eth99"), -ENODEV);
  EXPECT_EQ(lab.ask(SIOCSIFFLAGS, "lo"), -EPERM);
  EXPECT_EQ(lab.ask(SIOCSIFADDR, "lo"), -EPERM);
  EXPECT_EQ(lab.ask(SIOCETHTOOL, "lo"), -EOPNOTSUPP);
  EXPECT_EQ(lab.ask(SIOCGARP, "lo"), -ENOTTY);
  EXPECT_EQ(lab.ask(SIOCGIFMTU, nullptr), -EFAULT);
  EXPECT_EQ(lab.ask(SIOCGIFCONF, reinterpret_cast<void*>(8)), -EFAULT);
}

TEST(InterfaceQueries, WhatIsUpMayBeSetUp) {
  Lab lab;
  ASSERT_EQ(lab.ask(SIOCGIFFLAGS, "lo"), 0);
  ifreq same = lab.request;
  EXPECT_EQ(lab.ask(SIOCSIFFLAGS, &same), 0);
  same.ifr_flags = 0;
  EXPECT_EQ(lab.ask(SIOCSIFFLAGS, &same), -EPERM);
  EXPECT_EQ(lab.ask(SIOCSIFFLAGS, "eth99"), -ENODEV);
  EXPECT_EQ(lab.ask(SIOCSIFFLAGS, reinterpret_cast<void*>(8)), -EFAULT);
}

TEST(InterfaceQueries, AreToldApartFromThoseOfSockets) {
  for (const int mine : {SIOCGIFCONF, SIOCGIFADDR, SIOCADDRT, SIOCETHTOOL, SIOCGARP}) {
    EXPECT_TRUE(is_interface_request(static_cast<unsigned long>(mine))) << mine;
  }
  for (const int others : {FIONREAD, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, SIOCSPGRP, 0x89e0}) {
    EXPECT_FALSE(is_interface_request(static_cast<unsigned long>(others))) << others;
  }
}

TEST(InterfaceQueries, TheListIsCutToTheRoomThereIs) {
  Lab lab;
  ifconf list{};
  EXPECT_EQ(lab.ask(SIOCGIFCONF, &list), 0);
  EXPECT_EQ(list.ifc_len, static_cast<int>(sizeof(ifreq)));
  std::array<ifreq, 4> room{};
  list.ifc_len = sizeof(room);
  list.ifc_req = room.data();
  EXPECT_EQ(lab.ask(SIOCGIFCONF, &list), 0);
  EXPECT_EQ(list.ifc_len, static_cast<int>(sizeof(ifreq)));
  EXPECT_STREQ(room[0].ifr_name, "lo");
  list.ifc_len = sizeof(ifreq) - 1;
  EXPECT_EQ(lab.ask(SIOCGIFCONF, &list), 0);
  EXPECT_EQ(list.ifc_len, 0);
  list.ifc_len = -1;
  EXPECT_EQ(lab.ask(SIOCGIFCONF, &list), 0);
  EXPECT_EQ(list.ifc_len, 0);
}

}  // namespace
}  // namespace strata::attach::interface_queries_test
