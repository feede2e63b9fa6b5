// SPDX-License-Identifier: Apache-2.0
// Packets to the inside that come from nobody's socket: in the name of whom it believes to speak
// to.
#pragma once

#include "service/gateway/tcp_flows.h"
#include "service/hosted_stack.h"
#include "strata/bytes.h"
#include "strata/packet.h"

namespace strata::service {

// A datagram from flow.outside.
void send_datagram(HostedStack& gateway, const GatewayFlow& flow, Bytes payload);
// A reset for a SYN (RFC 9293 3.5.2).
void send_reset(HostedStack& gateway, const Packet& syn, const GatewayFlow& flow);
// What the host was told of this packet, as an ICMP error: `error` is an errno.
void send_failure(HostedStack& gateway, const Packet& offender, int error);
// The same of a datagram from flow.inside, which the host quotes: its headers are made anew.
void send_failure(HostedStack& gateway, const GatewayFlow& flow, Bytes payload, int error);
// An echo reply; the message begins with its identifier.
void send_echo_reply(HostedStack& gateway, const GatewayFlow& flow, Bytes message);

// Where the transport header begins in a packet that begins with its IP header.
[[nodiscard]] std::size_t transport_offset(const Packet& packet);

}  // namespace strata::service
