// SPDX-License-Identifier: Apache-2.0
// Finds checksums that a kernel has left to a device which never computed them.
#pragma once

#include "strata/packet.h"

namespace strata::driver {

// A frame that never leaves a machine (veth, TAP) keeps what its sender put into the checksum field
// of TCP or UDP: the sum of the pseudo-header, for a device to go on with. Where nothing tells of
// it beside the frame, the field itself does: kPartial is noted when it holds exactly that sum.
// Frames off a wire must not be asked, for there a damaged one might look like it.
void note_partial_checksum(Packet& frame);

}  // namespace strata::driver
