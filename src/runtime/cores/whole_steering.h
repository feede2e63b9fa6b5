// SPDX-License-Identifier: Apache-2.0
// WholeSteering: sends datagrams that a core has put together from fragments to where they belong.
#pragma once

#include <vector>

#include "runtime/cores/steered_device.h"
#include "stack/whole_steerer.h"
#include "strata/stack_config.h"

// Fragments are steered by their addresses, for later ones have no ports; so the datagram comes
// together on one core, and may be another's. It travels as the frame it would have been.

namespace strata::runtime {

class WholeSteering final : public stack::WholeSteerer {
 public:
  // `tags` are those of the interface, when it is behind some.
  void add(InterfaceId interface, SteeredDevice& device, const VlanTags& tags);

  [[nodiscard]] PacketPtr on_whole(PacketPtr packet) override;

 private:
  struct Way {
    InterfaceId interface;
    SteeredDevice* device;
    VlanTags tags;
  };

  std::vector<Way> ways_;
};

}  // namespace strata::runtime
