// SPDX-License-Identifier: Apache-2.0
#include "service/config_file.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <optional>
#include <utility>

#include "service/tcp_settings.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

std::string_view name_of_type(const toml::node& node) {
  if (node.is_string()) return "a string";
  if (node.is_integer()) return "a number";
  if (node.is_array()) return "an array";
  if (node.is_table()) return "a table";
  if (node.is_boolean()) return "true or false";
  if (node.is_floating_point()) return "a number with a fraction";
  return "a date or time";
}

// Reads one table key by key and remembers the first thing that is wrong.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& path, std::string prefix,
              std::optional<Failure>& failure)
      : table_(table), path_(path), prefix_(std::move(prefix)), failure_(failure) {}

  template <typename Parse, typename Into>
  void text(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node != nullptr) read_text(key, *node, parse, into);
  }

  // An array of strings, or one string.
  template <typename Parse, typename Into>
  void texts(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return read_text(key, *node, parse, into);
    for (const toml::node& item : *array) read_text(key, item, parse, into);
  }

  template <typename Parse, typename Into>
  void number(std::string_view key, Parse parse, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value)
      return fail(key, *node, fmt::format("expected a number, found {}", name_of_type(*node)));
    settle(key, *node, parse(*value), into);
  }

  template <typename Into>
  void boolean(std::string_view key, Into into) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) {
      return fail(key, *node, fmt::format("expected true or false, found {}", name_of_type(*node)));
    }
    into(*value);
  }

  template <typename Visit>
  void tables(std::string_view key, Visit visit) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const toml::table* table = array->get(i)->as_table();
      if (table == nullptr) {
        array = nullptr;
        break;
      }
      visit(*table, *array->get(i));
    }
    if (array == nullptr) fail(key, *node, fmt::format("expected [[{}]] tables", key));
  }

  // One table, whose keys are another's to know. Switches and numbers come as text.
  template <typename Set>
  void settings(std::string_view key, Set set) {
    const toml::node* node = known(key);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return fail(key, *node, fmt::format("expected a [{}] table", key));
    for (const auto& [name, node_of_value] : *table) {
      const toml::node& value = node_of_value;
      std::string text;
      if (const auto word = value.value_exact<std::string>()) text = *word;
      if (const auto number = value.value_exact<std::int64_t>()) text = fmt::format("{}", *number);
      if (const auto is_on = value.value_exact<bool>()) text = *is_on ? "on" : "off";
      const Outcome<void> done = set(name.str(), text);
      if (!done) fail(fmt::format("{}.{}", key, name.str()), value, done.error().text);
    }
  }

  // After all keys have been asked for.
  void refuse_others() {
    for (const auto& [key, node] : table_) {
      if (known_.find(fmt::format(" {},", key.str())) != std::string::npos) continue;
      std::string expected = known_.substr(1, known_.size() - 2);
      return fail(key.str(), node, fmt::format("unknown key, expected one of: {}", expected));
    }
  }

  void fail(std::string_view key, const toml::node& node, std::string_view what) {
    if (failure_) return;
    failure_ = Failure{
        fmt::format("{}:{}: {}{}: {}", path_, node.source().begin.line, prefix_, key, what)};
  }

 private:
  [[nodiscard]] const toml::node* known(std::string_view key) {
    known_ += fmt::format(" {},", key);
    return table_.get(key);
  }

  template <typename Parse, typename Into>
  void read_text(std::string_view key, const toml::node& node, Parse parse, Into into) {
    const auto value = node.value_exact<std::string>();
    if (!value) {
      return fail(key, node, fmt::format("expected a string, found {}", name_of_type(node)));
    }
    settle(key, node, parse(std::string_view(*value)), into);
  }

  template <typename Value, typename Into>
  void settle(std::string_view key, const toml::node& node, Outcome<Value> value, Into into) {
    if (!value) return fail(key, node, value.error().text);
    into(*std::move(value));
  }

  const toml::table& table_;
  const std::string& path_;
  std::string prefix_;
  std::optional<Failure>& failure_;
  std::string known_;
};

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

VlanOptions read_vlan(const toml::table& table, const toml::node& node, const std::string& path,
                      std::optional<Failure>& failure) {
  VlanOptions vlan;
  TableReader reader(table, path, "device.vlan.", failure);
  reader.text("id", parse_vlan, [&](const VlanTags& tags) { vlan.tags = tags; });
  reader.texts("address", parse_interface_address,
               [&](const Prefix& prefix) { vlan.addresses.push_back(prefix); });
  reader.number("mtu", check_mtu, [&](std::size_t mtu) { vlan.mtu = mtu; });
  reader.refuse_others();
  if (vlan.tags.count == 0) reader.fail("id", node, "missing, expected ID or ID.ID");
  return vlan;
}

DeviceOptions read_device(const toml::table& table, const toml::node& node, const std::string& path,
                          std::optional<Failure>& failure) {
  DeviceOptions device;
  TableReader reader(table, path, "device.", failure);
  reader.text("spec", parse_spec, [&](std::string spec) { device.spec = std::move(spec); });
  reader.texts("address", parse_interface_address,
               [&](const Prefix& prefix) { device.addresses.push_back(prefix); });
  reader.number("mtu", check_mtu, [&](std::size_t mtu) { device.mtu = mtu; });
  reader.boolean("dhcp", [&](bool dhcp) { device.dhcp = dhcp; });
  reader.text("lease_file", parse_path,
              [&](std::string text) { device.lease_file = std::move(text); });
  reader.tables("vlan", [&](const toml::table& vlan, const toml::node& where) {
    device.vlans.push_back(read_vlan(vlan, where, path, failure));
  });
  reader.refuse_others();
  if (!device.lease_file.empty() && !device.dhcp) {
    reader.fail("lease_file", *table.get("lease_file"), "needs dhcp = true");
  }
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
  reader.number("seed", parse_seed, [&](std::uint64_t seed) { options.seed = seed; });
  reader.text("control", parse_path, [&](std::string text) { options.control = std::move(text); });
  reader.text("log", parse_log_level, [&](LogLevel level) { options.log = level; });
  reader.text("policy", parse_policy, [&](LoopPolicy policy) { options.policy = policy; });
  reader.texts("serve", parse_serve,
               [&](const ServeOptions& serve) { options.serve.push_back(serve); });
  reader.settings("tcp", [&](std::string_view key, std::string_view value) {
    return apply_tcp_setting(options.tcp, key, value);
  });
  reader.texts("publish", parse_publish,
               [&](const PublishOptions& port) { options.publish.push_back(port); });
  reader.texts("join", parse_join,
               [&](JoinOptions join) { options.joins.push_back(std::move(join)); });
  reader.refuse_others();
  if (options.default_device_mtu != 0 && !options.devices.empty()) {
    reader.fail("mtu", *table.get("mtu"), "belongs into the [[device]] it is meant for");
  }
  return options;
}

}  // namespace

Outcome<StackOptions> read_config_text(std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return failed(fmt::format("{}:{}: {}", path, parsed.error().source().begin.line,
                              parsed.error().description()));
  }
  std::optional<Failure> failure;
  StackOptions options = read_table(parsed.table(), path, failure);
  if (failure) return std::unexpected(*std::move(failure));
  return options;
}

Outcome<StackOptions> read_config_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  return read_config_text(*text, path);
}

}  // namespace strata::service
