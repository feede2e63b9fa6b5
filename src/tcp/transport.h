// SPDX-License-Identifier: Apache-2.0
// Transport: all of TCP that one stack has, and the engine the stack drives.
//
//   deliver_tcp  ─ on_segment ──> Demux ─┬─> Connection ─┐           ┌─> next_outgoing ─> send_tcp
//   deliver_icmp ─ on_icmp ─────>        ├─> Handshake ──┼─> dirty ──┤
//   send_tcp ───── on_path_mtu ─>        ├─> Listener    │   list    └─> ReadyList ─> programs
//   deadlines ──── on_deadline ─>        └─> TimeWait ───┘
//   programs ───── connect, write, ...
//
// 1. Nothing is sent and no program is called from inside a call: what a call causes stands on the
//    dirty list until next_outgoing() pulls it, and on the ReadyList until the stack tells it.
// 2. A flow is known in one place only: as a Connection, a Handshake or a TimeWait.
// 3. What next_outgoing() answered counts as sent. Stateless answers come first, then those of
//    half-open connections and TIME-WAITs, then dirty connections in turn, one super-segment each.
// 4. Handles name connections, listeners and bindings. Each kind has a table of its own; a handle
//    that is stale answers kInvalidHandle and harms nothing.
// 5. A connection that its program has closed lives on without a handle until the peer has agreed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/handle_table.h"
#include "base/intrusive_list.h"
#include "base/ready_hook.h"
#include "base/siphash.h"
#include "base/timer_wheel.h"
#include "base/vector.h"
#include "strata/drop_reason.h"
#include "strata/error.h"
#include "strata/inline_function.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "strata/tcp_event.h"
#include "strata/tcp_info.h"
#include "tcp/connection/connection.h"
#include "tcp/connection/connection_snapshot.h"
#include "tcp/demux.h"
#include "tcp/engine.h"
#include "tcp/observers.h"
#include "tcp/open/half_opens.h"
#include "tcp/open/listener.h"
#include "tcp/ports.h"
#include "tcp/segment.h"
#include "tcp/shared.h"
#include "tcp/time_wait.h"

namespace strata::tcp {

class Transport {
 public:
  Transport(Memory& memory, PacketPool& pool, const TcpConfig& config, const SipKey& key, Rng rng,
            ReadyList& ready, PathMtuOf path_mtu_of);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  // Before the first connection: which answers come to this stack.
  void set_share(const FlowShare& share) { ports_.set_share(share); }

  // ── What the stack drives ─────────────────────────────────────────────────────────────────
  // kNone: taken. Anything else: of no use, for this reason; whatever must be answered is queued
  // all the same. Of the header, deliver_tcp has checked offset, checksum and addresses.
  DropReason on_segment(Segment&& segment, Time now);
  // More connections than a cache holds: then a batch of segments is worth a prefetch().
  [[nodiscard]] bool has_crowd() const { return connections_.size() > kCrowd; }
  // The segments of these flows, at most kFlowsMax, come next: their cache misses overlap here.
  static constexpr std::size_t kFlowsMax = 64;
  void prefetch(std::span<const Flow> flows) const;
  // kNone: believed (RFC 5927: the quoted sequence number is in flight); then the stack may believe
  // the MTU for its own path cache too. The connection has drawn its own conclusions.
  DropReason on_icmp(const Flow& flow, const IcmpNews& news, Time now);
  // The stack itself knows that this flow's packets may be `mtu` bytes long now.
  void on_path_mtu(const Flow& flow, std::uint32_t mtu, Time now);
  // A segment could not leave. Never ends a connection by itself (RFC 1122 4.2.3.9: a soft error).
  void on_unreachable(const Flow& flow, Error error, Time now);
  // Nobody on our own link answers for this flow's next hop: the end of an attempt to connect.
  void on_neighbor_silent(const Flow& flow, Time now);
  // The next thing to send; nothing when there is none.
  [[nodiscard]] std::optional<Outgoing> next_outgoing(Time now, const Limits& limits);
  [[nodiscard]] bool has_outgoing() const { return has_unheld() || holds_any(); }
  // Something that no interface holds up.
  [[nodiscard]] bool has_unheld() const {
    return !shared_.replies.empty() || half_opens_.has_outgoing() || !dirty_.empty();
  }
  // Connections that Limits::obstacle holds up, by interface; ids run up to held_end().
  [[nodiscard]] InterfaceId held_end() const { return static_cast<InterfaceId>(held_.size()); }
  [[nodiscard]] bool is_holding_at(InterfaceId at) const { return !held_[at].empty(); }
  void release_held(InterfaceId at, std::size_t connections_max);
  // A flow whose peer has not answered several retransmissions: the next hop may be gone
  // (RFC 9293 3.8.3). Each is told once.
  [[nodiscard]] std::optional<Flow> next_suspect() { return shared_.suspects.pop(); }
  [[nodiscard]] std::optional<Time> next_deadline() const;
  // Has it passed? Asked once a turn.
  [[nodiscard]] bool is_due(Time now) const {
    return wheel_.may_expire(now) || shared_.send.next_fold().value_or(kNever) <= now ||
           half_opens_.is_due(now) || time_waits_.is_due(now);
  }
  void on_deadline(Time now);

