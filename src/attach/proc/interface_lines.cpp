// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/interface_lines.h"

#include <fmt/format.h>
#include <net/if_arp.h>
#include <net/route.h>

#include <cstring>
#include <iterator>

#include "attach/netlink/tables.h"
#include "stack/core.h"

namespace strata::attach {
namespace {

constexpr std::size_t kRouteWidth = 127;

std::string name_of(const Stack& stack, InterfaceId id) {
  std::string name = "*";
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.id == id) name = entry.name.view();
  });
  return name;
}

// As it lies in memory.
std::uint32_t word_of(const IpAddress& address) {
  std::uint32_t word = 0;
  if (address.is_v4()) std::memcpy(&word, address.bytes().data() + 12, sizeof(word));
  return word;
}

std::string digits_of(const IpAddress& address) {
  std::string digits;
  for (const std::byte byte : address.bytes()) {
    fmt::format_to(std::back_inserter(digits), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return digits;
}

unsigned route_flags(const RouteEntry& route) {
  unsigned flags = RTF_UP;
  if (!route.gateway.is_unspecified()) flags |= RTF_GATEWAY;
  if (route.destination.length() == (route.destination.is_v4() ? 32U : 128U)) flags |= RTF_HOST;
  return flags;
}

IpAddress mask_of(const Prefix& prefix) {
  return Prefix(IpAddress::limited_broadcast(), prefix.length()).network().address();
}

void pad(std::string& text, std::size_t begin) {
  if (text.size() - begin < kRouteWidth) text.resize(begin + kRouteWidth, ' ');
  text += '\n';
}

// if_inet6: where the address is good.
unsigned scope_of(const IpAddress& address) {
  constexpr unsigned kHost = 0x10;
  constexpr unsigned kLink = 0x20;
  if (address.is_loopback()) return kHost;
  return address.is_link_local() ? kLink : 0;
}

unsigned neighbor_flags(NeighborState state) {
  if (state == NeighborState::kPermanent) return ATF_COM | ATF_PERM;
  const bool is_known = state != NeighborState::kIncomplete && state != NeighborState::kUnreachable;
  return is_known ? ATF_COM : 0;
}

}  // namespace

std::string device_lines(const Stack& stack) {
  std::string text =
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
      "drop "
      "fifo colls carrier compressed\n";
  stack.for_each_interface([&](const InterfaceEntry& entry) {
    fmt::format_to(std::back_inserter(text),
                   "{:>6}: {:7} {:7} {:4} {:4} {:4} {:5} {:10} {:9} {:8} {:7} {:4} {:4} {:4} {:5} "
                   "{:7} {:10}\n",
                   entry.name.view(), entry.received_bytes, entry.received_packets, 0, 0, 0, 0, 0,
                   0, entry.sent_bytes, entry.sent_packets, 0, 0, 0, 0, 0, 0);
  });
  return text;
}

std::string route_lines(const Stack& stack) {
  std::string text =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  pad(text, 0);
  stack.for_each_route([&](const RouteEntry& route) {
    const InterfaceId interface = interface_of(stack, route);
    if (!route.destination.is_v4() || interface == stack::kLoopbackId) return;
    const std::size_t begin = text.size();
    fmt::format_to(std::back_inserter(text),
                   "{}\t{:08X}\t{:08X}\t{:04X}\t0\t0\t{}\t{:08X}\t0\t0\t0",
                   name_of(stack, interface), word_of(route.destination.network().address()),
                   word_of(route.gateway), route_flags(route), route.metric,
                   word_of(mask_of(route.destination)));
    pad(text, begin);
  });
  return text;
}

std::string route_lines_v6(const Stack& stack) {
  std::string text;
  stack.for_each_route([&](const RouteEntry& route) {
    if (route.destination.is_v4()) return;
    fmt::format_to(std::back_inserter(text),
                   "{} {:02x} {:032x} 00 {} {:08x} 00000001 00000000 {:08x} {:>8}\n",
                   digits_of(route.destination.network().address()), route.destination.length(), 0,
                   digits_of(route.gateway), route.metric, route_flags(route),
                   name_of(stack, interface_of(stack, route)));
  });
  return text;
}

std::string address_lines_v6(const Stack& stack) {
  std::string text;
  stack.for_each_address([&](const AddressEntry& entry) {
    const IpAddress& address = entry.prefix.address();
    if (address.is_v4()) return;
    fmt::format_to(std::back_inserter(text), "{} {:02x} {:02x} {:02x} {:02x} {:>8}\n",
                   digits_of(address), entry.interface, entry.prefix.length(), scope_of(address),
                   address_flags(entry) & 0xffU, name_of(stack, entry.interface));
  });
  return text;
}

std::string neighbor_lines(const Stack& stack, Time now) {
  std::string text =
      "IP address       HW type     Flags       HW address            Mask     Device\n";
  stack.for_each_neighbor(now, [&](const NeighborEntry& entry) {
    if (!entry.address.is_v4()) return;
    fmt::format_to(std::back_inserter(text), "{:<16} 0x{:<10x}0x{:<10x}{:<17}     *        {}\n",
                   to_text(entry.address).view(), ARPHRD_ETHER, neighbor_flags(entry.state),
                   to_text(entry.mac).view(), name_of(stack, entry.interface));
  });
  return text;
}

}  // namespace strata::attach
