// SPDX-License-Identifier: Apache-2.0
// Holds a packet that left the stack against what the script expects.
#pragma once

#include <expected>
#include <string>

#include "script/language/ast.h"
#include "script/run/flow.h"
#include "script/run/live_packet.h"

namespace strata::script {

using Checked = std::expected<void, std::string>;

// Headers and options. Timestamps that go out under a name of the script's are remembered in
// `flow`, so that their echoes can be told.
[[nodiscard]] Checked check_packet(const PacketSpec& expected, const LivePacket& live, Flow& flow,
                                   const Options& options, Duration script_time);

// Appends a further segment to one that is shorter than the script says, as a device would have
// cut them: same header, same size unless it is the last, nothing in between.
[[nodiscard]] Checked merge_segment(LivePacket& whole, const LivePacket& next,
                                    std::size_t segment_size, std::size_t expected_payload);

}  // namespace strata::script
