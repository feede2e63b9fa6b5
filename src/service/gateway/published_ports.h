// SPDX-License-Identifier: Apache-2.0
// PublishedPorts: ports of the host whose clients reach the stack behind the gateway.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "service/failure.h"
#include "service/gateway/tcp_relay.h"
#include "service/stack_options.h"

namespace strata::service {

class PublishedPorts {
 public:
  PublishedPorts(Loop& loop, TcpRelay& relay) : loop_(loop), relay_(relay) {}

  [[nodiscard]] Outcome<void> publish(const PublishOptions& options);

 private:
  struct Listener {
    HostSocket host;
    std::uint16_t inside_port;
  };
  [[nodiscard]] Outcome<void> listen(const Endpoint& host, std::uint16_t inside_port);
  void on_clients(const Listener& listener);

  Loop& loop_;
  TcpRelay& relay_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace strata::service
