// SPDX-License-Identifier: Apache-2.0
#include "service/tcp_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "tcp/congestion/registry.h"

namespace strata::service {
namespace {

std::optional<std::int64_t> number_in(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value < low || value > high ? std::nullopt : std::optional(value);
}

Outcome<void> set_congestion(TcpConfig& config, std::string_view value) {
  const tcp::congestion::AlgorithmTable known;
  std::string names;
  for (const auto* const algorithm : known.all()) {
    const std::string_view name = algorithm->name;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    if (name != value) continue;
    config.congestion = CongestionName::of(name);
    return {};
  }
  return failed(fmt::format("'{}' is not one of: {}", value, names));
}

template <auto kMember, typename Value, std::size_t kCount>
Outcome<void> set_word(TcpConfig& config, std::string_view value,
                       const std::array<std::pair<std::string_view, Value>, kCount>& words) {
  std::string names;
  for (const auto& [word, meaning] : words) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", word);
    if (word != value) continue;
    config.*kMember = meaning;
    return {};
  }
  return failed(fmt::format("'{}' is not one of: {}", value, names));
}

template <auto kMember>
Outcome<void> set_switch(TcpConfig& config, std::string_view value) {
  static constexpr std::array<std::pair<std::string_view, bool>, 4> kWords{
      {{"on", true}, {"off", false}, {"true", true}, {"false", false}}};
  return set_word<kMember>(config, value, kWords);
}

Outcome<void> set_ecn(TcpConfig& config, std::string_view value) {
  static constexpr std::array<std::pair<std::string_view, TcpEcn>, 3> kWords{
      {{"off", TcpEcn::kOff}, {"accept", TcpEcn::kAccept}, {"request", TcpEcn::kRequest}}};
  return set_word<&TcpConfig::ecn>(config, value, kWords);
}

Outcome<void> set_path_probing(TcpConfig& config, std::string_view value) {
  static constexpr std::array<std::pair<std::string_view, TcpPathProbing>, 3> kWords{
      {{"off", TcpPathProbing::kOff},
       {"black-hole", TcpPathProbing::kBlackHole},
       {"always", TcpPathProbing::kAlways}}};
  return set_word<&TcpConfig::path_probing>(config, value, kWords);
}

Outcome<void> set_fast_open(TcpConfig& config, std::string_view value) {
  if (auto set = set_switch<&TcpConfig::fast_open_client>(config, value); !set) return set;
  return set_switch<&TcpConfig::fast_open_server>(config, value);
}

// The largest a buffer grows to by itself; it begins no larger.
template <auto kFirst, auto kMax>
Outcome<void> set_buffer(TcpConfig& config, std::string_view value) {
  constexpr std::int64_t kLeast = 4096;
  constexpr std::int64_t kMost = std::int64_t{1} << 30U;
  const auto bytes = number_in(value, kLeast, kMost);
  if (!bytes)
    return failed(fmt::format("'{}' is not a size from {} to {} bytes", value, kLeast, kMost));
  config.*kMax = static_cast<std::uint32_t>(*bytes);
  config.*kFirst = std::min(config.*kFirst, config.*kMax);
  return {};
}

Outcome<void> set_initial_window(TcpConfig& config, std::string_view value) {
  const auto segments = number_in(value, 1, 64);
  if (!segments) return failed(fmt::format("'{}' is not a number of segments from 1 to 64", value));
  config.initial_window = static_cast<std::uint8_t>(*segments);
  return {};
}

Outcome<void> set_keepalive_idle(TcpConfig& config, std::string_view value) {
  const auto seconds = number_in(value, 1, 86'400);
  if (!seconds)
    return failed(fmt::format("'{}' is not a number of seconds from 1 to 86400", value));
  config.keepalive_idle = std::chrono::seconds(*seconds);
  return {};
}

struct Setting {
  std::string_view key;
  Outcome<void> (*set)(TcpConfig&, std::string_view);
};
constexpr Setting kSettings[] = {
    {"congestion", set_congestion},
    {"ecn", set_ecn},
    {"sack", set_switch<&TcpConfig::sack>},
    {"timestamps", set_switch<&TcpConfig::timestamps>},
    {"window_scaling", set_switch<&TcpConfig::window_scaling>},
    {"fast_open", set_fast_open},
    {"syn_cookies", set_switch<&TcpConfig::syn_cookies>},
    {"path_probing", set_path_probing},
    {"initial_window", set_initial_window},
    {"send_buffer", set_buffer<&TcpConfig::send_buffer_first, &TcpConfig::send_buffer_max>},
    {"receive_buffer",
     set_buffer<&TcpConfig::receive_buffer_first, &TcpConfig::receive_buffer_max>},
    {"keepalive_idle", set_keepalive_idle},
};

}  // namespace

std::string tcp_setting_names() {
  std::string names;
  for (const Setting& setting : kSettings) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", setting.key);
  }
  return names;
}

Outcome<void> apply_tcp_setting(TcpConfig& config, std::string_view key, std::string_view value) {
  const auto* const found = std::ranges::find(kSettings, key, &Setting::key);
  if (found == std::end(kSettings)) {
    return failed(fmt::format("unknown key, expected one of: {}", tcp_setting_names()));
  }
  return found->set(config, value);
}

Outcome<void> apply_tcp_settings(TcpConfig& config, std::string_view text) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) {
      return failed(fmt::format("'{}' is not KEY=VALUE, as in ecn=off", one));
    }
    const std::string_view key = one.substr(0, equals);
    if (auto set = apply_tcp_setting(config, key, one.substr(equals + 1)); !set) {
      return failed(fmt::format("{}: {}", key, set.error().text));
    }
  }
  return {};
}

}  // namespace strata::service
