// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/live_hub.h"

#include <utility>

namespace strata::service {

LiveHub::LiveHub(const std::vector<HostedStack*>& cores) {
  for (HostedStack* const core : cores) feeds_.push_back(std::make_shared<StackFeed>(*core));
}

void LiveHub::on_core(Loop& asker, std::size_t core, std::function<void(StackFeed&)> task) {
  const std::shared_ptr<StackFeed>& feed = feeds_[core];
  if (&feed->host().loop() == &asker) return task(*feed);
  auto held = std::make_shared<std::function<void(StackFeed&)>>(std::move(task));
  feed->host().loop().post_from_outside([weak = std::weak_ptr(feed), held] {
    if (const auto there = weak.lock()) (*held)(*there);
  });
}

void LiveHub::add(Loop& asker, const std::shared_ptr<PacketRing>& ring) {
  for (std::size_t core = 0; core < feeds_.size(); ++core) {
    on_core(asker, core, [ring](StackFeed& feed) { (void)feed.add(ring); });
  }
}

void LiveHub::remove(Loop& asker, const std::shared_ptr<PacketRing>& ring) {
  for (std::size_t core = 0; core < feeds_.size(); ++core) {
    on_core(asker, core, [ring](StackFeed& feed) { feed.remove(*ring); });
  }
}

void LiveHub::add(Loop& asker, const std::shared_ptr<SegmentRing>& ring,
                  const ConnectionId& connection) {
  if (connection.core >= feeds_.size()) return;
  on_core(asker, connection.core,
          [ring, handle = connection.handle](StackFeed& feed) { (void)feed.add(ring, handle); });
}

void LiveHub::remove(Loop& asker, const std::shared_ptr<SegmentRing>& ring) {
  for (std::size_t core = 0; core < feeds_.size(); ++core) {
    on_core(asker, core, [ring](StackFeed& feed) { feed.remove(*ring); });
  }
}

}  // namespace strata::service
