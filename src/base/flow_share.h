// SPDX-License-Identifier: Apache-2.0
// FlowShare: which part of all flows is a stack's own, where several stacks are one host.
#pragma once

#include <cstdint>

#include "strata/address.h"

// Each core of a host has a stack, and each flow a home: the core whose stack knows it. Who steers
// (a device's queues, or runtime/cores) and who chooses ports go by the same rules:
//
//   TCP, and UDP where nothing else is known   (symmetric hash of the four-tuple mod 128) mod cores
//   fragments                                  the same without ports
//   echo replies                               identifier mod cores
//   everything that is of no flow              core 0
//
// A UDP socket that is not connected hears from anywhere, so no port of its own could bring all of
// it home. Its port is told to PortHolders: where one core alone has it, that core gets all.

namespace strata {

// Hears which UDP ports a stack holds. One object a core; called on that core's thread.
class PortHolders {
 public:
  virtual ~PortHolders() = default;
  virtual void on_hold(std::uint16_t port) = 0;
  virtual void on_let_go(std::uint16_t port) = 0;
};

struct FlowShare {
  std::uint16_t cores = 1;
  std::uint16_t own = 0;
  PortHolders* udp_ports = nullptr;  // must outlive the stack

  [[nodiscard]] constexpr bool has_all() const { return cores <= 1; }
  [[nodiscard]] std::uint16_t home_of(const Endpoint& local, const Endpoint& remote) const;
  [[nodiscard]] std::uint16_t home_of(const IpAddress& local, const IpAddress& remote) const;
  [[nodiscard]] bool is_home(const Endpoint& local, const Endpoint& remote) const {
    return has_all() || home_of(local, remote) == own;
  }
  // Echo identifiers, and ports of sockets that may hear from anywhere: each core has its own.
  [[nodiscard]] constexpr std::uint16_t owner_of(std::uint16_t number) const {
    return static_cast<std::uint16_t>(number % cores);
  }
  [[nodiscard]] constexpr bool owns(std::uint16_t number) const {
    return has_all() || owner_of(number) == own;
  }
};

}  // namespace strata