  // ── What programs ask ─────────────────────────────────────────────────────────────────────
  // Holds address and port for a later connect() or listen(). Port 0 asks for an ephemeral one.
  [[nodiscard]] Result<Handle> bind(const Endpoint& local, const TcpSocketOptions& options);
  [[nodiscard]] Result<Endpoint> binding_of(Handle binding) const;
  void unbind(Handle binding);

  // Answers at once; readiness tells how it went: writable, or error and closed.
  [[nodiscard]] Result<Handle> connect(const ConnectRequest& request, Time now);
  // Would the first text of a connection to this server go with its SYN?
  [[nodiscard]] bool sends_first_data(const IpAddress& server, Time now);
  [[nodiscard]] Result<Handle> listen(const ListenRequest& request);
  // kWouldBlock when nobody waits. `now` for what it lets go on.
  [[nodiscard]] Result<Handle> accept(Handle listener, Time now);
  Result<void> set_backlog(Handle listener, std::uint32_t backlog);
  // Those not accepted yet are reset.
  void close_listener(Handle listener, Time now);

  // How many bytes were taken; kWouldBlock when none fits, kInProgress before the connection is
  // open and cannot take any. `more` holds back a last small segment for what follows (MSG_MORE).
  Result<std::size_t> write(Handle handle, Bytes bytes, Time now, bool more = false);
  // Without a copy. Takes the packet whole, or leaves it and answers kWouldBlock. Its bytes must
  // not change any more, and its buffers stay in use until they are acknowledged.
  Result<void> write_owned(Handle handle, PacketPtr& packet, Time now);
  // The last of the bytes is urgent data (RFC 9293 3.8.5).
  Result<std::size_t> write_urgent(Handle handle, Bytes bytes, Time now);

  // How many bytes; kClosed after the last one, kWouldBlock when more may come.
  Result<std::size_t> read(Handle handle, MutableBytes to, Time now);
  // From `offset` behind the next byte; they stay where they are.
  Result<std::size_t> peek(Handle handle, std::size_t offset, MutableBytes to) const;
  // Without a copy: the next slices of text, at most `bytes_max` bytes.
  Result<PacketPtr> read_slices(Handle handle, std::size_t bytes_max, Time now);
  // The urgent byte, where it is not inline. kWouldBlock: announced, not here yet;
  // kInvalidArgument: there is none.
  Result<std::byte> read_urgent(Handle handle);
  // Would read() begin with the urgent byte, or just behind where it was taken out?
  [[nodiscard]] Result<bool> is_at_urgent_mark(Handle handle) const;

  enum class Direction : std::uint8_t { kRead, kWrite, kBoth };
  // kWrite sends FIN behind what was written; kRead throws away what comes from now on.
  Result<void> shut_down(Handle handle, Direction direction, Time now);
  // The program lets go; the handle ends. With data unread, or linger 0, the peer hears RST
  // (RFC 9293 3.6.1); else everything written is still delivered, in the background.
  void close(Handle handle, Time now);
  // Like close, but the handle lives, and `closed` is told, until all written data was acknowledged
  // or the linger time of its options has passed. Then close() it.
  Result<void> close_lingering(Handle handle, Time now);
  void abort(Handle handle, Time now);

