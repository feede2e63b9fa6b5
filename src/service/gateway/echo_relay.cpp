// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/echo_relay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "service/gateway/answers.h"
#include "stack/core.h"
#include "strata/wire/icmpv4.h"
#include "strata/wire/icmpv6.h"

namespace strata::service {
namespace {

constexpr Duration kEchoIdle = std::chrono::seconds(20);
constexpr Duration kEchoSweepEvery = std::chrono::seconds(10);
constexpr std::size_t kEchoFixedBytes = 4;
constexpr std::size_t kEchoQuoteBytes = 548;
constexpr std::size_t kEchoMessageMax = 65'535;
constexpr std::size_t kEchoSessionsMax = 1024;
constexpr int kEchoRepliesAtOnce = 64;

// The host's kernel fills in checksum and identifier.
void make_echo_request(MutableBytes message, bool is_v4) {
  const unsigned type = is_v4 ? static_cast<unsigned>(wire::Icmpv4Type::kEchoRequest)
                              : static_cast<unsigned>(wire::Icmpv6Type::kEchoRequest);
  message[0] = static_cast<std::byte>(type);
  message[1] = message[2] = message[3] = std::byte{0};
}

}  // namespace

EchoRelay::EchoRelay(HostedStack& gateway, const HostPlaces& places, Troubles& troubles,
                     const SipKey& key)
    : gateway_(gateway),
      places_(places),
      troubles_(troubles),
      sessions_(key, kEchoSessionsMax),
      message_(kEchoMessageMax) {}

void EchoRelay::on_echo_request(const Packet& packet, const GatewayFlow& flow) {
  Session* session = sessions_.find(flow, gateway_.loop().now());
  if (session == nullptr) session = open(packet, flow);
  if (session == nullptr) return;
  session->quote.resize(std::min(packet.size(), kEchoQuoteBytes));
  packet.copy_out(0, session->quote);
  const std::size_t skip = transport_offset(packet);
  const MutableBytes message = MutableBytes(message_).first(packet.size() - skip);
  packet.copy_out(skip, message);
  make_echo_request(message, flow.inside.address.is_v4());
  const std::array<Bytes, 1> parts{Bytes(message)};
  const auto sent = session->host.write(parts);
  if (sent) return;
  if (sent.error() == EAGAIN || is_shortage(sent.error())) {
    return gateway_.stack().core().drops.add(DropReason::kTransmitQueueFull);
  }
  fail(*session, sent.error());
}

std::expected<HostSocket, int> EchoRelay::connect(const GatewayFlow& flow) {
  const auto target = places_.target_of(flow.outside);
  if (!target) return std::unexpected(ECONNREFUSED);
  return HostSocket::connect(HostSocket::Kind::kEcho, *target);
}

EchoRelay::Session* EchoRelay::open(const Packet& packet, const GatewayFlow& flow) {
  auto host = connect(flow);
  if (!host) {
    if (host.error() == EACCES || host.error() == EPERM) troubles_.on_no_echo();
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

void EchoRelay::on_host(Session& session) {
  for (int i = 0; i < kEchoRepliesAtOnce; ++i) {
    const auto count = session.host.read(message_);
    if (!count && count.error() == EAGAIN) return;
    if (!count) {
      fail(session, count.error());
      continue;
    }
    answer(session, Bytes(message_).first(*count));
  }
  // Edges come once: what is left is read in a turn of its own.
  gateway_.loop().post([this, flow = session.flow] {
    if (Session* one = sessions_.look_at(flow)) on_host(*one);
  });
}

void EchoRelay::answer(const Session& session, Bytes message) {
  if (message.size() < kEchoFixedBytes + 2) return;
  // The kernel chose another identifier for the host's network.
  const MutableBytes text =
      MutableBytes(message_).subspan(kEchoFixedBytes, message.size() - kEchoFixedBytes);
  store_big_endian<std::uint16_t>(text.data(), session.flow.inside.port);
  send_echo_reply(gateway_, session.flow, text);
}

void EchoRelay::fail(const Session& session, int error) {
  PacketPtr packet = gateway_.stack().pool().allocate();
  if (packet == nullptr || session.quote.empty()) return;
  copy_bytes(session.quote, packet->append(session.quote.size()));
  send_failure(gateway_, *packet, error);
}

void EchoRelay::sweep_soon() {
  if (std::exchange(is_sweeping_, true)) return;
  gateway_.loop().start_timer(gateway_.loop().now() + kEchoSweepEvery, [this] {
    is_sweeping_ = false;
    const Time now = gateway_.loop().now();
    sessions_.erase_if([now](const Session& one) { return one.used + kEchoIdle <= now; });
    if (sessions_.size() != 0) sweep_soon();
  });
}

}  // namespace strata::service
