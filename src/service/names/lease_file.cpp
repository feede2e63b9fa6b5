// SPDX-License-Identifier: Apache-2.0
#include "service/names/lease_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <map>
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

template <std::size_t kMax>
void read_addresses(const Lines& lines, std::string_view key, dhcp::Few<IpAddress, kMax>& into) {
  const auto [from, to] = lines.equal_range(key);
  for (auto line = from; line != to; ++line) {
    if (const auto address = IpAddress::parse(line->second)) into.add(*address);
  }
}

}  // namespace

std::optional<dhcp::Lease> read_lease_file(const std::string& path, const MacAddress& mac,
                                           Time now) {
  const auto text = read_text_file(path);
  if (!text || !text->starts_with(kTitle)) return std::nullopt;
  const Lines lines = split(*text);
  const auto address = Prefix::parse(first(lines, "address"));
  const auto server = IpAddress::parse(first(lines, "server"));
  const auto obtained = number(lines, "obtained");
  const auto lease_s = number(lines, "lease");
  const bool is_ours = MacAddress::parse(first(lines, "mac")) == mac;
  if (!is_ours || !address || !dhcp::is_host_address(address->address()) || !server || !obtained ||
      !lease_s || *lease_s > 0xffff'ffff) {
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
  lease.mtu = static_cast<std::uint16_t>(number(lines, "mtu").value_or(0));
  read_addresses(lines, "router", lease.routers);
  read_addresses(lines, "dns", lease.name_servers);
  const auto [from, to] = lines.equal_range("search");
  for (auto line = from; line != to; ++line) {
    if (const auto name = wire::DnsName::parse(line->second)) lease.search.add(*name);
  }
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
  if (lease.mtu != 0) text += fmt::format("mtu {}\n", lease.mtu);
  for (const IpAddress& router : lease.routers.span()) {
    text += fmt::format("router {}\n", strata::to_text(router).view());
  }
  for (const IpAddress& server : lease.name_servers.span()) {
    text += fmt::format("dns {}\n", strata::to_text(server).view());
  }
  for (const wire::DnsName& domain : lease.search.span()) {
    text += fmt::format("search {}\n", to_text(domain.view()));
  }
  const std::string fresh = path + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "wbe");
  if (file == nullptr) return false;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool is_closed = std::fclose(file) == 0;
  return is_written && is_closed && std::rename(fresh.c_str(), path.c_str()) == 0;
}

void remove_lease_file(const std::string& path) { static_cast<void>(std::remove(path.c_str())); }

}  // namespace strata::service
