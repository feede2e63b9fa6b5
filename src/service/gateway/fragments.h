// SPDX-License-Identifier: Apache-2.0
// Fragments: what a small MTU inside cuts becomes whole before it goes on to the host.
#pragma once

#include <optional>

#include "ip/reassembly.h"
#include "service/hosted_stack.h"
#include "strata/bytes.h"
#include "strata/device.h"
#include "strata/packet.h"

namespace strata::service {

// Reassembled by the gateway's stack, with its budget and its time-outs, though they are for
// somebody else: as a router, that stack would pass them on as they are.
class Fragments {
 public:
  // `to_gateway` is the device's end at the stack behind the gateway.
  Fragments(HostedStack& gateway, Device& to_gateway)
      : gateway_(gateway), to_gateway_(to_gateway) {}

  // The packet begins with its IP header. Taken when it is a fragment; with the last of them the
  // whole comes as if the inside had sent it so.
  [[nodiscard]] bool take(Packet& packet);

 private:
  void finish(ip::Reassembly::Outcome outcome, InterfaceId interface);

  HostedStack& gateway_;
  Device& to_gateway_;
};

}  // namespace strata::service
