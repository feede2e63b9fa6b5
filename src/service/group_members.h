// SPDX-License-Identifier: Apache-2.0
// GroupMembers: keeps a stack in multicast groups, so that routers hear of it.
#pragma once

#include <memory>
#include <vector>

#include "service/failure.h"
#include "service/hosted_stack.h"
#include "service/stack_options.h"
#include "strata/udp_socket.h"

namespace strata::service {

// Each membership is a UDP socket that joined and is bound to no port: the stack reports the group
// by IGMP or MLD, and a datagram to it is for whoever else listens. They end with the object.
class GroupMembers {
 public:
  [[nodiscard]] static Outcome<GroupMembers> join(HostedStack& host,
                                                  const std::vector<JoinOptions>& groups);

 private:
  std::vector<UdpSocket> sockets_;
};

}  // namespace strata::service
