// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace strata::service {
namespace {

constexpr int kClientsAtOnce = 64;

Failure why_not(const IpAddress& address, const PublishOptions& options, int error) {
  const std::string where =
      fmt::format("{} port {} of the host{}{}", options.is_udp ? "UDP" : "TCP", options.host_port,
                  options.host_address.is_unspecified() ? "" : " at ",
                  options.host_address.is_unspecified() ? "" : to_text(address).view());
  switch (error) {
    case EADDRINUSE:
      return {fmt::format("publish: {} is taken by another program", where),
              "choose another port, or end that program"};
    case EACCES:
      return {fmt::format("publish: {} needs a privilege, as low ones do", where),
              "choose one from 1024 on, or: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=0"};
    case EADDRNOTAVAIL:
      return {fmt::format("publish: {}: this host has no such address", where), ""};
    default: return {fmt::format("publish: {}: {}", where, std::strerror(error)), ""};
  }
}

}  // namespace

PublishedPorts::PublishedPorts(Loop& loop, const HostPlaces& places, TcpRelay& relay,
                               PublishedDatagrams& datagrams, Troubles& troubles)
    : loop_(loop), places_(places), relay_(relay), datagrams_(datagrams), troubles_(troubles) {}

Outcome<void> PublishedPorts::publish(const PublishOptions& options) {
  const bool is_any = options.host_address.is_unspecified();
  const IpAddress first = is_any ? IpAddress::any_v4() : options.host_address;
  int error = open(first, options);
  if (is_any && (error == 0 || error == EAFNOSUPPORT)) {
    // A host may have one family alone, and a port may be taken in either.
    const int other = open(IpAddress::any_v6(), options);
    if (error != 0 || other == EADDRINUSE) error = other;
  }
  if (error != 0) return std::unexpected(why_not(first, options, error));
  return {};
}

// 0, or an errno.
int PublishedPorts::open(const IpAddress& address, const PublishOptions& options) {
  const Endpoint host{address, options.host_port};
  if (options.is_udp) return datagrams_.open(host, options.inside_port);
  auto socket = HostSocket::listen(host);
  if (!socket) return socket.error();
  if (!spare_.is_open()) spare_ = HostSocket::spare();
  listeners_.push_back(std::make_unique<Listener>(*std::move(socket), options.inside_port));
  Listener& made = *listeners_.back();
  if (!made.host.watch(loop_, [this, &made](std::uint32_t) { on_clients(made); })) {
    return ENOMEM;
  }
  return 0;
}

void PublishedPorts::on_clients(const Listener& listener) {
  for (int i = 0; i < kClientsAtOnce; ++i) {
    auto client = listener.host.accept();
    if (client) {
      join(listener, std::move(client->first), client->second);
    } else if (client.error() == EAGAIN || !turn_away(listener, client.error())) {
      return;
    }
  }
  // Edges come once: who waits still is taken in a turn of its own.
  loop_.post([this, &listener] { on_clients(listener); });
}

void PublishedPorts::join(const Listener& listener, HostSocket client, const Endpoint& address) {
  const Endpoint name = HostPlaces::name_of(address);
  const auto inside = places_.inside_for(name.address);
  if (!inside) return client.abort();
  relay_.join(std::move(client), {.inside = {*inside, listener.inside_port}, .outside = name});
}

// Without a descriptor for it the client would wait for one unseen. False when there is nobody to
// turn away.
bool PublishedPorts::turn_away(const Listener& listener, int error) {
  if (!is_shortage(error)) return error == ECONNABORTED;
  spare_.close();
  // Only now does it show whether anybody waits.
  auto client = listener.host.accept();
  if (client) {
    troubles_.on_no_socket(error);
    relay_.on_turned_away();
    client->first.abort();
  }
  spare_ = HostSocket::spare();
  return client.has_value();
}

}  // namespace strata::service
