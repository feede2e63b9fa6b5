// SPDX-License-Identifier: Apache-2.0
#include "script/run/subjects.h"

#include <algorithm>

#include "strata/wire/ip_protocol.h"

namespace strata::script {

using Kind = Subject::Kind;

Subject& Subjects::add(Kind kind, int descriptor) {
  Subject& subject = subjects_.emplace_back();
  subject.kind = kind;
  subject.descriptor = descriptor;
  subject.flow.protocol = kind == Kind::kDatagrams ? wire::kIpProtocolUdp : wire::kIpProtocolTcp;
  subject.flow.local = {options_.local(), options_.bind_port};
  subject.flow.remote = {options_.remote(), options_.connect_port};
  current_ = &subject;
  return subject;
}

void Subjects::on_listen(int descriptor, const Endpoint& local) {
  add(Kind::kListening, descriptor).flow.local.port = local.port;
}

void Subjects::on_connect(int descriptor, const Endpoint& remote) {
  const bool has_one = std::ranges::any_of(
      subjects_, [&](const Subject& subject) { return subject.descriptor == descriptor; });
  if (has_one) return;
  Subject& subject = add(Kind::kConnecting, descriptor);
  subject.flow.remote = remote;
  subject.flow.local.port = 0;
}

void Subjects::on_datagrams(int descriptor, const Endpoint& local, std::optional<Endpoint> remote) {
  Subject* known = nullptr;
  for (Subject& subject : subjects_) {
    if (subject.kind == Kind::kDatagrams && subject.descriptor == descriptor) known = &subject;
  }
  Subject& subject = known == nullptr ? add(Kind::kDatagrams, descriptor) : *known;
  current_ = &subject;
  subject.flow.local.port = local.port;
  if (remote) subject.flow.remote = *remote;
}

void Subjects::on_accept(int descriptor, const Endpoint& remote) {
  for (Subject& subject : subjects_) {
    if (subject.kind != Kind::kConnection || subject.flow.remote.port != remote.port) continue;
    subject.descriptor = descriptor;
    current_ = &subject;
  }
}

void Subjects::on_close(int descriptor) {
  for (Subject& subject : subjects_) {
    if (subject.descriptor == descriptor) subject.descriptor = -1;
  }
}

Subject* Subjects::find_by_ports(std::uint16_t local, std::uint16_t remote) {
  Subject* found = nullptr;  // the latest
  for (Subject& subject : subjects_) {
    const Flow& flow = subject.flow;
    const bool is_same = flow.local.port == local && flow.remote.port == remote;
    if (subject.kind != Kind::kListening && is_same) found = &subject;
  }
  return found;
}

Subject* Subjects::find_kind(Kind kind) {
  Subject* found = nullptr;
  for (Subject& subject : subjects_) {
    if (subject.kind == kind) found = &subject;
  }
  return found;
}

Subject& Subjects::add_child(const PacketSpec& packet) {
  Subject* const listening = find_kind(Kind::kListening);
  const std::uint16_t local =
      listening == nullptr ? options_.bind_port : listening->flow.local.port;
  Subject& child = add(Kind::kConnection, -1);
  child.flow.is_opened_by_peer = true;
  child.flow.local.port = packet.ports ? packet.ports->destination : local;
  child.flow.remote.port = packet.ports ? packet.ports->source : next_port_++;
  return child;
}

Subject* Subjects::find_for_tcp(const PacketSpec& packet, const TcpSpec& tcp) {
  const bool is_inbound = packet.direction == Direction::kIn;
  const bool opens = tcp.flags.syn() && !tcp.flags.ack();
  if (packet.ports) {
    const PortPair ports = *packet.ports;
    Subject* const known = is_inbound ? find_by_ports(ports.destination, ports.source)
                                      : find_by_ports(ports.source, ports.destination);
    if (known != nullptr) return current_ = known;
    if (is_inbound && opens && find_kind(Kind::kListening) != nullptr) return &add_child(packet);
  }
  if (is_inbound && (current_ == nullptr || current_->kind == Kind::kListening)) {
    Subject& child = add_child(packet);
    child.flow.remote_isn = tcp.sequence;
    return &child;
  }
  if (!is_inbound && opens && current_ != nullptr && current_->kind != Kind::kConnecting) {
    Subject* const connecting = find_kind(Kind::kConnecting);
    if (connecting != nullptr) return current_ = connecting;
  }
  return current_;
}

Subject* Subjects::find_for(const PacketSpec& packet) {
  if (const auto* tcp = std::get_if<TcpSpec>(&packet.what)) return find_for_tcp(packet, *tcp);
  const bool is_udp = std::holds_alternative<UdpSpec>(packet.what);
  if (is_udp && (current_ == nullptr || current_->kind != Kind::kDatagrams)) {
    Subject* const datagrams = find_kind(Kind::kDatagrams);
    // Without any socket, the packet is for a port where nobody is.
    return datagrams != nullptr ? datagrams : &add(Kind::kDatagrams, -1);
  }
  if (current_ == nullptr) return &add(Kind::kDatagrams, -1);
  return current_;
}

bool Subjects::belongs(const LivePacket& live, const PacketSpec& expected, Subject& subject) {
  if (live.is_icmp()) return true;
  Flow& flow = subject.flow;
  if (live.is_udp() != (flow.protocol == wire::kIpProtocolUdp)) return false;
  const bool has_given_ports = expected.ports && expected.ports->source == live.tcp.source_port &&
                               expected.ports->destination == live.tcp.destination_port;
  const bool opens = live.is_tcp() && live.tcp.flags.syn() && !live.tcp.flags.ack();
  const bool goes_to_peer = live.tcp.destination_port == flow.remote.port;
  if (subject.kind == Kind::kConnecting && opens && goes_to_peer) {
    subject.kind = Kind::kConnection;
    flow.local = {live.source, live.tcp.source_port};
    return true;
  }
  const bool is_same = goes_to_peer && live.tcp.source_port == flow.local.port &&
                       live.destination == flow.remote.address;
  return is_same || has_given_ports;
}

void Subjects::note_inbound(const TcpSpec& tcp, Flow& flow) {
  if (!tcp.flags.syn()) return;
  flow.last_inbound_syn = tcp.sequence;
  // The answer to our SYN, or the one that opens; later ones may be attacks.
  const bool is_first = !flow.has_remote_isn && (tcp.flags.ack() || !flow.local_isn);
  if (!is_first) return;
  flow.remote_isn = tcp.sequence;
  flow.has_remote_isn = true;
}

void Subjects::learn_numbers(const LivePacket& live, const TcpSpec& expected, Flow& flow) {
  if (!live.is_tcp() || !live.tcp.flags.syn() || !expected.flags.syn()) return;
  const bool answers = live.tcp.flags.ack() && flow.last_inbound_syn &&
                       live.tcp.acknowledgment_number == *flow.last_inbound_syn + 1;
  // A new connection over the ports of an old one (RFC 6191), or a simultaneous open.
  const bool is_new_peer = answers && flow.remote_isn != *flow.last_inbound_syn;
  if (answers) {
    flow.remote_isn = *flow.last_inbound_syn;
    flow.has_remote_isn = true;
  }
  if (flow.local_isn && !is_new_peer) return;
  if (is_new_peer && flow.local_isn == live.tcp.sequence_number) return;
  flow.local_isn = live.tcp.sequence_number;
  flow.script_local_isn = expected.sequence;
}

}  // namespace strata::script
