// SPDX-License-Identifier: Apache-2.0
// Target: whom ping and traceroute are about.
#pragma once

#include <string>

#include "service/failure.h"
#include "service/node.h"
#include "strata/cli/commands.h"
#include "strata/cli/flags.h"
#include "strata/stack.h"

namespace strata::app {

// -4 and -6, as they were given.
struct FamilyFlags {
  bool only_ipv4 = false;
  bool only_ipv6 = false;
  [[nodiscard]] Family chosen() const {
    return only_ipv4 ? Family::kIpv4 : only_ipv6 ? Family::kIpv6 : Family::kAny;
  }
};

// HOST, -4 and -6.
class TargetFlags {
 public:
  // The object must live until the line is parsed and read.
  void add_to(Flags& verb);
  [[nodiscard]] service::Outcome<Target> read() const;
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  std::string host_;
  FamilyFlags family_;
};

// Asks the stack's resolver for a target that is a name; for others it only waits for leases. The
// node's loop runs meanwhile.
[[nodiscard]] service::Outcome<void> look_up(Target& target, service::Node& node);
// The link of a link-local target: the one named, or the only one there is.
[[nodiscard]] service::Outcome<InterfaceId> zone_of(const Target& target, const Stack& stack);
// Whether packets to it stay on a link of this stack.
[[nodiscard]] bool is_on_own_link(const IpAddress& address, const Stack& stack);

}  // namespace strata::app
