// SPDX-License-Identifier: Apache-2.0
// TcpFlows: which connection of the inside goes by which port of the gateway's own stack.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/siphash.h"
#include "strata/address.h"
#include "strata/time.h"

namespace strata::service {

// `inside` is the stack behind the gateway, `outside` whom it believes to speak to.
struct GatewayFlow {
  Endpoint inside, outside;

  friend bool operator==(const GatewayFlow&, const GatewayFlow&) = default;
};

struct GatewayFlowHash {
  SipKey key;
  std::size_t operator()(const GatewayFlow& flow) const {
    const auto& [inside, outside] = flow;
    return hash_words(key,
                      {inside.address.high(), inside.address.low(), outside.address.high(),
                       outside.address.low(), std::uint64_t{inside.port} << 16U | outside.port});
  }
};

// The gateway's stack ends connections at an address of its own, so each flow has a port there:
//
//   inside:p <-> outside:q      as the stack behind the gateway sees it
//   inside:p <-> gateway:port   as the gateway's stack does
//
// A flow that is over keeps its port for a while, for what still comes; a SYN takes it at once.
class TcpFlows {
 public:
  explicit TcpFlows(const SipKey& key) : ports_(16, GatewayFlowHash{key}) {}

  // None when all are taken.
  [[nodiscard]] std::optional<std::uint16_t> add(const GatewayFlow& flow);
  [[nodiscard]] std::optional<std::uint16_t> port_of(const GatewayFlow& flow) const;
  [[nodiscard]] const GatewayFlow* flow_of(std::uint16_t port) const;
  [[nodiscard]] bool is_over(std::uint16_t port) const;
  void retire(std::uint16_t port, Time now);
  // Frees the ports of flows that have been over for long enough.
  void sweep(Time now);
  [[nodiscard]] std::size_t size() const { return ports_.size(); }

 private:
  static constexpr std::uint16_t kFirstPort = 1024;
  static constexpr Duration kRest = std::chrono::seconds(10);

  struct Slot {
    std::optional<GatewayFlow> flow;
    bool is_over = false;
  };
  struct Resting {
    std::uint16_t port;
    Time until;
  };
  [[nodiscard]] const Slot* find(std::uint16_t port) const;
  void free(std::uint16_t port);

  std::unordered_map<GatewayFlow, std::uint16_t, GatewayFlowHash> ports_;
  std::vector<Slot> slots_;         // by port, from kFirstPort on
  std::deque<std::uint16_t> free_;  // what was freed first is taken first
  std::deque<Resting> resting_;
};

}  // namespace strata::service
