// SPDX-License-Identifier: Apache-2.0
// What programs ask of connections: each call finds the connection, asks it, and settles what came
// of that.
#include <utility>

#include "tcp/transport.h"

namespace strata::tcp {

Result<std::size_t> Transport::write(Handle handle, Bytes bytes, Time now, bool more) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  // Who asks again and again for room that there is not keeps nothing busy.
  const bool was_told = connection->is_program_waiting();
  const auto took = connection->write(shared_, bytes, now, more);
  if (took || !was_told) settle(*connection, now);
  return took;
}

Result<void> Transport::write_owned(Handle handle, PacketPtr& packet, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto took = connection->write_owned(shared_, packet, now);
  settle(*connection, now);
  return took;
}

Result<std::size_t> Transport::write_urgent(Handle handle, Bytes bytes, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto took = connection->write_urgent(shared_, bytes, now);
  settle(*connection, now);
  return took;
}

Result<std::size_t> Transport::read(Handle handle, MutableBytes to, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto got = connection->read(shared_, to, now);
  if (connection->receiver().owes_ack()) settle(*connection, now);
  return got;
}

Result<PacketPtr> Transport::read_slices(Handle handle, std::size_t bytes_max, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  auto got = connection->read_slices(shared_, bytes_max, now);
  if (connection->receiver().owes_ack()) settle(*connection, now);
  return got;
}

Result<std::size_t> Transport::peek(Handle handle, std::size_t offset, MutableBytes to) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->peek(shared_, offset, to);
}

Result<std::byte> Transport::read_urgent(Handle handle) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->read_urgent(shared_);
}

Result<bool> Transport::is_at_urgent_mark(Handle handle) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->is_at_urgent_mark(shared_);
}

Result<void> Transport::shut_down(Handle handle, Direction direction, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  Result<void> done;
  if (direction != Direction::kWrite) done = connection->shut_down_reading();
  if (done && direction != Direction::kRead) done = connection->shut_down_writing(shared_, now);
  settle(*connection, now);
  return done;
}

ReadyHook::Callback Transport::take_callback(Connection& connection) {
  if (connection.hook == kNoIndex) return {};
  const Index hook = std::exchange(connection.hook, kNoIndex);
  ReadyHook::Callback callback = ready_.take(shared_.hooks[hook]);
  shared_.hooks.destroy(hook);
  return callback;
}

void Transport::close(Handle handle, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return;
  // Ends last: it may own the socket.
  const ReadyHook::Callback former = take_callback(*connection);
  connection->close(shared_, now);
  ++orphans_;
  if (orphans_ > shared_.config.orphans_max && connection->state() != State::kClosed) {
    ++shared_.counters.orphans_reset;
    connection->abort(shared_, now);
  }
  settle(*connection, now);
}

Result<void> Transport::close_lingering(Handle handle, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto done = connection->close_lingering(shared_, now);
  settle(*connection, now);
  return done;
}

void Transport::abort(Handle handle, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return;
  connection->abort(shared_, now);
  close(handle, now);
}

Result<TcpSocketOptions> Transport::options(Handle handle) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return shared_.options[connection->options()];
}

Result<void> Transport::set_options(Handle handle, const TcpSocketOptions& options, Time now) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto done = connection->set_options(shared_, options, now);
  settle(*connection, now);
  return done;
}

std::optional<Error> Transport::take_error(Handle handle) {
  Connection* const connection = find(handle);
  return connection == nullptr ? std::nullopt : connection->take_error();
}

Readiness Transport::readiness(Handle handle) const {
  const Connection* const connection = find(handle);
  return connection == nullptr ? Readiness{} : connection->readiness(shared_);
}

Result<void> Transport::on_ready(Handle handle, ReadyCallback callback) {
  Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  if (!callback) {
    const ReadyHook::Callback former = take_callback(*connection);
    return {};
  }
  if (connection->hook == kNoIndex) connection->hook = shared_.hooks.try_create();
  if (connection->hook == kNoIndex) return std::unexpected(Error::kOutOfMemory);
  ReadyHook& hook = shared_.hooks[connection->hook];
  (void)connection->take_news();  // readiness() tells all there is
  const Readiness so_far = connection->readiness(shared_);
  if (!ready_.watch(hook, std::move(callback), so_far, shared_.memory)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<Endpoint> Transport::local(Handle handle) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->flow().local();
}

Result<Endpoint> Transport::remote(Handle handle) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->flow().remote();
}

Result<TcpState> Transport::state(Handle handle) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->state();
}

Result<TcpInfo> Transport::info(Handle handle, Time now) const {
  const Connection* const connection = find(handle);
  if (connection == nullptr) return std::unexpected(Error::kInvalidHandle);
  return connection->info(shared_, now);
}

}  // namespace strata::tcp
