// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/datagram_relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "service/gateway/answers.h"
#include "stack/core.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

// RFC 4787 4.3: at least two minutes, and five recommended.
constexpr Duration kIdle = std::chrono::minutes(5);
constexpr Duration kEchoIdle = std::chrono::seconds(20);
constexpr Duration kSweepEvery = std::chrono::seconds(10);
constexpr std::size_t kIcmpFixedBytes = 4;
constexpr int kMessagesAtOnce = 64;
constexpr std::size_t kSessionsMax = 4096;
constexpr std::size_t kMessageMax = 65'535;

// The host's kernel fills in checksum and identifier.
void make_echo_request(MutableBytes message, bool is_v4) {
  const unsigned type = is_v4 ? static_cast<unsigned>(wire::Icmpv4Type::kEchoRequest)
                              : static_cast<unsigned>(wire::Icmpv6Type::kEchoRequest);
  message[0] = static_cast<std::byte>(type);
  message[1] = message[2] = message[3] = std::byte{0};
}

}  // namespace

DatagramRelay::DatagramRelay(HostedStack& gateway, const HostPlaces& places, Troubles& troubles,
                             const SipKey& key)
    : gateway_(gateway),
      places_(places),
      troubles_(troubles),
      sessions_(key, kSessionsMax),
      message_(kMessageMax) {}

void DatagramRelay::on_datagram(const Packet& packet, const GatewayFlow& flow) {
  send(packet, flow, transport_offset(packet) + wire::UdpLayout::kSize);
}

void DatagramRelay::on_echo_request(const Packet& packet, const GatewayFlow& flow) {
  send(packet, flow, transport_offset(packet));
}

void DatagramRelay::send(const Packet& packet, const GatewayFlow& flow, std::size_t skip) {
  Session* session = sessions_.find(flow, gateway_.loop().now());
  if (session == nullptr) session = open(packet, flow);
  if (session == nullptr) return;
  session->quote.resize(std::min(packet.size(), kQuoteBytes));
  packet.copy_out(0, session->quote);
  const MutableBytes message = MutableBytes(message_).first(packet.size() - skip);
  packet.copy_out(skip, message);
  if (session->is_echo()) make_echo_request(message, flow.inside.address.is_v4());
  const std::array<Bytes, 1> parts{Bytes(message)};
  const auto sent = session->host.write(parts);
  if (sent) return;
  if (sent.error() == EAGAIN || is_shortage(sent.error())) {
    return gateway_.stack().core().drops.add(DropReason::kTransmitQueueFull);
  }
  fail(*session, sent.error());
}

std::expected<HostSocket, int> DatagramRelay::connect(const GatewayFlow& flow) {
  const bool is_echo = flow.outside.port == 0;
  const auto target = places_.target_of(flow.outside);
  if (!target) return std::unexpected(ECONNREFUSED);
  return HostSocket::connect(is_echo ? HostSocket::Kind::kEcho : HostSocket::Kind::kDatagram,
                             *target);
}

DatagramRelay::Session* DatagramRelay::open(const Packet& packet, const GatewayFlow& flow) {
  auto host = connect(flow);
  if (!host) {
    const bool is_echo = flow.outside.port == 0;
    if (is_echo && (host.error() == EACCES || host.error() == EPERM)) troubles_.on_no_echo();
    troubles_.on_no_socket(host.error());
    gateway_.stack().core().drops.add(DropReason::kUdpNoSocket);
    send_failure(gateway_, packet, host.error());
    return nullptr;
  }
  Session& made =
      sessions_.add({.flow = flow, .host = *std::move(host), .used = gateway_.loop().now()});
  if (!made.host.watch(gateway_.loop(), [this, &made](std::uint32_t) { on_host(made); })) {
    sessions_.erase(flow);  // it could send, but would never hear
    return nullptr;
  }
  sweep_soon();
  return &made;
}

void DatagramRelay::on_host(Session& session) {
  for (int i = 0; i < kMessagesAtOnce; ++i) {
    const auto count = session.host.read(message_);
    if (!count && count.error() == EAGAIN) return;
    if (!count) {
      fail(session, count.error());
      continue;
    }
    session.used = gateway_.loop().now();
    answer(session, Bytes(message_).first(*count));
  }
  // Edges come once: what is left is read in a turn of its own.
  gateway_.loop().post([this, flow = session.flow] {
    Session* one = sessions_.find(flow, gateway_.loop().now());
    if (one != nullptr) on_host(*one);
  });
}

void DatagramRelay::answer(const Session& session, Bytes message) {
  if (!session.is_echo()) return send_datagram(gateway_, session.flow, message);
  if (message.size() < kIcmpFixedBytes + 2) return;
  // The kernel chose another identifier for the host's network.
  const MutableBytes text = MutableBytes(message_).subspan(kIcmpFixedBytes, message.size() - 4);
  store_big_endian<std::uint16_t>(text.data(), session.flow.inside.port);
  send_echo_reply(gateway_, session.flow, text);
}

void DatagramRelay::fail(const Session& session, int error) {
  PacketPtr packet = gateway_.stack().pool().allocate();
  if (packet == nullptr || session.quote.empty()) return;
  copy_bytes(session.quote, packet->append(session.quote.size()));
  send_failure(gateway_, *packet, error);
}

void DatagramRelay::sweep_soon() {
  if (std::exchange(is_sweeping_, true)) return;
  gateway_.loop().start_timer(gateway_.loop().now() + kSweepEvery, [this] {
    is_sweeping_ = false;
    const Time now = gateway_.loop().now();
    sessions_.erase_if([now](const Session& session) {
      return session.used + (session.is_echo() ? kEchoIdle : kIdle) <= now;
    });
    if (sessions_.size() != 0) sweep_soon();
  });
}

}  // namespace strata::service