  // Both work for listeners too.
  [[nodiscard]] Result<TcpSocketOptions> options(Handle handle) const;
  [[nodiscard]] Result<TcpSocketOptions> listener_options(Handle listener) const;
  Result<void> set_options(Handle handle, const TcpSocketOptions& options, Time now);
  Result<void> set_listener_options(Handle listener, const TcpSocketOptions& options);
  // What ended the connection, or what ICMP told of it, once.
  [[nodiscard]] std::optional<Error> take_error(Handle handle);
  [[nodiscard]] Readiness readiness(Handle handle) const;
  [[nodiscard]] Readiness listener_readiness(Handle listener) const;
  Result<void> on_ready(Handle handle, ReadyCallback callback);
  Result<void> on_listener_ready(Handle listener, ReadyCallback callback);
  [[nodiscard]] Result<Endpoint> local(Handle handle) const;
  [[nodiscard]] Result<Endpoint> remote(Handle handle) const;
  [[nodiscard]] Result<Endpoint> listener_local(Handle listener) const;
  [[nodiscard]] Result<TcpState> state(Handle handle) const;
  [[nodiscard]] Result<TcpInfo> info(Handle handle, Time now) const;

  // ── For connections that move to another process ──────────────────────────────────────────
  // kNotConnected before it is open and after it has ended. Orphans, too, by handle_at().
  [[nodiscard]] Result<ConnectionSnapshot> snapshot(Handle handle, Time now) const;
  // The text beside it: receiver.unread and sender.queued bytes.
  void copy_text(Handle handle, MutableBytes unread, MutableBytes queued) const;
  // kAddressInUse when the flow is known here, kNotSupported for another version.
  [[nodiscard]] Result<Handle> restore(const ConnectionSnapshot& snapshot, Bytes unread,
                                       Bytes queued, Time now);
  // The connections there are, orphans included: from = 0, then the last one's index + 1. A false
  // handle ends it.
  [[nodiscard]] Handle handle_at(Index from) const;

  // Whoever connects or is waited for from now on finds these; what exists obeys where it asks. The
  // sizes of tables, the memory of all buffers and the rates of replies stay as they were.
  void set_config(const TcpConfig& config) { shared_.config = config; }
  // Forgets what was learnt of servers: their Fast Open cookies.
  void forget_servers() { shared_.fast_open.clear(); }

  // ── For those who watch ───────────────────────────────────────────────────────────────────
  // It must outlive the transport or be taken back. False: too many watch already.
  [[nodiscard]] bool add_observer(TcpObserver& observer);
  void remove_observer(TcpObserver& observer);
  // The connection of a flow; false when there is none, or its program let go of it.
  [[nodiscard]] Handle handle_of(const Flow& flow) const;
  // Calls visit(context, row) for listeners, half-open ones, connections and TIME-WAITs.
  void for_each_row(VisitRow visit, void* context) const;
  // The same a part at a time: at most `rows_max` of them. False: there are no more.
  bool visit_rows(RowPlace& from, std::uint32_t rows_max, VisitRow visit, void* context) const;
  // How many rows there are.
  [[nodiscard]] std::uint32_t rows() const;
  [[nodiscard]] TransportCounters counters() const;
  // Of connections; those of half-open ones and TIME-WAITs need no wheel.
  [[nodiscard]] const TimerWheel& timers() const { return wheel_; }
  // Room in buffers, endpoints, memory: for tests and observers.
  [[nodiscard]] const BufferAccount& buffers() const { return shared_.account; }
  [[nodiscard]] std::uint32_t connections() const { return connections_.size(); }
  [[nodiscard]] std::uint32_t half_opens() const { return half_opens_.size(); }
  [[nodiscard]] std::uint32_t time_waits() const { return time_waits_.size(); }
  [[nodiscard]] std::uint32_t orphans() const { return orphans_; }

