// SPDX-License-Identifier: Apache-2.0
// LiveHub: the feeds of all cores, for clients on any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "service/web/face.h"
#include "service/web/live/stack_feed.h"

namespace strata::service {

class LiveHub {
 public:
  // Of the cores of one host, the front one first; they outlive the hub.
  explicit LiveHub(const std::vector<HostedStack*>& cores);

  // From the thread of `asker`. What a feed refuses is as if nothing happened there.
  void add(Loop& asker, const std::shared_ptr<PacketRing>& ring);
  void remove(Loop& asker, const std::shared_ptr<PacketRing>& ring);
  void add(Loop& asker, const std::shared_ptr<SegmentRing>& ring, const ConnectionId& connection);
  void remove(Loop& asker, const std::shared_ptr<SegmentRing>& ring);

 private:
  // At once where the asker is, else when the other core comes to it.
  void on_core(Loop& asker, std::size_t core, std::function<void(StackFeed&)> task);

  std::vector<std::shared_ptr<StackFeed>> feeds_;
};

}  // namespace strata::service
