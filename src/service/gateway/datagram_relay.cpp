// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/datagram_relay.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <utility>

#include "service/gateway/answers.h"
#include "stack/core.h"
#include "strata/wire/udp.h"

namespace strata::service {
namespace {

// RFC 4787 4.3: at least two minutes, and five recommended; less for what is known to be brief.
constexpr Duration kIdle = std::chrono::minutes(5);
constexpr Duration kQuestionIdle = std::chrono::seconds(30);
constexpr Duration kSweepEvery = std::chrono::seconds(10);
constexpr int kMessagesAtOnce = 64;
// More than a socket's buffer holds by default: one that stayed would be told to the next sender.
constexpr int kErrorsAtOnce = 512;
constexpr std::size_t kLastingMax = 4096;
constexpr std::size_t kQuestionsMax = 1024;
constexpr std::size_t kMessageMax = 65'535;
constexpr std::size_t kQuoteBytes = 548;  // of a datagram that an ICMP error is about

}  // namespace

DatagramRelay::DatagramRelay(HostedStack& gateway, const HostPlaces& places, Troubles& troubles,
                             const SipKey& key)
    : gateway_(gateway),
      places_(places),
      troubles_(troubles),
      lasting_(key, kLastingMax),
      questions_(key, kQuestionsMax),
      message_(kMessageMax) {}

void DatagramRelay::on_datagram(const Packet& packet, const GatewayFlow& flow) {
  const auto target = places_.target_of(flow.outside);
  if (!target) return refuse(packet, ECONNREFUSED);
  Mapping* mapping = mapping_for(packet, flow, *target);
  if (mapping == nullptr) return;
  if (places_.resolver == target->address) {
    mapping->by_dns_name = is_gateway_dns(flow.outside.address);
  }
  const std::size_t skip = transport_offset(packet) + wire::UdpLayout::kSize;
  const MutableBytes message = MutableBytes(message_).first(packet.size() - skip);
  packet.copy_out(skip, message);
  const auto sent = send(*mapping, message, *target);
  mapping->has_sent = mapping->has_sent || sent.has_value();
  if (sent) return;
  // Of a family that the host does not speak: nobody can answer where nothing has come from.
  if (!mapping->has_sent) forget(mapping->flow);
  if (sent.error() == EAGAIN || is_shortage(sent.error())) {
    return gateway_.stack().core().drops.add(DropReason::kTransmitQueueFull);
  }
  send_failure(gateway_, packet, sent.error());
}

DatagramRelay::Mapping* DatagramRelay::mapping_for(const Packet& packet, const GatewayFlow& flow,
                                                   const Endpoint& target) {
  const GatewayFlow key{
      .inside = flow.inside,
      .outside = {target.address.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6()}};
  const bool is_question = flow.outside.port == kDnsPort;
  Mapping* const mapping = find(key, is_question);
  return mapping != nullptr ? mapping : open(packet, key, is_question);
}

DatagramRelay::Mapping* DatagramRelay::find(const GatewayFlow& key, bool is_question) {
  const Time now = gateway_.loop().now();
  if (Mapping* mapping = lasting_.find(key, now)) return mapping;
  Mapping* mapping = questions_.find(key, now);
  if (mapping != nullptr && !is_question) questions_.hand_over(key, lasting_);
  return mapping;
}

DatagramRelay::Mapping* DatagramRelay::look_at(const GatewayFlow& key) {
  Mapping* mapping = lasting_.look_at(key);
  return mapping != nullptr ? mapping : questions_.look_at(key);
}

DatagramRelay::Mapping* DatagramRelay::open(const Packet& packet, const GatewayFlow& key,
                                            bool is_question) {
  auto host = HostSocket::roam(key.outside.address.is_v4());
  if (!host) {
    troubles_.on_no_socket(host.error());
    refuse(packet, host.error());
    return nullptr;
  }
  FlowTable<Mapping>& table = is_question ? questions_ : lasting_;
  Mapping& made = table.add({.flow = key, .host = *std::move(host), .used = gateway_.loop().now()});
  if (!made.host.watch(gateway_.loop(),
                       [this, &made](std::uint32_t events) { on_host(made, events); })) {
    table.erase(key);  // it could send, but would never hear
    return nullptr;
  }
  sweep_soon();
  return &made;
}

void DatagramRelay::forget(GatewayFlow key) {
  lasting_.erase(key);
  questions_.erase(key);
}

void DatagramRelay::refuse(const Packet& packet, int error) {
  gateway_.stack().core().drops.add(DropReason::kUdpNoSocket);
  send_failure(gateway_, packet, error);
}

// An error that waits at the socket is answered to whoever sends next, whomever it is about, and
// that datagram stays here: it is sent again once all that waited has been told.
HostSocket::Moved DatagramRelay::send(const Mapping& mapping, Bytes message,
                                      const Endpoint& target) {
  const auto sent = mapping.host.send_to(message, target);
  if (sent || sent.error() == EAGAIN) return sent;
  tell_undelivered(mapping);
  return mapping.host.send_to(message, target);
}

void DatagramRelay::on_host(Mapping& mapping, std::uint32_t events) {
  if ((events & EPOLLERR) != 0) tell_undelivered(mapping);
  for (int i = 0; i < kMessagesAtOnce; ++i) {
    const auto received = mapping.host.receive(message_);
    if (received) {
      take_in(mapping, *received);
    } else if (received.error() == EAGAIN) {
      return;
    } else {
      tell_undelivered(mapping);
    }
  }
  // Edges come once: what is left is read in a turn of its own.
  gateway_.loop().post([this, key = mapping.flow] {
    if (Mapping* one = look_at(key)) on_host(*one, 0);
  });
}

void DatagramRelay::take_in(const Mapping& mapping, const HostSocket::Received& received) {
  const Endpoint& inside = mapping.flow.inside;
  const auto name =
      places_.caller(received.addresses.remote, inside.address.is_v4(), mapping.by_dns_name);
  if (!name) return gateway_.stack().core().drops.add(DropReason::kHookDropped);
  send_datagram(gateway_, {.inside = inside, .outside = *name},
                Bytes(message_).first(received.size));
}

void DatagramRelay::tell_undelivered(const Mapping& mapping) {
  std::array<std::byte, kQuoteBytes> quote;
  for (int i = 0; i < kErrorsAtOnce; ++i) {
    const auto failed = mapping.host.undelivered(quote);
    if (!failed) return;
    // EMSGSIZE: the host knows what the path takes by now, and cuts what comes next.
    if (failed->error == 0 || failed->error == EMSGSIZE) continue;
    const Endpoint& inside = mapping.flow.inside;
    const auto name = places_.caller(failed->remote, inside.address.is_v4(), mapping.by_dns_name);
    if (!name) continue;
    send_failure(gateway_, {.inside = inside, .outside = *name}, Bytes(quote).first(failed->size),
                 failed->error);
  }
}

void DatagramRelay::sweep_soon() {
  if (std::exchange(is_sweeping_, true)) return;
  gateway_.loop().start_timer(gateway_.loop().now() + kSweepEvery, [this] {
    is_sweeping_ = false;
    const Time now = gateway_.loop().now();
    lasting_.erase_if([now](const Mapping& one) { return one.used + kIdle <= now; });
    questions_.erase_if([now](const Mapping& one) { return one.used + kQuestionIdle <= now; });
    if (flows() != 0) sweep_soon();
  });
}

}  // namespace strata::service
