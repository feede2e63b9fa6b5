// SPDX-License-Identifier: Apache-2.0
#include "service/config/config_file.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "service/config/table_reader.h"
#include "service/tcp_settings.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

Outcome<std::string> parse_path(std::string_view text) {
  if (text.empty()) return failed("expected the path of a file, found nothing");
  return std::string(text);
}

Outcome<std::string> parse_spec(std::string_view text) {
  if (auto checked = check_device_spec(text); !checked) {
    return std::unexpected(std::move(checked).error());
  }
  return std::string(text);
}

Outcome<std::uint64_t> parse_seed(std::int64_t seed) {
  if (seed < 0) return failed(fmt::format("{} is not a number from 0", seed));
  return static_cast<std::uint64_t>(seed);
}

// What devices and the VLANs on them have in common.
template <typename Link>
void read_link(TableReader& reader, const toml::table& table, Link& link) {
  reader.texts("address", parse_interface_address,
               [&](const Prefix& prefix) { link.addresses.push_back(prefix); });
  reader.number("mtu", check_mtu, [&](std::size_t mtu) { link.mtu = mtu; });
  reader.boolean("dhcp", [&](bool dhcp) { link.dhcp = dhcp; });
  reader.text("lease_file", parse_path,
              [&](std::string text) { link.lease_file = std::move(text); });
  if (!link.lease_file.empty() && !link.dhcp) {
    reader.fail("lease_file", *table.get("lease_file"), "needs dhcp = true");
  }
}

VlanOptions read_vlan(const toml::table& table, const toml::node& node, const std::string& path,
                      std::optional<Failure>& failure) {
  VlanOptions vlan;
  TableReader reader(table, path, "device.vlan.", failure);
  reader.text("id", parse_vlan, [&](const VlanTags& tags) { vlan.tags = tags; });
  read_link(reader, table, vlan);
  reader.refuse_others();
  if (vlan.tags.count == 0) reader.fail("id", node, "missing, expected ID or ID.ID");
  return vlan;
}

DeviceOptions read_device(const toml::table& table, const toml::node& node, const std::string& path,
                          std::optional<Failure>& failure) {
  DeviceOptions device;
  TableReader reader(table, path, "device.", failure);
  reader.text("spec", parse_spec, [&](std::string spec) { device.spec = std::move(spec); });
  read_link(reader, table, device);
  reader.tables("vlan", [&](const toml::table& vlan, const toml::node& where) {
    device.vlans.push_back(read_vlan(vlan, where, path, failure));
  });
  reader.refuse_others();
  if (device.spec.empty()) {
    reader.fail("spec", node, "missing, expected KIND:NAME[,key=value...]");
  }
  return device;
}

StackOptions read_table(const toml::table& table, const std::string& path,
                        std::optional<Failure>& failure) {
  StackOptions options;
  TableReader reader(table, path, "", failure);
  reader.tables("device", [&](const toml::table& device, const toml::node& node) {
    options.devices.push_back(read_device(device, node, path, failure));
  });
  reader.texts("gateway", parse_gateway,
               [&](const IpAddress& gateway) { options.gateways.push_back(gateway); });
  reader.number("mtu", check_mtu, [&](std::size_t mtu) { options.default_device_mtu = mtu; });
  reader.texts("dns", parse_dns_server,
               [&](const IpAddress& server) { options.dns.push_back(server); });
  reader.texts("search", parse_search_domain,
               [&](std::string domain) { options.search.push_back(std::move(domain)); });
  reader.text("host_name", parse_host_name,
              [&](std::string name) { options.host_name = std::move(name); });
  reader.text("hosts", parse_path, [&](std::string text) { options.hosts = std::move(text); });
  reader.boolean("forward", [&](bool forward) { options.forward = forward; });
  reader.text("capture", parse_path, [&](std::string text) { options.capture = std::move(text); });
  reader.text("capture_filter", parse_capture_filter,
              [&](std::string text) { options.capture_filter = std::move(text); });
  reader.number("seed", parse_seed, [&](std::uint64_t seed) { options.seed = seed; });
  reader.text("control", parse_path, [&](std::string text) { options.control = std::move(text); });
  reader.text("log", parse_log_level, [&](LogLevel level) { options.log = level; });
  reader.text("policy", parse_policy, [&](LoopPolicy policy) { options.policy = policy; });
  reader.number("cores", check_cores, [&](std::uint16_t cores) { options.cores = cores; });
  reader.texts("serve", parse_serve,
               [&](const ServeOptions& serve) { options.serve.push_back(serve); });
  reader.settings("tcp", [&](std::string_view key, std::string_view value) {
    return apply_tcp_setting(options.tcp, key, value);
  });
  reader.texts("publish", parse_publish,
               [&](const PublishOptions& port) { options.publish.push_back(port); });
  reader.boolean("dashboard", [&](bool dashboard) { options.dashboard = dashboard; });
  reader.texts("dashboard_names", parse_search_domain,
               [&](std::string name) { options.dashboard_names.push_back(std::move(name)); });
  reader.text("dashboard_token", parse_path,
              [&](std::string path_of) { options.dashboard_token = std::move(path_of); });
  reader.settings("tls", [&](std::string_view key, std::string_view value) {
    return apply_tls_setting(options.tls, key, value);
  });
  reader.texts("join", parse_join,
               [&](JoinOptions join) { options.joins.push_back(std::move(join)); });
  reader.refuse_others();
  if (options.default_device_mtu != 0 && !options.devices.empty()) {
    reader.fail("mtu", *table.get("mtu"), "belongs into the [[device]] it is meant for");
  }
  if (options.tls.certificate.empty() != options.tls.key.empty()) {
    reader.fail("tls", *table.get("tls"), "needs both a certificate and a key");
  }
  return options;
}

}  // namespace

Outcome<StackOptions> read_config_text(std::string_view text, const std::string& path) {
  return read_toml(text, path, [&](const toml::table& table, std::optional<Failure>& failure) {
    return read_table(table, path, failure);
  });
}

Outcome<StackOptions> read_config_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  return read_config_text(*text, path);
}

}  // namespace strata::service
