// SPDX-License-Identifier: Apache-2.0
#include "service/tcp_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include "service/config/config_key.h"
#include "service/config/config_value.h"
#include "tcp/congestion/registry.h"

namespace strata::service {
namespace {

constexpr std::int64_t kBufferMin = 4096;
constexpr std::int64_t kBufferMax = std::int64_t{1} << 30U;
constexpr std::int64_t kSegmentsMax = 64;
constexpr std::int64_t kSecondsMax = 86'400;

// In the order of their enumerators.
constexpr std::array<std::string_view, 3> kEcnWords{"off", "accept", "request"};
constexpr std::array<std::string_view, 3> kProbingWords{"off", "black-hole", "always"};

std::span<const std::string_view> congestion_words() {
  static const std::vector<std::string_view> words = [] {
    const tcp::congestion::AlgorithmTable known;
    std::vector<std::string_view> names;
    for (const auto* const algorithm : known.all()) names.emplace_back(algorithm->name);
    return names;
  }();
  return words;
}

template <auto kMember>
constexpr ConfigKey switch_key(std::string_view path, std::string_view what) {
  return {.path = path,
          .kind = KeyKind::kSwitch,
          .what = what,
          .example = "false",
          .reload = KeyReload::kNewConnections,
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            options.tcp.*kMember = value.is_on;
            return {};
          },
          .show = [](const StackOptions& options) { return shown_switch(options.tcp.*kMember); }};
}

// take_value() has seen that it is one of the words.
template <auto kMember, const auto& kWords>
constexpr ConfigKey word_key(std::string_view path, std::string_view what,
                             std::string_view example) {
  return {.path = path,
          .kind = KeyKind::kWord,
          .words = kWords,
          .what = what,
          .example = example,
          .reload = KeyReload::kNewConnections,
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            using Word = std::remove_reference_t<decltype(options.tcp.*kMember)>;
            const auto at = std::ranges::find(kWords, value.text) - kWords.begin();
            options.tcp.*kMember = static_cast<Word>(at);
            return {};
          },
          .show =
              [](const StackOptions& options) {
                return shown_text(kWords[static_cast<std::size_t>(options.tcp.*kMember)]);
              }};
}

// The largest a buffer grows to by itself; it begins no larger.
template <auto kFirst, auto kMax>
constexpr ConfigKey buffer_key(std::string_view path, std::string_view what) {
  return {.path = path,
          .kind = KeyKind::kNumber,
          .form = "a size",
          .low = kBufferMin,
          .high = kBufferMax,
          .unit = "bytes",
          .what = what,
          .example = "1048576",
          .reload = KeyReload::kNewConnections,
          .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
            options.tcp.*kMax = static_cast<std::uint32_t>(value.number);
            options.tcp.*kFirst = std::min(options.tcp.*kFirst, options.tcp.*kMax);
            return {};
          },
          .show = [](const StackOptions& options) { return shown_number(options.tcp.*kMax); }};
}

ConfigKey congestion_key() {
  return {
      .path = "tcp.congestion",
      .kind = KeyKind::kWord,
      .words = congestion_words(),
      .what = "The congestion control of connections that ask for none.",
      .example = R"("bbr")",
      .reload = KeyReload::kNewConnections,
      .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
        options.tcp.congestion = CongestionName::of(value.text);
        return {};
      },
      .show =
          [](const StackOptions& options) { return shown_text(options.tcp.congestion.view()); }};
}

constexpr ConfigKey kTable{.path = "tcp",
                           .kind = KeyKind::kTable,
                           .what = "How TCP is spoken; the keys are those of `--tcp-option`.",
                           .without = "as its keys say",
                           .reload = KeyReload::kByKey};

constexpr ConfigKey kFastOpen{
    .path = "tcp.fast_open",
    .kind = KeyKind::kSwitch,
    .what = "Data with the first segment, for programs that ask for it (RFC 7413).",
    .example = "false",
    .reload = KeyReload::kNewConnections,
    .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
      options.tcp.fast_open_client = value.is_on;
      options.tcp.fast_open_server = value.is_on;
      return {};
    },
    .show =
        [](const StackOptions& options) {
          return shown_switch(options.tcp.fast_open_client && options.tcp.fast_open_server);
        }};

