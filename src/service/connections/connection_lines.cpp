// SPDX-License-Identifier: Apache-2.0
#include "service/connections/connection_lines.h"

#include <nlohmann/json.hpp>

#include "stack/core.h"

namespace strata::service {

void ConnectionLines::start(HostedStack& host, std::uint16_t core, bool names_core,
                            std::vector<ConnectionRow> rows, Done done) {
  const std::shared_ptr<ConnectionLines> lines(
      new ConnectionLines(host, core, names_core, std::move(rows), std::move(done)));
  lines->go_on();
}

void ConnectionLines::go_on() {
  const auto* const tcp = host_.stack().core().tcp;
  std::size_t told = 0;
  for (; tcp != nullptr && next_ < rows_.size() && told < kSliceTold; ++next_) {
    const ConnectionId& id = rows_[next_].id;
    if (id.core != core_) continue;
    auto json = connection_json(*tcp, id, host_.loop().now());
    ++told;
    if (json.is_null()) continue;
    if (names_core_) json["core"] = core_;
    lines_[next_] = json.dump();
  }
  if (told == kSliceTold && next_ < rows_.size()) {
    host_.loop().post([self = shared_from_this()] { self->go_on(); });
    return;
  }
  std::exchange(done_, nullptr)(std::move(lines_));
}

}  // namespace strata::service
