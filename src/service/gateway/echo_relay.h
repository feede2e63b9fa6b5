// SPDX-License-Identifier: Apache-2.0
// EchoRelay: echo requests from inside, each flow through a socket of the host.
#pragma once

#include <cstdint>
#include <vector>

#include "service/gateway/flow_table.h"
#include "service/gateway/host_socket.h"
#include "service/gateway/places.h"
#include "service/gateway/troubles.h"
#include "service/hosted_stack.h"

namespace strata::service {

class EchoRelay {
 public:
  EchoRelay(HostedStack& gateway, const HostPlaces& places, Troubles& troubles, const SipKey& key);

  // The packet begins with its IP header. The identifier stands for the port inside, and there is
  // none outside.
  void on_echo_request(const Packet& packet, const GatewayFlow& flow);
  [[nodiscard]] std::size_t flows() const { return sessions_.size(); }

 private:
  struct Session {
    GatewayFlow flow{};
    HostSocket host{};
    Time used{};
    std::vector<std::byte> quote{};  // as much of the last request as an ICMP error quotes
  };

  [[nodiscard]] Session* open(const Packet& packet, const GatewayFlow& flow);
  [[nodiscard]] std::expected<HostSocket, int> connect(const GatewayFlow& flow);
  void on_host(Session& session);
  void answer(const Session& session, Bytes message);
  void fail(const Session& session, int error);
  void sweep_soon();

  HostedStack& gateway_;
  const HostPlaces& places_;
  Troubles& troubles_;
  FlowTable<Session> sessions_;
  std::vector<std::byte> message_;
  bool is_sweeping_ = false;
};

}  // namespace strata::service
