// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_datagrams.h"

#include <array>
#include <cerrno>
#include <utility>

#include "service/gateway/answers.h"
#include "stack/core.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

constexpr std::size_t kClientsMax = 4096;
constexpr std::size_t kMessageMax = 65'535;
constexpr int kMessagesAtOnce = 64;
constexpr Duration kIdle = std::chrono::minutes(5);
constexpr Duration kSweepEvery = std::chrono::seconds(10);

}  // namespace

PublishedDatagrams::PublishedDatagrams(HostedStack& gateway, const HostPlaces& places,
                                       const SipKey& key)
    : gateway_(gateway), places_(places), clients_(key, kClientsMax), message_(kMessageMax) {}

int PublishedDatagrams::open(const IpAddress& address, const PublishOptions& options) {
  auto socket = HostSocket::bind({address, options.host_port});
  if (!socket) return socket.error();
  const auto made = std::make_shared<Opening>(options, *std::move(socket));
  const std::weak_ptr<Opening> opening = made;
  const auto heard = [this, opening](std::uint32_t) {
    if (const auto open = opening.lock()) on_host(open);
  };
  if (!made->host.watch(gateway_.loop(), heard)) return ENOMEM;
  openings_.push_back(made);
  return 0;
}

void PublishedDatagrams::close(const PublishOptions& place) {
  const auto is_meant = [&](const auto& opening) { return is_same_place(opening->options, place); };
  for (const auto& opening : openings_) {
    if (!is_meant(opening)) continue;
    clients_.erase_if([&](const Client& client) { return client.opening == opening.get(); });
  }
  std::erase_if(openings_, is_meant);
}

void PublishedDatagrams::lead(const PublishOptions& place, std::uint16_t inside_port) {
  for (const auto& opening : openings_) {
    if (is_same_place(opening->options, place)) opening->options.inside_port = inside_port;
  }
}

void PublishedDatagrams::forget_former() {
  clients_.erase_if([](const Client& client) {
    return client.flow.inside.port != client.opening->options.inside_port;
  });
}

void PublishedDatagrams::on_host(const std::shared_ptr<Opening>& opening) {
  for (int i = 0; i < kMessagesAtOnce; ++i) {
    const auto received = opening->host.receive(message_);
    if (received) {
      on_datagram(*opening, *received);
    } else if (received.error() == EAGAIN) {
      return;
    }
  }
  // Edges come once: what is left is read in a turn of its own.
  gateway_.loop().post([this, later = std::weak_ptr<Opening>(opening)] {
    if (const auto open = later.lock()) on_host(open);
  });
}

void PublishedDatagrams::on_datagram(const Opening& opening, const HostSocket::Received& received) {
  const Endpoint name = HostPlaces::name_of(received.addresses.remote);
  const auto inside = places_.inside_for(name.address);
  if (!inside) return gateway_.stack().core().drops.add(DropReason::kUdpNoSocket);
  const GatewayFlow flow{.inside = {*inside, opening.options.inside_port}, .outside = name};
  const Time now = gateway_.loop().now();
  Client* client = clients_.find(flow, now);
  if (client == nullptr) client = &clients_.add({.flow = flow, .used = now});
  client->opening = &opening;
  client->addresses = received.addresses;
  sweep_soon();
  send_datagram(gateway_, flow, Bytes(message_).first(received.size));
}

bool PublishedDatagrams::answer(const Packet& packet, const GatewayFlow& flow) {
  const Client* client = clients_.find(flow, gateway_.loop().now());
  if (client == nullptr) return false;
  const std::size_t skip = transport_offset(packet) + wire::UdpLayout::kSize;
  const MutableBytes message = MutableBytes(message_).first(packet.size() - skip);
  packet.copy_out(skip, message);
  const auto sent = client->opening->host.send(message, client->addresses);
  if (!sent && (sent.error() == EAGAIN || sent.error() == ENOBUFS)) {
    gateway_.stack().core().drops.add(DropReason::kTransmitQueueFull);
  } else if (!sent) {
    send_failure(gateway_, packet, sent.error());
  }
  return true;
}

void PublishedDatagrams::sweep_soon() {
  if (std::exchange(is_sweeping_, true)) return;
  gateway_.loop().start_timer(gateway_.loop().now() + kSweepEvery, [this] {
    is_sweeping_ = false;
    const Time now = gateway_.loop().now();
    clients_.erase_if([now](const Client& client) { return client.used + kIdle <= now; });
    if (clients_.size() != 0) sweep_soon();
  });
}

}  // namespace strata::service
