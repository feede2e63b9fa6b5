// SPDX-License-Identifier: Apache-2.0
// Connections that leave for another process, or come from one.
#include "tcp/transport.h"

namespace strata::tcp {

Handle Transport::handle_at(Index from) const {
  const Index index = connections_.next_used(from);
  return index == kNoIndex ? Handle{} : connections_.handle_of(index);
}

Result<ConnectionSnapshot> Transport::snapshot(Handle handle, Time now) const {
  const Connection* const connection = connections_.find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto snapshot = connection->snapshot(shared_, now);
  if (!snapshot) return std::unexpected(Error::kNotConnected);
  return *snapshot;
}

void Transport::copy_text(Handle handle, MutableBytes unread, MutableBytes queued) const {
  const Connection* const connection = connections_.find(handle);
  if (connection != nullptr) connection->copy_text(shared_, unread, queued);
}

Result<Handle> Transport::restore(const ConnectionSnapshot& snapshot, Bytes unread, Bytes queued,
                                  Time now) {
  if (snapshot.version != ConnectionSnapshot::kVersion) {
    return std::unexpected(Error::kNotSupported);
  }
  const std::uint32_t hash = demux_.hash(snapshot.flow);
  if (demux_.find(snapshot.flow, hash, flow_of()).kind != Demux::Kind::kNone) {
    return std::unexpected(Error::kAddressInUse);
  }
  OptionSetIndex options = kDefaultOptions;
  if (!shared_.options.try_take(snapshot.options, options)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  const SequenceNumber iss = SequenceNumber(snapshot.sender.una) - 1;
  Connection* const connection = enter(snapshot.flow, hash, iss, options, snapshot.path_mtu, now);
  if (connection == nullptr) {
    shared_.options.give_back(options);
    return std::unexpected(Error::kOutOfMemory);
  }
  if (!connection->restore(shared_, snapshot, unread, queued, now)) {
    forget_flow(*connection);
    destroy(*connection);
    return std::unexpected(Error::kOutOfMemory);
  }
  if (snapshot.is_orphan) ++orphans_;
  const Handle handle = connections_.handle_of(connection->timer.owner);
  settle(*connection, now);
  return handle;
}

}  // namespace strata::tcp
