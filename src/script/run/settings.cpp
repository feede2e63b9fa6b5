// SPDX-License-Identifier: Apache-2.0
#include "script/run/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <vector>

namespace strata::script {
namespace {

using Applied = std::expected<void, std::string>;
using Numbers = std::vector<std::int64_t>;

// "4096 16384 4194304", with blanks or commas; nothing when a word is no number.
std::optional<Numbers> numbers_of(std::string_view text) {
  Numbers numbers;
  while (!text.empty()) {
    const std::size_t blank = text.find_first_of(" \t,");
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (word.empty()) continue;
    const bool is_hex = word.starts_with("0x");
    const std::string_view digits = word.substr(is_hex ? 2 : 0);
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hex ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    numbers.push_back(number);
  }
  return numbers.empty() ? std::nullopt : std::optional(numbers);
}

template <auto kField>
bool set_tcp(Settings& settings, const Numbers& value) {
  auto& field = settings.tcp.*kField;
  using Field = std::remove_reference_t<decltype(field)>;
  if constexpr (std::is_same_v<Field, bool>) {
    field = value[0] != 0;
  } else if constexpr (std::is_same_v<Field, Duration>) {
    field = std::chrono::seconds(value[0]);
  } else {
    if (value[0] < 0 || value[0] > std::numeric_limits<Field>::max()) return false;
    field = static_cast<Field>(value[0]);
  }
  return true;
}

template <auto kField, auto kMax>
bool set_buffer(Settings& settings, const Numbers& value) {
  const bool is_sane =
      value.size() == 3 && value[1] > 0 && value[2] >= value[1] && value[2] <= INT32_MAX;
  if (!is_sane) return false;
  settings.tcp.*kField = static_cast<std::uint32_t>(value[1]);
  settings.tcp.*kMax = static_cast<std::uint32_t>(value[2]);
  return true;
}

// Linux tells milliseconds, and wants a second at least.
bool set_rto_max(Settings& settings, const Numbers& value) {
  if (value[0] < 1000 || value[0] > 120'000) return false;
  settings.tcp.rto_max = std::chrono::milliseconds(value[0]);
  return true;
}

bool set_rto_min(Settings& settings, const Numbers& value) {
  if (value[0] < 1 || value[0] > 120'000'000) return false;
  settings.tcp.rto_min = std::chrono::microseconds(value[0]);
  return true;
}

bool set_ecn(Settings& settings, const Numbers& value) {
  static constexpr TcpEcn kModes[] = {TcpEcn::kOff, TcpEcn::kRequest, TcpEcn::kAccept};
  if (value[0] < 0 || value[0] > 2) return false;
  settings.tcp.ecn = kModes[value[0]];
  return true;
}

bool set_fast_open(Settings& settings, const Numbers& value) {
  const auto has = [&](std::int64_t bit) { return (value[0] & bit) != 0; };
  settings.tcp.fast_open_client = has(0x1);
  settings.tcp.fast_open_server = has(0x2);
  settings.tcp.fast_open_client_cookieless = has(0x4);
  settings.tcp.fast_open_server_cookieless = has(0x200);
  settings.tcp.fast_open_listeners = has(0x400);
  return true;  // other bits have had no meaning for years
}

// There 0 stands for the default.
bool set_orphan_retries(Settings& settings, const Numbers& value) {
  if (value[0] < 0 || value[0] > UINT8_MAX) return false;
  settings.tcp.orphan_retries =
      value[0] == 0 ? TcpConfig{}.orphan_retries : static_cast<std::uint8_t>(value[0]);
  return true;
}

bool set_low_water(Settings& settings, const Numbers& value) {
  if (value[0] < -1 || value[0] > std::int64_t{UINT32_MAX}) return false;
  settings.tcp.not_sent_low_water = static_cast<std::uint32_t>(value[0]);
  return true;
}

bool set_path_probing(Settings& settings, const Numbers& value) {
  static constexpr TcpPathProbing kModes[] = {TcpPathProbing::kOff, TcpPathProbing::kBlackHole,
                                              TcpPathProbing::kAlways};
  if (value[0] < 0 || value[0] > 2) return false;
  settings.tcp.path_probing = kModes[value[0]];
  return true;
}

bool set_hop_limit(Settings& settings, const Numbers& value) {
  if (value[0] < 1 || value[0] > 255) return false;
  settings.stack.hop_limit = static_cast<std::uint8_t>(value[0]);
  return true;
}

template <bool StackConfig::* kField>
bool set_stack(Settings& settings, const Numbers& value) {
  settings.stack.*kField = value[0] != 0;
  return true;
}

// What we always do so; any other value is refused.
template <std::int64_t kOnly>
bool is_only(Settings& /*settings*/, const Numbers& value) {
  return value[0] == kOnly;
}
bool is_on(Settings& /*settings*/, const Numbers& value) { return value[0] != 0; }
// What has no meaning here or for Linux any more.
bool any(Settings& /*settings*/, const Numbers& /*value*/) { return true; }

constexpr std::string_view kCongestion = "net.ipv4.tcp_congestion_control";
constexpr std::string_view kFastOpenKey = "net.ipv4.tcp_fastopen_key";

struct Row {
  std::string_view name;
  bool (*apply)(Settings& settings, const Numbers& value);
};

using T = TcpConfig;
constexpr Row kRows[] = {
    {"net.ipv4.ip_default_ttl", set_hop_limit},
    {"net.ipv4.ip_forward", set_stack<&StackConfig::forward_ipv4>},
    {"net.ipv6.conf.all.forwarding", set_stack<&StackConfig::forward_ipv6>},
    {"net.ipv4.tcp_timestamps", set_tcp<&T::timestamps>},
    {"net.ipv4.tcp_window_scaling", set_tcp<&T::window_scaling>},
    {"net.ipv4.tcp_sack", set_tcp<&T::sack>},
    {"net.ipv4.tcp_dsack", is_on},
    {"net.ipv4.tcp_fack", any},
    {"net.ipv4.tcp_low_latency", any},
    // The device of a script cuts no super-segments.
    {"net.ipv4.tcp_min_tso_segs", any},
    {"net.ipv4.tcp_tso_win_divisor", any},
    {"net.ipv4.tcp_rmem", set_buffer<&T::receive_buffer_first, &T::receive_buffer_max>},
    {"net.ipv4.tcp_wmem", set_buffer<&T::send_buffer_first, &T::send_buffer_max>},
    {"net.ipv4.tcp_syn_retries", set_tcp<&T::syn_retries>},
    {"net.ipv4.tcp_synack_retries", set_tcp<&T::syn_ack_retries>},
    {"net.ipv4.tcp_retries2", set_tcp<&T::retries>},
    {"net.ipv4.tcp_orphan_retries", set_orphan_retries},
    {"net.ipv4.tcp_keepalive_time", set_tcp<&T::keepalive_idle>},
    {"net.ipv4.tcp_keepalive_intvl", set_tcp<&T::keepalive_interval>},
    {"net.ipv4.tcp_keepalive_probes", set_tcp<&T::keepalive_probes>},
    {"net.ipv4.tcp_rto_max_ms", set_rto_max},
    {"net.ipv4.tcp_rto_min_us", set_rto_min},
    {"net.ipv4.tcp_fin_timeout", set_tcp<&T::fin_wait_2>},
    {"net.ipv4.tcp_frto", is_on},
    {"net.ipv4.tcp_reordering", is_only<3>},
    {"net.ipv4.tcp_recovery", is_only<1>},
    {"net.ipv4.tcp_early_retrans", set_tcp<&T::tail_probes>},
    {"net.ipv4.tcp_slow_start_after_idle", set_tcp<&T::restarts_after_idle>},
    {"net.ipv4.tcp_notsent_lowat", set_low_water},
    // What an unpaced sender has no use for.
    {"net.ipv4.tcp_pacing_ss_ratio", any},
    {"net.ipv4.tcp_pacing_ca_ratio", any},
    // Paths that drop such SYNs are left alone in any case, and not for less.
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", any},
    // AccECN's (RFC 9768), which is spoken by neither.
    {"net.ipv4.tcp_ecn_option", any},
    {"net.ipv4.tcp_ecn", set_ecn},
    {"net.ipv4.tcp_fastopen", set_fast_open},
    {"net.ipv4.tcp_mtu_probing", set_path_probing},
    {"net.ipv4.tcp_syncookies", set_tcp<&T::syn_cookies>},
    {"net.ipv4.tcp_tw_reuse", set_tcp<&T::time_wait_reuse>},
    {"net.ipv4.tcp_abort_on_overflow", is_only<0>},
    {"net.ipv4.tcp_no_metrics_save", any},
    {"net.ipv4.tcp_challenge_ack_limit", set_tcp<&T::challenge_acks_per_second>},
    // FreeBSD's names for the same.
    {"net.inet.tcp.sack.enable", set_tcp<&T::sack>},
    {"net.inet.tcp.hostcache.purgenow", any},
};

// `a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4`: four words, the least significant byte of each first.
std::optional<TcpFastOpenKey> key_of(std::string_view text) {
  TcpFastOpenKey key{};
  for (std::size_t word = 0; word < 4; ++word) {
    const std::string_view digits = text.substr(0, text.find('-'));
    std::uint32_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    for (std::size_t i = 0; i < 4; ++i) {
      key[word * 4 + i] = static_cast<std::byte>(number >> (8 * i) & 0xffU);
    }
    text.remove_prefix(std::min(text.size(), digits.size() + 1));
  }
  return text.empty() ? std::optional(key) : std::nullopt;
}

// One key, or the present one and the one before, with a comma.
Applied set_fast_open_keys(Settings& settings, std::string_view value) {
  const std::size_t comma = value.find(',');
  const auto key = key_of(value.substr(0, comma));
  const auto before =
      comma == std::string_view::npos ? std::nullopt : key_of(value.substr(comma + 1));
  if (!key || (comma != std::string_view::npos && !before)) {
    return std::unexpected("this is no key");
  }
  settings.tcp.fast_open_key = key;
  settings.tcp.fast_open_key_before = before;
  return {};
}

Applied set_congestion(Settings& settings, std::string_view value) {
  if (value.size() > settings.tcp.congestion.characters.size()) {
    return std::unexpected(fmt::format("'{}' is too long a name", value));
  }
  settings.tcp.congestion = CongestionName::of(value);
  return {};
}

}  // namespace

Settings usual_settings() {
  Settings settings;
  // Linux answers when asked for ECN, and does not ask.
  settings.tcp.ecn = TcpEcn::kAccept;
  // Nor does it look for black holes unless told to.
  settings.tcp.path_probing = TcpPathProbing::kOff;
  return settings;
}

std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names = {kCongestion, kFastOpenKey};
  for (const Row& row : kRows) names.push_back(row.name);
  return names;
}

Applied apply_setting(Settings& settings, std::string_view name, std::string_view value) {
  if (name == kCongestion) return set_congestion(settings, value);
  if (name == kFastOpenKey) return set_fast_open_keys(settings, value);
  const auto* row = std::ranges::find(kRows, name, &Row::name);
  if (row == std::end(kRows)) return std::unexpected("there is no such setting here");
  const auto numbers = numbers_of(value);
  if (!numbers || !row->apply(settings, *numbers)) {
    return std::unexpected("this value cannot be had here");
  }
  return {};
}

}  // namespace strata::script
