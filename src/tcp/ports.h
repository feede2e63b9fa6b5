// SPDX-License-Identifier: Apache-2.0
// Ports: which local ports are held, by whom, and which one a new connection gets.
//
// Two kinds of holding:
//   binding   a program's bind() or listen(): address, port, and who may share them
//   use       a connection or TIME-WAIT that has the port, only counted
//
// 1. Two bindings that overlap in address and interface exclude each other, unless both allow the
//    sharing: reuse_port always, reuse_address as long as neither listens.
// 2. A port in use can be bound only with reuse_address or reuse_port: a server that begins anew
//    beside its own TIME-WAITs says that it knows what it does (RFC 9293 3.6.1).
// 3. Of a host of several stacks, a new connection's port is one whose answers come to this stack.
// 4. An ephemeral port is never one that a binding holds. Connections share it where they lead
//    elsewhere; one without uses is free without a look.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ephemeral_ports.h"
#include "base/flow_share.h"
#include "base/handle_table.h"
#include "base/hash_index.h"
#include "base/siphash.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/tcp_config.h"
#include "tcp/flow.h"

namespace strata::tcp {

struct Binding {
  Endpoint local;
  InterfaceId interface = kNoInterface;  // bound to it; none: all
  bool v6_only = false;
  bool reuse_address = false;
  bool reuse_port = false;
  bool is_listening = false;
};

class Ports {
 public:
  Ports(Memory& memory, std::uint32_t bindings_max, const SipKey& key)
      : memory_(&memory), bindings_(memory, bindings_max), index_(memory), ephemeral_(key) {}
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;
  ~Ports();

  // Before the first connection.
  void set_share(const FlowShare& share) { share_ = share; }
  // Whether answers along `flow` come to this stack. What never leaves it does.
  [[nodiscard]] bool is_home(const Flow& flow) const {
    return flow.local_address == flow.remote_address || share_.is_home(flow.local(), flow.remote());
  }

  // Port 0 asks for an ephemeral one that nothing holds or uses.
  [[nodiscard]] Result<Handle> bind(const Endpoint& local, const TcpSocketOptions& options);
  [[nodiscard]] const Binding* find(Handle handle) const { return bindings_.find(handle); }
  void release(Handle handle);
  // kAddressInUse when another listens there and does not share.
  [[nodiscard]] Result<void> begin_listening(Handle handle);

  // The port for a new connection along `flow`, whose local_port is not known yet; is_free(flow)
  // tells whether a flow is unknown, or a TIME-WAIT that may be reused (RFC 6056 3.3.4, RFC 6191).
  template <typename IsFree>
  [[nodiscard]] Result<std::uint16_t> choose(Flow flow, IsFree is_free) {
    const auto is_port_free = [&](std::uint16_t port) {
      flow.local_port = port;
      if (!is_home(flow) || is_bound(port)) return false;
      return uses(port) == 0 || is_free(static_cast<const Flow&>(flow));
    };
    const auto port = walk(flow.local_address, flow.remote(), is_port_free);
    if (!port) return std::unexpected(Error::kNoPortsLeft);
    return *port;
  }

  // A connection or TIME-WAIT has the port from now on. False when Memory has no more.
  [[nodiscard]] bool add_use(std::uint16_t port);
  void drop_use(std::uint16_t port);
  [[nodiscard]] std::uint32_t uses(std::uint16_t port) const {
    const Page* const page = pages_[port / kPagePorts];
    return page == nullptr ? 0 : page->uses[port % kPagePorts];
  }
  [[nodiscard]] bool is_bound(std::uint16_t port) const;
  [[nodiscard]] std::size_t bytes_used() const;

 private:
  static constexpr std::uint32_t kPagePorts = 512;
  // Usual ports are tried so often before the spare ones: while one in ten is free, that is enough
  // but for one time in two thousand.
  static constexpr std::uint32_t kUsualTries = 72;

  struct Page {
    std::array<std::uint32_t, kPagePorts> uses{};
    std::uint32_t ports = 0;  // that have any
  };

  template <typename IsFree>
  [[nodiscard]] std::optional<std::uint16_t> walk(const IpAddress& local, const Endpoint& remote,
                                                  IsFree is_free) {
    using Walk = EphemeralPorts;
    auto port = ephemeral_.choose(local, remote, is_free, Walk::kUsual, kUsualTries * share_.cores);
    if (!port) port = ephemeral_.choose(local, remote, is_free, Walk::kSpare);
    if (!port) port = ephemeral_.choose(local, remote, is_free, Walk::kUsual);
    return port;
  }
  template <typename Visit>
  void for_each_on(std::uint16_t port, Visit visit) const {
    index_.for_each(port, [&](Index index) { visit(bindings_[index], index); });
  }
  [[nodiscard]] bool is_free_for(const Binding& wanted) const;

  Memory* memory_;
  HandleTable<Binding> bindings_;
  HashIndex index_;  // by port; programs choose these, strangers do not
  EphemeralPorts ephemeral_;
  FlowShare share_;
  std::array<Page*, 65536 / kPagePorts> pages_{};
};

}  // namespace strata::tcp
