// SPDX-License-Identifier: Apache-2.0
// One group on one interface: who listens, the merged filter, and what routers have yet to be told.
#pragma once

#include <cstdint>
#include <span>

#include "base/index.h"
#include "base/intrusive_list.h"
#include "base/vector.h"
#include "multicast/source_list.h"
#include "strata/address.h"
#include "strata/memory.h"
#include "strata/time.h"

namespace strata::multicast {

// The stack's name for a socket.
using SocketKey = std::uint64_t;

// RFC 3376 2: receive from these sources only, or from all but these.
enum class FilterMode : std::uint8_t { kInclude, kExclude };

struct Filter {
  explicit Filter(Memory& memory) : sources(memory) {}
  // INCLUDE of nothing: not a member.
  [[nodiscard]] bool is_nothing() const { return mode == FilterMode::kInclude && sources.empty(); }
  [[nodiscard]] bool passes(const IpAddress& source) const {
    return sources.contains(source) == (mode == FilterMode::kInclude);
  }
  friend bool operator==(const Filter&, const Filter&) = default;

  FilterMode mode = FilterMode::kInclude;
  SourceList sources;
};

// One socket's membership in one group.
struct Member {
  Member(Memory& memory, SocketKey key) : socket(key), filter(memory) {}

  SocketKey socket;
  Filter filter;
  Index index = kNoIndex;
  Index group = kNoIndex;
  ListLink<Member> group_link;
};

struct GroupView {
  IpAddress group;
  FilterMode mode = FilterMode::kInclude;
  std::span<const IpAddress> sources;
  std::uint32_t sockets = 0;
};

// Of all groups ff02::1 and 224.0.0.1 are never reported, nor are IPv6 groups that do not leave the
// node (RFC 3376 5, RFC 3810 6).
[[nodiscard]] bool is_reported(const IpAddress& group);

struct Group {
  Group(Memory& memory, const IpAddress& group_address)
      : address(group_address), filter(memory), source_changes(memory), asked(memory) {}

  // A group that nobody listens to any more lives until routers have been told.
  [[nodiscard]] bool is_joined() const { return !members.empty(); }
  [[nodiscard]] bool is_idle() const {
    return !owes_change && !owes_answer && !owes_leave && change_due == kNever &&
           answer_due == kNever;
  }
  [[nodiscard]] GroupView view() const {
    return {address, filter.mode, filter.sources.span(),
            static_cast<std::uint32_t>(members.size())};
  }

  // RFC 3376 5.1, RFC 3810 6.1: what `before` became the present filter means to routers. Each part
  // of it is to be told `robustness` times.
  void note_change(const Filter& before, std::uint8_t robustness);
  // One report told all that changed.
  void count_change_told();
  [[nodiscard]] bool has_untold_change() const {
    return mode_changes_left > 0 || !source_changes.empty();
  }
  // Nothing is owed any more.
  void forget_owed();

  struct SourceChange {
    IpAddress source;
    bool is_allowed = false;
    std::uint8_t reports_left = 0;
  };

  IpAddress address;
  Filter filter;  // of all members, merged
  IntrusiveList<Member, &Member::group_link> members;
  Index index = kNoIndex;

  // Versions 3 (IGMP) and 2 (MLD).
  std::uint8_t mode_changes_left = 0;
  Vector<SourceChange> source_changes;
  SourceList asked;  // by queries not answered yet; empty: everything
  // Older versions.
  std::uint8_t old_reports_left = 0;
  bool was_last_reporter = false;
  bool owes_leave = false;

  bool owes_change = false;  // now; change_due is the next time
  bool owes_answer = false;  // now; answer_due while the random delay runs
  Time change_due = kNever;
  Time answer_due = kNever;

 private:
  [[nodiscard]] bool try_note_sources(const SourceList& before, std::uint8_t robustness);
  [[nodiscard]] bool try_note_source(const IpAddress& source, bool is_allowed,
                                     std::uint8_t robustness);
};

// RFC 3376 3.2: what the interface has to receive for all of a group's members, less `without`.
// False when memory is short.
[[nodiscard]] bool try_merge(const Group& group, Filter& merged);

}  // namespace strata::multicast
