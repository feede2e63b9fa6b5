// SPDX-License-Identifier: Apache-2.0
// A stack with a wire, and sockets of programs on it, of which /proc/net is to tell.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "attach/proc/net_text.h"
#include "socket/posix/loopback.h"
#include "support/test_device.h"

namespace strata::attach::proc_lab {

// First, for the stack must not outlive it.
struct Wire {
  support::TestDevice device;
};

struct Lab : Wire, posix::Loopback {
  Lab() {
    wire =
        stack->add_interface(device, {.name = "wire0", .mac = {}, .detect_duplicates = false}, now)
            .value_or(kNoInterface);
    EXPECT_TRUE(stack->add_address(wire, *Prefix::parse("10.1.2.3/24"), now));
    EXPECT_TRUE(stack->add_address(wire, *Prefix::parse("fd01::3/64"), now));
    EXPECT_TRUE(stack->add_route({.destination = *Prefix::parse("0.0.0.0/0"),
                                  .gateway = *IpAddress::parse("10.1.2.1"),
                                  .metric = 7}));
    EXPECT_TRUE(stack->add_neighbor(wire, *IpAddress::parse("10.1.2.1"),
                                    *MacAddress::parse("02:00:00:00:00:09"), now));
  }
  // A program's descriptor stands for it, with this inode.
  int socket(int family, int type, std::uint64_t inode = 0) {
    const auto made = static_cast<int>(calls->socket(family, type | SOCK_NONBLOCK, 0));
    EXPECT_GE(made, 0);
    if (inode != 0) own(made, inode);
    return made;
  }
  void own(int descriptor, std::uint64_t inode) {
    known.push_back({.file = calls->find(descriptor).get(), .cookie = inode, .inode = inode});
  }
  void bind(int descriptor, std::uint16_t port) {
    const sockaddr_in here = posix::loopback_address(port);
    EXPECT_EQ(calls->bind(descriptor, posix::as_sockaddr(here), sizeof(here), now), 0);
  }
  void connect(int descriptor, std::uint16_t port) {
    const sockaddr_in there = posix::loopback_address(port);
    const posix::Answer answer =
        calls->connect(descriptor, posix::as_sockaddr(there), sizeof(there), now).answer();
    EXPECT_TRUE(answer == 0 || answer == -EINPROGRESS) << answer;
    settle();
  }
  [[nodiscard]] NetFacts facts() { return {*stack, known, now}; }
  [[nodiscard]] std::string text(client::NetFile file) { return net_text(file, facts()); }

  InterfaceId wire = kNoInterface;
  std::vector<OpenSocket> known;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace strata::attach::proc_lab
