// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "service/lab/addressing.h"
#include "sim/streams.h"

namespace strata::service {
namespace {

constexpr std::uint32_t kFirstPort = 5001;
constexpr std::uint32_t kPortsMax = 60'000;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }
double milliseconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

sim::WorldConfig world_of(const LabFile& lab) {
  sim::WorldConfig config;
  config.seed = lab.seed;
  // Every host may hold some hundred packets in its sockets, every direction a full queue; of
  // hundreds of hosts and links not all at once.
  constexpr std::size_t kMost = 1U << 18U;
  std::size_t packets = 4096 + lab.nodes.size() * 512;
  for (const LabLink& link : lab.links) {
    packets += link.there.queue_packets_max + link.back.queue_packets_max;
  }
  config.packets.small_buffers =
      static_cast<std::uint32_t>(lab.packets != 0 ? lab.packets : std::min(packets, kMost));
  config.packets.extra_descriptors = config.packets.small_buffers;
  return config;
}

// Of a host of its own pool: what a busy one holds, several times over.
constexpr PacketPoolConfig kOwnPool{
    .small_buffers = 8192, .large_buffers = 128, .external_buffers = 0, .extra_descriptors = 8192};

bool runs_out_of_buffers(const LabFile& lab, std::size_t node) {
  return std::ranges::any_of(lab.events, [&](const LabEvent& event) {
    return event.kind == LabEvent::Kind::kBuffers && event.nodes.front() == node;
  });
}

// A transfer ends with its last byte; a flow that is stopped, when all that it sent has arrived.
Time end_of(const LabTraffic& traffic, const FlowCounts& counts, Time now) {
  const bool is_whole = traffic.bytes != 0 && counts.bytes >= traffic.bytes;
  if (is_whole) return counts.last_arrival;
  const Time stop = traffic.stop ? Time(*traffic.stop) : now;
  return std::min(std::max(stop, counts.last_arrival), now);
}

}  // namespace

// ── Captures ───────────────────────────────────────────────────────────────────────────────────

struct LabRun::Capture final : sim::Tap {
  Capture(std::unique_ptr<PcapWriter> file, sim::World& world)
      : writer(std::move(file)), of(world) {}
  ~Capture() override { of.untap(*this); }
  void on_frame(const sim::Sighting& sighting) override {
    if (sighting.moment != sim::Sighting::Moment::kSent) return;
    const std::uint32_t interface = sighting.direction == sim::Direction::kAToB ? there : back;
    writer->write(interface, sighting.at, sighting.packet);
  }

  std::unique_ptr<PcapWriter> writer;
  sim::World& of;
  std::uint32_t there = 0, back = 0;
};

Outcome<void> LabRun::capture(const std::string& folder) {
  std::error_code failed_to_make;
  std::filesystem::create_directories(folder, failed_to_make);
  for (const auto& link : world_.links()) {
    const std::string path = fmt::format("{}/{}.pcapng", folder, link->name());
    auto writer = PcapWriter::create(path);
    if (!writer) return failed(writer.error());
    auto capture = std::make_unique<Capture>(std::move(*writer), world_);
    const auto add = [&](sim::Direction sender) {
      return capture->writer->add_interface(
          {.link_type = LinkType::kEthernet,
           .name = fmt::format("{} sends", link->node(sender).name()),
           .description = {}});
    };
    capture->there = add(sim::Direction::kAToB);
    capture->back = add(sim::Direction::kBToA);
    world_.tap(*link, *capture);
    captures_.push_back(std::move(capture));
  }
  return {};
}

// ── Traces ─────────────────────────────────────────────────────────────────────────────────────

Outcome<void> LabRun::trace(const std::string& path) {
  auto made = LabTrace::create(path);
  if (!made) return std::unexpected(made.error());
  trace_ = std::move(*made);
  world_.tap(*trace_);
  script_->set_listener([this](Time at, const std::string& what) { trace_->on_event(at, what); });
  return {};
}

Outcome<void> LabRun::finish_trace() { return trace_ ? trace_->finish() : Outcome<void>{}; }

void LabRun::record_sequences() {
  sequences_ = std::make_unique<LabSequences>();
  std::vector<bool> is_watched(hosts_.size());
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const LabTraffic& traffic = lab_.traffic[i];
    const bool is_one_connection = traffic.kind == LabTraffic::Kind::kBulk ||
                                   traffic.kind == LabTraffic::Kind::kOnOff ||
                                   traffic.kind == LabTraffic::Kind::kRequest;
    if (!is_one_connection) continue;
    sequences_->add_flow(traffic.name, receivers_[i]);
    if (is_watched[traffic.from_node]) continue;
    is_watched[traffic.from_node] = true;
    world_.tap(*hosts_[traffic.from_node], *sequences_);
  }
}

// ── Building ───────────────────────────────────────────────────────────────────────────────────

LabRun::LabRun(LabFile lab, sim::AddressPlan plan)
    : lab_(std::move(lab)), plan_(std::move(plan)), world_(world_of(lab_)) {}

