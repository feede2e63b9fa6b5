// SPDX-License-Identifier: Apache-2.0
// UdpServices: echo, discard, chargen and daytime, for trying a stack out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/stack_options.h"
#include "strata/rng.h"
#include "strata/udp_socket.h"

// RFC 862, 863, 864 and 867 over UDP, for both families on one socket each.
//
// 1. A service answers one datagram with one datagram, and never one that comes from a port of
//    such a service: two of them would talk to each other forever.
// 2. Groups and broadcasts are not answered, so that nobody can make many hosts answer at once.
// 3. In one turn a service handles a bounded number of datagrams; the rest waits for the next.

namespace strata::service {

class UdpServices {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<UdpServices>> open(
      Stack& stack, Executor& executor, const std::vector<ServeOptions>& services);
  UdpServices(const UdpServices&) = delete;
  UdpServices& operator=(const UdpServices&) = delete;

 private:
  struct Server {
    Server(UdpServices& all, Service which, UdpSocket opened)
        : owner(all), service(which), socket(std::move(opened)) {}
    UdpServices& owner;
    Service service;
    UdpSocket socket;
    std::size_t answered = 0;
  };

  UdpServices(Stack& stack, Executor& executor, std::uint64_t seed)
      : stack_(stack), executor_(executor), rng_(seed) {}

  [[nodiscard]] Outcome<void> add(const ServeOptions& options);
  void serve(Server& server);
  void answer(Server& server, const UdpSocket::Received& request);
  [[nodiscard]] bool may_answer(const DatagramInfo& info) const;

  Stack& stack_;
  Executor& executor_;
  Rng rng_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::byte> buffer_;
  // Tasks that were posted may come after our end, where a stack ends before its executor.
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace strata::service
