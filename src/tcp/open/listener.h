// SPDX-License-Identifier: Apache-2.0
// Listener: where programs wait for connections; Listeners: which of them a SYN is for.
//
//   exact      local address and port                the most exact place that has any wins
//   wildcard   port; an IPv6 one that is not v6-only hears IPv4 too
//
// 1. Of listeners that share a place (reuse_port), the flow's hash picks one, always the same; when
//    one of them comes or goes, only its own flows move.
// 2. Who may share is for Ports to say, before a listener is opened.
// 3. A listener's half-open connections stand in HalfOpens; it only knows how many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/handle_table.h"
#include "base/hash_index.h"
#include "base/ready_hook.h"
#include "base/siphash.h"
#include "base/vector.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/tcp_config.h"
#include "strata/time.h"
#include "tcp/flow.h"

namespace strata::tcp {

// Connections that are open and wait for accept(), oldest first, by their handles.
class AcceptQueue {
 public:
  explicit AcceptQueue(Memory& memory) : waiting_(memory) {}

  // False when Memory has no more.
  [[nodiscard]] bool try_push(Handle connection) { return waiting_.try_push_back(connection); }
  [[nodiscard]] std::optional<Handle> pop();
  // One that ended before it was accepted. False when it is not there.
  bool remove(Handle connection);
  [[nodiscard]] std::size_t size() const { return waiting_.size() - first_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  Vector<Handle> waiting_;
  std::size_t first_ = 0;  // those before it were accepted
};

struct Listener {
  Listener(Memory& memory, const Endpoint& endpoint, std::uint32_t backlog_max,
           const TcpSocketOptions& socket_options)
      : local(endpoint), backlog(backlog_max), options(socket_options), accept_queue(memory) {}

  Endpoint local;
  std::uint32_t backlog;
  TcpSocketOptions options;  // accepted connections begin with these
  Handle binding;            // in Ports
  AcceptQueue accept_queue;
  ReadyHook ready;
  std::uint32_t half_open = 0;          // of ours in HalfOpens
  std::uint32_t fast_open_pending = 0;  // opened by a cookie, their handshake is not over yet
  Time overflowed_at = Time::min();     // when a SYN cookie was last sent
  Index index = kNoIndex;               // its own place in the table

  // As elsewhere, one more than the backlog may wait: a backlog of 0 still lets one in.
  [[nodiscard]] bool is_accept_queue_full() const { return accept_queue.size() > backlog; }
  [[nodiscard]] bool is_backlog_full() const { return half_open > backlog; }
};

// A listener as it outlives a program. What is half open or not accepted yet is not its own.
struct ListenerSnapshot {
  static constexpr std::uint16_t kVersion = 1;
  std::uint16_t version = kVersion;
  Endpoint local{};
  std::uint32_t backlog = 0;
  TcpSocketOptions options{};
};

class Listeners {
 public:
  Listeners(Memory& memory, std::uint32_t listeners_max, const SipKey& key)
      : memory_(&memory), listeners_(memory, listeners_max), places_(memory), key_(key) {}

  [[nodiscard]] Result<Handle> open(const Endpoint& local, std::uint32_t backlog,
                                    const TcpSocketOptions& options);
  // Its half-open connections and accept queue are the owner's to end first.
  void close(Handle handle);
  [[nodiscard]] Listener* find(Handle handle) { return listeners_.find(handle); }
  [[nodiscard]] const Listener* find(Handle handle) const { return listeners_.find(handle); }
  // For an index known to be alive.
  [[nodiscard]] Listener& operator[](Index index) { return listeners_[index]; }
  [[nodiscard]] const Listener& operator[](Index index) const { return listeners_[index]; }
  [[nodiscard]] Handle handle_of(Index index) const { return listeners_.handle_of(index); }

  // Who hears a SYN that came along this flow through `interface`, or null.
  [[nodiscard]] Listener* match(const Flow& flow, InterfaceId interface);

  // In the order of indices.
  [[nodiscard]] Index next_used(Index from) const { return listeners_.next_used(from); }
  [[nodiscard]] std::uint32_t size() const { return listeners_.size(); }

  [[nodiscard]] static ListenerSnapshot snapshot(const Listener& listener) {
    return {.local = listener.local, .backlog = listener.backlog, .options = listener.options};
  }
  // kNotSupported for another version.
  [[nodiscard]] Result<Handle> restore(const ListenerSnapshot& snapshot);

 private:
  [[nodiscard]] static bool hears(const Listener& listener, const Flow& flow,
                                  InterfaceId interface);
  [[nodiscard]] Listener* best_of(const IpAddress& place, const Flow& flow, InterfaceId interface);
  [[nodiscard]] std::uint32_t hash_of_place(const IpAddress& address, std::uint16_t port) const;
  [[nodiscard]] std::uint32_t hash_of_place(const Listener& listener) const;

  Memory* memory_;
  HandleTable<Listener> listeners_;
  HashIndex places_;
  SipKey key_;
};

}  // namespace strata::tcp
