// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/net_text.h"

#include "attach/proc/counter_lines.h"
#include "attach/proc/interface_lines.h"
#include "attach/proc/socket_lines.h"
#include "attach/proc/unix_lines.h"

namespace strata::attach {

std::string net_text(client::NetFile file, const NetFacts& facts) {
  using client::NetFile;
  using Kind = SocketEntry::Kind;
  switch (file) {
    case NetFile::kTcp: return socket_lines(facts, Kind::kTcp, AddressFamily::kIpv4);
    case NetFile::kTcp6: return socket_lines(facts, Kind::kTcp, AddressFamily::kIpv6);
    case NetFile::kUdp: return socket_lines(facts, Kind::kUdp, AddressFamily::kIpv4);
    case NetFile::kUdp6: return socket_lines(facts, Kind::kUdp, AddressFamily::kIpv6);
    case NetFile::kRaw: return socket_lines(facts, Kind::kRaw, AddressFamily::kIpv4);
    case NetFile::kRaw6: return socket_lines(facts, Kind::kRaw, AddressFamily::kIpv6);
    case NetFile::kDevices: return device_lines(facts.stack);
    case NetFile::kRoutes: return route_lines(facts.stack);
    case NetFile::kRoutes6: return route_lines_v6(facts.stack);
    case NetFile::kAddresses6: return address_lines_v6(facts.stack);
    case NetFile::kNeighbors: return neighbor_lines(facts.stack, facts.now);
    case NetFile::kCounters: return counter_lines(facts);
    case NetFile::kTotals: return total_lines(facts, AddressFamily::kIpv4);
    case NetFile::kTotals6: return total_lines(facts, AddressFamily::kIpv6);
    case NetFile::kUnix: return unix_lines(facts);
    case NetFile::kMoreCounters: return more_counter_lines(facts);
    case NetFile::kCounters6: return counter_lines_v6(facts);
  }
  return {};
}

}  // namespace strata::attach
