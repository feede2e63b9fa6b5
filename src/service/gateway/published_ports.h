// SPDX-License-Identifier: Apache-2.0
// PublishedPorts: ports of the host whose clients reach the stack behind the gateway.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "service/failure.h"
#include "service/gateway/published_datagrams.h"
#include "service/gateway/tcp_relay.h"
#include "service/gateway/troubles.h"
#include "service/stack_options.h"

namespace strata::service {

class PublishedPorts {
 public:
  PublishedPorts(Loop& loop, const HostPlaces& places, TcpRelay& relay,
                 PublishedDatagrams& datagrams, Troubles& troubles);

  [[nodiscard]] Outcome<void> publish(const PublishOptions& options);

 private:
  struct Listener {
    HostSocket host;
    std::uint16_t inside_port;
  };
  [[nodiscard]] int open(const IpAddress& address, const PublishOptions& options);
  void on_clients(const Listener& listener);
  void join(const Listener& listener, HostSocket client, const Endpoint& address);
  [[nodiscard]] bool turn_away(const Listener& listener, int error);

  Loop& loop_;
  const HostPlaces& places_;
  TcpRelay& relay_;
  PublishedDatagrams& datagrams_;
  Troubles& troubles_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  HostSocket spare_;  // closed for as long as it takes to refuse a client
};

}  // namespace strata::service
