// SPDX-License-Identifier: Apache-2.0
// Packets in and out of a run.
#include <fmt/format.h>

#include <utility>

#include "script/run/check_packet.h"
#include "script/run/packet_text.h"
#include "script/run/run.h"

namespace strata::script {
namespace {

// How long a packet may fail to come before the script gives up, as packetdrill's patience.
constexpr Duration kPatience = std::chrono::seconds(2);
constexpr Duration kPatienceForAnyTime = std::chrono::hours(1);

constexpr std::uint8_t kIcmpv6Error = 127;  // RFC 4443 2.1: errors lie below 128
constexpr std::uint8_t kEchoes[] = {128, 129};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Neighbours, groups and routers are none of a script's business.
bool concerns_scripts(const LivePacket& live) {
  if (live.is_tcp() || live.is_udp()) return true;
  if (!live.is_icmp()) return false;
  return live.is_v4 || live.icmp_type <= kIcmpv6Error || live.icmp_type == kEchoes[0] ||
         live.icmp_type == kEchoes[1];
}

std::size_t payload_of(const PacketSpec& packet) {
  const auto* tcp = std::get_if<TcpSpec>(&packet.what);
  return tcp == nullptr ? 0 : tcp->payload;
}

}  // namespace

bool Run::is_wrapped(const Event& event, const PacketSpec& packet) {
  if (packet.inside.empty()) return false;
  fail_at(event, fmt::format("unsupported: packets inside {}", packet.inside));
  return true;
}

void Run::inject(const Event& event, const PacketSpec& packet, const Due& due) {
  advance_to(due.start);
  if (has_ended() || is_wrapped(event, packet)) return;
  Subject* const subject = subjects_.find_for(packet);
  if (subject == nullptr) {
    fail_at(event, "error handling packet: no matching socket for script packet");
    return;
  }
  if (const auto* tcp = std::get_if<TcpSpec>(&packet.what)) {
    Subjects::note_inbound(*tcp, subject->flow);
  }
  auto bytes = build_packet(packet, subject->flow, script_.options.timestamp_echoes_are_live);
  if (!bytes) {
    fail_at(event, "error handling packet: " + bytes.error());
    return;
  }
  log(fmt::format("inbound injected packet: {:9.6f} {}", seconds(machine_->script_time()),
                  to_text(packet, script_.options.is_wire_v4())));
  machine_->inject(*std::move(bytes));
  machine_->settle();
  resume_blocked();
}

std::expected<LivePacket, std::string> Run::next_live(Duration limit) {
  while (!has_ended()) {
    while (!machine_->captured().empty()) {
      const Captured captured = std::move(machine_->captured().front());
      machine_->captured().pop_front();
      auto live = read_live_packet(captured.bytes, captured.at);
      if (!live || concerns_scripts(*live)) return live;
    }
    const bool is_late = machine_->script_time() >= limit;
    if (is_late || (!machine_->has_deadline() && !blocked_) || machine_->is_exhausted()) break;
    step(limit);
  }
  return std::unexpected("Timed out waiting for packet");
}

// Segments that follow each other stand for one that a device would have cut.
std::expected<LivePacket, std::string> Run::next_whole(const PacketSpec& packet, Subject& subject,
                                                       Duration limit) {
  auto live = next_live(limit);
  // What other connections send, a script that names no ports does not care about.
  while (live && !packet.ports && live->is_tcp() && !subjects_.belongs(*live, packet, subject)) {
    log(fmt::format("outbound packet of another connection: {}", to_text(*live, subject.flow)));
    live = next_live(limit);
  }
  if (!live) return live;
  if (!subjects_.belongs(*live, packet, subject)) {
    return std::unexpected("packet is not for expected socket: " + to_text(*live, subject.flow));
  }
  if (const auto* tcp = std::get_if<TcpSpec>(&packet.what)) {
    Subjects::learn_numbers(*live, *tcp, subject.flow);
  }
  const std::size_t size = live->payload.size();
  if (script_.options.strict_segments || !live->is_tcp() || size == 0) return live;
  while (live->payload.size() < payload_of(packet)) {
    const auto next = next_live(limit);
    if (!next) return live;  // what is missing shows in the comparison
    if (!subjects_.belongs(*next, packet, subject)) {
      return std::unexpected("packet is not for expected socket: " + to_text(*next, subject.flow));
    }
    const Checked merged = merge_segment(*live, *next, size, payload_of(packet));
    if (!merged) return std::unexpected(merged.error());
  }
  return live;
}

void Run::expect(const Event& event, const PacketSpec& packet, const Due& due) {
  if (is_wrapped(event, packet)) return;
  Subject* const subject = subjects_.find_for(packet);
  if (subject == nullptr) {
    fail_at(event, "error handling packet: no matching socket for script packet");
    return;
  }
  const bool at_any_time = due.kind == EventTime::Kind::kAny;
  const Duration limit = due.end + (at_any_time ? kPatienceForAnyTime : kPatience);
  const auto live = next_whole(packet, *subject, limit);
  if (has_ended()) return;
  if (!live) {
    fail_packet(event, live.error(), packet, nullptr, subject->flow, due);
    return;
  }
  const Duration happened = live->at - Machine::kStart;
  log(fmt::format("outbound sniffed packet: {:9.6f} {}", seconds(happened),
                  to_text(*live, subject->flow)));
  const Checked checked = check_packet(packet, *live, subject->flow, script_.options, happened);
  std::string wrong = checked ? std::string() : checked.error();
  if (checked) wrong = timing_error(due, happened, "outbound packet").value_or("");
  if (wrong.empty()) return;
  if (script_.options.packets_may_fail) {
    verdict_.log.push_back(
        fmt::format("{}:{}: warning handling packet: {}", path_, event.line, wrong));
    return;
  }
  fail_packet(event, wrong, packet, &*live, subject->flow, due);
}

void Run::fail_packet(const Event& event, std::string_view text, const PacketSpec& expected,
                      const LivePacket* live, const Flow& flow, const Due& due) {
  std::string message =
      fmt::format("error handling packet: {}\nscript packet: {:9.6f} {}", text, seconds(due.start),
                  to_text(expected, script_.options.is_wire_v4()));
  if (live != nullptr) {
    message += fmt::format("\nactual packet: {:9.6f} {}", seconds(live->at - Machine::kStart),
                           to_text(*live, flow));
  }
  fail_at(event, message);
}

}  // namespace strata::script
