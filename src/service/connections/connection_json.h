// SPDX-License-Identifier: Apache-2.0
// Connections as JSON, and the names by which they are asked for again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/handle_table.h"
#include "strata/tcp_info.h"
#include "strata/time.h"

namespace strata::tcp {
class Transport;
}

namespace strata::service {

// "0-17-3": core, place and generation, so that a name is never another connection's.
struct ConnectionId {
  std::uint16_t core = 0;
  Handle handle{};
};
[[nodiscard]] std::string to_text(const ConnectionId& id);
[[nodiscard]] std::optional<ConnectionId> parse_connection_id(std::string_view text);

// A line of the list, with what the flow doctor says of it since its birth. Null when it has ended.
[[nodiscard]] nlohmann::json connection_json(const tcp::Transport& tcp, const ConnectionId& id,
                                             Time now);
// The same and all of tcp_info beside it, with why segments were sent again.
[[nodiscard]] nlohmann::json connection_details(const tcp::Transport& tcp, const ConnectionId& id,
                                                Time now);

}  // namespace strata::service
