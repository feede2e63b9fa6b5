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

// 1. A socket of the host is kept where its place is kept, wherever it leads to: a process that has
//    given its privileges up could not open a low port again.
// 2. For the same reason what goes is closed only by settle(), when all else has become of the
//    change what was to become of it. Only what lies in the way of another address of the same port
//    goes at once.

namespace strata::service {

class PublishedPorts {
 public:
  PublishedPorts(Loop& loop, const HostPlaces& places, TcpRelay& relay,
                 PublishedDatagrams& datagrams, Troubles& troubles);

  [[nodiscard]] Outcome<void> publish(const PublishOptions& options);
  // Those alone from now on. When one cannot be had, those before it are as wanted, and the same
  // with what was before puts all back. Either way settle() follows, in the same turn of the loop.
  [[nodiscard]] Outcome<void> publish_only(const std::vector<PublishOptions>& wanted);
  // What is not published any more closes. Connections go on, whatever becomes of their port.
  void settle();

 private:
  struct Listener {
    PublishOptions options;
    HostSocket host;
  };
  void lead(const PublishOptions& place, std::uint16_t inside_port);
  [[nodiscard]] bool close_in_the_way_of(const PublishOptions& options);
  [[nodiscard]] int open_all(const PublishOptions& options);
  void close_all(const PublishOptions& options);
  [[nodiscard]] int open(const IpAddress& address, const PublishOptions& options);
  void on_clients(const std::shared_ptr<Listener>& listener);
  void join(const Listener& listener, HostSocket client, const Endpoint& address);
  [[nodiscard]] bool turn_away(const Listener& listener, int error);

  Loop& loop_;
  const HostPlaces& places_;
  TcpRelay& relay_;
  PublishedDatagrams& datagrams_;
  Troubles& troubles_;
  std::vector<PublishOptions> published_;
  std::vector<PublishOptions> parked_;                // open still, and waiting for settle()
  std::vector<std::shared_ptr<Listener>> listeners_;  // of TCP
  HostSocket spare_;  // closed for as long as it takes to refuse a client
};

}  // namespace strata::service
