// SPDX-License-Identifier: Apache-2.0
#include "service/lab/datagram_flows.h"

#include <algorithm>
#include <array>
#include <utility>

#include "strata/wire/checksum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/tcp.h"

namespace strata::service {

void PacedFlow::start() {
  is_running_ = true;
  if (!ends_.from.is_running() || !open()) return;
  tick(++round_);
}

void PacedFlow::tick(std::uint64_t round) {
  if (!is_running_ || round != round_) return;
  send();
  ends_.from.executor().start_timer(now() + traffic_.every, [this, round] { tick(round); });
}

void PacedFlow::on_crash(const sim::Host& host) {
  if (&host == &ends_.to) stop_listening();
  if (&host != &ends_.from) return;
  ++round_;  // nothing ticks
  close();
}

void PacedFlow::on_restart(const sim::Host& host) {
  if (&host == &ends_.to) listen();
  if (&host == &ends_.from && is_running_) start();
}

void PacedFlow::on_address(const IpAddress& address) {
  ends_.address = address;
  if (!is_running_ || !ends_.from.is_running()) return;
  ++round_;
  close();
  start();
}

// ── Echo ───────────────────────────────────────────────────────────────────────────────────────

bool PingFlow::open() {
  auto socket = IcmpSocket::open(ends_.from.stack(), ends_.family());
  if (!socket) return fail("ping", socket.error()), false;
  socket_.emplace(std::move(*socket));
  const auto connected = socket_->connect(ends_.address);
  if (!connected) return fail("ping", connected.error()), false;
  return socket_->on_ready([this](Readiness) { take_replies(); }).has_value();
}

void PingFlow::send() {
  const auto number = static_cast<std::uint16_t>(counts_.sent++);
  sent_at_[number] = now();
  // What cannot leave is lost, as on the way: the answer is missing.
  static_cast<void>(socket_->send_echo(payload_, number, {}, now()));
}

void PingFlow::take_replies() {
  std::array<std::byte, 65'536> buffer;
  while (const auto reply = socket_->receive(buffer)) {
    const auto found = sent_at_.find(reply->sequence_number);
    if (found == sent_at_.end()) continue;
    note_time(now() - found->second);
    sent_at_.erase(found);
    ++counts_.exchanges;
    counts_.add_bytes(reply->info.size, ends_.world.now());
  }
}

// ── UDP ────────────────────────────────────────────────────────────────────────────────────────

UdpFlow::UdpFlow(const LabTraffic& traffic, const FlowEnds& ends)
    : PacedFlow(traffic, ends), payload_(std::max<std::uint64_t>(traffic.size, 8)) {
  UdpFlow::listen();
}

void UdpFlow::listen() {
  auto receiver = UdpSocket::open(ends_.to.stack(), ends_.family());
  if (!receiver) return fail("udp", receiver.error());
  receiver_.emplace(std::move(*receiver));
  if (const auto bound = receiver_->bind(ends_.any()); !bound) fail("udp", bound.error());
  if (const auto told = receiver_->on_ready([this](Readiness) { take_datagrams(); }); !told) {
    fail("udp", told.error());
  }
}

bool UdpFlow::open() {
  auto sender = UdpSocket::open(ends_.from.stack(), ends_.family());
  if (!sender) return fail("udp", sender.error()), false;
  sender_.emplace(std::move(*sender));
  const auto connected = sender_->connect(ends_.remote());
  if (!connected) fail("udp", connected.error());
  return connected.has_value();
}

void UdpFlow::send() {
  ++counts_.sent;
  store_big_endian<std::uint64_t>(payload_.data(),
                                  static_cast<std::uint64_t>(now().time_since_epoch().count()));
  // What cannot leave is lost, as on the way.
  static_cast<void>(sender_->send(payload_, now()));
}

void UdpFlow::take_datagrams() {
  std::array<std::byte, 65'536> buffer;
  while (const auto info = receiver_->receive(buffer)) {
    const auto left = load_big_endian<std::uint64_t>(buffer.data());
    note_time(ends_.to.executor().now() - Time(Duration(static_cast<std::int64_t>(left))));
    ++counts_.exchanges;
    counts_.add_bytes(info->size, ends_.world.now());
  }
}

// ── A flood of SYNs ────────────────────────────────────────────────────────────────────────────

SynFlood::SynFlood(const LabTraffic& traffic, const FlowEnds& ends)
    : PacedFlow(traffic, ends), rng_(ends.seed) {}

bool SynFlood::open() {
  if (!ends_.address.is_v4()) return fail("syn_flood", Error::kInvalidArgument), false;
  auto socket = RawSocket::open(ends_.from.stack(), AddressFamily::kIpv4, wire::kIpProtocolTcp);
  if (!socket) return fail("syn_flood", socket.error()), false;
  socket_.emplace(std::move(*socket));
  const auto set = socket_->set_includes_header(true);
  if (!set) fail("syn_flood", set.error());
  return set.has_value();
}

void SynFlood::send() {
  constexpr std::uint64_t kNobodyFrom = 100, kNobodyTo = 254;
  constexpr std::uint64_t kPortFrom = 1024, kPortTo = 65'535;
  const std::uint32_t network = ends_.from_network.network().address().v4_value();
  const auto source =
      IpAddress::v4(network + static_cast<std::uint32_t>(rng_.between(kNobodyFrom, kNobodyTo)));
  std::array<std::byte, wire::Ipv4Layout::kSize + wire::TcpLayout::kSize> packet{};
  const wire::Ipv4Header ip{.total_length = packet.size(),
                            .protocol = wire::kIpProtocolTcp,
                            .source = source,
                            .destination = ends_.address};
  write(ip, std::span(packet).first<wire::Ipv4Layout::kSize>());
  const auto segment = std::span(packet).last<wire::TcpLayout::kSize>();
  wire::TcpHeader tcp{.source_port = static_cast<std::uint16_t>(rng_.between(kPortFrom, kPortTo)),
                      .destination_port = ends_.port,
                      .sequence_number = static_cast<std::uint32_t>(rng_.next()),
                      .flags = wire::kTcpSyn,
                      .window = 65'535};
  write(tcp, segment);
  tcp.checksum =
      fold(wire::partial_sum(segment) +
           wire::pseudo_header_sum(source, ends_.address, wire::kIpProtocolTcp, segment.size()));
  write(tcp, segment);
  SendChoices choices;
  choices.destination = Endpoint{ends_.address};
  ++counts_.sent;
  // What cannot leave is lost, as on the way.
  static_cast<void>(socket_->send(packet, choices, now()));
}

}  // namespace strata::service
