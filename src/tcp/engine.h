// SPDX-License-Identifier: Apache-2.0
// What the stack and programs tell Transport and are answered, as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/handle_table.h"
#include "strata/error.h"
#include "strata/inline_function.h"
#include "strata/tcp_config.h"
#include "strata/tcp_state.h"
#include "tcp/flow.h"
#include "tcp/sequence_number.h"

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
  // Where it is set, each connection is asked about before it is pulled: at which interface is no
  // room for what it would send? There it is held until release_held(); kNoInterface: it may send.
  InterfaceId (*obstacle)(void* context, const Flow& flow, InterfaceId bound) = nullptr;
  void* context = nullptr;
};

struct ConnectRequest {
  Flow flow;         // local_address is the source the stack chose; local_port 0: ephemeral
  Handle binding{};  // from bind(); then its port is used, and the handle ends with success
  std::uint32_t mtu = 1500;
  TcpSocketOptions options{};
  Bytes first_data{};  // RFC 7413: as much of it as goes with the SYN, or none, is written
};

struct ListenRequest {
  Endpoint local;    // port 0: ephemeral
  Handle binding{};  // as in ConnectRequest
  std::uint32_t backlog = 128;
  TcpSocketOptions options{};  // accepted connections begin with these
};

// One line of an observer's table.
struct SocketRow {
  TcpState state = TcpState::kClosed;
  Endpoint local;
  Endpoint remote;
  Handle handle{};                  // false for what has none: half-open, TIME-WAIT, orphans
  std::uint32_t receive_queue = 0;  // bytes; of a listener, connections to accept
  std::uint32_t send_queue = 0;     // bytes; of a listener, its backlog
};

using VisitRow = void (*)(void* context, const SocketRow& row);

// Where a walk through all rows stands: what comes and goes meanwhile may be missed, and what stays
// is seen once.
struct RowPlace {
  enum class Table : std::uint8_t { kListeners, kHalfOpens, kConnections, kTimeWaits, kEnd };
  Table table = Table::kListeners;
  Index next = 0;
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

}  // namespace strata::tcp
