// SPDX-License-Identifier: Apache-2.0
#include "service/control/long_list.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "service/control/messages.h"

namespace strata::service {
namespace {

struct LongList {
  const StackCores& cores;
  Pages& pages;
  SnapshotParts parts;
  ListWindow window;
  std::function<void(std::string)> told;
  std::vector<ListedStack> stacks{};

  [[nodiscard]] PageQuery next_query() const {
    return {.kind = parts.has(SnapshotPart::kSockets) ? PageQuery::Kind::kSockets
                                                      : PageQuery::Kind::kConnections,
            .stack = stacks.size(),
            .connections = {.offset = window.offset, .limit = window.limit},
            .window = window};
  }
  void take(Page page) {
    HostedStack& host = *cores.stacks()[stacks.size()];
    const std::chrono::duration<double> uptime = host.loop().now() - host.started();
    stacks.push_back({host.name(), uptime.count(), std::move(page)});
  }
};

void go_on_with(const std::shared_ptr<LongList>& whole) {
  if (whole->stacks.size() == whole->cores.stacks().size()) {
    return whole->told(control_list(whole->parts.only(), whole->stacks));
  }
  whole->pages.ask(whole->next_query(), [whole](std::optional<Page> page) {
    if (!page) return whole->told(control_refusal("too many ask for connections or sockets"));
    whole->take(*std::move(page));
    go_on_with(whole);
  });
}

}  // namespace

bool is_long_list(SnapshotParts parts) {
  return !parts.only().empty() &&
         (parts.has(SnapshotPart::kSockets) || parts.has(SnapshotPart::kConnections));
}

void tell_long_list(const StackCores& cores, Pages& pages, SnapshotParts parts,
                    const ListWindow& window, std::function<void(std::string)> told) {
  go_on_with(std::make_shared<LongList>(cores, pages, parts, window, std::move(told)));
}

}  // namespace strata::service
