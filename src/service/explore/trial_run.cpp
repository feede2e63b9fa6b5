// SPDX-License-Identifier: Apache-2.0
#include "service/explore/trial_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "service/explore/conversation.h"
#include "service/explore/coroutine_conversation.h"
#include "service/explore/datagram_exchange.h"
#include "service/explore/exchanged_device.h"

namespace strata::service {
namespace {

// Nothing that a connection survives for sure, however unlucky its retransmissions.
constexpr std::uint64_t kLongCutNanoseconds = 60'000'000'000;
constexpr std::uint16_t kFirstTrialPort = 6001;

sim::FrameFault frame_fault_of(const TrialItem& item) {
  using Kind = sim::FrameFault::Kind;
  sim::FrameFault fault{.kind = Kind::kLose, .position = item.at};
  switch (item.kind) {
    case ItemKind::kCorrupt:
      fault.kind = Kind::kCorrupt;
      fault.bits_seed = item.amount;
      break;
    case ItemKind::kDuplicate: fault.kind = Kind::kDuplicate; break;
    case ItemKind::kHold:
      fault.kind = Kind::kHold;
      fault.delay = Duration(static_cast<std::int64_t>(item.amount));
      break;
    default: break;
  }
  return fault;
}

void without_chance(sim::LinkConfig& line) {
  line.loss = line.duplication = line.corruption = line.reordering = {};
  line.burst_loss = {};
  line.reorder_every = 0;
  line.lost_frames.clear();
}

bool is_about(const TrialItem& choice, const LabTraffic& traffic) {
  if (choice.kind == ItemKind::kCoroutines) return choice.where == traffic.name;
  return choice.where == traffic.name + ".client" || choice.where == traffic.name + ".server";
}

// Why this choice means nothing to such a flow; empty: it does.
std::string_view objection(const LabTraffic& traffic, const TrialItem& choice,
                           bool is_by_coroutines) {
  const bool is_of_the_called =
      choice.kind == ItemKind::kTalk || choice.kind == ItemKind::kAcceptLate;
  if (is_of_the_called && !choice.where.ends_with(".server")) return "only who is called does that";
  if (is_datagram_exchange(traffic)) {
    return is_datagram_choice(choice.kind) ? "" : "that is nothing for datagrams";
  }
  if (traffic.kind == LabTraffic::Kind::kRequest) {
    if (choice.kind == ItemKind::kCoroutines) return "that is for transfers";
    const bool is_for_bulk = choice.kind == ItemKind::kTalk || choice.kind == ItemKind::kAnswerLast;
    return is_for_bulk ? "those who ask and answer do that in turn" : "";
  }
  const bool is_unknown = is_by_coroutines && !is_coroutine_choice(choice.kind);
  return is_unknown ? "that is nothing for coroutines" : "";
}

}  // namespace

// ── Building ───────────────────────────────────────────────────────────────────────────────────

TrialRun::TrialRun(const LabFile& lab, const Trial& trial)
    : lab_(lab), original_(lab), trial_(trial), struck_(lab.links.size() * 2) {}
TrialRun::~TrialRun() = default;

Outcome<std::unique_ptr<TrialRun>> TrialRun::create(const LabFile& lab, const Trial& trial) {
  std::unique_ptr<TrialRun> made(new TrialRun(lab, trial));
  if (auto built = made->build(); !built) return std::unexpected(std::move(built).error());
  return made;
}

Outcome<void> TrialRun::build() {
  lab_.seed = trial_.seed;
  lab_.traffic.clear();
  // Programs must know when their machine dies, and those of trials only know of trials.
  std::erase_if(lab_.events, [](const LabEvent& event) {
    return event.kind == LabEvent::Kind::kCrash || event.kind == LabEvent::Kind::kRestart ||
           event.kind == LabEvent::Kind::kAddress;
  });
  if (auto listed = list_frame_faults(); !listed) return listed;
  auto run = LabRun::create(lab_);
  if (!run) return std::unexpected(std::move(run).error());
  run_ = std::move(*run);
  for (std::size_t i = 0; i < lab_.links.size(); ++i) {
    sim::Link& link = *world().links()[i];
    link.record_faults(sim::Direction::kAToB, struck_[2 * i]);
    link.record_faults(sim::Direction::kBToA, struck_[2 * i + 1]);
  }
  for (const LabNode& node : lab_.nodes) {
    if (sim::Host* host = find_host(node.name)) remember_setup(*host);
  }
  world().run_for(std::chrono::milliseconds(1));
  bytes_before_ = world().memory().bytes_used();
  if (auto added = add_flows(); !added) return added;
  for (const TrialItem& item : trial_.items) {
    if (is_frame_fault(item.kind) || is_program_choice(item.kind)) continue;
    if (auto planned = schedule(item); !planned) return planned;
  }
  return {};
}

void TrialRun::list_frame_faults(LabLink& link) const {
  for (const bool is_there : {true, false}) {
    sim::LinkConfig& line = is_there ? link.there : link.back;
    const std::string way = is_there ? link.from + "-" + link.to : link.to + "-" + link.from;
    if (trial_.is_listed) without_chance(line);
    for (const TrialItem& item : trial_.items) {
      if (!is_frame_fault(item.kind) || item.where != way) continue;
      const sim::FrameFault fault = frame_fault_of(item);
      auto& faults = line.frame_faults;
      faults.insert(
          std::ranges::upper_bound(faults, fault.position, {}, &sim::FrameFault::position), fault);
    }
  }
}

Outcome<void> TrialRun::list_frame_faults() {
  for (LabLink& link : lab_.links) list_frame_faults(link);
  // A link that becomes another counts its frames on.
  for (LabEvent& event : lab_.events) {
    if (event.kind == LabEvent::Kind::kChange) list_frame_faults(event.change);
  }
  for (const TrialItem& item : trial_.items) {
    const auto ends_here = [&](const LabLink& link) {
      return item.where == link.name() || item.where == link.to + "-" + link.from;
    };
    if (is_frame_fault(item.kind) && std::ranges::none_of(lab_.links, ends_here)) {
      return failed(fmt::format("'{}': there is no link '{}'", to_text(item), item.where));
    }
  }
  return {};
}

void TrialRun::remember_setup(sim::Host& host) {
  Setup& setup = setups_[std::string(host.name())];
  host.stack().for_each_address([&](const AddressEntry& entry) {
    if (!entry.prefix.address().is_loopback()) setup.addresses.push_back(entry);
  });
  host.stack().for_each_route([&](const RouteEntry& entry) {
    if (entry.origin == RouteOrigin::kStatic) setup.routes.push_back(entry);
  });
}

std::optional<IpAddress> TrialRun::address_of(sim::Host& host) {
  std::optional<IpAddress> found;
  host.stack().for_each_address([&](const AddressEntry& entry) {
    const IpAddress address = entry.prefix.address();
    if (!found && !address.is_loopback() && !address.is_link_local()) found = address;
  });
  return found;
}

Outcome<void> TrialRun::add_flows() {
  std::vector<const LabTraffic*> watched;
  for (const LabTraffic& traffic : original_.traffic) {
    if (!is_conversation(traffic) && !is_datagram_exchange(traffic)) continue;
    sim::Host* from = find_host(traffic.from);
    sim::Host* to = find_host(traffic.to);
    const auto address = to == nullptr ? std::nullopt : address_of(*to);
    if (from == nullptr || !address || !address_of(*from)) {
      return failed(fmt::format("{}: one of its ends has no stack or no address", traffic.name));
    }
    const auto port = static_cast<std::uint16_t>(kFirstTrialPort + flows_.size());
    add_flow(traffic, {*from, *to, *address, port});
    watched.push_back(&traffic);
  }
  if (flows_.empty()) {
    return failed("the lab has no conversation to watch: [[traffic]] of kind bulk, request or udp");
  }
  for (const TrialItem& item : trial_.items) {
    if (!is_program_choice(item.kind)) continue;
    const auto found = std::ranges::find_if(
        watched, [&](const LabTraffic* traffic) { return is_about(item, *traffic); });
    if (found == watched.end()) {
      return failed(fmt::format("'{}': there is no program '{}'", to_text(item), item.where));
    }
    const LabTraffic& traffic = **found;
    const auto why = objection(traffic, item, is_by_coroutines(trial_, traffic));
    if (!why.empty()) return failed(fmt::format("'{}': {}", to_text(item), why));
  }
  return {};
}

void TrialRun::add_flow(const LabTraffic& traffic, const WatchedEnds& ends) {
  const std::uint64_t number = flows_.size();
  if (is_datagram_exchange(traffic)) {
    const DatagramPlan plan = plan_datagrams(traffic, trial_, number, lab_.until);
    flows_.push_back(std::make_unique<DatagramExchange>(ends, plan));
    return;
  }
  ConversationPlan plan = plan_conversation(traffic, trial_, number);
  // Only who asks hears that the other end is no more; where it must be there, asking would hide
  // that nobody moves.
  plan.client.is_keeping_alive = plan.server.is_keeping_alive = may_fail();
  if (is_by_coroutines(trial_, traffic)) {
    flows_.push_back(std::make_unique<CoroutineConversation>(ends, plan));
  } else {
    flows_.push_back(std::make_unique<Conversation>(ends, plan));
  }
}

// ── Faults at times ────────────────────────────────────────────────────────────────────────────

void TrialRun::at(std::uint64_t when, Task task) {
  const Time then = Time(Duration(static_cast<std::int64_t>(when)));
  quiet_from_ = std::max(quiet_from_, then);
  world().executor().start_timer(then, std::move(task));
}

Outcome<void> TrialRun::schedule(const TrialItem& item) {
  if (item.kind == ItemKind::kStarve) {
    at(item.at, [this, left = item.left] { starve(static_cast<std::size_t>(left)); });
    at(item.at + item.amount, [this] { hoard_.clear(); });
    return {};
  }
  if (item.kind == ItemKind::kDown || item.kind == ItemKind::kPartition) {
    for (const auto& link : world().links()) {
      const auto& [a, b] = std::pair(link->node(sim::Direction::kAToB).name(),
                                     link->node(sim::Direction::kBToA).name());
      if (item.where == fmt::format("{}-{}", a, b) || item.where == fmt::format("{}-{}", b, a)) {
        return schedule_link(item, *link);
      }
    }
    return failed(fmt::format("'{}': there is no link '{}'", to_text(item), item.where));
  }
  return schedule_host(item);
}

Outcome<void> TrialRun::schedule_link(const TrialItem& item, sim::Link& link) {
  if (item.kind == ItemKind::kDown) {
    at(item.at, [this, &link] { cut(link, 1); });
    at(item.at + item.amount, [this, &link] { cut(link, -1); });
    return {};
  }
  const bool is_forth =
      item.where.starts_with(std::string(link.node(sim::Direction::kAToB).name()) + "-");
  const auto direction = is_forth ? sim::Direction::kAToB : sim::Direction::kBToA;
  at(item.at, [&link, direction] { link.set_partitioned(direction, true); });
  at(item.at + item.amount, [&link, direction] { link.set_partitioned(direction, false); });
  return {};
}

Outcome<void> TrialRun::schedule_host(const TrialItem& item) {
  sim::Host* host = find_host(item.where);
  if (host == nullptr || host->port_count() == 0) {
    return failed(fmt::format("'{}': there is no host '{}'", to_text(item), item.where));
  }
  if (item.kind == ItemKind::kCrash) {
    at(item.at, [this, name = item.where] { crash(name); });
    at(item.at + item.amount, [this, name = item.where] { boot(name); });
    return {};
  }
  constexpr std::size_t kMtuMin = 576;
  const std::size_t most = host->device().capabilities().mtu;
  const std::size_t mtu = std::clamp<std::size_t>(item.amount, std::min(kMtuMin, most), most);
  at(item.at, [this, host, mtu] { exchange(*host, mtu); });
  return {};
}

void TrialRun::cut(sim::Link& link, int by) {
  int& cuts = cuts_[&link];
  cuts += by;
  link.set_up(cuts == 0);
}

void TrialRun::crash(const std::string& name) {
  sim::Host& dying = *find_host(name);
  // Two crashes at once are one, until the longer is over.
  if (crashes_[name]++ != 0) return;
  for (const auto& flow : flows_) flow->lose(dying);
  dying.crash();
}

void TrialRun::boot(const std::string& name) {
  sim::Host& booting = *find_host(name);
  if (--crashes_[name] != 0) return;
  booting.restart();
  const Setup& setup = setups_[name];
  for (const AddressEntry& entry : setup.addresses) {
    static_cast<void>(booting.stack().add_address(entry.interface, entry.prefix, world().now()));
  }
  for (const RouteEntry& route : setup.routes) static_cast<void>(booting.stack().add_route(route));
  for (const auto& flow : flows_) {
    if (&flow->ends().to == &booting) flow->listen();
  }
}

void TrialRun::exchange(sim::Host& changing, std::size_t mtu) {
  if (!changing.is_running()) return;
  devices_.push_back(std::make_unique<ExchangedDevice>(changing.device(), mtu));
  const Time now = world().now();
  // What the former still held comes in through the next: they are one wire.
  static_cast<void>(changing.stack().replace_device(changing.interface(), *devices_.back(), now));
}

void TrialRun::starve(std::size_t left) {
  PacketPool& pool = world().pool();
  while (pool.small_free() > left) {
    PacketPtr packet = pool.allocate();
    if (packet == nullptr) break;
    hoard_.push_back(std::move(packet));
  }
  while (PacketPtr packet = pool.allocate(BufferClass::kLarge)) hoard_.push_back(std::move(packet));
}

sim::Host* TrialRun::find_host(const std::string& name) const {
  const auto node = std::ranges::find(lab_.nodes, name, &LabNode::name);
  if (node == lab_.nodes.end() || !is_machine(node->kind)) return nullptr;
  return static_cast<sim::Host*>(run_->world().find_node(name));
}

bool TrialRun::may_fail() const {
  const auto ends_some = [](const TrialItem& item) {
    const bool is_cut = item.kind == ItemKind::kDown || item.kind == ItemKind::kPartition;
    return item.kind == ItemKind::kCrash || item.kind == ItemKind::kClose ||
           item.kind == ItemKind::kAbort || item.kind == ItemKind::kStarve ||
           (is_cut && item.amount >= kLongCutNanoseconds);
  };
  const auto ends_all = [](const LabNode& node) {
    return node.kind == LabNode::Kind::kMiddlebox && may_end_connections(node.middlebox);
  };
  return std::ranges::any_of(trial_.items, ends_some) || !lab_.events.empty() ||
         std::ranges::any_of(lab_.nodes, ends_all);
}

bool TrialRun::may_be_wrong() const {
  // Two bits of one column that change places are the same sum (RFC 1071).
  const auto hides_changes = [](const sim::LinkConfig& line) {
    const auto is_corruption = [](const sim::FrameFault& fault) {
      return fault.kind == sim::FrameFault::Kind::kCorrupt;
    };
    const bool corrupts =
        line.corruption.numerator != 0 || std::ranges::any_of(line.frame_faults, is_corruption);
    return corrupts && line.corrupted_bits > 1;
  };
  const auto is_bad_line = [&](const LabLink& link) {
    return hides_changes(link.there) || hides_changes(link.back);
  };
  const auto becomes_bad = [&](const LabEvent& event) {
    return event.kind == LabEvent::Kind::kChange && is_bad_line(event.change);
  };
  if (std::ranges::any_of(lab_.links, is_bad_line)) return true;
  if (std::ranges::any_of(lab_.events, becomes_bad)) return true;
  return std::ranges::any_of(lab_.nodes, [](const LabNode& node) {
    return node.kind == LabNode::Kind::kMiddlebox && may_change_bytes(node.middlebox);
  });
}

}  // namespace strata::service