 private:
  static constexpr std::uint32_t kCrowd = 512;

  // The connection a program names; null when it let go of it, or never had it.
  [[nodiscard]] Connection* find(Handle handle) {
    Connection* const connection = connections_.find(handle);
    return connection == nullptr || connection->is_orphan() ? nullptr : connection;
  }
  [[nodiscard]] const Connection* find(Handle handle) const {
    const Connection* const connection = connections_.find(handle);
    return connection == nullptr || connection->is_orphan() ? nullptr : connection;
  }
  [[nodiscard]] auto flow_of() const {
    return [this](Index index) -> const Flow& { return connections_[index].flow(); };
  }

  // transport_rows.cpp
  [[nodiscard]] SocketRow connection_row(Index index) const;
  [[nodiscard]] SocketRow row_at(const RowPlace& place) const;
  [[nodiscard]] bool find_row(RowPlace& place) const;

  // transport_input.cpp
  DropReason on_known(Connection& connection, Segment&& segment, Time now);
  DropReason on_observed(Connection& connection, Segment&& segment, Time now);
  DropReason on_unknown(Segment&& segment, std::uint32_t hash, std::optional<SequenceNumber> iss,
                        Time now);
  DropReason on_half_open(Index index, Segment&& segment, std::uint32_t hash, Time now);
  DropReason on_time_wait(Index index, Segment&& segment, std::uint32_t hash, Time now);
  DropReason act(HalfOpens::Outcome outcome, Segment&& segment, std::uint32_t hash, Time now);
  DropReason make_connection(const Opened& opened, Segment&& segment, std::uint32_t hash, Time now);

  // transport.cpp
  // After anything happened to a connection: tells its program, files its deadline, puts it on the
  // dirty list, lets a TimeWait take over. The connection may be gone afterwards.
  void settle(Connection& connection, Time now);
  void tell_program(Connection& connection);
  // It is told nothing more; whoever has the callback ends it.
  [[nodiscard]] ReadyHook::Callback take_callback(Connection& connection);
  void file_deadline(Connection& connection);
  void mark_dirty(Connection& connection);
  void forget_dirty(Connection& connection);
  [[nodiscard]] bool holds_any() const;
  [[nodiscard]] bool is_held_up(Connection& connection, const Limits& limits);
  void hand_over(Connection& connection, Time now);
  void forget_flow(Connection& connection) {
    forget_flow(connection, demux_.hash(connection.flow()), false);
  }
  void forget_flow(Connection& connection, std::uint32_t hash, bool keeps_port);
  void end_pending(Connection& connection);
  void reap(Connection& connection);
  void destroy(Connection& connection);

  // transport_open.cpp
  [[nodiscard]] Result<Flow> choose_flow(const ConnectRequest& request, Time now);
  [[nodiscard]] bool is_flow_free(const Flow& flow, Time now) const;
  [[nodiscard]] std::size_t first_room(const ConnectRequest& request, const Flow& flow, Time now);
  void forget_pending(Index listener);
  // The ISS for a flow that is free, or whose TIME-WAIT makes place.
  [[nodiscard]] SequenceNumber take_flow(const Flow& flow, std::uint32_t hash, Time now);
  // A connection in all tables; null, and nothing changed, when one has no room.
  [[nodiscard]] Connection* enter(const Flow& flow, std::uint32_t hash, SequenceNumber iss,
                                  OptionSetIndex options, std::uint32_t mtu, Time now);

  Shared shared_;
  HandleTable<Connection> connections_;
  Listeners listeners_;
  HalfOpens half_opens_;
  TimeWaits time_waits_;
  Demux demux_;
  Ports ports_;
  TimerWheel wheel_;
  Observers observers_;
  IntrusiveList<Connection, &Connection::dirty> dirty_;
  Vector<IntrusiveList<Connection, &Connection::dirty>> held_;
  ReadyList& ready_;
  PathMtuOf path_mtu_of_;
  Index last_found_ = kNoIndex;  // whose segment came last: a guess
  std::uint32_t orphans_ = 0;    // closed by their programs, alive still
};

}  // namespace strata::tcp
