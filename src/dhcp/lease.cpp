// SPDX-License-Identifier: Apache-2.0
#include "dhcp/lease.h"

#include <bit>

namespace strata::dhcp {
namespace {

using wire::DhcpOption;
using wire::DhcpOptions;

template <std::size_t kMax>
void read_addresses(const DhcpOptions& options, DhcpOption code, Few<IpAddress, kMax>& into) {
  std::array<std::byte, 512> scratch;
  const auto data = options.find(code, scratch);
  if (!data || data->size() % 4 != 0) return;
  for (std::size_t at = 0; at < data->size(); at += 4) {
    const IpAddress address = IpAddress::v4(load_big_endian<std::uint32_t>(data->data() + at));
    if (is_host_address(address)) into.add(address);
  }
}

// RFC 3397: names one after the other, compressed among themselves.
void read_search(const DhcpOptions& options, Lease& lease) {
  std::array<std::byte, 1024> scratch;
  if (const auto data = options.find(DhcpOption::kDomainSearch, scratch)) {
    for (std::size_t at = 0; at < data->size();) {
      const auto name = wire::DnsNameView::parse(*data, at);
      if (!name) break;
      if (!name->is_root()) lease.search.add(wire::DnsName(*name));
      at += name->size_in_message();
    }
  }
  if (lease.search.count != 0) return;
  const auto domain = options.find(DhcpOption::kDomainName, scratch);
  if (!domain) return;
  std::string_view text(reinterpret_cast<const char*>(domain->data()), domain->size());
  // Some servers end it with a zero (RFC 2132 2).
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  if (const auto name = wire::DnsName::parse(text)) lease.search.add(*name);
}

void read_routes(const DhcpOptions& options, Lease& lease) {
  std::array<std::byte, 1024> scratch;
  const auto data = options.find(DhcpOption::kClasslessRoutes, scratch);
  if (!data) return;
  wire::DhcpRouteReader reader(*data);
  while (const auto route = reader.next()) lease.routes.add(*route);
  if (reader.is_malformed()) lease.routes = {};
}

// The mask's ones must be in front; without a mask the address's class says it (RFC 950).
unsigned prefix_length(const DhcpOptions& options, const IpAddress& address) {
  if (const auto mask = options.find_u32(DhcpOption::kSubnetMask)) {
    const auto ones = static_cast<unsigned>(std::countl_one(*mask));
    const bool is_mask = ones == 32 || (*mask << ones) == 0;
    if (is_mask && ones != 0) return ones;
  }
  const std::uint32_t value = address.v4_value();
  if ((value >> 31U) == 0) return 8;
  return (value >> 30U) == 2 ? 16 : 24;
}

}  // namespace

bool is_host_address(const IpAddress& address) {
  return address.is_v4() && (address.v4_value() >> 24U) != 0 && !address.is_loopback() &&
         !address.is_multicast() && !address.is_reserved_v4() && !address.is_limited_broadcast();
}

bool is_host_address(const Prefix& address) {
  const IpAddress& host = address.address();
  const bool is_ends = address.directed_broadcast() == host ||
                       (address.length() < 31 && address.network().address() == host);
  return is_host_address(host) && address.length() != 0 && !is_ends;
}

void Lease::set_times(std::uint32_t renewal, std::uint32_t rebinding) {
  const bool is_ordered = renewal != 0 && renewal < rebinding && rebinding < lease_s;
  renewal_s = is_ordered ? renewal : 0;
  rebinding_s = is_ordered ? rebinding : 0;
}

std::optional<Lease> read_lease(const wire::DhcpView& message, const DhcpOptions& options,
                                Time sent) {
  const IpAddress address = message.header().your_address;
  const auto server = options.find_address(DhcpOption::kServerIdentifier);
  const auto lease_s = options.find_u32(DhcpOption::kLeaseTime);
  if (!is_host_address(address) || !server || !is_host_address(*server)) return std::nullopt;
  if (!lease_s || *lease_s == 0) return std::nullopt;
  const Prefix prefix(address, prefix_length(options, address));
  if (!is_host_address(prefix)) return std::nullopt;
  Lease lease;
  lease.address = prefix;
  lease.server = *server;
  lease.lease_s = *lease_s;
  lease.obtained = sent;
  lease.set_times(options.find_u32(DhcpOption::kRenewalTime).value_or(0),
                  options.find_u32(DhcpOption::kRebindingTime).value_or(0));
  read_addresses(options, DhcpOption::kRouter, lease.routers);
  read_addresses(options, DhcpOption::kDomainNameServer, lease.name_servers);
  read_addresses(options, DhcpOption::kNtpServers, lease.time_servers);
  read_routes(options, lease);
  read_search(options, lease);
  const std::uint16_t mtu = options.find_u16(DhcpOption::kInterfaceMtu).value_or(0);
  if (mtu >= kMtuMin) lease.mtu = mtu;
  return lease;
}

}  // namespace strata::dhcp
