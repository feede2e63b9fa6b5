// SPDX-License-Identifier: Apache-2.0
#include "service/stack_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "service/capture/packet_filter.h"
#include "strata/devices.h"
#include "strata/wire/dns_name.h"

namespace strata::service {
namespace {

struct ServiceName {
  std::string_view name;
  Service service;
  std::uint16_t port;
};
// RFC 862, 863, 864 and 867.
constexpr std::array kServices{
    ServiceName{"echo", Service::kEcho, 7},        ServiceName{"discard", Service::kDiscard, 9},
    ServiceName{"chargen", Service::kChargen, 19}, ServiceName{"daytime", Service::kDaytime, 13},
    ServiceName{"http", Service::kHttp, 80},
};

static_assert(kPolicyWords[static_cast<std::size_t>(LoopPolicy::kSleep)] == "sleep");

constexpr std::array kLogLevels{LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning,
                                LogLevel::kError, LogLevel::kOff};
static_assert(std::ranges::equal(kLogLevels, kLogLevelWords, {},
                                 [](LogLevel level) { return strata::to_text(level); }));

constexpr std::uint16_t kServiceTag = 0x88a8;  // IEEE 802.1ad, the outer of two

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_all = stopped == text.data() + text.size();
  if (error != std::errc{} || !is_all || port == 0) return std::nullopt;
  return port;
}

// The first part is empty when there is no colon.
std::pair<std::string_view, std::string_view> split_at_last_colon(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

DeviceOptions default_device(std::size_t mtu, bool has_v6) {
  DeviceOptions options;
  options.spec = "tap:strata0,host=10.77.0.1/24";
  options.addresses = {*Prefix::parse("10.77.0.2/24")};
  options.mtu = mtu;
  if (!has_v6) return options;
  options.spec += ",host6=fd77::1/64";
  options.addresses.push_back(*Prefix::parse("fd77::2/64"));
  return options;
}

Outcome<Prefix> parse_interface_address(std::string_view text) {
  const auto prefix = Prefix::parse(text);
  // Prefix::parse reads a bare network too; an interface needs an address of its own.
  if (!prefix || text.find('/') == std::string_view::npos) {
    return failed(quoted(text) + " is not an address with its prefix length, as in 10.77.0.2/24");
  }
  const IpAddress& address = prefix->address();
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback()) {
    return failed(quoted(text) + " cannot be the address of an interface");
  }
  return *prefix;
}

Outcome<IpAddress> parse_proxy(std::string_view text) {
  const auto address = IpAddress::parse(text);
  const bool is_hosts = address && !address->is_unspecified() && !address->is_multicast() &&
                        !address->is_loopback() && !address->is_limited_broadcast();
  if (!is_hosts) {
    return failed(quoted(text) + " is not the address of another host, as in 10.77.0.9 or fd77::9");
  }
  return *address;
}

Outcome<IpAddress> parse_gateway(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_unspecified() || address->is_multicast()) {
    return failed(quoted(text) + " is not the address of a router, as in 10.77.0.1 or fd77::1");
  }
  return *address;
}

Outcome<IpAddress> parse_dns_server(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_unspecified() || address->is_multicast()) {
    return failed(quoted(text) + " is not the address of a DNS server, as in 10.77.0.1");
  }
  return *address;
}

Outcome<std::string> parse_search_domain(std::string_view text) {
  if (!wire::DnsName::parse(text)) {
    return failed(quoted(text) + " is not a domain, as in example.org");
  }
  return std::string(text);
}

Outcome<std::string> parse_host_name(std::string_view text) {
  const auto name = wire::DnsName::parse(text);
  if (!name || name->label_count() != 1) {
    return failed(quoted(text) + " is not a host's name, as in printer");
  }
  return std::string(text);
}

Outcome<std::string> parse_capture_filter(std::string_view text) {
  std::string filter(text);
  if (auto compiled = PacketFilters::compile(filter); !compiled) {
    return std::unexpected(std::move(compiled).error());
  }
  return filter;
}

Outcome<LogLevel> parse_log_level(std::string_view text) {
  for (const LogLevel level : kLogLevels) {
    if (strata::to_text(level) == text) return level;
  }
  return failed(quoted(text) + " is not one of: debug, info, warning, error, off");
}

Outcome<LoopPolicy> parse_policy(std::string_view text) {
  const auto* const found = std::ranges::find(kPolicyWords, text);
  if (found == kPolicyWords.end()) {
    return failed(quoted(text) + " is not one of: spin, adaptive, sleep");
  }
  return static_cast<LoopPolicy>(found - kPolicyWords.begin());
}

