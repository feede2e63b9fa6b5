// SPDX-License-Identifier: Apache-2.0
// PublishedDatagrams: UDP ports of the host whose clients reach the stack behind the gateway.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "service/gateway/flow_table.h"
#include "service/gateway/host_socket.h"
#include "service/gateway/places.h"
#include "service/hosted_stack.h"
#include "service/stack_options.h"

// 1. A client is seen inside under its own address, and answered from the address of the host that
//    it had called.
// 2. Who has sent nothing and was sent nothing for five minutes is forgotten (RFC 4787 4.3); of
// more
//    clients than there is room for, the longest silent. Strangers can fill this table, so it is
//    not that of the flows that began inside.

namespace strata::service {

// Whether two stand for the same sockets of the host, wherever these lead.
[[nodiscard]] inline bool is_same_place(const PublishOptions& a, const PublishOptions& b) {
  return a.host_address == b.host_address && a.host_port == b.host_port && a.is_udp == b.is_udp;
}

class PublishedDatagrams {
 public:
  PublishedDatagrams(HostedStack& gateway, const HostPlaces& places, const SipKey& key);

  // One address of a published port. 0, or the errno of what the host refused.
  [[nodiscard]] int open(const IpAddress& address, const PublishOptions& options);
  // All that was opened for it. Its clients are forgotten.
  void close(const PublishOptions& place);
  // Clients from now on reach this port. Former ones go on as they are until forget_former().
  void lead(const PublishOptions& place, std::uint16_t inside_port);
  // Those whose port leads elsewhere by now.
  void forget_former();
  // A datagram from inside; false when it is to none of the clients.
  [[nodiscard]] bool answer(const Packet& packet, const GatewayFlow& flow);
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

 private:
  struct Opening {
    PublishOptions options;
    HostSocket host;
  };
  struct Client {
    GatewayFlow flow{};
    Time used{};
    const Opening* opening = nullptr;
    HostSocket::Addresses addresses{};
  };

  void on_host(const std::shared_ptr<Opening>& opening);
  void on_datagram(const Opening& opening, const HostSocket::Received& received);
  void sweep_soon();

  HostedStack& gateway_;
  const HostPlaces& places_;
  FlowTable<Client> clients_;
  std::vector<std::shared_ptr<Opening>> openings_;
  std::vector<std::byte> message_;
  bool is_sweeping_ = false;
};

}  // namespace strata::service
