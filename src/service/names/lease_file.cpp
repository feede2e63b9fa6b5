// SPDX-License-Identifier: Apache-2.0
#include "service/names/lease_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "service/names/record_text.h"
#include "service/text_file.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::string_view kTitle = "strata-lease 1";

using Lines = std::multimap<std::string, std::string, std::less<>>;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    lines.emplace(line.substr(0, space), line.substr(space + 1));
  }
  return lines;
}

std::string first(const Lines& lines, std::string_view key) {
  const auto found = lines.find(key);
  return found == lines.end() ? std::string{} : found->second;
}

std::optional<std::int64_t> number(const Lines& lines, std::string_view key) {
  const std::string text = first(lines, key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc{} && end == text.data() + text.size() && value >= 0;
  return is_number ? std::optional(value) : std::nullopt;
}

std::int64_t wall_seconds(Time time) {
  const Duration since_1970 = time.time_since_epoch() + wall_clock_offset();
  return std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
}

std::uint32_t seconds(const Lines& lines, std::string_view key) {
  const std::int64_t value = number(lines, key).value_or(0);
  return value <= UINT32_MAX ? static_cast<std::uint32_t>(value) : 0;
}

// Whoever can write the file says no more by it than a server can.
std::optional<IpAddress> host_address(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && dhcp::is_host_address(*address) ? address : std::nullopt;
}

template <std::size_t kMax>
void read_addresses(const Lines& lines, std::string_view key, dhcp::Few<IpAddress, kMax>& into) {
  const auto [from, to] = lines.equal_range(key);
  for (auto line = from; line != to; ++line) {
    if (const auto address = host_address(line->second)) into.add(*address);
  }
}

std::optional<wire::DhcpRoute> parse_route(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto destination = Prefix::parse(text.substr(0, space));
  const auto router = IpAddress::parse(text.substr(space + 1));
  const bool is_route = destination && destination->is_v4() && router &&
                        (router == IpAddress::any_v4() || dhcp::is_host_address(*router));
  if (!is_route) return std::nullopt;
  return wire::DhcpRoute{destination->network(), *router};
}

void read_network(const Lines& lines, dhcp::Lease& lease) {
  const std::int64_t mtu = number(lines, "mtu").value_or(0);
  if (mtu >= dhcp::kMtuMin && mtu <= UINT16_MAX) lease.mtu = static_cast<std::uint16_t>(mtu);
  read_addresses(lines, "router", lease.routers);
  read_addresses(lines, "dns", lease.name_servers);
  read_addresses(lines, "ntp", lease.time_servers);
  const auto [route, routes_end] = lines.equal_range("route");
  for (auto line = route; line != routes_end; ++line) {
    if (const auto one = parse_route(line->second)) lease.routes.add(*one);
  }
  const auto [domain, domains_end] = lines.equal_range("search");
  for (auto line = domain; line != domains_end; ++line) {
    if (const auto name = wire::DnsName::parse(line->second)) lease.search.add(*name);
  }
}

void write_addresses(std::string_view key, std::span<const IpAddress> addresses,
                     std::string& text) {
  for (const IpAddress& address : addresses) {
    text += fmt::format("{} {}\n", key, strata::to_text(address).view());
  }
}

std::string network_text(const dhcp::Lease& lease) {
  std::string text;
  if (lease.mtu != 0) text += fmt::format("mtu {}\n", lease.mtu);
  write_addresses("router", lease.routers.span(), text);
  write_addresses("dns", lease.name_servers.span(), text);
  write_addresses("ntp", lease.time_servers.span(), text);
  for (const wire::DhcpRoute& route : lease.routes.span()) {
    text += fmt::format("route {} {}\n", strata::to_text(route.destination).view(),
                        strata::to_text(route.router).view());
  }
  for (const wire::DnsName& domain : lease.search.span()) {
    text += fmt::format("search {}\n", to_text(domain.view()));
  }
  return text;
}

}  // namespace

std::optional<dhcp::Lease> read_lease_file(const std::string& path, const MacAddress& mac,
                                           Time now) {
  const auto text = read_text_file(path);
  if (!text || !text->starts_with(kTitle)) return std::nullopt;
  const Lines lines = split(*text);
  const auto address = Prefix::parse(first(lines, "address"));
  const auto server = host_address(first(lines, "server"));
  const auto obtained = number(lines, "obtained");
  const auto lease_s = number(lines, "lease");
  const bool is_ours = MacAddress::parse(first(lines, "mac")) == mac;
  if (!is_ours || !address || !dhcp::is_host_address(*address) || !server || !obtained ||
      !lease_s || *lease_s == 0 || *lease_s > UINT32_MAX) {
    return std::nullopt;
  }
  // A wall clock that was set back makes no lease younger than it is.
  const std::int64_t age_s = std::max<std::int64_t>(wall_seconds(now) - *obtained, 0);
  if (age_s > *lease_s) return std::nullopt;
  dhcp::Lease lease;
  lease.address = *address;
  lease.server = *server;
  lease.lease_s = static_cast<std::uint32_t>(*lease_s);
  lease.obtained = now - std::chrono::seconds(age_s);
  lease.set_times(seconds(lines, "renewal"), seconds(lines, "rebinding"));
  read_network(lines, lease);
  return lease;
}

bool write_lease_file(const std::string& path, const MacAddress& mac, const dhcp::Lease& lease,
                      Time now) {
  const std::int64_t obtained =
      wall_seconds(now) -
      std::chrono::duration_cast<std::chrono::seconds>(now - lease.obtained).count();
  std::string text =
      fmt::format("{}\nmac {}\naddress {}\nserver {}\nobtained {}\nlease {}\n", kTitle,
                  strata::to_text(mac).view(), strata::to_text(lease.address).view(),
                  strata::to_text(lease.server).view(), obtained, lease.lease_s);
  if (lease.renewal_s != 0) {
    text += fmt::format("renewal {}\nrebinding {}\n", lease.renewal_s, lease.rebinding_s);
  }
  text += network_text(lease);
  const std::string fresh = path + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "wbe");
  if (file == nullptr) return false;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool is_closed = std::fclose(file) == 0;
  return is_written && is_closed && std::rename(fresh.c_str(), path.c_str()) == 0;
}

void remove_lease_file(const std::string& path) { static_cast<void>(std::remove(path.c_str())); }

}  // namespace strata::service
