// SPDX-License-Identifier: Apache-2.0
#include "strata/tcp_stream.h"

#include <utility>

#include "socket/native/tcp.h"
#include "stack/out/send_ip.h"
#include "strata/wire/ip_protocol.h"

namespace strata {

using native::with_tcp;
using tcp::Transport;

namespace {

// Where a SYN would leave, and from which address: the local end of the connection to be.
Result<stack::Departure> way_to(stack::Core& core, const Endpoint& remote, const Endpoint& local,
                                const TcpSocketOptions& options) {
  const InterfaceId bound = options.bound_interface;
  auto departure =
      depart(core, {.destination = remote.address,
                    .source = local.address.is_unspecified() ? IpAddress{} : local.address,
                    .interface = bound != kNoInterface ? bound : remote.zone,
                    .protocol = wire::kIpProtocolTcp,
                    .fragment_policy = FragmentPolicy::kDontFragment});
  if (!departure) return departure;
  // RFC 9293 3.9.2.3 (MUST-57, MUST-63): TCP is for two hosts.
  using Kind = stack::Departure::Kind;
  if (departure->kind == Kind::kMulticast || departure->kind == Kind::kBroadcast) {
    return std::unexpected(Error::kInvalidArgument);
  }
  return departure;
}

Result<Endpoint> local_end(stack::Core& core, const TcpConnectOptions& options) {
  if (options.binding != nullptr) return options.binding->local();
  if (!native::may_begin_at(core, options.local)) {
    return std::unexpected(Error::kAddressNotAvailable);
  }
  return options.local;
}

}  // namespace

Result<TcpStream> TcpStream::connect(Stack& stack, const Endpoint& remote,
                                     const TcpConnectOptions& options, Time now) {
  stack::Core& core = stack.core();
  if (remote.port == 0) return std::unexpected(Error::kInvalidArgument);
  if (options.binding != nullptr && !options.binding->is_of(stack)) {
    return std::unexpected(Error::kInvalidHandle);
  }
  Endpoint peer = remote;
  // RFC 1122 3.2.1.3 leaves "this host" to us; programs expect themselves.
  if (peer.address == IpAddress::any_v4()) peer.address = IpAddress::v4(127, 0, 0, 1);
  if (peer.address == IpAddress::any_v6()) peer.address = IpAddress::v6(0, 1);
  const auto local = local_end(core, options);
  if (!local) return std::unexpected(local.error());
  // Bound to what is not ours yet (free_bind).
  if (options.binding != nullptr && !native::may_begin_at(core, *local)) {
    return std::unexpected(Error::kInvalidArgument);
  }
  const auto way = way_to(core, peer, *local, options.options);
  if (!way) return std::unexpected(way.error());
  tcp::Transport* const tcp = core.ensure_tcp();
  if (tcp == nullptr) return std::unexpected(Error::kOutOfMemory);
  const bool is_scoped = peer.address.is_v6() && peer.address.is_link_local();
  const auto handle =
      tcp->connect({.flow = {.local_address = way->source,
                             .remote_address = peer.address,
                             .local_port = local->port,
                             .remote_port = peer.port,
                             .interface = is_scoped ? way->interface->id : kNoInterface},
                    .binding = native::handle_of(options.binding),
                    .mtu = static_cast<std::uint32_t>(way->mtu),
                    .options = options.options,
                    .first_data = options.fast_open_data},
                   now);
  if (!handle) return std::unexpected(handle.error());
  return TcpStream(core, native::id_of(*handle));
}

bool TcpStream::sends_first_data(Stack& stack, const IpAddress& remote, Time now) {
  tcp::Transport* const tcp = stack.core().ensure_tcp();
  return tcp != nullptr && tcp->sends_first_data(remote, now);
}

TcpStream::TcpStream(TcpStream&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), id_(std::exchange(other.id_, {})) {}

TcpStream& TcpStream::operator=(TcpStream&& other) noexcept {
  TcpStream taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(id_, taken.id_);
  return *this;
}

TcpStream::~TcpStream() {
  if (core_ != nullptr) close(core_->last_turn);
}

Result<std::size_t> TcpStream::write(Bytes bytes, Time now, bool more) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.write(handle, bytes, now, more);
  });
}

