// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/stack_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "service/config/config_file.h"
#include "service/tcp_settings.h"
#include "strata/cli/value_checks.h"

namespace strata::app {
namespace {

using service::DeviceOptions;
using service::failed;
using service::Outcome;
using service::StackOptions;

bool is_given(const Flags& verb, const char* flag) { return verb.count(flag) != 0; }

service::Failure about(const char* flag, service::Failure failure) {
  failure.text = fmt::format("{}: {}", flag, failure.text);
  return failure;
}

// Reads one value with a parser of service/ and names the flag when that fails.
template <typename Parse, typename Value, typename Into>
Outcome<void> take(const char* flag, Parse parse, const Value& value, Into into) {
  auto parsed = parse(value);
  if (!parsed) return std::unexpected(about(flag, std::move(parsed).error()));
  into(std::move(*parsed));
  return {};
}

Outcome<void> before_every_device(const char* flag, const std::string& text) {
  return failed(fmt::format("{} {}: it stands before every --device", flag, text),
                fmt::format("give a --device first, as in --device tap:x {} {}", flag, text));
}

// What the next --address, --proxy, --mtu, --dhcp and --lease-file are for.
struct Link {
  std::vector<Prefix>* addresses = nullptr;
  std::vector<IpAddress>* proxies = nullptr;
  std::size_t* mtu = nullptr;
  bool* dhcp = nullptr;
  std::string* lease_file = nullptr;
};

Link link_to(auto& options) {
  return {&options.addresses, &options.proxies, &options.mtu, &options.dhcp, &options.lease_file};
}

}  // namespace

void StackFlags::add_to(Flags& verb, const char* publish) {
  const auto list = [](Flag option) { return option->allow_extra_args(false)->group("Stack"); };
  verb.add_option("--config", config_, "read a TOML file with the same keys")
      ->type_name("FILE")
      ->group("Stack");
  list(verb.add_option("--device", devices_, "a device, as in tap:x,host=10.77.0.1/24"))
      ->type_name("KIND:NAME[,key=value...]");
  list(verb.add_option("--address", addresses_, "an address of the device before it"))
      ->type_name("CIDR");
  list(verb.add_option("--proxy", proxies_,
                       "an address of another host for which the device before it answers"))
      ->type_name("IP");
  list(verb.add_option("--vlan", vlans_, "a VLAN on the device before it; what follows is its"))
      ->type_name("ID[.ID]");
  list(verb.add_option("--mtu", mtus_, "MTU of the device before it, or of the default device"))
      ->check(whole_number(68, 65'535))
      ->type_name("BYTES");
  verb.add_flag("--dhcp", dhcp_, "ask for an address of the device or VLAN before it")
      ->group("Stack");
  list(verb.add_option("--lease-file", lease_files_, "keep the lease of the --dhcp before it"))
      ->type_name("FILE");
  verb.add_option("--host-name", host_name_, "what DHCP servers are told")
      ->type_name("NAME")
      ->group("Stack");
  list(verb.add_option("--gateway", gateways_, "a default router, IPv4 or IPv6"))->type_name("IP");
  list(verb.add_option("--dns", dns_, "a DNS server"))->type_name("IP");
  list(verb.add_option("--search", search_, "a domain for names that are not complete"))
      ->type_name("DOMAIN");
  verb.add_option("--hosts", hosts_, "names as in /etc/hosts")->type_name("FILE")->group("Stack");
  list(verb.add_option(publish, publish_, "a port of the host that leads to the stack"))
      ->type_name("[ADDR:]HOSTPORT:PORT[/udp]");
  verb.add_flag("--forward", forward_, "route packets for others")->group("Stack");
  list(verb.add_option("--tcp-option", tcp_, "how TCP is spoken: " + service::tcp_setting_names()))
      ->type_name("KEY=VALUE,...");
  verb.add_option("--capture", capture_, "write every frame to a pcapng file")
      ->type_name("FILE")
      ->group("Stack");
  verb.add_option("--capture-filter", capture_filter_,
                  "of these frames alone, in tcpdump's language: 'host 10.77.0.1 and tcp port 80'")
      ->type_name("FILTER")
      ->group("Stack");
  verb.add_option("--seed", seed_, "make ports, identifiers and jitter repeatable")
      ->check(whole_number(0, UINT64_MAX))
      ->type_name("N")
      ->group("Stack");
  verb.add_option("--control", control_, "path of the control socket")
      ->type_name("PATH")
      ->group("Stack");
  verb.add_option("--log-format", log_format_,
                  "text, json or journal: systemd's (default: text, or journal under systemd)")
      ->type_name("FORMAT")
      ->group("Stack");
  verb.add_option("--log", log_, "debug, info, warning, error or off (default warning)")
      ->type_name("LEVEL")
      ->group("Stack");
  verb.add_option("--cores", cores_, "stacks, one a thread, that are one host (default 1)")
      ->check(whole_number(1, service::kCoresMax))
      ->type_name("N")
      ->group("Stack");
  verb.add_option("--policy", policy_, "spin, adaptive or sleep (default adaptive)")
      ->type_name("POLICY")
      ->group("Stack");
}

Outcome<StackOptions> StackFlags::read(const Flags& verb) const {
  StackOptions options;
  if (!config_.empty()) {
    auto read = service::read_config_file(config_);
    if (!read) return std::unexpected(std::move(read).error());
    options = std::move(*read);
  }
  if (auto done = read_devices(verb, options); !done) {
    return std::unexpected(std::move(done).error());
  }
  if (auto done = read_values(verb, options); !done) {
    return std::unexpected(std::move(done).error());
  }
  return options;
}

Outcome<StackOptions> StackFlags::read_without_servers(const Flags& verb) const {
  auto options = read(verb);
  if (!options) return options;
  if (!options->serve.empty()) return failed("serve: only `strata up` serves");
  if (!options->joins.empty()) return failed("join: only `strata up` joins groups");
  if (!options->tls.key.empty()) return failed("tls: only `strata up` serves");
  if (!options->dashboard_token.empty() || !options->dashboard_names.empty()) {
    return failed("dashboard_names, dashboard_token: only `strata up` has a dashboard");
  }
  return options;
}

// --vlan belongs to the --device it follows, --address, --proxy, --mtu, --dhcp and --lease-file to
// the --vlan or --device, so order matters.
Outcome<void> StackFlags::read_devices(const Flags& verb, StackOptions& options) const {
  if (!devices_.empty()) options.devices.clear();
  std::size_t device = 0;
  std::size_t address = 0;
  std::size_t proxy = 0;
  std::size_t mtu = 0;
  std::size_t vlan = 0;
  std::size_t lease_file = 0;
  Link link{.mtu = &options.default_device_mtu};
  for (const std::string& given : verb.in_order()) {
    Outcome<void> done;
    if (given == "device") {
      done = service::check_device_spec(devices_[device]);
      options.devices.push_back({.spec = devices_[device++], .addresses = {}});
      link = link_to(options.devices.back());
      if (!done) done = std::unexpected(about("--device", std::move(done).error()));
    } else if (given == "vlan") {
      if (device == 0) return before_every_device("--vlan", vlans_[vlan]);
      done = take("--vlan", service::parse_vlan, vlans_[vlan++], [&](const VlanTags& tags) {
        auto& added = options.devices.back().vlans.emplace_back();
        added.tags = tags;
        link = link_to(added);
      });
    } else if (given == "address") {
      if (device == 0) return before_every_device("--address", addresses_[address]);
      done = take("--address", service::parse_interface_address, addresses_[address++],
                  [&](Prefix prefix) { link.addresses->push_back(prefix); });
    } else if (given == "proxy") {
      if (device == 0) return before_every_device("--proxy", proxies_[proxy]);
      done = take("--proxy", service::parse_proxy, proxies_[proxy++],
                  [&](IpAddress other) { link.proxies->push_back(other); });
    } else if (given == "dhcp") {
      if (device == 0) return before_every_device("--dhcp", "");
      *link.dhcp = true;
    } else if (given == "lease-file") {
      if (device == 0) return before_every_device("--lease-file", lease_files_[lease_file]);
      *link.lease_file = lease_files_[lease_file++];
    } else if (given == "mtu") {
      done = take("--mtu", service::check_mtu, mtus_[mtu++],
                  [&](std::size_t value) { *link.mtu = value; });
    }
    if (!done) return done;
  }
  const auto keeps_none = [](const auto& each) { return !each.lease_file.empty() && !each.dhcp; };
  for (const DeviceOptions& checked : options.devices) {
    if (!keeps_none(checked) && std::ranges::none_of(checked.vlans, keeps_none)) continue;
    return failed("--lease-file: there is no --dhcp where it belongs");
  }
  if (options.default_device_mtu != 0 && !options.devices.empty()) {
    return failed("--mtu: it stands before every --device", "give it after its --device");
  }
  return {};
}

Outcome<void> StackFlags::read_names(const Flags& verb, StackOptions& options) const {
  if (!dns_.empty()) options.dns.clear();
  for (const std::string& text : dns_) {
    const auto done = take("--dns", service::parse_dns_server, text,
                           [&](IpAddress address) { options.dns.push_back(address); });
    if (!done) return done;
  }
  if (!search_.empty()) options.search.clear();
  for (const std::string& text : search_) {
    const auto done = take("--search", service::parse_search_domain, text, [&](std::string domain) {
      options.search.push_back(std::move(domain));
    });
    if (!done) return done;
  }
  if (is_given(verb, "--hosts")) options.hosts = hosts_;
  if (!publish_.empty()) options.publish.clear();
  for (const std::string& text : publish_) {
    const auto done =
        take("--publish", service::parse_publish, text,
             [&](const service::PublishOptions& port) { options.publish.push_back(port); });
    if (!done) return done;
  }
  if (!is_given(verb, "--host-name")) return {};
  return take("--host-name", service::parse_host_name, host_name_,
              [&](std::string name) { options.host_name = std::move(name); });
}

Outcome<void> StackFlags::read_capture(const Flags& verb, StackOptions& options) const {
  if (is_given(verb, "--capture")) options.capture = capture_;
  if (!is_given(verb, "--capture-filter")) return {};
  if (options.capture.empty()) return failed("--capture-filter: there is no --capture FILE");
  return take("--capture-filter", service::parse_capture_filter, capture_filter_,
              [&](std::string filter) { options.capture_filter = std::move(filter); });
}

Outcome<void> StackFlags::read_values(const Flags& verb, StackOptions& options) const {
  if (!gateways_.empty()) options.gateways.clear();
  for (const std::string& text : gateways_) {
    const auto done = take("--gateway", service::parse_gateway, text,
                           [&](IpAddress address) { options.gateways.push_back(address); });
    if (!done) return done;
  }
  if (auto done = read_names(verb, options); !done) return done;
  for (const std::string& text : tcp_) {
    if (auto done = service::apply_tcp_settings(options.tcp, text); !done) {
      return std::unexpected(about("--tcp-option", std::move(done).error()));
    }
  }
  if (forward_) options.forward = true;
  if (auto done = read_capture(verb, options); !done) return done;
  if (is_given(verb, "--seed")) options.seed = seed_;
  if (is_given(verb, "--control")) options.control = control_;
  if (is_given(verb, "--log")) {
    const auto done =
        take("--log", service::parse_log_level, log_, [&](LogLevel level) { options.log = level; });
    if (!done) return done;
  }
  if (is_given(verb, "--log-format")) {
    const auto done = take("--log-format", service::parse_log_format, log_format_,
                           [&](service::LogFormat format) { options.log_format = format; });
    if (!done) return done;
  }
  if (is_given(verb, "--cores")) options.cores = cores_;
  if (is_given(verb, "--policy")) {
    return take("--policy", service::parse_policy, policy_,
                [&](LoopPolicy policy) { options.policy = policy; });
  }
  return {};
}

}  // namespace strata::app
