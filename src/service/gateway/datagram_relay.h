// SPDX-License-Identifier: Apache-2.0
// DatagramRelay: UDP from inside. A port inside is a port of the host's, whomever it speaks to.
#pragma once

#include <cstdint>
#include <vector>

#include "service/gateway/flow_table.h"
#include "service/gateway/host_socket.h"
#include "service/gateway/places.h"
#include "service/gateway/troubles.h"
#include "service/hosted_stack.h"

//   inside:p ─┬─> peer a     one unconnected socket of the host for both: what stands behind p is
//             └─> peer b     the same to all (RFC 4787 4.1, REQ-1: endpoint-independent mapping)
//
// 1. Whom a datagram is for is looked up in HostPlaces each time: that one peer may be reached
//    opens nothing to another.
// 2. Anybody may answer (RFC 4787 5, REQ-8: endpoint-independent filtering), as at a port of a
//    program on the host, and behind the same firewall: but only under the name by which the inside
//    would reach them (HostPlaces::caller()).
// 3. A mapping lives for five minutes after the inside has last sent (4.3, REQ-5 and 6): strangers
//    keep none alive. One that has asked for names only lives for half a minute (REQ-5a).
// 4. Both kinds are bounded, each for itself, and shed the longest silent: no burst of questions
//    ends a call.
// 5. A mapping is of one family of the host's: the resolver may be of another than who asks it.

namespace strata::service {

class DatagramRelay {
 public:
  DatagramRelay(HostedStack& gateway, const HostPlaces& places, Troubles& troubles,
                const SipKey& key);

  // The packet begins with its IP header; its UDP header has been checked.
  void on_datagram(const Packet& packet, const GatewayFlow& flow);
  [[nodiscard]] std::size_t flows() const { return lasting_.size() + questions_.size(); }

 private:
  struct Mapping {
    GatewayFlow flow{};  // outside: anybody, of one family
    HostSocket host{};
    Time used{};
    bool by_dns_name = false;  // so was the resolver called last
    bool has_sent = false;
  };

  [[nodiscard]] Mapping* mapping_for(const Packet& packet, const GatewayFlow& flow,
                                     const Endpoint& target);
  [[nodiscard]] Mapping* find(const GatewayFlow& key, bool is_question);
  [[nodiscard]] Mapping* look_at(const GatewayFlow& key);
  [[nodiscard]] Mapping* open(const Packet& packet, const GatewayFlow& key, bool is_question);
  void refuse(const Packet& packet, int error);
  [[nodiscard]] HostSocket::Moved send(const Mapping& mapping, Bytes message,
                                       const Endpoint& target);
  void forget(GatewayFlow key);
  void on_host(Mapping& mapping, std::uint32_t events);
  void take_in(const Mapping& mapping, const HostSocket::Received& received);
  void tell_undelivered(const Mapping& mapping);
  void sweep_soon();

  HostedStack& gateway_;
  const HostPlaces& places_;
  Troubles& troubles_;
  FlowTable<Mapping> lasting_;
  FlowTable<Mapping> questions_;  // that have asked for names only
  std::vector<std::byte> message_;
  bool is_sweeping_ = false;
};

}  // namespace strata::service