constexpr ConfigKey kInitialWindow{
    .path = "tcp.initial_window",
    .kind = KeyKind::kNumber,
    .form = "a number of segments",
    .low = 1,
    .high = kSegmentsMax,
    .what = "How much a connection sends before it hears of anything (RFC 6928).",
    .example = "4",
    .reload = KeyReload::kNewConnections,
    .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
      options.tcp.initial_window = static_cast<std::uint8_t>(value.number);
      return {};
    },
    .show = [](const StackOptions& options) { return shown_number(options.tcp.initial_window); }};

constexpr ConfigKey kKeepaliveIdle{
    .path = "tcp.keepalive_idle",
    .kind = KeyKind::kNumber,
    .form = "a number of seconds",
    .low = 1,
    .high = kSecondsMax,
    .what = "How long a connection with keep-alive is silent before it is probed.",
    .example = "600",
    .reload = KeyReload::kNewConnections,
    .take = [](StackOptions& options, const KeyValue& value) -> Outcome<void> {
      options.tcp.keepalive_idle = std::chrono::seconds(value.number);
      return {};
    },
    .show =
        [](const StackOptions& options) {
          return std::to_string(options.tcp.keepalive_idle / std::chrono::seconds(1));
        }};

// What a line says as text, a file says in types.
Outcome<KeyValue> value_of(const ConfigKey& key, std::string_view text) {
  KeyValue value{.text = text};
  if (key.kind == KeyKind::kSwitch) {
    value.is_on = text == "on" || text == "true";
    if (value.is_on || text == "off" || text == "false") return value;
    return failed(fmt::format("'{}' is not one of: on, off, true, false", text));
  }
  if (key.kind == KeyKind::kNumber) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.number);
    if (error == std::errc{} && end == text.data() + text.size()) return value;
    return failed(fmt::format("'{}' is not {}", text, expectation_of(key)));
  }
  return value;
}

}  // namespace

std::span<const ConfigKey> tcp_keys() {
  static const std::array keys{
      kTable,
      congestion_key(),
      word_key<&TcpConfig::ecn, kEcnWords>(
          "tcp.ecn",
          "Explicit congestion notification (RFC 3168): never, where the peer asks, or asked for.",
          R"("accept")"),
      switch_key<&TcpConfig::sack>("tcp.sack", "Selective acknowledgments (RFC 2018)."),
      switch_key<&TcpConfig::timestamps>("tcp.timestamps", "Timestamps (RFC 7323)."),
      switch_key<&TcpConfig::window_scaling>("tcp.window_scaling",
                                             "Windows above 64 KB (RFC 7323)."),
      kFastOpen,
      switch_key<&TcpConfig::syn_cookies>(
          "tcp.syn_cookies", "Answers SYNs without memory when listeners are flooded."),
      word_key<&TcpConfig::path_probing, kProbingWords>(
          "tcp.path_probing",
          "Searches the path MTU with segments (RFC 4821): never, where segments vanish, or from "
          "the start.",
          R"("always")"),
      switch_key<&TcpConfig::super_segments>(
          "tcp.super_segments",
          "Text leaves in pieces of up to 64 KB, for which acknowledgements are gathered for up to "
          "a millisecond; without, each lets go what it frees, as in textbooks."),
      kInitialWindow,
      buffer_key<&TcpConfig::send_buffer_first, &TcpConfig::send_buffer_max>(
          "tcp.send_buffer", "How far the send buffer of a connection grows by itself."),
      buffer_key<&TcpConfig::receive_buffer_first, &TcpConfig::receive_buffer_max>(
          "tcp.receive_buffer", "How far its receive buffer grows by itself."),
      kKeepaliveIdle,
  };
  return keys;
}

std::string tcp_setting_names() {
  std::string names;
  for (const ConfigKey& key : tcp_keys().subspan(1)) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", key.name());
  }
  return names;
}

Outcome<void> apply_tcp_setting(TcpConfig& config, std::string_view key, std::string_view value) {
  const auto keys = tcp_keys().subspan(1);
  const auto found = std::ranges::find(keys, key, &ConfigKey::name);
  if (found == keys.end()) {
    return failed(fmt::format("unknown key, expected one of: {}", tcp_setting_names()));
  }
  const auto typed = value_of(*found, value);
  if (!typed) return std::unexpected(typed.error());
  StackOptions options;
  options.tcp = config;
  if (auto taken = take_value(*found, options, *typed); !taken) return taken;
  config = options.tcp;
  return {};
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
