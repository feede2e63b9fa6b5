// SPDX-License-Identifier: Apache-2.0
// One group on one interface: who listens, the merged filter, and what routers have yet to be told.
#pragma once

#include <cstdint>

#include "base/index.h"
#include "multicast/source_list.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/time.h"

namespace strata::multicast {

// The stack's name for a socket.
using SocketKey = std::uint64_t;

// RFC 3376 2: receive from these sources only, or from all but these.
enum class FilterMode : std::uint8_t { kInclude, kExclude };

struct GroupView {
  IpAddress group;
  FilterMode mode = FilterMode::kInclude;
  std::span<const IpAddress> sources;
  std::uint32_t sockets = 0;
};

struct Group {
  explicit Group(Memory& memory) : sources(memory) {}
  // A group that nobody listens to any more lives until routers have been told.
  [[nodiscard]] bool is_joined() const { return sockets > 0; }
  [[nodiscard]] GroupView view() const { return {address, mode, sources.span(), sockets}; }

  IpAddress address;
  FilterMode mode = FilterMode::kInclude;
  SourceList sources;
  std::uint32_t sockets = 0;
};

}  // namespace strata::multicast
