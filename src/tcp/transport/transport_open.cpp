// SPDX-License-Identifier: Apache-2.0
// How connections and listeners come into the tables of a transport, and leave them.
#include <algorithm>
#include <utility>

#include "strata/check.h"
#include "tcp/isn.h"
#include "tcp/transport.h"

namespace strata::tcp {

// ── Bindings ────────────────────────────────────────────────────────────────────────────────

Result<Handle> Transport::bind(const Endpoint& local, const TcpSocketOptions& options) {
  return ports_.bind(local, options);
}

// A binding that a listener has taken over is the listener's: to whoever made it, it has ended.
Result<Endpoint> Transport::binding_of(Handle binding) const {
  const Binding* const found = ports_.find(binding);
  if (found == nullptr || found->is_listening) return std::unexpected(Error::kInvalidHandle);
  return found->local;
}

void Transport::unbind(Handle binding) {
  const Binding* const found = ports_.find(binding);
  if (found != nullptr && !found->is_listening) ports_.release(binding);
}

// ── Active opens ────────────────────────────────────────────────────────────────────────────

bool Transport::is_flow_free(const Flow& flow, Time now) const {
  const Demux::Found found = demux_.find(flow, demux_.hash(flow), flow_of());
  if (found.kind == Demux::Kind::kNone) return true;
  return found.kind == Demux::Kind::kTimeWait && shared_.config.time_wait_reuse &&
         time_waits_.reusable_with(found.index, now).has_value();
}

Result<Flow> Transport::choose_flow(const ConnectRequest& request, Time now) {
  Flow flow = request.flow;
  const bool is_nowhere = flow.remote_port == 0 || flow.remote_address.is_unspecified() ||
                          flow.remote_address.is_multicast() ||
                          flow.remote_address.is_limited_broadcast() ||
                          flow.local_address.is_unspecified() ||
                          flow.local_address.is_v4() != flow.remote_address.is_v4();
  if (is_nowhere) return std::unexpected(Error::kInvalidArgument);
  if (request.binding) {
    const Binding* const binding = ports_.find(request.binding);
    if (binding == nullptr) return std::unexpected(Error::kInvalidHandle);
    if (binding->is_listening) return std::unexpected(Error::kInvalidArgument);
    flow.local_port = binding->local.port;
  } else if (flow.local_port == 0) {
    const auto port =
        ports_.choose(flow, [&](const Flow& candidate) { return is_flow_free(candidate, now); });
    if (!port) return std::unexpected(port.error());
    flow.local_port = *port;
    return flow;
  } else if (ports_.is_bound(flow.local_port) && !request.options.reuse_address &&
             !request.options.reuse_port) {
    return std::unexpected(Error::kAddressInUse);
  }
  // The program chose the port: nobody answers it here.
  if (!ports_.is_home(flow)) return std::unexpected(Error::kAddressNotAvailable);
  if (!is_flow_free(flow, now)) return std::unexpected(Error::kAddressInUse);
  return flow;
}

SequenceNumber Transport::take_flow(const Flow& flow, std::uint32_t hash, Time now) {
  SequenceNumber iss = initial_sequence_number(shared_.secrets.isn, flow, now);
  const Index index = time_waits_.find(flow, hash);
  if (index == kNoIndex) return iss;
  iss = time_waits_.reusable_with(index, now).value_or(iss);
  time_waits_.erase(index);
  ports_.drop_use(flow.local_port);
  ++shared_.counters.time_waits_reused;
  return iss;
}

Connection* Transport::enter(const Flow& flow, std::uint32_t hash, SequenceNumber iss,
                             OptionSetIndex options, std::uint32_t mtu, Time now) {
  if (!ports_.add_use(flow.local_port)) return nullptr;
  const Handle handle = connections_.try_create(flow, iss, options, mtu, now);
  if (!handle || !demux_.insert(hash, handle.index, flow_of())) {
    if (handle) (void)connections_.destroy(handle);
    ports_.drop_use(flow.local_port);
    return nullptr;
  }
  Connection& connection = connections_[handle.index];
  connection.timer.owner = handle.index;
  connection.is_known = true;
  return &connection;
}

Result<Handle> Transport::connect(const ConnectRequest& request, Time now) {
  if (request.options.congestion.length != 0 &&
      shared_.algorithms.find(request.options.congestion) == nullptr) {
    return std::unexpected(Error::kNotFound);
  }
  if (connections_.full()) return std::unexpected(Error::kOutOfMemory);
  const Result<Flow> flow = choose_flow(request, now);
  if (!flow) return std::unexpected(flow.error());
  OptionSetIndex options = kDefaultOptions;
  if (!shared_.options.try_take(request.options, options)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  const std::uint32_t hash = demux_.hash(*flow);
  const SequenceNumber iss = take_flow(*flow, hash, now);
  Connection* const connection = enter(*flow, hash, iss, options, request.mtu, now);
  if (connection == nullptr) {
    shared_.options.give_back(options);
    return std::unexpected(Error::kOutOfMemory);
  }
  if (!connection->open(shared_, iss)) {
    forget_flow(*connection);
    destroy(*connection);
    return std::unexpected(Error::kOutOfMemory);
  }
  if (request.binding) ports_.release(request.binding);
  ++shared_.counters.active_opens;
  // What does not fit the SYN is the program's to write again: it asks how much was taken.
  const std::size_t room = first_room(request, *flow, now);
  if (room != 0 && !request.first_data.empty()) {
    const Bytes first = request.first_data.first(std::min(room, request.first_data.size()));
    (void)connection->write(shared_, first, now, false);
  }
  settle(*connection, now);
  return connections_.handle_of(connection->timer.owner);
}

bool Transport::sends_first_data(const IpAddress& server, Time now) {
  if (!shared_.config.fast_open_client) return false;
  const auto offer = shared_.fast_open.offer_for(server, now);
  return offer && (shared_.config.fast_open_client_cookieless || !offer->cookie.is_request());
}

// How much text may go with the SYN of this connection.
std::size_t Transport::first_room(const ConnectRequest& request, const Flow& flow, Time now) {
  if (!request.options.fast_open || !shared_.config.fast_open_client) return 0;
  const auto offer = shared_.fast_open.offer_for(flow.remote_address, now);
  if (!offer) return 0;
  return first_text_max(shared_.config, request.options, *offer, request.mtu, flow.is_v4());
}

// ── Listeners ───────────────────────────────────────────────────────────────────────────────

Result<Handle> Transport::listen(const ListenRequest& request) {
  Handle binding = request.binding;
  if (!binding) {
    const Result<Handle> bound = ports_.bind(request.local, request.options);
    if (!bound) return bound;
    binding = *bound;
  }
  const auto listener = [&]() -> Result<Handle> {
    const Binding* const bound = ports_.find(binding);
    if (bound == nullptr || bound->is_listening) return std::unexpected(Error::kInvalidHandle);
    const auto opened = listeners_.open(bound->local, request.backlog, request.options);
    if (!opened) return opened;
    if (const auto begun = ports_.begin_listening(binding); !begun) {
      listeners_.close(*opened);
      return std::unexpected(begun.error());
    }
    return opened;
  }();
  if (!listener) {
    if (!request.binding) ports_.release(binding);
    return listener;
  }
  listeners_.find(*listener)->binding = binding;
  return listener;
}

Result<Handle> Transport::accept(Handle handle, Time now) {
  Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  const std::optional<Handle> waiting = listener->accept_queue.pop();
  if (!waiting) return std::unexpected(Error::kWouldBlock);
  Connection& connection = connections_[waiting->index];
  connection.is_accepted = true;
  // RFC 7413 5.1: until its peer is known it counts against the listener's bound.
  if (!connection.is_pending) connection.listener = kNoIndex;
  (void)connection.take_news();  // readiness() tells the program all there is
  settle(connection, now);
  return *waiting;
}

Result<void> Transport::set_backlog(Handle handle, std::uint32_t backlog) {
  Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  listener->backlog = backlog;
  return {};
}

// Accepted connections whose peer is not known yet lose their listener.
void Transport::forget_pending(Index listener) {
  for (Index i = connections_.next_used(0); i != kNoIndex; i = connections_.next_used(i + 1)) {
    if (connections_[i].is_pending && connections_[i].listener == listener) {
      end_pending(connections_[i]);
    }
  }
}

void Transport::close_listener(Handle handle, Time now) {
  Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return;
  half_opens_.close_listener(listener->index);
  while (const std::optional<Handle> waiting = listener->accept_queue.pop()) {
    Connection& connection = connections_[waiting->index];
    if (connection.is_pending) end_pending(connection);
    connection.listener = kNoIndex;
    connection.abort(shared_, now);
    ++orphans_;
    connection.close(shared_, now);
    settle(connection, now);
  }
  if (listener->fast_open_pending != 0) forget_pending(listener->index);
  // Ends last: it may own the socket.
  const ReadyHook::Callback former = ready_.take(listener->ready);
  ports_.release(listener->binding);
  listeners_.close(handle);
}

Result<TcpSocketOptions> Transport::listener_options(Handle handle) const {
  const Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  return listener->options;
}

Result<void> Transport::set_listener_options(Handle handle, const TcpSocketOptions& options) {
  Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  if (options.congestion.length != 0 && shared_.algorithms.find(options.congestion) == nullptr) {
    return std::unexpected(Error::kNotFound);
  }
  listener->options = options;
  return {};
}

Readiness Transport::listener_readiness(Handle handle) const {
  const Listener* const listener = listeners_.find(handle);
  return {.readable = listener != nullptr && !listener->accept_queue.empty()};
}

Result<void> Transport::on_listener_ready(Handle handle, ReadyCallback callback) {
  Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  const Readiness so_far{.readable = !listener->accept_queue.empty()};
  if (!ready_.watch(listener->ready, std::move(callback), so_far, shared_.memory)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<Endpoint> Transport::listener_local(Handle handle) const {
  const Listener* const listener = listeners_.find(handle);
  if (listener == nullptr) return std::unexpected(Error::kInvalidHandle);
  return listener->local;
}

}  // namespace strata::tcp
