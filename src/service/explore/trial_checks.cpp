// SPDX-License-Identifier: Apache-2.0
// What a trial holds against the stack.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/explore/exchanged_device.h"
#include "service/explore/trial_run.h"

namespace strata::service {
namespace {

// Fifteen back-offs of up to two minutes: longer than TCP itself has patience (RFC 9293 3.8.3).
constexpr Duration kPatience = std::chrono::minutes(40);
constexpr Duration kLongest = std::chrono::hours(4);
constexpr Duration kAfterwards = std::chrono::minutes(20);  // TIME-WAIT, orphans, reassembly
constexpr Duration kLookEvery = std::chrono::seconds(1);
// Tables shrink slowly, but what a flow needed is no more than this.
constexpr std::size_t kSlackBytes = 131'072;

TrialItem item_that_struck(const sim::FrameFault& fault, const std::string& where) {
  TrialItem item{.where = where, .at = fault.position};
  switch (fault.kind) {
    case sim::FrameFault::Kind::kLose: break;
    case sim::FrameFault::Kind::kDuplicate: item.kind = ItemKind::kDuplicate; break;
    case sim::FrameFault::Kind::kCorrupt:
      item.kind = ItemKind::kCorrupt;
      item.amount = fault.bits_seed;
      break;
    case sim::FrameFault::Kind::kHold:
      item.kind = ItemKind::kHold;
      item.amount = static_cast<std::uint64_t>(fault.delay.count());
      break;
  }
  return item;
}

// Of a datagram that has reached UDP.
bool is_of_udp(DropReason reason) {
  return reason >= DropReason::kUdpTooShort && reason <= DropReason::kUdpSourceNotPermitted;
}

std::uint64_t lost_in(const sim::SwitchCounters& counters) {
  return counters.filtered + counters.reserved + counters.wrong_vlan + counters.malformed +
         counters.pool_empty + counters.nowhere;
}

}  // namespace

// ── Running ────────────────────────────────────────────────────────────────────────────────────

TrialVerdict TrialRun::run() {
  TrialVerdict verdict;
  if (converse(verdict) && check_programs(verdict)) static_cast<void>(check_rest(verdict));
  collect(verdict);
  return verdict;
}

bool TrialRun::converse(TrialVerdict& verdict) {
  Time moved_at = world().now();
  std::uint64_t moved = 0;
  while (!all_over() || world().now() < quiet_from_) {
    if (world().run_for(kLookEvery) == sim::RunEnd::kStalled) {
      verdict.broken = Broken::kStalled;
      verdict.text = fmt::format("at {} ms", world().now().time_since_epoch().count() / 1'000'000);
      return false;
    }
    if (!check_queues(verdict)) return false;
    const std::uint64_t now_moved = bytes_moved();
    if (std::exchange(moved, now_moved) != now_moved) moved_at = world().now();
    const Time waits_from = std::max(moved_at, quiet_from_);
    if (world().now() < waits_from + kPatience && world().now() < Time(kLongest)) continue;
    verdict.broken = Broken::kStuck;
    for (const auto& flow : flows_) {
      if (!flow->is_over()) verdict.text = flow->state();
    }
    return false;
  }
  return true;
}

bool TrialRun::all_over() const {
  return std::ranges::all_of(flows_, [](const auto& each) { return each->is_over(); });
}

std::uint64_t TrialRun::bytes_moved() const {
  std::uint64_t moved = 0;
  for (const auto& flow : flows_) moved += flow->bytes_moved();
  return moved;
}

bool TrialRun::check_programs(TrialVerdict& verdict) const {
  const Excuses excuses{.may_fail = may_fail(), .may_be_wrong = may_be_wrong()};
  for (const auto& flow : flows_) {
    auto trouble = flow->trouble(excuses);
    if (!trouble) continue;
    verdict.broken = trouble->broken;
    verdict.text = std::move(trouble->text);
    return false;
  }
  return true;
}

// When nothing is under way any more.
bool TrialRun::check_datagrams(TrialVerdict& verdict) const {
  DatagramCounts programs;
  for (const auto& flow : flows_) {
    const DatagramCounts one = flow->datagrams();
    programs.sent += one.sent;
    programs.taken += one.taken;
    programs.missing += one.missing;
    programs.repeated += one.repeated;
    programs.wrong += one.wrong;
  }
  const WorldCounts counted = count_world();
  const auto complain = [&](Broken broken, std::string text) {
    verdict.broken = broken;
    verdict.text = std::move(text);
    return false;
  };
  if (programs.repeated > counted.doubled) {
    return complain(Broken::kRepeated, fmt::format("{} came again, and links doubled {} frames",
                                                   programs.repeated, counted.doubled));
  }
  // What a crash or a box in the middle takes is in nobody's counters.
  if (may_fail()) return true;
  if (programs.sent != counted.udp_sent) {
    return complain(Broken::kCounters, fmt::format("programs sent {} datagrams, stacks {}",
                                                   programs.sent, counted.udp_sent));
  }
  // What got to UDP and no further for want of a buffer is among all else that wanted one.
  const bool is_refusal_known = !counted.had_no_buffer;
  if (is_refusal_known && programs.taken + counted.udp_refused != counted.udp_received) {
    return complain(Broken::kCounters,
                    fmt::format("stacks got {} datagrams and refused {}, programs got {}",
                                counted.udp_received, counted.udp_refused, programs.taken));
  }
  // One that came as another is missing as what it was.
  if (programs.missing <= counted.lost + programs.wrong) return true;
  return complain(Broken::kCounters, fmt::format("{} datagrams are gone, and {} losses counted",
                                                 programs.missing, counted.lost));
}

TrialRun::WorldCounts TrialRun::count_world() const {
  WorldCounts counts;
  for (const auto& link : run_->world().links()) {
    for (const auto direction : {sim::Direction::kAToB, sim::Direction::kBToA}) {
      counts.lost += link->counters(direction).dropped_frames();
      counts.doubled += link->counters(direction).duplicated_frames;
    }
  }
  for (const LabNode& node : lab_.nodes) {
    if (node.kind == LabNode::Kind::kSwitch) {
      counts.lost +=
          lost_in(static_cast<sim::Switch*>(run_->world().find_node(node.name))->counters());
    }
    sim::Host* machine = find_host(node.name);
    if (machine == nullptr || !machine->is_running()) continue;
    const Stack& stack = machine->stack();
    counts.udp_sent += stack.counters().udp_sent;
    counts.udp_received += stack.counters().udp_received;
    counts.had_no_buffer = counts.had_no_buffer || stack.drops(DropReason::kPoolEmpty) != 0;
    for (std::size_t i = 1; i < kDropReasonCount; ++i) {
      const auto reason = static_cast<DropReason>(i);
      counts.lost += stack.drops(reason);
      if (is_of_udp(reason)) counts.udp_refused += stack.drops(reason);
    }
  }
  return counts;
}

bool TrialRun::check_queues(TrialVerdict& verdict) const {
  for (const auto& link : run_->world().links()) {
    for (const auto direction : {sim::Direction::kAToB, sim::Direction::kBToA}) {
      const std::size_t waiting = link->queue(direction).packets();
      if (waiting <= link->config(direction).queue_packets_max) continue;
      verdict.broken = Broken::kQueue;
      verdict.text = fmt::format("{} frames wait on {}", waiting, link->name());
      return false;
    }
  }
  for (const LabNode& node : lab_.nodes) {
    sim::Host* machine = find_host(node.name);
    if (machine == nullptr || !machine->is_running()) continue;
    const TcpConfig& tcp = machine->stack().tcp_config();
    std::size_t most_read = 0, most_sent = 0;
    machine->stack().for_each_socket([&](const SocketEntry& socket) {
      most_read = std::max(most_read, socket.queued_packets);
      most_sent = std::max(most_sent, socket.send_queue);
    });
    if (most_read <= tcp.receive_buffer_max && most_sent <= tcp.send_buffer_max) continue;
    verdict.broken = Broken::kQueue;
    verdict.text = fmt::format("a socket of {} holds {} bytes to read and {} to send",
                               machine->name(), most_read, most_sent);
    return false;
  }
  return true;
}

bool TrialRun::check_rest(TrialVerdict& verdict) {
  for (const auto& flow : flows_) flow->stop_listening();
  world().run_for(kAfterwards);
  for (const auto& flow : flows_) flow->close();
  // Datagrams may have come since.
  if (!check_programs(verdict) || !check_datagrams(verdict)) return false;
  std::size_t sockets = 0;
  std::string first;
  for (const LabNode& node : lab_.nodes) {
    sim::Host* machine = find_host(node.name);
    if (machine == nullptr || !machine->is_running()) continue;
    machine->stack().for_each_socket([&](const SocketEntry& socket) {
      if (sockets++ == 0) {
        first = fmt::format("{}: {} in {}", machine->name(), to_text(socket.local).view(),
                            to_text(socket.state));
      }
    });
  }
  const auto complain = [&](Broken broken, std::string text) {
    verdict.broken = broken;
    verdict.text = std::move(text);
    return false;
  };
  if (sockets != 0) return complain(Broken::kSockets, fmt::format("{}, {} in all", first, sockets));
  if (const std::size_t lost = world().leaked_packets(); lost != 0) {
    return complain(Broken::kPackets, fmt::format("{} packets", lost));
  }
  if (const std::size_t tasks = world().tasks_waiting(); tasks != 0) {
    return complain(Broken::kTasks, fmt::format("{} tasks and timers", tasks));
  }
  const std::size_t bytes = world().memory().bytes_used();
  if (bytes > bytes_before_ + kSlackBytes * flows_.size()) {
    return complain(Broken::kMemory,
                    fmt::format("{} bytes at the start, {} at the end", bytes_before_, bytes));
  }
  const sim::WorldCounters& counters = world().counters();
  // Each frame wakes a host twice at most, and timers are about as many; a storm is far beyond.
  const std::uint64_t turns_most = (5 * counters.frames_delivered + 2000) * world().nodes().size();
  if (counters.host_turns > turns_most) {
    return complain(Broken::kBusy, fmt::format("{} turns of hosts for {} frames",
                                               counters.host_turns, counters.frames_delivered));
  }
  return true;
}

void TrialRun::collect(TrialVerdict& verdict) const {
  verdict.packet_hash = run_->world().packet_hash();
  verdict.bytes = bytes_moved();
  for (std::size_t i = 0; i < struck_.size(); ++i) {
    const LabLink& link = lab_.links[i / 2];
    const std::string way = i % 2 == 0 ? link.from + "-" + link.to : link.to + "-" + link.from;
    for (const sim::FrameFault& fault : struck_[i])
      verdict.struck.push_back(item_that_struck(fault, way));
  }
}

}  // namespace strata::service
