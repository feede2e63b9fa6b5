// SPDX-License-Identifier: Apache-2.0
#include "service/cores/cores.h"

#include <fmt/format.h>

#include <utility>

#include "base/siphash.h"

namespace strata::service {

Cores::Cores(Loop& front, std::uint16_t cores, LoopPolicy policy)
    : loop_(front),
      count_(cores),
      policy_(policy),
      bells_(cores),
      claims_(cores),
      inbox_(bells_, runtime::Steering::kFront) {
  bells_.set(runtime::Steering::kFront, [this] { loop_.wake(); });
}

Cores::~Cores() {
  stop();
  if (front_ == nullptr) return;
  loop_.remove(*this);
  loop_.remove(inbox_);
}

Port Cores::add_port(const Port& port, std::vector<std::unique_ptr<Device>> queues) {
  runtime::CrossbarOptions options;
  options.cores = count_;
  options.queues = static_cast<std::uint16_t>(queues.size());
  options.capabilities = queues.front()->capabilities();
  Line& line = lines_.emplace_back();
  line.port = port;
  line.queues = std::move(queues);
  line.crossbar = std::make_unique<runtime::Crossbar>(options, claims_, bells_);
  for (std::uint16_t core = 0; core < count_; ++core) {
    Device* const queue = core < line.queues.size() ? line.queues[core].get() : nullptr;
    line.ends.push_back(std::make_unique<runtime::SteeredDevice>(*line.crossbar, core, queue));
  }
  return port_of(line, runtime::Steering::kFront);
}

// Followers are told their addresses when the front core may use them, and check nothing.
Port Cores::port_of(const Line& line, std::uint16_t core) const {
  Port port = line.port;
  port.device = line.ends[core].get();
  if (core == runtime::Steering::kFront) return port;
  port.addresses.clear();
  port.detect_duplicates = false;
  port.accept_router_advertisements = false;
  // Without a queue there is nothing to be asked: other cores ring.
  if (core >= line.queues.size()) port.feeding = Feeding::kSameLoop;
  for (VlanOptions& vlan : port.vlans) vlan.addresses.clear();
  return port;
}

FlowShare Cores::share_of(std::uint16_t core) {
  return {.cores = count_, .own = core, .udp_ports = &claims_.of(core)};
}

Outcome<void> Cores::start_followers(HostedStack& front, HostedStackOptions options,
                                     std::span<const Port> front_ports) {
  front_ = &front;
  join_host(front, share_of(runtime::Steering::kFront), front_ports, inbox_, wholes_);
  for (Pollable* const pollable : {static_cast<Pollable*>(&inbox_), static_cast<Pollable*>(this)}) {
    if (const auto added = loop_.add(*pollable); !added) {
      return failed(fmt::format("the loop takes no more: {}", to_text(added.error())));
    }
  }
  const std::uint64_t seed = options.seed;
  for (std::uint16_t core = 1; core < count_; ++core) {
    std::vector<Port> ports;
    ports.reserve(lines_.size());
    for (const Line& line : lines_) ports.push_back(port_of(line, core));
    // One secret, so that addresses are the same; but jitter of each core's own.
    options.seed = hash_words({seed, options.secret[0]}, {core});
    auto follower = Follower::create(share_of(core), policy_, options, ports, bells_);
    if (!follower) return std::unexpected(std::move(follower).error());
    followers_.push_back(*std::move(follower));
  }
  return {};
}

void Cores::start() {
  is_running_ = true;
  for (const auto& follower : followers_) follower->start();
}

void Cores::stop() {
  for (const auto& follower : followers_) follower->stop();
  is_running_ = false;
}

runtime::SteeredDevice::Crossings Cores::crossings_of(std::uint16_t core) const {
  runtime::SteeredDevice::Crossings sum;
  for (const Line& line : lines_) {
    const auto& of_line = line.ends[core]->crossings();
    sum.handed_over += of_line.handed_over;
    sum.taken_over += of_line.taken_over;
    sum.sent_for_others += of_line.sent_for_others;
    sum.ring_full_drops += of_line.ring_full_drops;
    sum.withheld += of_line.withheld;
  }
  return sum;
}

void Cores::clear() {
  for (const Line& line : lines_) line.crossbar->clear();
}

bool Cores::turn(Time now) {
  if (!watch_.has_changed(front_->stack())) return false;
  const SharedConfig config = SharedConfig::of(front_->stack(), now);
  for (const auto& follower : followers_) follower->tell(config);
  return true;
}

}  // namespace strata::service
