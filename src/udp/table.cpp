// SPDX-License-Identifier: Apache-2.0
#include "udp/table.h"

namespace strata::udp {
namespace {

// Wildcard sockets of both families share one place: "::" stands for it.
constexpr IpAddress kAnywhere = IpAddress::any_v6();

constexpr bool overlap(const Socket& a, const Endpoint& at, const Socket& b) {
  const IpAddress& other = b.local.address;
  if (!at.address.is_unspecified() && !other.is_unspecified()) return at.address == other;
  // Two wildcards, or a wildcard and an address, collide when some family is common to both.
  if (!other.is_unspecified()) return a.speaks(other);
  if (!at.address.is_unspecified()) return b.speaks(at.address);
  return a.family == b.family || (a.family == AddressFamily::kIpv6 && !a.options.v6_only) ||
         (b.family == AddressFamily::kIpv6 && !b.options.v6_only);
}

constexpr bool may_share(const Socket& a, const Endpoint& at, const Socket& b) {
  if (a.options.reuse_port && b.options.reuse_port) return true;
  if (!a.options.reuse_address || !b.options.reuse_address) return false;
  // Several programs may listen to one group, or one to an address beside another's wildcard;
  // two on the same unicast address would steal from each other.
  return at.address.is_multicast() || at.address != b.local.address || at.address.is_unspecified();
}

constexpr bool same_zone(const Socket& socket, const FourTuple& tuple) {
  const InterfaceId bound = socket.options.bound_interface;
  if (bound != kNoInterface && bound != tuple.interface) return false;
  return socket.local.zone == kNoInterface || socket.local.zone == tuple.interface;
}

}  // namespace

Result<Handle> Table::open(AddressFamily family) {
  const Handle handle = sockets_.try_create(family);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  Socket& socket = sockets_[handle.index];
  socket.index = handle.index;
  return handle;
}

void Table::close(Handle handle) {
  Socket* socket = sockets_.find(handle);
  if (socket == nullptr) return;
  if (socket->is_bound()) leave(*socket);
  sockets_.destroy(handle);
}

Result<void> Table::bind(Socket& socket, const Endpoint& local, const Endpoint& remote) {
  if (socket.is_bound()) return std::unexpected(Error::kInvalidArgument);
  if (!local.address.is_unspecified() && !socket.speaks(local.address)) {
    return std::unexpected(Error::kInvalidArgument);
  }
  Endpoint chosen = local;
  if (chosen.port == 0) {
    const auto port = ports_.choose(local.address, remote, [&](std::uint16_t candidate) {
      return share_.owns(candidate) && is_free(socket, {local.address, candidate, local.zone});
    });
    if (!port) return std::unexpected(Error::kNoPortsLeft);
    chosen.port = *port;
  } else if (!is_free(socket, chosen)) {
    return std::unexpected(Error::kAddressInUse);
  }
  socket.local = chosen;
  if (!enter(socket)) {
    socket.local = {};
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<void> Table::connect(Socket& socket, const Endpoint& remote, const IpAddress& source) {
  if (!socket.is_bound() || remote.port == 0) return std::unexpected(Error::kInvalidArgument);
  if (!socket.speaks(remote.address)) return std::unexpected(Error::kInvalidArgument);
  const IpAddress bound = socket.bound_address.value_or(socket.local.address);
  if (!move(socket, source, remote)) return std::unexpected(Error::kOutOfMemory);
  socket.bound_address = bound;
  return {};
}

Result<void> Table::disconnect(Socket& socket) {
  if (!socket.is_connected()) return {};
  if (!move(socket, socket.bound_address.value_or(socket.local.address), {})) {
    return std::unexpected(Error::kOutOfMemory);
  }
  socket.bound_address.reset();
  return {};
}

bool Table::is_free(const Socket& socket, const Endpoint& local) {
  bool free = true;
  for_each_on_port(local.port, [&](const Socket& other) {
    const InterfaceId mine = socket.options.bound_interface;
    const InterfaceId theirs = other.options.bound_interface;
    const bool apart = mine != kNoInterface && theirs != kNoInterface && mine != theirs;
    if (!apart && overlap(socket, local, other) && !may_share(socket, local, other)) free = false;
  });
  return free;
}

Socket* Table::look_up(const FourTuple& tuple) {
  Socket* found = nullptr;
  if (connected_ != 0) found = best_of(hash_of(tuple.local, tuple.remote), tuple);
  if (found == nullptr) found = best_of(hash_of(tuple.local, {}), tuple);
  if (found == nullptr) found = best_of(hash_of({kAnywhere, tuple.local.port}, {}), tuple);
  answers_[answer_slot(tuple)] = {.generation = generation_, .tuple = tuple, .socket = found};
  return found;
}

Socket* Table::best_of(std::uint32_t hash, const FourTuple& tuple) {
  Socket* best = nullptr;
  std::optional<std::uint32_t> spread;  // of the flow over sharers: rarely needed
  const auto weight_of = [&](Index index) {
    if (!spread) {
      spread = static_cast<std::uint32_t>(
          hash_words(key_, {tuple.remote.address.low(), tuple.remote.port}));
    }
    return (*spread ^ (index * 0x9e37'79b1U)) * 0x85eb'ca6bU;
  };
  places_.for_each(hash, [&](Index index) {
    Socket& socket = sockets_[index];
    if (!accepts(socket, tuple)) return;
    // Highest weight wins: when a sharer comes or goes, only its own flows move.
    if (best != nullptr && weight_of(index) <= weight_of(best->index)) return;
    best = &socket;
  });
  return best;
}

bool Table::accepts(const Socket& socket, const FourTuple& tuple) {
  if (socket.local.port != tuple.local.port || !socket.speaks(tuple.local.address)) return false;
  if (!socket.local.address.is_unspecified() && socket.local.address != tuple.local.address) {
    return false;
  }
  if (socket.is_connected() &&
      (socket.remote.address != tuple.remote.address || socket.remote.port != tuple.remote.port)) {
    return false;
  }
  return same_zone(socket, tuple);
}

std::uint32_t Table::hash_of(const Endpoint& local, const Endpoint& remote) const {
  const std::uint64_t ports = (std::uint64_t{local.port} << 16U) | remote.port;
  return static_cast<std::uint32_t>(
      hash_words(key_, {local.address.high(), local.address.low(), remote.address.high(),
                        remote.address.low(), ports}));
}

std::uint32_t Table::hash_of_port(std::uint16_t port) const {
  return static_cast<std::uint32_t>(hash_words(key_, {port}));
}

std::uint32_t Table::place_of(const Socket& socket) const {
  const IpAddress& address =
      socket.local.address.is_unspecified() ? kAnywhere : socket.local.address;
  return hash_of({address, socket.local.port}, {socket.remote.address, socket.remote.port});
}

bool Table::enter(Socket& socket) {
  if (!places_.insert(place_of(socket), socket.index)) return false;
  if (!ports_index_.insert(hash_of_port(socket.local.port), socket.index)) {
    places_.erase(place_of(socket), socket.index);
    return false;
  }
  if (socket.is_connected()) ++connected_;
  if (share_.udp_ports != nullptr) share_.udp_ports->on_hold(socket.local.port);
  forget_answers();
  return true;
}

// The new place is entered before the old one is left: an index that gives its memory back when it
// is emptied might not get it again.
bool Table::move(Socket& socket, const IpAddress& local, const Endpoint& remote) {
  const std::uint32_t before = place_of(socket);
  const Endpoint local_before = socket.local;
  const Endpoint remote_before = socket.remote;
  socket.local.address = local;
  socket.remote = remote;
  const std::uint32_t after = place_of(socket);
  if (after != before) {
    if (!places_.insert(after, socket.index)) {
      socket.local = local_before;
      socket.remote = remote_before;
      return false;
    }
    places_.erase(before, socket.index);
  }
  if (remote_before.port != 0) --connected_;
  if (socket.is_connected()) ++connected_;
  forget_answers();
  return true;
}

void Table::leave(Socket& socket) {
  places_.erase(place_of(socket), socket.index);
  ports_index_.erase(hash_of_port(socket.local.port), socket.index);
  if (socket.is_connected()) --connected_;
  if (share_.udp_ports != nullptr) share_.udp_ports->on_let_go(socket.local.port);
  forget_answers();
}

}  // namespace strata::udp
