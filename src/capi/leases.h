// SPDX-License-Identifier: Apache-2.0
// Leases: the interfaces of a C interface's stack that the network gives an address.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "service/failure.h"
#include "service/names/dhcp_service.h"
#include "service/names/dns_resolver.h"
#include "strata/address.h"
#include "strata/error.h"
#include "strata/executor.h"
#include "strata/inline_function.h"
#include "strata/stack.h"
#include "strata/time.h"

namespace strata::capi {

class Leases {
 public:
  // All of them outlive it.
  Leases(Stack& stack, Executor& executor, service::DnsResolver& resolver)
      : stack_(stack), executor_(executor), resolver_(resolver) {}

  [[nodiscard]] service::Outcome<void> start(InterfaceId interface, std::uint64_t data);
  // Gives the address back, which stays until that has left. False: nobody asks for one there.
  bool stop(InterfaceId interface);
  void stop_all();
  // What gives addresses back has not left yet.
  [[nodiscard]] bool has_to_send() const { return !leaving_.empty(); }
  // After every turn.
  void end_what_has_left();
  [[nodiscard]] bool asks(InterfaceId interface) const { return find(interface) != nullptr; }
  // None: there is none yet, or no more.
  [[nodiscard]] std::optional<IpAddress> address(InterfaceId interface) const;
  // Of those whose address has come, gone, or become another one since the last time.
  using Tell = InlineFunction<void(InterfaceId interface, std::uint64_t data)>;
  void tell_changes(Tell tell);

 private:
  struct Lease {
    InterfaceId interface = kNoInterface;
    std::uint64_t data = 0;
    std::unique_ptr<service::DhcpService> service{};
    std::optional<IpAddress> told{};

    [[nodiscard]] std::optional<IpAddress> address() const;
  };
  // Given back by a message that waits for the link-layer address of its next hop.
  struct Leaving {
    std::unique_ptr<service::DhcpService> service;
    Time until;
  };
  [[nodiscard]] const Lease* find(InterfaceId interface) const;

  Stack& stack_;
  Executor& executor_;
  service::DnsResolver& resolver_;
  std::vector<Lease> leases_;
  std::vector<Leaving> leaving_;
};

}  // namespace strata::capi
