// SPDX-License-Identifier: Apache-2.0
#include "script/language/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace strata::script {
namespace {

using Applied = std::expected<void, std::string>;

constexpr std::size_t kDefinitionsMax = 256;

template <typename T>
std::expected<T, std::string> number(std::string_view text, T low, T high) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= low) ||
      !(value <= high)) {
    return std::unexpected(fmt::format("'{}' is not a number from {} to {}", text, low, high));
  }
  return value;
}

template <typename T, typename Set>
Applied set_number(std::string_view text, T low, T high, Set set) {
  const auto value = number<T>(text, low, high);
  if (!value) return std::unexpected(value.error());
  set(*value);
  return {};
}

Applied set_ip_version(Options& options, std::string_view value) {
  if (value == "ipv4") {
    options.ip_version = IpVersion::kIpv4;
  } else if (value == "ipv4-mapped-ipv6") {
    options.ip_version = IpVersion::kIpv4Mapped;
  } else if (value == "ipv6") {
    options.ip_version = IpVersion::kIpv6;
  } else {
    return std::unexpected(fmt::format("'{}' is none of ipv4, ipv4-mapped-ipv6 and ipv6", value));
  }
  return {};
}

Applied set_address(AddressOfFamily& addresses, std::string_view value) {
  const auto address = IpAddress::parse(value.substr(0, value.find('/')));
  if (!address) return std::unexpected(fmt::format("'{}' is not an IP address", value));
  const bool is_of_a_host =
      !address->is_unspecified() && !address->is_multicast() && !address->is_limited_broadcast();
  if (!is_of_a_host) return std::unexpected(fmt::format("'{}' is no host's address", value));
  (address->is_v4() ? addresses.v4 : addresses.v6) = address;
  return {};
}

Applied set_netmask(Options& options, std::string_view value) {
  const auto mask = IpAddress::parse(value);
  const std::uint32_t bits = mask && mask->is_v4() ? mask->v4_value() : 0;
  const auto ones = static_cast<unsigned>(std::countl_one(bits));
  if (ones == 0 || std::popcount(bits) != static_cast<int>(ones)) {
    return std::unexpected(fmt::format("'{}' is not a netmask", value));
  }
  options.prefix_length = ones;
  return {};
}

Applied set_non_fatal(Options& options, std::string_view value) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of(", "), value.size());
    const std::string_view word = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    if (word == "packet") {
      options.packets_may_fail = true;
    } else if (word == "syscall") {
      options.calls_may_fail = true;
    } else if (!word.empty()) {
      return std::unexpected(fmt::format("'{}' is neither packet nor syscall", word));
    }
  }
  return {};
}

Applied define(Options& options, std::string_view value) {
  const std::size_t equals = value.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return std::unexpected(fmt::format("'{}' is not NAME=VALUE", value));
  }
  if (options.definitions.size() >= kDefinitionsMax) return std::unexpected("too many definitions");
  options.definitions.insert_or_assign(std::string(value.substr(0, equals)),
                                       std::string(value.substr(equals + 1)));
  return {};
}

Applied set_code_format(std::string_view value) {
  if (value.empty() || value == "python" || value == "python3" || value == "TCP_INFO") return {};
  return std::unexpected(fmt::format("'{}': code is read as Python over TCP_INFO", value));
}

// What only concerns the way packetdrill reaches a kernel.
bool is_beside_the_point(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {"speed", "debug", "is_anyip",
                                                             "send_omit_free", "psp_udp_port"};
  return std::ranges::find(kNames, name) != kNames.end();
}

Applied set_flag(bool& flag, std::string_view value) {
  if (!value.empty()) return std::unexpected(fmt::format("takes no value, and got '{}'", value));
  flag = true;
  return {};
}

Applied apply_check_option(Options& options, std::string_view name, std::string_view value) {
  if (name == "tolerance_usecs") {
    return set_number<std::int64_t>(value, 0, 1'000'000'000, [&](std::int64_t usecs) {
      options.tolerance = std::chrono::microseconds(usecs);
    });
  }
  if (name == "tolerance_percent") {
    return set_number<double>(value, 0, 1000,
                              [&](double percent) { options.tolerance_percent = percent; });
  }
  if (name == "tcp_ts_tick_usecs") {
    return set_number<std::int64_t>(value, 0, 1'000'000, [&](std::int64_t usecs) {
      options.timestamp_tick = std::chrono::microseconds(usecs);
    });
  }
  if (name == "tcp_ts_ecr_scaled") return set_flag(options.timestamp_echoes_are_live, value);
  if (name == "strict_segments") return set_flag(options.strict_segments, value);
  if (name == "non_fatal") return set_non_fatal(options, value);
  if (name == "dry_run") return set_flag(options.only_parse, value);
  if (name == "verbose") return set_flag(options.verbose, value);
  if (name == "define") return define(options, value);
  if (name == "code_sockopt" || name == "code_format") return set_code_format(value);
  if (name == "code_command") return set_code_format(value);
  if (is_beside_the_point(name)) return {};
  return std::unexpected("unknown or unsupported option");
}

}  // namespace

IpAddress Options::local() const {
  if (is_wire_v4()) return local_address.v4.value_or(IpAddress::v4(192, 168, 0, 1));
  return local_address.v6.value_or(IpAddress::v6(0xfd3d'fa7b'd17d'0000, 0x1));
}

IpAddress Options::remote() const {
  if (is_wire_v4()) return remote_address.v4.value_or(IpAddress::v4(192, 0, 2, 1));
  return remote_address.v6.value_or(IpAddress::v6(0x2001'0db8'0000'0000, 0x1));
}

IpAddress Options::gateway() const {
  if (is_wire_v4()) return gateway_address.v4.value_or(IpAddress::v4(192, 168, 0, 2));
  return gateway_address.v6.value_or(IpAddress::v6(0xfd3d'fa7b'd17d'0000, 0x2));
}

Prefix Options::local_prefix() const {
  if (prefix_length != 0 && is_wire_v4()) return {local(), prefix_length};
  return {local(), is_wire_v4() ? 16U : 48U};
}

std::expected<void, std::string> apply_option(Options& options, std::string_view name,
                                              std::string_view value) {
  if (name == "ip_version") return set_ip_version(options, value);
  if (name == "local_ip") return set_address(options.local_address, value);
  if (name == "remote_ip") return set_address(options.remote_address, value);
  if (name == "gateway_ip") return set_address(options.gateway_address, value);
  if (name == "netmask_ip") return set_netmask(options, value);
  if (name == "bind_port") {
    return set_number<std::uint16_t>(value, 1, 65535,
                                     [&](std::uint16_t port) { options.bind_port = port; });
  }
  if (name == "connect_port") {
    return set_number<std::uint16_t>(value, 1, 65535,
                                     [&](std::uint16_t port) { options.connect_port = port; });
  }
  if (name == "mss") {
    return set_number<std::uint16_t>(value, 0, 65535,
                                     [&](std::uint16_t mss) { options.inbound_mss = mss; });
  }
  if (name == "mtu") {
    return set_number<std::uint16_t>(value, 68, 65535,
                                     [&](std::uint16_t mtu) { options.mtu = mtu; });
  }
  return apply_check_option(options, name, value);
}

}  // namespace strata::script