Result<std::size_t> TcpStream::write(std::span<const Bytes> parts, Time now, bool more) {
  // What is empty at the end must not make the last bytes wait for it.
  while (!parts.empty() && parts.back().empty()) parts = parts.first(parts.size() - 1);
  std::size_t written = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    if (parts[i].empty()) continue;
    const auto count = write(parts[i], now, more || !is_last);
    if (!count && written == 0) return count;
    if (!count) break;
    written += *count;
    if (*count < parts[i].size()) break;
  }
  return written;
}

Result<void> TcpStream::write_packet(PacketPtr& packet, Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.write_owned(handle, packet, now);
  });
}

Result<std::size_t> TcpStream::write_urgent(Bytes bytes, Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.write_urgent(handle, bytes, now);
  });
}

Result<std::size_t> TcpStream::read(MutableBytes buffer, Time now) {
  return with_tcp(core_, id_,
                  [&](Transport& tcp, Handle handle) { return tcp.read(handle, buffer, now); });
}

Result<std::size_t> TcpStream::peek(std::size_t offset, MutableBytes buffer) const {
  return with_tcp(core_, id_,
                  [&](Transport& tcp, Handle handle) { return tcp.peek(handle, offset, buffer); });
}

Result<PacketPtr> TcpStream::read_packet(std::size_t bytes_max, Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.read_slices(handle, bytes_max, now);
  });
}

Result<std::byte> TcpStream::read_urgent() {
  return with_tcp(core_, id_,
                  [](Transport& tcp, Handle handle) { return tcp.read_urgent(handle); });
}

Result<bool> TcpStream::at_urgent_mark() const {
  return with_tcp(core_, id_,
                  [](Transport& tcp, Handle handle) { return tcp.is_at_urgent_mark(handle); });
}

Result<void> TcpStream::shut_down(TcpShutdown how, Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    switch (how) {
      case TcpShutdown::kRead: return tcp.shut_down(handle, Transport::Direction::kRead, now);
      case TcpShutdown::kWrite: return tcp.shut_down(handle, Transport::Direction::kWrite, now);
      case TcpShutdown::kBoth: break;
    }
    return tcp.shut_down(handle, Transport::Direction::kBoth, now);
  });
}

void TcpStream::close(Time now) {
  // Ours no more before the engine destroys a callback that may own this.
  stack::Core* const core = std::exchange(core_, nullptr);
  if (core != nullptr) core->tcp->close(native::handle_of(id_), now);
}

Result<void> TcpStream::close_lingering(Time now) {
  return with_tcp(core_, id_,
                  [&](Transport& tcp, Handle handle) { return tcp.close_lingering(handle, now); });
}

void TcpStream::abort(Time now) {
  stack::Core* const core = std::exchange(core_, nullptr);
  if (core != nullptr) core->tcp->abort(native::handle_of(id_), now);
}

Result<Readiness> TcpStream::readiness() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) -> Result<Readiness> {
    return tcp.readiness(handle);
  });
}

Result<void> TcpStream::on_ready(ReadyCallback callback) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) -> Result<void> {
    return tcp.on_ready(handle, std::move(callback));
  });
}

Result<std::optional<Error>> TcpStream::take_error() {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) -> Result<std::optional<Error>> {
    return tcp.take_error(handle);
  });
}

Result<Endpoint> TcpStream::local() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) { return tcp.local(handle); });
}

Result<Endpoint> TcpStream::remote() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) { return tcp.remote(handle); });
}

Result<TcpState> TcpStream::state() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) { return tcp.state(handle); });
}

Result<TcpInfo> TcpStream::info(Time now) const {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) { return tcp.info(handle, now); });
}

Result<TcpSocketOptions> TcpStream::options() const {
  return with_tcp(core_, id_, [](Transport& tcp, Handle handle) { return tcp.options(handle); });
}

Result<void> TcpStream::set_options(const TcpSocketOptions& options, Time now) {
  return with_tcp(core_, id_, [&](Transport& tcp, Handle handle) {
    return tcp.set_options(handle, options, now);
  });
}

}  // namespace strata