Outcome<ServeOptions> parse_serve(std::string_view text) {
  const std::string_view name = text.substr(0, text.find_first_of("=:"));
  const auto* found = std::ranges::find(kServices, name, &ServiceName::name);
  if (found == kServices.end()) {
    return failed(quoted(name) + " is not one of: echo, discard, chargen, daytime, http=DIR");
  }
  const bool has_folder = name.size() < text.size() && text[name.size()] == '=';
  if (has_folder != (found->service == Service::kHttp)) {
    return failed(has_folder ? quoted(name) + " serves no folder"
                             : quoted(text) + ": which folder? As in http=/srv/www:8080");
  }
  const std::string_view rest = text.substr(name.size());
  // A folder's name may have a colon in it, but not behind the last slash.
  const std::size_t slash = rest.find_last_of('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  ServeOptions options{.service = found->service, .port = found->port};
  if (has_folder) options.folder = rest.substr(1, colon == rest.npos ? rest.npos : colon - 1);
  if (has_folder && options.folder.empty()) {
    return failed(quoted(text) + ": which folder? As in http=/srv/www:8080");
  }
  if (colon == std::string_view::npos) return options;
  const std::string_view port = rest.substr(colon + 1);
  const auto number = parse_port(port);
  if (!number) return failed(quoted(text) + ": " + quoted(port) + " is not a port from 1 to 65535");
  options.port = *number;
  return options;
}

Outcome<JoinOptions> parse_join(std::string_view text) {
  const std::size_t percent = text.find('%');
  const auto group = IpAddress::parse(text.substr(0, percent));
  const bool has_empty_zone = percent != std::string_view::npos && percent + 1 == text.size();
  if (!group || !group->is_multicast() || has_empty_zone) {
    return failed(quoted(text) + " is not a multicast group, as in 239.1.2.3 or ff15::7%strata0");
  }
  JoinOptions options{.group = *group, .interface = {}};
  if (percent != std::string_view::npos) options.interface = text.substr(percent + 1);
  return options;
}

Outcome<PublishOptions> parse_publish(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view protocol = slash == text.npos ? "tcp" : text.substr(slash + 1);
  if (protocol != "tcp" && protocol != "udp") {
    return failed(quoted(text) + ": " + quoted(protocol) + " is neither tcp nor udp");
  }
  const auto [host, inside] = split_at_last_colon(text.substr(0, slash));
  if (host.empty()) {
    return failed(quoted(text) +
                  " names one port of two: the host's and that inside, as in 8080:80");
  }
  const auto [address, port] = split_at_last_colon(host);
  PublishOptions options{.is_udp = protocol == "udp"};
  for (const auto& [word, number] :
       {std::pair(port, &options.host_port), std::pair(inside, &options.inside_port)}) {
    const auto parsed = parse_port(word);
    if (!parsed) {
      return failed(quoted(text) + ": " + quoted(word) + " is not a port from 1 to 65535");
    }
    *number = *parsed;
  }
  if (address.empty()) return options;
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']');
  const auto parsed =
      IpAddress::parse(is_bracketed ? address.substr(1, address.size() - 2) : address);
  if (!parsed || parsed->is_multicast()) {
    return failed(quoted(text) + ": " + quoted(address) +
                  " is no address of this host, as in "
                  "127.0.0.1:8080:80 or [::1]:8080:80");
  }
  options.host_address = *parsed;
  return options;
}

Outcome<VlanTags> parse_vlan(std::string_view text) {
  const auto wrong = [&] {
    return failed(quoted(text) + " is not a VLAN from 1 to 4094, or two of them as in 100.20");
  };
  VlanTags tags;
  for (std::string_view rest = text;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view word = rest.substr(0, dot);
    std::uint16_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    const bool is_number = error == std::errc{} && end == word.data() + word.size();
    if (!is_number || id == 0 || id > 4094 || tags.count == tags.tags.size()) return wrong();
    tags.tags[tags.count++].id = id;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (tags.count == 2) tags.tags[0].tpid = kServiceTag;
  return tags;
}

Outcome<std::size_t> check_mtu(std::int64_t mtu) {
  if (mtu < kInterfaceMtuMin || mtu > kInterfaceMtuMax) {
    return failed(std::to_string(mtu) + " is not an MTU from 68 to 65535 bytes");
  }
  return static_cast<std::size_t>(mtu);
}

Outcome<void> check_device_spec(std::string_view spec) {
  auto parsed = DeviceSpec::parse(spec);
  if (parsed) return {};
  DeviceError error = std::move(parsed).error();
  return failed(std::move(error.text), std::move(error.hint));
}

std::string_view to_text(Service service) {
  return std::ranges::find(kServices, service, &ServiceName::service)->name;
}

std::string_view to_text(LoopPolicy policy) {
  return kPolicyWords[static_cast<std::size_t>(policy)];
}

std::string to_text(const ServeOptions& serve) {
  std::string text(to_text(serve.service));
  if (serve.service == Service::kHttp) text += "=" + serve.folder;
  return text + ":" + std::to_string(serve.port);
}

std::string to_text(const JoinOptions& join) {
  std::string text(strata::to_text(join.group).view());
  if (!join.interface.empty()) text += "%" + join.interface;
  return text;
}

std::string to_text(const PublishOptions& publish) {
  std::string text;
  if (publish.host_address) {
    const std::string address(strata::to_text(*publish.host_address).view());
    text = publish.host_address->is_v6() ? "[" + address + "]:" : address + ":";
  }
  text += std::to_string(publish.host_port) + ":" + std::to_string(publish.inside_port);
  return publish.is_udp ? text + "/udp" : text;
}

std::string to_text(const VlanTags& tags) {
  std::string text;
  for (std::size_t i = 0; i < tags.count; ++i) {
    text += (i == 0 ? "" : ".") + std::to_string(tags.tags[i].id);
  }
  return text;
}

std::string name_of_device(std::string_view spec) {
  const auto parsed = DeviceSpec::parse(spec);
  return parsed ? parsed->name : std::string{};
}

}  // namespace strata::service
