// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/published_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace strata::service {
namespace {

constexpr int kClientsAtOnce = 64;

// The first stands for all of them.
std::vector<IpAddress> addresses_of(const PublishOptions& options) {
  if (options.host_address) return {*options.host_address};
  return {IpAddress::any_v4(), IpAddress::any_v6()};
}

std::string place_of(const PublishOptions& options) {
  const bool is_any = !options.host_address;
  return fmt::format("{} port {} of the host{}{}", options.is_udp ? "UDP" : "TCP",
                     options.host_port, is_any ? "" : " at ",
                     is_any ? "" : to_text(*options.host_address).view());
}

std::unexpected<Failure> asked_twice(const PublishOptions& options) {
  return failed(fmt::format("publish: {} is asked for twice", place_of(options)),
                "it can lead to one port alone");
}

Failure why_not(const PublishOptions& options, int error) {
  const std::string where = place_of(options);
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
  const auto is_there = [&](const PublishOptions& each) { return is_same_place(each, options); };
  if (std::ranges::any_of(published_, is_there)) return asked_twice(options);
  if (const auto parked = std::ranges::find_if(parked_, is_there); parked != parked_.end()) {
    lead(*parked, options.inside_port);
    parked_.erase(parked);
  } else {
    int error = open_all(options);
    if (error == EADDRINUSE && close_in_the_way_of(options)) error = open_all(options);
    if (error != 0) return std::unexpected(why_not(options, error));
  }
  published_.push_back(options);
  return {};
}

Outcome<void> PublishedPorts::publish_only(const std::vector<PublishOptions>& wanted) {
  std::erase_if(published_, [&](const PublishOptions& each) {
    const bool goes = std::ranges::find(wanted, each) == wanted.end();
    if (goes) parked_.push_back(each);
    return goes;
  });
  for (auto each = wanted.begin(); each != wanted.end(); ++each) {
    const auto is_there = [&](const PublishOptions& other) { return is_same_place(other, *each); };
    if (std::any_of(wanted.begin(), each, is_there)) return asked_twice(*each);
    if (std::ranges::find(published_, *each) != published_.end()) continue;
    if (auto done = publish(*each); !done) return done;
  }
  return {};
}

void PublishedPorts::settle() {
  for (const PublishOptions& each : parked_) close_all(each);
  parked_.clear();
  datagrams_.forget_former();
}

void PublishedPorts::lead(const PublishOptions& place, std::uint16_t inside_port) {
  for (const auto& listener : listeners_) {
    if (is_same_place(listener->options, place)) listener->options.inside_port = inside_port;
  }
  if (place.is_udp) datagrams_.lead(place, inside_port);
}

// A port of the host cannot be open twice, though one of them only waits for its end. Whoever hears
// that a port is taken may have it: the kernel asks for the privilege first.
bool PublishedPorts::close_in_the_way_of(const PublishOptions& options) {
  return std::erase_if(parked_, [&](const PublishOptions& each) {
           const bool is_it = each.host_port == options.host_port && each.is_udp == options.is_udp;
           if (is_it) close_all(each);
           return is_it;
         }) != 0;
}

// All of its addresses, or none. 0, or an errno.
int PublishedPorts::open_all(const PublishOptions& options) {
  const std::vector<IpAddress> addresses = addresses_of(options);
  int error = open(addresses.front(), options);
  if (addresses.size() > 1 && (error == 0 || error == EAFNOSUPPORT)) {
    // A host may have one family alone, and a port may be taken in either.
    const int other = open(addresses.back(), options);
    if (error != 0 || other == EADDRINUSE) error = other;
  }
  if (error != 0) close_all(options);
  return error;
}

void PublishedPorts::close_all(const PublishOptions& options) {
  if (options.is_udp) return datagrams_.close(options);
  std::erase_if(listeners_,
                [&](const auto& each) { return is_same_place(each->options, options); });
}

// 0, or an errno.
int PublishedPorts::open(const IpAddress& address, const PublishOptions& options) {
  if (options.is_udp) return datagrams_.open(address, options);
  auto socket = HostSocket::listen({address, options.host_port});
  if (!socket) return socket.error();
  if (!spare_.is_open()) spare_ = HostSocket::spare();
  const auto made = std::make_shared<Listener>(options, *std::move(socket));
  const std::weak_ptr<Listener> listener = made;
  const auto heard = [this, listener](std::uint32_t) {
    if (const auto open = listener.lock()) on_clients(open);
  };
  if (!made->host.watch(loop_, heard)) return ENOMEM;
  listeners_.push_back(made);
  return 0;
}

void PublishedPorts::on_clients(const std::shared_ptr<Listener>& listener) {
  for (int i = 0; i < kClientsAtOnce; ++i) {
    auto client = listener->host.accept();
    if (client) {
      join(*listener, std::move(client->first), client->second);
    } else if (client.error() == EAGAIN || !turn_away(*listener, client.error())) {
      return;
    }
  }
  // Edges come once: who waits still is taken in a turn of its own.
  loop_.post([this, later = std::weak_ptr<Listener>(listener)] {
    if (const auto open = later.lock()) on_clients(open);
  });
}

void PublishedPorts::join(const Listener& listener, HostSocket client, const Endpoint& address) {
  const Endpoint name = HostPlaces::name_of(address);
  const auto inside = places_.inside_for(name.address);
  if (!inside) return client.abort();
  relay_.join(std::move(client),
              {.inside = {*inside, listener.options.inside_port}, .outside = name});
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
