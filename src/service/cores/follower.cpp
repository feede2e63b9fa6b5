// SPDX-License-Identifier: Apache-2.0
#include "service/cores/follower.h"

#include <fmt/format.h>

#include <utility>

#include "stack/core.h"

namespace strata::service {

void join_host(HostedStack& hosted, const FlowShare& share, std::span<const Port> ports,
               runtime::CoreInbox& inbox, runtime::WholeSteering& wholes) {
  hosted.stack().core().set_share(share, &wholes);
  for (const Port& port : ports) {
    // Every port of a host of several cores is one.
    auto& device = static_cast<runtime::SteeredDevice&>(*port.device);
    inbox.add(device);
    const auto parent = hosted.stack().find_interface(port.name);
    hosted.stack().core().for_each_interface([&](stack::Interface& interface) {
      const bool is_port = parent && interface.id == *parent;
      const bool is_vlan = parent && interface.parent != nullptr && interface.parent->id == *parent;
      if (is_port || is_vlan) wholes.add(interface.id, device, interface.vlan);
    });
  }
}

Outcome<std::unique_ptr<Follower>> Follower::create(const FlowShare& share, LoopPolicy policy,
                                                    const HostedStackOptions& options,
                                                    std::span<const Port> ports,
                                                    runtime::Bells& bells) {
  const std::uint16_t core = share.own;
  auto loop = Loop::create({.policy = policy});
  if (!loop) return failed(fmt::format("core {}: no event loop: {}", core, to_text(loop.error())));
  std::unique_ptr<Follower> made(new Follower(core, std::move(*loop), bells));
  auto hosted = HostedStack::create(*made->loop_, options, ports);
  if (!hosted) return std::unexpected(std::move(hosted).error());
  made->hosted_ = std::move(*hosted);
  join_host(*made->hosted_, share, ports, made->inbox_, made->wholes_);
  if (const auto added = made->loop_->add(made->inbox_); !added) {
    return failed(fmt::format("core {}: {}", core, to_text(added.error())));
  }
  Loop& wakes = *made->loop_;
  bells.set(core, [&wakes] { wakes.wake(); });
  return made;
}

Follower::~Follower() {
  stop();
  loop_->remove(inbox_);
}

void Follower::start() {
  thread_ = std::thread([this] { loop_->run(); });
}

void Follower::stop() {
  if (!thread_.joinable()) return;
  loop_->stop_from_outside();
  thread_.join();
}

void Follower::tell(SharedConfig config) {
  loop_->post_from_outside([this, config = std::make_unique<SharedConfig>(std::move(config))] {
    config->apply_to(hosted_->stack(), loop_->now());
  });
}

}  // namespace strata::service
