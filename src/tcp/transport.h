// SPDX-License-Identifier: Apache-2.0
// Transport: all of TCP that one stack has, and the engine the stack drives.
//
//   deliver_tcp  ─ on_segment ──> Demux ─┬─> Connection ─┐           ┌─> next_outgoing ─> send_tcp
//   deliver_icmp ─ on_icmp ─────>        ├─> Handshake ──┼─> dirty ──┤
//   send_ip ────── on_path_mtu ─>        ├─> Listener    │   list    └─> ReadyList ─> programs
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

#include "base/handle_table.h"
#include "base/ready_hook.h"
#include "base/siphash.h"
#include "strata/drop_reason.h"
#include "strata/error.h"
#include "strata/inline_function.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"
#include "strata/tcp_config.h"
#include "strata/tcp_event.h"
#include "strata/tcp_info.h"
#include "tcp/segment.h"

namespace strata::tcp {

// The path MTU towards flow.remote_address, as the stack knows it at present. Asked for when a
// connection begins passively; a program's connect() tells it by value.
using PathMtuOf = InlineFunction<std::uint32_t(const Flow&)>;

// What an ICMP error said about a segment of ours.
struct IcmpNews {
  Error error = Error::kHostUnreachable;
  bool is_hard = false;              // by its type and code (RFC 1122 4.2.3.9)
  SequenceNumber sequence;           // the quoted one
  std::optional<std::uint32_t> mtu;  // "packet too big": the next hop's; 0 where it did not tell
  std::uint32_t quoted_size = 0;     // of the packet it speaks of
};

// Bounds of one answer of next_outgoing().
struct Limits {
  std::uint32_t super_segment_bytes_max = 65535 - 120;  // text; 0: never more than one segment
};

struct ConnectRequest {
  Flow flow;       // local_address is the source the stack chose; local_port 0: ephemeral
  Handle binding;  // from bind(); then its port is used, and the handle ends with success
  std::uint32_t mtu = 1500;
  TcpSocketOptions options{};
  Bytes first_data{};  // RFC 7413: goes with the SYN when a cookie is known; else waits
};

struct ListenRequest {
  Endpoint local;  // port 0: ephemeral
  Handle binding;  // as in ConnectRequest
  std::uint32_t backlog = 128;
  TcpSocketOptions options{};  // accepted connections begin with these
};

// One line of an observer's table.
struct SocketRow {
  TcpState state = TcpState::kClosed;
  Endpoint local;
  Endpoint remote;
  Handle handle;                    // false for what has none: half-open, TIME-WAIT, orphans
  std::uint32_t receive_queue = 0;  // bytes; of a listener, connections to accept
  std::uint32_t send_queue = 0;     // bytes; of a listener, its backlog
};

struct TransportCounters {
  std::uint64_t active_opens = 0;
  std::uint64_t passive_opens = 0;
  std::uint64_t failed_opens = 0;
  std::uint64_t established_resets = 0;
  std::uint64_t segments_in = 0;  // as the wire counts
  std::uint64_t segments_out = 0;
  std::uint64_t segments_retransmitted = 0;
  std::uint64_t resets_out = 0;
  std::uint64_t challenge_acks_out = 0;
  std::uint64_t cookies_out = 0;
  std::uint64_t cookies_in = 0;
  std::uint64_t accept_overflows = 0;
  std::uint64_t time_waits_reused = 0;
  std::uint64_t orphans_reset = 0;
};

class Transport {
 public:
  Transport(Memory& memory, PacketPool& pool, const TcpConfig& config, const SipKey& key, Rng rng,
            ReadyList& ready, PathMtuOf path_mtu_of);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // ── What the stack drives ─────────────────────────────────────────────────────────────────
  // kNone: taken. Anything else: of no use, for this reason; whatever must be answered is queued
  // all the same. Of the header, deliver_tcp has checked offset, checksum and addresses.
  DropReason on_segment(Segment&& segment, Time now);
  // A hint, a few segments ahead of on_segment().
  void prefetch(const Flow& flow) const;
  // kNone: believed (RFC 5927: the quoted sequence number is in flight); then the stack may believe
  // the MTU for its own path cache too. The connection has drawn its own conclusions.
  DropReason on_icmp(const Flow& flow, const IcmpNews& news, Time now);
  // The stack itself knows that this flow's packets may be `mtu` bytes long now.
  void on_path_mtu(const Flow& flow, std::uint32_t mtu, Time now);
  // A segment could not leave: no route, or the neighbour does not answer. Never ends a connection
  // by itself (RFC 1122 4.2.3.9: a soft error).
  void on_unreachable(const Flow& flow, Error error, Time now);
  // The next thing to send; nothing when there is none.
  [[nodiscard]] std::optional<Outgoing> next_outgoing(Time now, const Limits& limits);
  [[nodiscard]] bool has_outgoing() const;
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  // ── What programs ask ─────────────────────────────────────────────────────────────────────
  // Holds address and port for a later connect() or listen(). Port 0 asks for an ephemeral one.
  [[nodiscard]] Result<Handle> bind(const Endpoint& local, const TcpSocketOptions& options);
  [[nodiscard]] Result<Endpoint> binding_of(Handle binding) const;
  void unbind(Handle binding);

  // Answers at once; readiness tells how it went: writable, or error and closed.
  [[nodiscard]] Result<Handle> connect(const ConnectRequest& request, Time now);
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
  void on_ready(Handle handle, ReadyCallback callback);
  void on_listener_ready(Handle listener, ReadyCallback callback);
  [[nodiscard]] Result<Endpoint> local(Handle handle) const;
  [[nodiscard]] Result<Endpoint> remote(Handle handle) const;
  [[nodiscard]] Result<Endpoint> listener_local(Handle listener) const;
  [[nodiscard]] Result<TcpState> state(Handle handle) const;
  [[nodiscard]] Result<TcpInfo> info(Handle handle, Time now) const;

  // ── For those who watch ───────────────────────────────────────────────────────────────────
  // Null: nobody. It must outlive the transport or be taken back.
  void observe(TcpObserver* observer);
  // Calls visit(context, row) for listeners, half-open ones, connections and TIME-WAITs.
  void for_each_row(void (*visit)(void* context, const SocketRow& row), void* context) const;
  [[nodiscard]] const TransportCounters& counters() const;
};

}  // namespace strata::tcp
