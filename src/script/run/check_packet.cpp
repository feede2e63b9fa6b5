// SPDX-License-Identifier: Apache-2.0
#include "script/run/check_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "script/run/packet_text.h"
#include "strata/wire/tcp_options.h"

namespace strata::script {
namespace {

std::unexpected<std::string> wrong(std::string text) { return std::unexpected(std::move(text)); }

Checked check_field(std::string_view name, std::uint64_t expected, std::uint64_t actual) {
  if (expected == actual) return {};
  return wrong(fmt::format("live packet field {}: expected: {} (0x{:x}) vs actual: {} (0x{:x})",
                           name, expected, expected, actual, actual));
}

// The first that is wrong.
template <typename... Results>
Checked first_wrong(Results... results) {
  Checked all;
  (void)((results ? true : (all = std::move(results), false)) && ...);
  return all;
}

Checked check_ip(const IpSpec& expected, const LivePacket& live) {
  using TrafficClass = IpSpec::TrafficClass;
  Checked checked;
  switch (expected.traffic_class) {
    case TrafficClass::kAny: break;
    case TrafficClass::kEcn:
      checked = check_field("ip_ecn", expected.value, live.traffic_class & 3U);
      break;
    case TrafficClass::kEct01: {
      const unsigned ecn = live.traffic_class & 3U;
      if (ecn != 1 && ecn != 2) {
        checked = wrong(
            fmt::format("live packet field ip_ecn: expected: 0x1 or 0x2 vs actual: 0x{:x}", ecn));
      }
      break;
    }
    case TrafficClass::kWhole:
      checked = check_field("ip_tos", expected.value, live.traffic_class);
      break;
  }
  if (checked && expected.hop_limit) {
    checked = check_field(live.is_v4 ? "ipv4_ttl" : "ipv6_hop_limit", *expected.hop_limit,
                          live.hop_limit);
  }
  if (checked && expected.flow_label) {
    checked = check_field("ipv6_flow_label", *expected.flow_label, live.flow_label);
  }
  return checked;
}

Checked check_flags(wire::TcpFlags expected, wire::TcpFlags actual) {
  struct Row {
    std::string_view name;
    wire::TcpFlags flag;
  };
  static constexpr Row kRows[] = {
      {"tcp_fin", wire::kTcpFin}, {"tcp_syn", wire::kTcpSyn}, {"tcp_rst", wire::kTcpRst},
      {"tcp_psh", wire::kTcpPsh}, {"tcp_ack", wire::kTcpAck}, {"tcp_urg", wire::kTcpUrg},
      {"tcp_ece", wire::kTcpEce}, {"tcp_cwr", wire::kTcpCwr}, {"tcp_ae", wire::kTcpAe}};
  for (const Row& row : kRows) {
    const Checked checked = check_field(row.name, expected.contains(row.flag) ? 1 : 0,
                                        actual.contains(row.flag) ? 1 : 0);
    if (!checked) return checked;
  }
  return {};
}

class OptionCheck {
 public:
  OptionCheck(const LivePacket& live, Flow& flow, const Options& options, Duration script_time)
      : live_(live), flow_(flow), options_(options), script_time_(script_time) {}

  // RFC 9293 says nothing of the order; scripts expect theirs, padding included.
  Checked check(const TcpSpec& expected) {
    auto actual = wire::TcpRawOptions(live_.options).begin();
    std::size_t used = 0;
    for (const TcpOptionSpec& option : expected.options) {
      const bool is_end = option.kind == 0;
      if (is_end && used < live_.options.size() && live_.options[used] == std::byte{0}) {
        ++used;
        continue;
      }
      if (actual == std::default_sentinel) return bad(expected);
      if (static_cast<std::uint8_t>(actual->kind) != option.kind) return bad(expected);
      if (const Checked one = check_one(option, *actual); !one) return one;
      used += actual->size();
      ++actual;
    }
    return used == live_.options.size() ? Checked{} : bad(expected);
  }

 private:
  static Checked bad(const TcpSpec& /*expected*/) { return wrong("bad outbound TCP options"); }

