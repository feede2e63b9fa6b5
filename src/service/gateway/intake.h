// SPDX-License-Identifier: Apache-2.0
// Intake: the gateway's hooks. Every packet of the inside passes here, and every answer to it.
#pragma once

#include <utility>

#include "service/gateway/datagram_relay.h"
#include "service/gateway/echo_relay.h"
#include "service/gateway/fragments.h"
#include "service/gateway/published_datagrams.h"
#include "service/gateway/tcp_relay.h"
#include "strata/hooks.h"
#include "strata/inline_function.h"

// kIpIn    fragments  come again as a whole
//          TCP        to a port of the gateway's own stack, or kept while the host connects
//          UDP, echo  through a socket of the host
//          to the gateway itself: as to any host
//          the rest   nobody is there
// kIpOut   TCP        comes from whom the inside believes to speak to

namespace strata::service {

// Who takes what.
struct Relays {
  TcpRelay& tcp;
  DatagramRelay& datagrams;
  EchoRelay& echo;
  PublishedDatagrams& published;
  Fragments& fragments;
};

class Intake final : public Hook {
 public:
  // Before anything goes to the host's resolver.
  using OnResolverAsked = InlineFunction<void(Time now)>;
  Intake(const Relays& relays, OnResolverAsked on_resolver_asked)
      : relays_(relays), on_resolver_asked_(std::move(on_resolver_asked)) {}

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  [[nodiscard]] Verdict on_in(Packet& packet, Time now);
  [[nodiscard]] Verdict on_out(Packet& packet) const;
  [[nodiscard]] Verdict on_tcp(Packet& packet, GatewayFlow flow, std::size_t transport);
  [[nodiscard]] Verdict on_udp(Packet& packet, GatewayFlow flow, std::size_t transport);
  [[nodiscard]] Verdict on_icmp(Packet& packet, GatewayFlow flow, std::size_t transport);

  Relays relays_;
  OnResolverAsked on_resolver_asked_;
};

}  // namespace strata::service
