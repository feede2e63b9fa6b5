// SPDX-License-Identifier: Apache-2.0
#include "service/connections/connection_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "stack/core.h"
#include "tcp/doctor.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

double milliseconds(Duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}
double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

std::string text_of(const Endpoint& endpoint) {
  return std::string(std::string_view(strata::to_text(endpoint)));
}

// "established": as people write it, not as the RFC does.
std::string name_of(TcpState state) {
  std::string name(to_text(state));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name;
}

std::string_view name_of(TcpRecoveryState state) {
  switch (state) {
    case TcpRecoveryState::kOpen: return "open";
    case TcpRecoveryState::kDisorder: return "disorder";
    case TcpRecoveryState::kCwr: return "cwr";
    case TcpRecoveryState::kRecovery: return "recovery";
    case TcpRecoveryState::kLoss: return "loss";
  }
  return "unknown";
}

Json json_of(const TcpInfo& info, const ConnectionId& id) {
  return {{"id", to_text(id)},
          {"local", text_of(info.local)},
          {"remote", text_of(info.remote)},
          {"state", name_of(info.state)},
          {"rtt_ms", milliseconds(info.smoothed_rtt)},
          {"congestion_window", info.congestion_window},
          {"in_flight", info.in_flight},
          {"bytes_sent", info.bytes_sent},
          {"bytes_received", info.bytes_received},
          {"bytes_retransmitted", info.bytes_retransmitted},
          {"delivery_rate", info.delivery_rate},
          {"receive_queue", info.receive_queue},
          {"send_queue", info.unacknowledged + info.not_sent},
          {"age_seconds", seconds(info.age)},
          {"limited_by", tcp::explain(info, {}).sentence}};
}

void add_agreed(const TcpInfo& info, Json& json) {
  json["congestion_control"] = std::string(info.congestion.view());
  json["recovery"] = name_of(info.recovery);
  json["timestamps"] = info.has_timestamps;
  json["sack"] = info.has_sack;
  json["window_scaling"] = info.has_window_scaling;
  json["ecn"] = info.has_ecn;
  json["fast_open"] = info.has_fast_open_data;
  json["send_window_scale"] = info.send_window_scale;
  json["receive_window_scale"] = info.receive_window_scale;
}

void add_sizes(const TcpInfo& info, Json& json) {
  json["send_mss"] = info.send_mss;
  json["receive_mss"] = info.receive_mss;
  json["path_mtu"] = info.path_mtu;
  json["peer_window"] = info.peer_window;
  json["receive_window"] = info.receive_window;
  if (info.slow_start_threshold != UINT32_MAX) {
    json["slow_start_threshold"] = info.slow_start_threshold;
  }
  json["unacknowledged"] = info.unacknowledged;
  json["not_sent"] = info.not_sent;
  json["send_buffer"] = info.send_buffer;
  json["receive_buffer"] = info.receive_buffer;
  json["out_of_order_queue"] = info.out_of_order_queue;
}

void add_times(const TcpInfo& info, Json& json) {
  json["rtt_variation_ms"] = milliseconds(info.rtt_variation);
  if (info.min_rtt) json["min_rtt_ms"] = milliseconds(*info.min_rtt);
  json["retransmission_timeout_ms"] = milliseconds(info.retransmission_timeout);
  json["delayed_ack_ms"] = milliseconds(info.delayed_ack);
  json["since_data_sent_seconds"] = seconds(info.since_data_sent);
  json["since_data_received_seconds"] = seconds(info.since_data_received);
  json["busy_seconds"] = seconds(info.busy);
  json["limited_by_peer_window_seconds"] = seconds(info.limited_by_peer_window);
  json["limited_by_send_buffer_seconds"] = seconds(info.limited_by_send_buffer);
  json["pacing_rate"] = info.pacing_rate;
}

void add_counts(const TcpInfo& info, Json& json) {
  json["bytes_acknowledged"] = info.bytes_acknowledged;
  json["segments_sent"] = info.segments_sent;
  json["segments_received"] = info.segments_received;
  json["segments_unacknowledged"] = info.segments_unacknowledged;
  json["segments_sacked"] = info.segments_sacked;
  json["segments_lost"] = info.segments_lost;
  json["recoveries"] = info.recoveries;
  json["timeouts"] = info.timeouts;
  json["undone"] = info.undone;
  json["duplicates_reported"] = info.duplicates_reported;
  json["reordering"] = info.reordering;
  json["out_of_order_received"] = info.out_of_order_received;
}

// The doctor's whole advice: what limits it, and each cause for which something was sent again.
Json advice_of(const TcpInfo& info) {
  Json advice = Json::array();
  advice.push_back({{"sentence", tcp::explain(info, {}).sentence}});
  for (std::size_t i = 0; i < kTcpLossCauses; ++i) {
    if (info.retransmits[i] == 0) continue;
    const auto cause = static_cast<TcpLossCause>(i);
    advice.push_back({{"sentence", tcp::sentence_of(cause)}, {"segments", info.retransmits[i]}});
  }
  return advice;
}

}  // namespace

std::string to_text(const ConnectionId& id) {
  return fmt::format("{}-{}-{}", id.core, id.handle.index, id.handle.generation);
}

std::optional<ConnectionId> parse_connection_id(std::string_view text) {
  std::array<std::uint32_t, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, numbers[i]);
    const bool is_last = i + 1 == numbers.size();
    if (error != std::errc{} || (is_last ? next != end : next == end || *next != '-')) {
      return std::nullopt;
    }
    at = is_last ? next : next + 1;
  }
  if (numbers[0] > UINT16_MAX) return std::nullopt;
  return ConnectionId{static_cast<std::uint16_t>(numbers[0]), {numbers[1], numbers[2]}};
}

Json connection_json(const tcp::Transport& tcp, const ConnectionId& id, Time now) {
  const auto info = tcp.info(id.handle, now);
  return info && info->state != TcpState::kClosed ? json_of(*info, id) : Json();
}

Json connection_details(const tcp::Transport& tcp, const ConnectionId& id, Time now) {
  const auto info = tcp.info(id.handle, now);
  if (!info || info->state == TcpState::kClosed) return {};
  Json json = json_of(*info, id);
  add_agreed(*info, json);
  add_sizes(*info, json);
  add_times(*info, json);
  add_counts(*info, json);
  json["advice"] = advice_of(*info);
  return json;
}

}  // namespace strata::service
