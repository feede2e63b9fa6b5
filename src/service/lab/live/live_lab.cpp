// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/live_lab.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <utility>

#include "strata/devices.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

// A sleep ends so much before something is due: longer than a sleeping core takes to wake up.
constexpr Duration kSpinBeforeDeadline = std::chrono::microseconds(80);
// How long Ctrl-C may go unnoticed, and a device that came up again.
constexpr Duration kPatience = std::chrono::milliseconds(50);

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }
double microseconds(Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

LabLateness summary(const Lateness& late) {
  return {.count = late.count(),
          .median_us = microseconds(late.quantile(0.5)),
          .p99_us = microseconds(late.quantile(0.99)),
          .most_us = microseconds(late.most())};
}

// The MTU of the way out, as a device of a host has it.
std::size_t mtu_of(const LabFile& lab, std::size_t node) {
  for (const LabLink& link : lab.links) {
    if (link.from_node == node) return link.there.mtu;
    if (link.to_node == node) return link.back.mtu;
  }
  return 0;
}

TapOptions tap_options(const LabFile& lab, const sim::AddressPlan& plan, std::size_t node) {
  const LabDevice& device = lab.nodes[node].device;
  TapOptions options;
  options.name = device.interface;
  options.network_namespace = device.network_namespace;
  options.mtu = mtu_of(lab, node);
  // Links carry whole frames with finished checksums, each no longer than their MTU.
  options.offloads = false;
  for (const sim::PlannedAddress& address : plan.addresses) {
    if (address.node == node) options.host_addresses.push_back(address.prefix);
  }
  for (const sim::PlannedRoute& route : plan.routes) {
    // The host's own way to everywhere is not a lab's to take.
    const bool is_taken = device.network_namespace.empty() && route.destination.length() == 0;
    if (route.node == node && !is_taken) {
      options.host_routes.push_back({route.destination, route.gateway});
    }
  }
  return options;
}

std::string place_of(const LabDevice& device) {
  if (device.network_namespace.empty()) return device.interface;
  return fmt::format("{}@{}", device.interface, device.network_namespace);
}

std::string announce(const LabNode& node, const TapOptions& options) {
  std::string text = fmt::format("{} is {}", node.name, place_of(node.device));
  for (const Prefix& prefix : options.host_addresses) {
    text += fmt::format(", {}", to_text(prefix).view());
  }
  return text + "\n";
}

}  // namespace

Outcome<void> check_needs_no_device(const LabFile& lab, const std::string& path) {
  for (const LabNode& node : lab.nodes) {
    if (node.kind != LabNode::Kind::kDevice) continue;
    return failed(fmt::format("{}:{}: device: {} is a real device, for which time cannot jump",
                              path, node.line, node.name),
                  "run this lab with --realtime");
  }
  return {};
}

struct LiveLab::Metered {
  Metered(sim::World& world, sim::Link& metered, Time (*clock)())
      : of(world), link(metered), meter(clock) {
    of.tap(link, meter);
  }
  ~Metered() { of.untap(meter); }
  Metered(const Metered&) = delete;
  Metered& operator=(const Metered&) = delete;

  sim::World& of;
  sim::Link& link;
  RateMeter meter;
};

Outcome<std::unique_ptr<LiveLab>> LiveLab::create(LabRun& run, const LabFile& lab,
                                                  const std::string& path, LoopPolicy policy) {
  auto loop = Loop::create({.policy = policy, .spin_before_deadline = kSpinBeforeDeadline});
  if (!loop) return failed("no epoll descriptor: too many files are open");
  std::unique_ptr<LiveLab> live(new LiveLab(run, lab, *std::move(loop)));
  for (std::size_t node = 0; node < lab.nodes.size(); ++node) {
    if (lab.nodes[node].kind != LabNode::Kind::kDevice) continue;
    if (auto opened = live->open(node, path); !opened) {
      return std::unexpected(std::move(opened).error());
    }
  }
  if (!live->loop_->add(live->paced_)) return failed("its devices cannot be waited for");
  live->meter_links();
  return live;
}

