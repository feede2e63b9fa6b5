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
// Tables shrink slowly, but what conversations needed is no more than this for each.
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
    for (const auto& conversation : conversations_) {
      if (!conversation->is_over()) verdict.text = conversation->state();
    }
    return false;
  }
  return true;
}

bool TrialRun::all_over() const {
  return std::ranges::all_of(conversations_, [](const auto& each) { return each->is_over(); });
}

std::uint64_t TrialRun::bytes_moved() const {
  std::uint64_t moved = 0;
  for (const auto& conversation : conversations_) moved += conversation->bytes_moved();
  return moved;
}

bool TrialRun::check_programs(TrialVerdict& verdict) const {
  for (const auto& conversation : conversations_) {
    const auto& client = conversation->client();
    const auto& server = conversation->server();
    const auto complain = [&](Broken broken) {
      verdict.broken = broken;
      verdict.text = conversation->state();
      return false;
    };
    for (const auto* program : {&client, &server}) {
      if (may_be_wrong() || !*program || !(*program)->wrong_at()) continue;
      static_cast<void>(complain(Broken::kBytes));
      verdict.text += fmt::format("; the first wrong one is {} bytes in", *(*program)->wrong_at());
      return false;
    }
    for (const auto& [reader, writer] :
         {std::pair(&client, &server), std::pair(&server, &client)}) {
      // An end that is told is the truth, whatever else befell the connection.
      if (*reader && *writer && (*reader)->saw_end() &&
          (*reader)->bytes_read() != (*writer)->bytes_written()) {
        return complain(Broken::kMissing);
      }
    }
    // Three lost questions for its next hop end an attempt, whichever fault they met.
    const bool found_nobody = client && client->failure() == Error::kHostUnreachable;
    if (may_fail() || found_nobody) continue;
    if (conversation->refused()) return complain(Broken::kFailed);
    for (const auto* program : {&client, &server}) {
      if (!*program || (*program)->failure()) return complain(Broken::kFailed);
    }
  }
  return true;
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
  for (const auto& conversation : conversations_) conversation->stop_listening();
  world().run_for(kAfterwards);
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
  if (bytes > bytes_before_ + kSlackBytes * conversations_.size()) {
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
  for (const auto& conversation : conversations_) verdict.bytes += conversation->bytes_moved();
  for (std::size_t i = 0; i < struck_.size(); ++i) {
    const LabLink& link = lab_.links[i / 2];
    const std::string way = i % 2 == 0 ? link.from + "-" + link.to : link.to + "-" + link.from;
    for (const sim::FrameFault& fault : struck_[i])
      verdict.struck.push_back(item_that_struck(fault, way));
  }
}

}  // namespace strata::service
