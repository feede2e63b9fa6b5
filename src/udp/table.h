// SPDX-License-Identifier: Apache-2.0
// udp::Table: which socket a datagram belongs to.
//
// Three look-ups, the most exact first (RFC 1122 4.1.3.5):
//
//   connected   local address and port, remote address and port
//   bound       local address and port
//   wildcard    local port; an IPv6 socket that is not v6-only hears IPv4 too
//
// All three live in one HashIndex, each under a hash of what it must match, so an unconnected
// server costs at most three probes and a stack without connected sockets skips the first.
//
// 1. A socket with a port is in the index exactly once; one without is not in it.
// 2. Of sockets that share a place (reuse_port) the flow's hash picks one, always the same.
// 3. Group and broadcast datagrams go to every socket that matches (RFC 1122 4.1.3.6, 3.3.7).
// 4. The last answers are remembered, so that a flow is hashed once and not for each datagram. A
//    stranger who makes flows collide there costs us the look-ups he would have cost anyway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ephemeral_ports.h"
#include "base/flow_share.h"
#include "base/handle_table.h"
#include "base/hash_index.h"
#include "base/siphash.h"
#include "strata/error.h"
#include "udp/socket.h"

namespace strata::udp {

struct FourTuple {
  Endpoint local;
  Endpoint remote;
  InterfaceId interface = kNoInterface;  // where the datagram came in

  friend constexpr bool operator==(const FourTuple&, const FourTuple&) = default;
};

class Table {
 public:
  Table(Memory& memory, std::uint32_t sockets_max, const SipKey& key)
      : sockets_(memory, sockets_max),
        places_(memory),
        ports_index_(memory),
        key_(key),
        ports_(key) {}

  // Before the first socket.
  void set_share(const FlowShare& share) { share_ = share; }

  [[nodiscard]] Result<Handle> open(AddressFamily family);
  void close(Handle handle);
  [[nodiscard]] Socket* find(Handle handle) { return sockets_.find(handle); }
  [[nodiscard]] const Socket* find(Handle handle) const { return sockets_.find(handle); }
  [[nodiscard]] Handle handle_of(const Socket& socket) const {
    return sockets_.handle_of(socket.index);
  }

  // Port 0 asks for an ephemeral one. `remote` is where the socket will talk to, when known.
  [[nodiscard]] Result<void> bind(Socket& socket, const Endpoint& local,
                                  const Endpoint& remote = {});
  // The socket must be bound; `source` is the address it will speak from.
  [[nodiscard]] Result<void> connect(Socket& socket, const Endpoint& remote,
                                     const IpAddress& source);
  // Back to where it was bound before it was connected.
  [[nodiscard]] Result<void> disconnect(Socket& socket);

  // The socket that a unicast datagram is for, or null.
  [[nodiscard]] Socket* match(const FourTuple& tuple) {
    const Answer& answer = answers_[answer_slot(tuple)];
    if (answer.generation == generation_ && answer.tuple == tuple) [[likely]] {
      return answer.socket;
    }
    return look_up(tuple);
  }
  // To be called after a change of the options that decide what a bound socket accepts.
  void forget_answers() { ++generation_; }

  // Every socket that a group or broadcast datagram is for.
  template <typename Visit>
  void for_each_match(const FourTuple& tuple, Visit visit) {
    for_each_on_port(tuple.local.port, [&](Socket& socket) {
      if (accepts(socket, tuple)) visit(socket);
    });
  }

  template <typename Visit>
  void for_each(Visit visit) {
    for (Index i = sockets_.next_used(0); i != kNoIndex; i = sockets_.next_used(i + 1)) {
      visit(sockets_[i]);
    }
  }
  [[nodiscard]] std::uint32_t size() const { return sockets_.size(); }

 private:
  template <typename Visit>
  void for_each_on_port(std::uint16_t port, Visit visit) {
    ports_index_.for_each(hash_of_port(port), [&](Index index) {
      if (sockets_[index].local.port == port) visit(sockets_[index]);
    });
  }
  struct Answer {
    std::uint64_t generation = 0;  // 0: none yet
    FourTuple tuple;
    Socket* socket = nullptr;  // null: nobody listens
  };
  static constexpr unsigned kAnswerBits = 3;

  [[nodiscard]] static std::size_t answer_slot(const FourTuple& tuple) {
    const std::uint64_t mixed = tuple.remote.address.low() ^
                                (std::uint64_t{tuple.remote.port} << 32U) ^
                                (std::uint64_t{tuple.local.port} << 48U);
    return static_cast<std::size_t>((mixed * 0x9e37'79b9'7f4a'7c15U) >> (64U - kAnswerBits));
  }
  [[nodiscard]] Socket* look_up(const FourTuple& tuple);
  [[nodiscard]] static bool accepts(const Socket& socket, const FourTuple& tuple);
  [[nodiscard]] bool is_free(const Socket& socket, const Endpoint& local);
  [[nodiscard]] Socket* best_of(std::uint32_t hash, const FourTuple& tuple);
  [[nodiscard]] std::uint32_t hash_of(const Endpoint& local, const Endpoint& remote) const;
  [[nodiscard]] std::uint32_t hash_of_port(std::uint16_t port) const;
  [[nodiscard]] std::uint32_t place_of(const Socket& socket) const;
  [[nodiscard]] bool enter(Socket& socket);
  [[nodiscard]] bool move(Socket& socket, const IpAddress& local, const Endpoint& remote);
  void leave(Socket& socket);

  HandleTable<Socket> sockets_;
  HashIndex places_;
  HashIndex ports_index_;
  SipKey key_;
  EphemeralPorts ports_;
  FlowShare share_;
  std::uint32_t connected_ = 0;
  std::uint64_t generation_ = 1;  // of what is bound and connected
  std::array<Answer, std::size_t{1} << kAnswerBits> answers_{};
};

}  // namespace strata::udp