LabRun::~LabRun() {
  if (sequences_) world_.untap(*sequences_);
  if (trace_) world_.untap(*trace_);
}

Outcome<std::unique_ptr<LabRun>> LabRun::create(const LabFile& lab) {
  LabFile own = lab;
  if (auto found = find_nodes(own); !found) return std::unexpected(std::move(found).error());
  auto plan = sim::plan_addresses(topology_of(own));
  if (!plan) {
    return failed(fmt::format("{}: {}", own.nodes[plan.error().node].name, plan.error().text));
  }
  std::unique_ptr<LabRun> run(new LabRun(std::move(own), *std::move(plan)));
  if (auto built = run->build(); !built) return std::unexpected(std::move(built).error());
  return run;
}

LabParts LabRun::parts() { return {lab_, world_, hosts_, flows_, pools_, plan_, services_}; }

Outcome<void> LabRun::build() {
  build_nodes();
  build_links();
  for (std::size_t node = 0; node < hosts_.size(); ++node) {
    if (hosts_[node] == nullptr) continue;
    if (auto given = give_addresses(parts(), node); !given) return given;
  }
  if (auto opened = services_.open(lab_, hosts_); !opened) return opened;
  if (auto made = build_flows(); !made) return made;
  schedule();
  return {};
}

void LabRun::build_nodes() {
  std::vector<std::uint32_t> routes(lab_.nodes.size());
  for (const sim::PlannedRoute& route : plan_.routes) ++routes[route.node];
  pools_.resize(lab_.nodes.size());
  for (std::size_t i = 0; i < lab_.nodes.size(); ++i) {
    const LabNode& node = lab_.nodes[i];
    if (node.kind == LabNode::Kind::kSwitch) {
      world_.add_switch(node.name);
      hosts_.push_back(nullptr);
      continue;
    }
    if (node.kind == LabNode::Kind::kMiddlebox) {
      world_.add_middlebox(node.name, make_rules(node.middlebox));
      hosts_.push_back(nullptr);
      continue;
    }
    if (node.kind == LabNode::Kind::kDevice) {
      world_.add_station(node.name);
      hosts_.push_back(nullptr);
      continue;
    }
    StackConfig config;
    config.tcp = node.tcp;
    config.forward_ipv4 = config.forward_ipv6 = node.kind == LabNode::Kind::kRouter;
    config.routes_max = std::max(config.routes_max, routes[i]);
    if (runs_out_of_buffers(lab_, i)) {
      pools_[i] = std::make_unique<PacketPool>(own_memory_, kOwnPool);
      config.pool = pools_[i].get();
    }
    // Addresses are planned: nothing is asked of the wire, and nothing else is on it.
    InterfaceConfig interfaces;
    interfaces.ipv6 = interfaces.detect_duplicates = false;
    hosts_.push_back(&world_.add_host(node.name, config, interfaces));
  }
}

void LabRun::build_links() {
  for (const LabLink& link : lab_.links) {
    sim::Link& made = world_.connect(*world_.nodes()[link.from_node], *world_.nodes()[link.to_node],
                                     link.there, link.back);
    give_queue(made, sim::Direction::kAToB, link.queue_there, lab_.seed);
    give_queue(made, sim::Direction::kBToA, link.queue_back, lab_.seed);
  }
}

Outcome<void> LabRun::build_flows() {
  std::vector<std::uint32_t> to_same_node(lab_.nodes.size());
  for (const LabTraffic& traffic : lab_.traffic) {
    const sim::PlannedAddress* address = plan_.address_of(traffic.to_node);
    const sim::PlannedAddress* from = plan_.address_of(traffic.from_node);
    if (address == nullptr || from == nullptr) {
      return failed(fmt::format("{}: one of its ends is linked to nothing", traffic.name));
    }
    // A flood goes to the port of the first flow to the same host.
    const bool is_flood = traffic.kind == LabTraffic::Kind::kSynFlood;
    const std::uint32_t number = is_flood ? 0 : to_same_node[traffic.to_node]++;
    if (number > kPortsMax) {
      return failed(
          fmt::format("{}: more than {} flows go to {}", traffic.name, kPortsMax, traffic.to));
    }
    const FlowEnds ends{
        .world = world_,
        .from = *hosts_[traffic.from_node],
        .to = *hosts_[traffic.to_node],
        .address = address->prefix.address(),
        .port = static_cast<std::uint16_t>(kFirstPort + number),
        .seed = sim::stream_seed(lab_.seed, traffic.name, 0, sim::StreamUse::kTraffic),
        .from_network = from->prefix};
    flows_.push_back(make_flow(traffic, ends));
    receivers_.push_back(ends.remote());
  }
  bytes_before_.resize(flows_.size());
  return {};
}

void LabRun::schedule() {
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const LabTraffic& traffic = lab_.traffic[i];
    Executor& executor = world_.executor();
    executor.start_timer(Time(traffic.start), [flow = flows_[i].get()] { flow->start(); });
    if (!traffic.stop) continue;
    executor.start_timer(Time(*traffic.stop), [flow = flows_[i].get()] { flow->stop(); });
  }
  script_ = std::make_unique<LabScript>(parts());
  script_->schedule();
}

