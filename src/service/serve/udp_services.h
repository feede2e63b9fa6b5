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

  // While it runs, in this order.
  void close_all_but(const std::vector<ServeOptions>& services);
  [[nodiscard]] Outcome<void> open_missing(const std::vector<ServeOptions>& services);

 private:
  struct Server {
    Server(ServeOptions what, UdpSocket opened)
        : options(std::move(what)), socket(std::move(opened)) {}
    ServeOptions options;
    UdpSocket socket;
    std::size_t answered = 0;
  };

  UdpServices(Stack& stack, Executor& executor, std::uint64_t seed)
      : stack_(stack), executor_(executor), rng_(seed) {}

  [[nodiscard]] Outcome<void> add(const ServeOptions& options);
  void serve(const std::shared_ptr<Server>& server);
  void answer(Server& server, const UdpSocket::Received& request);
  [[nodiscard]] bool may_answer(const DatagramInfo& info) const;

  Stack& stack_;
  Executor& executor_;
  Rng rng_;
  // Tasks that were posted may come after the end of a server, and after ours, where a stack ends
  // before its executor.
  std::vector<std::shared_ptr<Server>> servers_;
  std::vector<std::byte> buffer_;
};

}  // namespace strata::service
