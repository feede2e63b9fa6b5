// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "driver/device_kinds.h"
#include "strata/devices.h"

namespace strata {
namespace {

using driver::KeyRule;
using driver::KindRule;

constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ without its final zero

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Splits at commas that no backslash protects, and takes the backslashes out.
std::vector<std::string> split_fields(std::string_view text) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escapes =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
    if (escapes) {
      fields.back() += text[++i];
    } else if (text[i] == ',') {
      fields.emplace_back();
    } else {
      fields.back() += text[i];
    }
  }
  return fields;
}

std::string list_of_kinds() {
  std::string list;
  for (const KindRule& rule : driver::all_kinds()) {
    if (!list.empty()) list += ", ";
    list += rule.kind;
  }
  return list;
}

std::string list_of_keys(const KindRule& rule) {
  std::string list;
  for (const KeyRule& key : rule.keys) {
    if (!list.empty()) list += ", ";
    list += key.key;
  }
  return list;
}

DeviceError unknown_kind(std::string_view text, std::string_view kind) {
  const std::string where = "device " + quoted(text) + ": ";
  if (const std::string_view what = driver::absent_kind(kind); !what.empty()) {
    return {where + std::string(what), "use one of: " + list_of_kinds()};
  }
  return {where + "unknown kind " + quoted(kind) + ", expected one of: " + list_of_kinds(),
          "a device is named KIND:NAME[,key=value...], as in tap:x,host=10.77.0.1/24"};
}

// The kernel's rule, dev_valid_name(); '%' would have it put a number there.
std::optional<std::string> fault_of_interface_name(std::string_view name) {
  if (name.size() > kInterfaceNameMax) {
    return "the name of an interface has at most 15 characters, " + quoted(name) + " has " +
           std::to_string(name.size());
  }
  const auto is_bad = [](char character) {
    return character <= ' ' || character == '/' || character == ':' || character == '%' ||
           character == 0x7f;
  };
  if (name == "." || name == ".." || std::ranges::any_of(name, is_bad)) {
    return quoted(name) + " cannot be the name of an interface: no space, '/', ':' or '%'";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_option(const KindRule& rule, const DeviceSpec& spec,
                                           const DeviceSpec::Option& option) {
  const auto key = std::ranges::find(rule.keys, option.key, &KeyRule::key);
  if (key == rule.keys.end()) {
    return "unknown key " + quoted(option.key) + ", expected one of: " + list_of_keys(rule);
  }
  if (!key->repeats && spec.find(option.key) != nullptr) {
    return "key " + quoted(option.key) + " is given twice";
  }
  if (!driver::is_valid(key->value, option.value)) {
    return "key " + quoted(option.key) + ": " + quoted(option.value) + " is not " +
           std::string(driver::expectation(key->value));
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_name(const DeviceSpec& spec) {
  if (spec.kind == "tap" || spec.kind == "tun") return fault_of_interface_name(spec.name);
  if (spec.kind == "packet" || spec.kind == "xdp") {
    if (spec.name.empty())
      return "expected an interface of this host, as in " + spec.kind + ":eth0";
    return fault_of_interface_name(spec.name);
  }
  if (spec.kind == "pcap" && spec.name.empty() && spec.find("write") == nullptr) {
    return "expected a file to replay, as in pcap:FILE, or one to record, as in pcap:,write=FILE";
  }
  if (spec.kind == "rootless" && !spec.name.empty()) {
    return "there is one such device, without a name: " + quoted(spec.name) + " is too much";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of_combination(const DeviceSpec& spec) {
  if (spec.find("count") != nullptr && spec.find("frame") == nullptr) {
    return std::string("key 'count' says how often frame= is received, which is not given");
  }
  if (spec.find("speed") != nullptr && spec.name.empty()) {
    return std::string("key 'speed' is the pace of a replay, and there is no file to replay");
  }
  return std::nullopt;
}

}  // namespace

const std::string* DeviceSpec::find(std::string_view key) const {
  const auto found = std::ranges::find(options, key, &Option::key);
  return found == options.end() ? nullptr : &found->value;
}

std::expected<DeviceSpec, DeviceError> DeviceSpec::parse(std::string_view text) {
  const std::string where = "device " + quoted(text) + ": ";
  const auto fault = [&](const std::string& what) {
    return std::unexpected(DeviceError{where + what, ""});
  };
  DeviceSpec spec;
  const std::size_t kind_end = std::min(text.find_first_of(":,"), text.size());
  spec.kind = text.substr(0, kind_end);
  const KindRule* rule = driver::find_kind(spec.kind);
  if (rule == nullptr) return std::unexpected(unknown_kind(text, spec.kind));

  const bool has_name = kind_end < text.size() && text[kind_end] == ':';
  std::vector<std::string> fields = split_fields(text.substr(kind_end + (has_name ? 1 : 0)));
  spec.name = std::move(fields[0]);
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const std::size_t equals = fields[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return fault("expected key=value, found " + quoted(fields[i]));
    }
    Option option{fields[i].substr(0, equals), fields[i].substr(equals + 1)};
    if (auto what = fault_of_option(*rule, spec, option)) return fault(*what);
    spec.options.push_back(std::move(option));
  }
  if (auto what = fault_of_name(spec)) return fault(*what);
  if (auto what = fault_of_combination(spec)) return fault(*what);
  return spec;
}

}  // namespace strata
