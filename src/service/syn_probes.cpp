// SPDX-License-Identifier: Apache-2.0
#include "service/syn_probes.h"

#include <array>

#include "stack/out/send_udp.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/tcp.h"

namespace strata::service {
namespace {

// What is behind the IP header; nothing when it is no TCP.
Bytes tcp_of(Bytes packet) {
  if (const auto v4 = wire::Ipv4View::parse(packet)) return v4->payload();
  const auto v6 = wire::Ipv6View::parse(packet);
  if (!v6) return {};
  const auto upper = wire::find_upper_layer(v6->next_header(), v6->payload());
  return upper.protocol == wire::kIpProtocolTcp ? upper.payload : Bytes{};
}

}  // namespace

Result<SynProbes> SynProbes::open(Stack& stack, const Endpoint& destination,
                                  std::uint16_t first_port) {
  const bool is_v4 = destination.address.is_v4();
  auto socket = RawSocket::open(stack, is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6,
                                wire::kIpProtocolTcp);
  if (!socket) return std::unexpected(socket.error());
  if (auto set = socket->set_receive_errors(true); !set) return std::unexpected(set.error());
  const auto source = stack::source_towards(stack.core(), destination, kNoInterface);
  if (!source) return std::unexpected(source.error());
  return SynProbes(std::move(*socket), {*source, first_port}, destination);
}

Result<std::size_t> SynProbes::send(std::size_t index, std::uint8_t hop_limit, Time now) {
  std::array<std::byte, wire::TcpLayout::kSize> segment{};
  wire::TcpHeader header{.source_port = static_cast<std::uint16_t>(first_port_ + index),
                         .destination_port = remote_.port,
                         .sequence_number = static_cast<std::uint32_t>(index) << 16U,
                         .flags = wire::kTcpSyn,
                         .window = 65535};
  write(header, segment);
  header.checksum = fold(wire::partial_sum(segment) +
                         wire::pseudo_header_sum(local_.address, remote_.address,
                                                 wire::kIpProtocolTcp, segment.size()));
  write(header, segment);
  SendChoices choices;
  choices.destination = Endpoint{remote_.address, 0, remote_.zone};
  choices.source = local_.address;
  choices.hop_limit = hop_limit;
  return socket_.send(segment, choices, now);
}

Result<SynProbes::Answer> SynProbes::receive(MutableBytes buffer) {
  while (true) {
    const auto info = socket_.receive(buffer);
    if (!info) return std::unexpected(info.error());
    if (info->source.address != remote_.address || info->is_truncated) continue;
    if (const auto answer = read_answer(Bytes(buffer).first(info->size))) return *answer;
  }
}

std::optional<SynProbes::Answer> SynProbes::read_answer(Bytes packet) const {
  const auto view = wire::TcpView::parse(tcp_of(packet));
  if (!view || view->source_port() != remote_.port) return std::nullopt;
  const bool is_answer = view->flags().rst() || view->flags().contains(wire::kTcpSyn);
  const std::size_t index = view->destination_port() - std::size_t{first_port_};
  const auto asked = static_cast<std::uint32_t>(index) << 16U;
  if (!is_answer || !view->flags().ack() || view->acknowledgment_number() != asked + 1) {
    return std::nullopt;
  }
  return Answer{index, view->flags().syn()};
}

}  // namespace strata::service
