// SPDX-License-Identifier: Apache-2.0
#include "icmp/echo_table.h"

namespace strata::icmp {

Result<Handle> EchoTable::open(AddressFamily family) {
  const Handle handle = sockets_.try_create(family);
  if (!handle) return std::unexpected(Error::kOutOfMemory);
  sockets_[handle.index].index = handle.index;
  return handle;
}

void EchoTable::close(Handle handle) {
  EchoSocket* socket = sockets_.find(handle);
  if (socket == nullptr) return;
  if (socket->local.port != 0) {
    identifiers_.erase(hash_of(socket->family, socket->local.port), socket->index);
  }
  sockets_.destroy(handle);
}

Result<void> EchoTable::bind(EchoSocket& socket, const IpAddress& local, std::uint16_t identifier) {
  if (socket.local.port != 0) return std::unexpected(Error::kInvalidArgument);
  const auto is_free = [&](std::uint16_t candidate) {
    return match(socket.family, candidate) == nullptr;
  };
  if (identifier == 0) {
    const auto chosen = ports_.choose(local, socket.remote, [&](std::uint16_t candidate) {
      return share_.owns(candidate) && is_free(candidate);
    });
    if (!chosen) return std::unexpected(Error::kNoPortsLeft);
    identifier = *chosen;
  } else if (!is_free(identifier)) {
    return std::unexpected(Error::kAddressInUse);
  }
  if (!identifiers_.insert(hash_of(socket.family, identifier), socket.index)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  socket.local = {local, identifier};
  return {};
}

EchoSocket* EchoTable::match(AddressFamily family, std::uint16_t identifier) {
  const Index index = identifiers_.find(hash_of(family, identifier), [&](Index candidate) {
    const EchoSocket& socket = sockets_[candidate];
    return socket.family == family && socket.local.port == identifier;
  });
  return index == kNoIndex ? nullptr : &sockets_[index];
}

std::uint32_t EchoTable::hash_of(AddressFamily family, std::uint16_t identifier) const {
  return static_cast<std::uint32_t>(
      hash_words(key_, {(static_cast<std::uint64_t>(family) << 16U) | identifier}));
}

}  // namespace strata::icmp