LiveLab::LiveLab(LabRun& run, const LabFile& lab, std::unique_ptr<Loop> loop)
    : run_(run),
      lab_(lab),
      loop_(std::move(loop)),
      paced_(run.world(), real_now),
      former_slack_(::prctl(PR_GET_TIMERSLACK)) {
  ::prctl(PR_SET_TIMERSLACK, 1);
}

LiveLab::~LiveLab() {
  loop_->remove(paced_);
  if (former_slack_ > 0) ::prctl(PR_SET_TIMERSLACK, former_slack_);
}

Outcome<void> LiveLab::open(std::size_t node, const std::string& path) {
  const LabNode& named = lab_.nodes[node];
  const TapOptions options = tap_options(lab_, run_.plan(), node);
  auto opened = open_tap(options);
  if (!opened) {
    return failed(fmt::format("{}:{}: device: {}", path, named.line, opened.error().text),
                  opened.error().hint);
  }
  auto* const station = static_cast<sim::Station*>(run_.world().find_node(named.name));
  paced_.join(*station, std::move(opened->front()));
  interfaces_.push_back(place_of(named.device));
  announcement_ += announce(named, options);
  return {};
}

void LiveLab::meter_links() {
  for (const auto& link : run_.world().links()) {
    const auto has_rate = [&](sim::Direction direction) {
      return link->config(direction).bits_per_second != 0;
    };
    if (!has_rate(sim::Direction::kAToB) && !has_rate(sim::Direction::kBToA)) continue;
    meters_.push_back(std::make_unique<Metered>(run_.world(), *link, real_now));
  }
}

LabResults LiveLab::run(InlineFunction<bool(double share)> goes_on) {
  goes_on_ = std::move(goes_on);
  LabResults results = run_.run([this](double share) { return goes_on_(share); },
                                [this](Time time) { return reach(time); });
  results.accuracy = accuracy();
  return results;
}

bool LiveLab::reach(Time time) {
  run_.world().wake_hosts();
  paced_.set_end(time);
  while (!paced_.is_at_end()) {
    static_cast<void>(loop_->run_once(kPatience));
    if (paced_.is_stalled()) return false;
    if (!goes_on_(seconds(run_.world().now() - Time{}) / seconds(lab_.until))) return false;
  }
  return true;
}

LabAccuracy LiveLab::accuracy() const {
  LabAccuracy accuracy;
  accuracy.events = summary(paced_.lateness());
  accuracy.frames_out = summary(paced_.lateness_out());
  accuracy.rests = paced_.rests().times;
  accuracy.rest_seconds = seconds(paced_.rests().in_all);
  add_rates(accuracy);
  for (std::size_t i = 0; i < interfaces_.size(); ++i) {
    const PacedWorld::Joined& joined = *paced_.joined()[i];
    LabDeviceResult device{.name = std::string(joined.station->name()),
                           .interface = interfaces_[i],
                           .frames_in = joined.frames_in,
                           .frames_out = joined.frames_out,
                           .refused = joined.refused,
                           .without_buffer = joined.device->counters().pool_empty_drops,
                           .vanished_at = {}};
    if (joined.vanished_at) device.vanished_at = seconds(*joined.vanished_at - Time{});
    accuracy.devices.push_back(std::move(device));
  }
  return accuracy;
}

void LiveLab::add_rates(LabAccuracy& accuracy) const {
  for (const auto& metered : meters_) {
    for (const auto direction : {sim::Direction::kAToB, sim::Direction::kBToA}) {
      const RateMeter::Busy busy = metered->meter.busy(direction);
      if (busy.frames == 0 || busy.took <= Duration::zero()) continue;
      const auto bits = static_cast<double>(busy.bits);
      accuracy.rates.push_back(
          {.name = fmt::format("{}-{}", metered->link.node(direction).name(),
                               metered->link.node(sim::opposite(direction)).name()),
           .asked_bits_per_second = bits / seconds(busy.asked),
           .achieved_bits_per_second = bits / seconds(busy.took),
           .frames = busy.frames});
    }
  }
}

}  // namespace strata::service
