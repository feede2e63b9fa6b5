// SPDX-License-Identifier: Apache-2.0
// Packets as scripts spell them.
#pragma once

#include <span>
#include <string>

#include "script/language/ast.h"
#include "script/run/live_packet.h"

namespace strata::script {

[[nodiscard]] std::string to_text(const PacketSpec& packet, bool is_v4);
// In the script's numbers, as far as the flow tells them.
[[nodiscard]] std::string to_text(const LivePacket& packet, const Flow& flow);

[[nodiscard]] std::string flags_text(wire::TcpFlags flags);
// What stands between < and >; bytes that are no options come as `raw`.
[[nodiscard]] std::string options_text(Bytes options);

}  // namespace strata::script