  Checked check_one(const TcpOptionSpec& expected, const wire::TcpRawOption& actual) {
    std::vector<std::byte> data(actual.data.begin(), actual.data.end());
    if (actual.kind == wire::TcpOptionKind::kTimestamps && data.size() == 8) {
      return check_timestamps(expected.data, data);
    }
    if (actual.kind == wire::TcpOptionKind::kSack) map_sack(data);
    if (data.size() != expected.data.size()) return differs("bad length", expected, data);
    if (data != expected.data) return differs("bad value", expected, data);
    return {};
  }

  static Checked differs(std::string_view what, const TcpOptionSpec& expected, Bytes actual) {
    TcpSpec one;
    one.options.push_back(expected);
    PacketSpec script{
        .direction = Direction::kOut, .ip = {}, .inside = {}, .ports = {}, .what = one};
    std::string text = to_text(script, true);
    text = text.substr(text.find('<') + 1);
    text.pop_back();
    std::vector<std::byte> bytes = {std::byte{expected.kind},
                                    static_cast<std::byte>(actual.size() + 2)};
    bytes.insert(bytes.end(), actual.begin(), actual.end());
    return wrong(fmt::format("{} in outbound TCP option (kind={}): expected: {} actual: {}", what,
                             expected.kind, text, options_text(bytes)));
  }

  // Blocks are of what came in.
  void map_sack(std::vector<std::byte>& data) const {
    for (std::size_t at = 0; at + 4 <= data.size(); at += 4) {
      const auto edge = load_big_endian<std::uint32_t>(data.data() + at);
      store_big_endian(data.data() + at, edge - flow_.remote_offset(live_.tcp.flags.syn()));
    }
  }

  Checked check_timestamps(Bytes expected, Bytes actual) {
    const auto script_value = load_big_endian<std::uint32_t>(expected.data());
    const auto live_value = load_big_endian<std::uint32_t>(actual.data());
    flow_.timestamps.insert_or_assign(script_value, live_value);
    if (!flow_.first_timestamp) flow_.first_timestamp = {script_value, live_value};
    const Checked echo =
        check_field("tcp_ts_ecr", load_big_endian<std::uint32_t>(expected.data() + 4),
                    load_big_endian<std::uint32_t>(actual.data() + 4));
    if (!echo) return echo;
    if (options_.timestamp_tick == Duration{}) return {};
    const std::uint32_t mapped =
        live_value - flow_.first_timestamp->live + flow_.first_timestamp->script;
    const auto off = static_cast<std::int32_t>(mapped - script_value);
    const Duration part = Duration(static_cast<std::int64_t>(
        options_.tolerance_percent / 100 * static_cast<double>(script_time_.count())));
    const Duration tolerance = std::max(options_.tolerance, part);
    if (std::abs(static_cast<std::int64_t>(off)) * options_.timestamp_tick <= tolerance) return {};
    return wrong(
        fmt::format("bad outbound TCP timestamp value: expected {} actual {}, tolerance {}",
                    script_value, mapped, tolerance / std::chrono::microseconds(1)));
  }

