// SPDX-License-Identifier: Apache-2.0
#include "service/connections/socket_walk.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "service/connections/socket_json.h"
#include "stack/core.h"
#include "stack/observe.h"

namespace strata::service {

void SocketWalk::start(HostedStack& host, std::optional<std::uint16_t> core,
                       const ListWindow& window, Done done) {
  const std::shared_ptr<SocketWalk> walk(new SocketWalk(host, core, window, std::move(done)));
  walk->go_on();
}

void SocketWalk::go_on() {
  const bool has_more = is_behind_tcp_ ? look_at_others() : look();
  if (has_more) {
    host_.loop().post([self = shared_from_this()] { self->go_on(); });
    return;
  }
  std::exchange(done_, nullptr)(std::move(page_));
}

// False: there is no more, or no more is wanted.
bool SocketWalk::look() {
  if (look_at_tcp()) return true;
  const auto* const tcp = host_.stack().core().tcp;
  const bool is_full = page_.entries.size() == window_.limit;
  if (is_full && tcp != nullptr) seen_ = std::max<std::size_t>(seen_, tcp->rows());
  is_behind_tcp_ = true;
  others_from_ = seen_;
  return look_at_others();
}

bool SocketWalk::look_at_tcp() {
  const auto* const tcp = host_.stack().core().tcp;
  if (tcp == nullptr || page_.entries.size() == window_.limit) return false;
  const std::size_t before = window_.offset - std::min(window_.offset, seen_);
  const std::size_t slice = before != 0 ? std::min<std::size_t>(before, kSliceRows) : kSliceTold;
  const auto visit = [](void* self, const tcp::SocketRow& row) {
    static_cast<SocketWalk*>(self)->take(stack::entry_of(row));
  };
  return tcp->visit_rows(from_, static_cast<std::uint32_t>(slice), visit, this);
}

void SocketWalk::take(const SocketEntry& entry) {
  if (seen_++ < window_.offset || page_.entries.size() == window_.limit) return;
  nlohmann::json json = socket_json(entry);
  if (core_) json["core"] = *core_;
  page_.entries.push_back(json.dump());
}

// Those of the other kinds stand behind TCP's. They are few enough to be passed in one turn, and
// not to be told in one.
bool SocketWalk::look_at_others() {
  std::size_t number = others_from_;
  std::size_t left = kSliceTold;
  stack::for_each_other_socket(host_.stack().core(), [&](const SocketEntry& entry) {
    if (number++ < seen_ || left == 0) return;
    const std::size_t told = page_.entries.size();
    take(entry);
    left -= page_.entries.size() - told;
  });
  page_.total = number;
  return left == 0 && number > seen_ && page_.entries.size() < window_.limit;
}

}  // namespace strata::service