// ── Running ────────────────────────────────────────────────────────────────────────────────────

LabResults LabRun::blank() const {
  LabResults results;
  results.title = lab_.title;
  results.seed = lab_.seed;
  for (const LabTraffic& traffic : lab_.traffic) {
    LabFlowResult flow;
    flow.name = flow.goodput_mbit_s.name = flow.rtt_ms.name = flow.cwnd_packets.name = traffic.name;
    flow.kind = traffic.kind;
    results.flows.push_back(std::move(flow));
  }
  for (const LabLink& link : lab_.links) {
    for (const auto& [from, to] : {std::pair(link.from, link.to), std::pair(link.to, link.from)}) {
      LabLinkResult result;
      result.name = result.queue_packets.name = result.delay_ms.name =
          fmt::format("{}-{}", from, to);
      results.links.push_back(std::move(result));
    }
  }
  return results;
}

LabResults LabRun::run(InlineFunction<bool(double share)> goes_on, Advance advance) {
  LabResults results = blank();
  const Time end(lab_.until);
  while (world_.now() < end) {
    const Time next = std::min(end, world_.now() + lab_.sample);
    const bool is_there = advance ? advance(next) : world_.run_until(next) != sim::RunEnd::kStalled;
    if (!is_there || !goes_on(seconds(next - Time{}) / seconds(lab_.until))) {
      results.is_whole = world_.now() >= end;
      look(results);
      break;
    }
    look(results);
  }
  results.seconds = seconds(world_.now() - Time{});
  results.packet_hash = world_.packet_hash();
  results.events = world_.counters().events;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    LabFlowResult& flow = results.flows[i];
    const Time end_of_flow = end_of(lab_.traffic[i], flow.counts, world_.now());
    const double ran = seconds(end_of_flow - Time(lab_.traffic[i].start));
    flow.bits_per_second = ran > 0 ? static_cast<double>(flow.counts.bytes) * 8 / ran : 0;
  }
  look_at_nodes(results);
  if (sequences_) results.sequences = sequences_->sequences();
  return results;
}

void LabRun::look(LabResults& results) {
  results.times.push_back(seconds(world_.now() - Time{}));
  const Duration since = world_.now() - std::exchange(looked_at_, world_.now());
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    LabFlowResult& result = results.flows[i];
    look_at(*flows_[i], result);
    const std::uint64_t arrived =
        result.counts.bytes - std::exchange(bytes_before_[i], result.counts.bytes);
    const double megabits = static_cast<double>(arrived) * 8 / 1e6;
    result.goodput_mbit_s.values.push_back(since > Duration::zero() ? megabits / seconds(since)
                                                                    : kNothing);
  }
  for (std::size_t i = 0; i < lab_.links.size(); ++i) {
    const sim::Link& link = *world_.links()[i];
    for (const auto direction : {sim::Direction::kAToB, sim::Direction::kBToA}) {
      LabLinkResult& result = results.links[2 * i + static_cast<std::size_t>(direction)];
      const sim::QueueDiscipline& queue = link.queue(direction);
      const std::uint64_t rate = sim::mean_bits_per_second(link.config(direction));
      result.counters = link.counters(direction);
      result.queue_packets.values.push_back(static_cast<double>(queue.packets()));
      result.delay_ms.values.push_back(rate == 0 ? kNothing
                                                 : static_cast<double>(queue.bytes()) * 8e3 /
                                                       static_cast<double>(rate));
    }
  }
}

void LabRun::look_at(Flow& flow, LabFlowResult& result) const {
  result.counts = flow.counts();
  result.trouble = flow.trouble();
  const std::vector<Duration> times = flow.take_times();
  double sum = 0;
  for (const Duration time : times) {
    result.times_ms.push_back(milliseconds(time));
    sum += result.times_ms.back();
  }
  const auto info = flow.info();
  double rtt = times.empty() ? kNothing : sum / static_cast<double>(times.size());
  if (times.empty() && info && info->smoothed_rtt > Duration::zero()) {
    rtt = milliseconds(info->smoothed_rtt);
  }
  result.rtt_ms.values.push_back(rtt);
  const bool has_window = info && info->send_mss != 0;
  result.cwnd_packets.values.push_back(
      has_window ? static_cast<double>(info->congestion_window) / info->send_mss : kNothing);
}

void LabRun::look_at_nodes(LabResults& results) const {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i] == nullptr || !hosts_[i]->is_running()) continue;
    LabNodeResult node{.name = lab_.nodes[i].name, .dropped = {}};
    for (std::size_t reason = 1; reason < kDropReasonCount; ++reason) {
      const auto why = static_cast<DropReason>(reason);
      const std::uint64_t count = hosts_[i]->stack().drops(why);
      if (count != 0) node.dropped.emplace_back(why, count);
    }
    if (!node.dropped.empty()) results.nodes.push_back(std::move(node));
  }
}

}  // namespace strata::service
