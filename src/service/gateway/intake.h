// SPDX-License-Identifier: Apache-2.0
// Intake: the gateway's hooks. Every packet of the inside passes here, and every answer to it.
#pragma once

#include "service/gateway/datagram_relay.h"
#include "service/gateway/published_datagrams.h"
#include "service/gateway/tcp_relay.h"
#include "strata/hooks.h"

// kIpIn    TCP        to a port of the gateway's own stack, or kept while the host connects
//          UDP, echo  through a socket of the host
//          to the gateway itself: as to any host
//          the rest   nobody is there
// kIpOut   TCP        comes from whom the inside believes to speak to

namespace strata::service {

class Intake final : public Hook {
 public:
  Intake(TcpRelay& tcp, DatagramRelay& datagrams, PublishedDatagrams& published)
      : tcp_(tcp), datagrams_(datagrams), published_(published) {}

  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time now) override;

 private:
  [[nodiscard]] Verdict on_in(Packet& packet);
  [[nodiscard]] Verdict on_out(Packet& packet) const;
  [[nodiscard]] Verdict on_tcp(Packet& packet, GatewayFlow flow, std::size_t transport);
  [[nodiscard]] Verdict on_udp(Packet& packet, GatewayFlow flow, std::size_t transport);
  [[nodiscard]] Verdict on_icmp(Packet& packet, GatewayFlow flow, std::size_t transport);

  TcpRelay& tcp_;
  DatagramRelay& datagrams_;
  PublishedDatagrams& published_;
};

}  // namespace strata::service
