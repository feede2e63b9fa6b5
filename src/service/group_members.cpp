// SPDX-License-Identifier: Apache-2.0
#include "service/group_members.h"

#include <fmt/format.h>

#include <utility>

namespace strata::service {
namespace {

Outcome<UdpSocket> join_one(HostedStack& host, const JoinOptions& options) {
  const auto refused = [&](Error error) {
    return failed(
        fmt::format("group {}: {}", strata::to_text(options.group).view(), strata::to_text(error)));
  };
  InterfaceId interface = kNoInterface;
  if (!options.interface.empty()) {
    const auto found = host.stack().find_interface(options.interface);
    if (!found) return failed(fmt::format("there is no interface {}", options.interface));
    interface = *found;
  }
  const auto family = options.group.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  auto socket = UdpSocket::open(host.stack(), family);
  if (!socket) return refused(socket.error());
  const auto joined = socket->join_group(options.group, interface, host.loop().now());
  if (joined) return std::move(*socket);
  if (joined.error() != Error::kNoDevice) return refused(joined.error());
  return failed(fmt::format("group {}: no interface has an address of its family",
                            strata::to_text(options.group).view()));
}

}  // namespace

Outcome<GroupMembers> GroupMembers::join(HostedStack& host,
                                         const std::vector<JoinOptions>& groups) {
  GroupMembers members;
  for (const JoinOptions& options : groups) {
    auto socket = join_one(host, options);
    if (!socket) return std::unexpected(std::move(socket).error());
    members.sockets_.push_back(std::move(*socket));
  }
  return members;
}

}  // namespace strata::service
