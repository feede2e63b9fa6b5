// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace strata::service {
Outcome<void> PublishedPorts::publish(const PublishOptions& options) {
  if (!options.host_address.is_unspecified()) {
    return listen({options.host_address, options.host_port}, options.inside_port);
  }
  auto listens = listen({IpAddress::any_v4(), options.host_port}, options.inside_port);
  if (!listens) return listens;
  // A host without IPv6 is complete as it is.
  (void)listen({IpAddress::any_v6(), options.host_port}, options.inside_port);
  return {};
}

Outcome<void> PublishedPorts::listen(const Endpoint& host, std::uint16_t inside_port) {
  auto socket = HostSocket::listen(host);
  if (!socket) {
    return failed(fmt::format("port {} of the host: {}", host.port, std::strerror(socket.error())),
                  socket.error() == EACCES ? "ports below 1024 need a privilege: choose another"
                                           : "choose another port");
  }
  listeners_.push_back(std::make_unique<Listener>(*std::move(socket), inside_port));
  Listener& made = *listeners_.back();
  if (!made.host.watch(loop_, [this, &made](std::uint32_t) { on_clients(made); })) {
    return failed("the loop cannot watch a published port");
  }
  return {};
}

void PublishedPorts::on_clients(const Listener& listener) {
  while (auto client = listener.host.accept()) {
    auto& [socket, name] = *client;
    const IpAddress& inside = name.address.is_v4() ? kInside4.address() : kInside6.address();
    relay_.join(std::move(socket),
                {.inside = {inside, listener.inside_port}, .outside = HostPlaces::name_of(name)});
  }
}

}  // namespace strata::service
