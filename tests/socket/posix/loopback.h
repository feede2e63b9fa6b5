// SPDX-License-Identifier: Apache-2.0
// A stack that talks to itself over its loopback interface, and the calls over it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "socket/posix/calls.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/stack.h"

namespace strata::posix {

struct Loopback {
  Loopback() : pool(memory, {.small_buffers = 256, .large_buffers = 16, .extra_descriptors = 256}) {
    StackConfig config;
    config.memory = &memory;
    config.pool = &pool;
    stack.emplace(*Stack::create(config));
    calls.emplace(*stack);
  }

  void settle() {
    for (int i = 0; i < 8; ++i) {
      stack->poll(now);
      stack->flush(now);
    }
  }

  HeapMemory memory;
  PacketPool pool;
  std::optional<Stack> stack;
  std::optional<Calls> calls;
  Time now{std::chrono::seconds(1)};
};

inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace strata::posix