  const LivePacket& live_;
  Flow& flow_;
  const Options& options_;
  Duration script_time_;
};

Checked check_tcp(const TcpSpec& expected, const LivePacket& live, Flow& flow,
                  const Options& options, Duration script_time) {
  const bool is_syn = live.tcp.flags.syn();
  const std::uint32_t sequence = live.tcp.sequence_number - flow.local_offset(is_syn);
  const std::uint32_t acknowledgment =
      live.tcp.flags.ack() ? live.tcp.acknowledgment_number - flow.remote_offset(is_syn) : 0;
  const auto window = expected.window.value_or(live.tcp.window);
  const std::uint16_t urgent = live.tcp.flags.urg() ? live.tcp.urgent_pointer : std::uint16_t{0};
  const Checked header =
      first_wrong(check_flags(expected.flags, live.tcp.flags),
                  check_field("tcp_seq", expected.sequence, sequence),
                  check_field("tcp_ack_seq", expected.acknowledgment.value_or(0), acknowledgment),
                  check_field("tcp_window", window, live.tcp.window),
                  check_field("tcp_urg_ptr", expected.urgent_pointer.value_or(0), urgent));
  if (!header || expected.any_options) return header;
  return OptionCheck(live, flow, options, script_time).check(expected);
}

// Enough of the quotation to say that it is of this flow.
Checked check_icmp(const IcmpSpec& expected, const LivePacket& live) {
  const std::uint32_t word = live.icmp_word;
  return first_wrong(
      check_field("icmp_type", expected.type, live.icmp_type),
      check_field("icmp_code", expected.code, live.icmp_code),
      expected.mtu ? check_field("icmp_mtu", *expected.mtu, word) : Checked{},
      expected.identifier ? check_field("icmp_id", *expected.identifier, word >> 16U) : Checked{});
}

std::size_t payload_of(const PacketSpec& packet) {
  if (const auto* tcp = std::get_if<TcpSpec>(&packet.what)) return tcp->payload;
  if (const auto* udp = std::get_if<UdpSpec>(&packet.what)) return udp->payload;
  return 0;
}

std::string_view kind_of(const LivePacket& live) {
  if (live.is_tcp()) return "TCP";
  return live.is_udp() ? "UDP" : "ICMP";
}

std::string_view kind_of(const PacketSpec& packet) {
  static constexpr std::string_view kNames[] = {"TCP", "UDP", "ICMP"};
  return kNames[packet.what.index()];
}

}  // namespace

Checked check_packet(const PacketSpec& expected, const LivePacket& live, Flow& flow,
                     const Options& options, Duration script_time) {
  if (kind_of(expected) != kind_of(live)) {
    return wrong(fmt::format("live packet header layer 1: expected: {} header vs actual: {} header",
                             kind_of(expected), kind_of(live)));
  }
  if (const Checked ip = check_ip(expected.ip, live); !ip) return ip;
  if (const auto* icmp = std::get_if<IcmpSpec>(&expected.what)) return check_icmp(*icmp, live);
  if (payload_of(expected) != live.payload.size()) {
    return wrong(fmt::format("live packet payload: expected {} bytes vs actual {} bytes",
                             payload_of(expected), live.payload.size()));
  }
  if (expected.ports) {
    const Checked ports = first_wrong(
        check_field("source_port", expected.ports->source, live.tcp.source_port),
        check_field("destination_port", expected.ports->destination, live.tcp.destination_port));
    if (!ports) return ports;
  }
  const auto* tcp = std::get_if<TcpSpec>(&expected.what);
  return tcp == nullptr ? Checked{} : check_tcp(*tcp, live, flow, options, script_time);
}

Checked merge_segment(LivePacket& whole, const LivePacket& next, std::size_t segment_size,
                      std::size_t expected_payload) {
  const auto already = static_cast<std::uint32_t>(whole.payload.size());
  const wire::TcpFlags of_one = wire::kTcpPsh | wire::kTcpFin | wire::kTcpCwr;
  const Checked header = first_wrong(
      check_field("tcp_seq", whole.tcp.sequence_number + already, next.tcp.sequence_number),
      check_field("tcp_ack_seq", whole.tcp.acknowledgment_number, next.tcp.acknowledgment_number),
      check_flags(whole.tcp.flags & ~of_one, next.tcp.flags & ~of_one));
  if (!header) return header;
  const bool is_last = already + next.payload.size() >= expected_payload;
  if (!is_last && next.payload.size() != segment_size) {
    return wrong(fmt::format(
        "fragment payload: expected {} bytes vs actual {} bytes; total "
        "payload: expected {} bytes vs actual {} bytes",
        segment_size, next.payload.size(), expected_payload, already + next.payload.size()));
  }
  // As packetdrill puts them together: CWR is the first one's, all else is told by the last.
  const wire::TcpFlags reduced = whole.tcp.flags & wire::kTcpCwr;
  whole.tcp.flags = (next.tcp.flags & ~wire::kTcpCwr) | reduced;
  whole.tcp.window = next.tcp.window;
  whole.options = next.options;
  whole.at = next.at;
  whole.payload.insert(whole.payload.end(), next.payload.begin(), next.payload.end());
  return {};
}

}  // namespace strata::script
