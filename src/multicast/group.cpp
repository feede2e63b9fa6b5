// SPDX-License-Identifier: Apache-2.0
#include "multicast/group.h"

namespace strata::multicast {

bool is_reported(const IpAddress& group) {
  if (group.is_v4()) return group != IpAddress::all_hosts_v4();
  return group != IpAddress::all_nodes_v6() && group.multicast_scope() > 1;
}

bool try_merge(const Group& group, Filter& merged) {
  merged.mode = FilterMode::kInclude;
  merged.sources.clear();
  for (const Member& member : group.members) {
    if (member.filter.mode != FilterMode::kExclude) continue;
    // The sources nobody wants: those that all EXCLUDE filters have in common.
    if (merged.mode == FilterMode::kExclude) {
      merged.sources.intersect(member.filter.sources);
    } else if (!merged.sources.try_assign(member.filter.sources.span())) {
      return false;
    }
    merged.mode = FilterMode::kExclude;
  }
  for (const Member& member : group.members) {
    if (member.filter.mode != FilterMode::kInclude) continue;
    if (merged.mode == FilterMode::kExclude) {
      merged.sources.subtract(member.filter.sources);
    } else if (!merged.sources.try_unite(member.filter.sources)) {
      return false;
    }
  }
  return true;
}

void Group::note_change(const Filter& before, std::uint8_t robustness) {
  if (before == filter) return;
  owes_change = true;
  if (before.mode == filter.mode && try_note_sources(before.sources, robustness)) return;
  // A changed mode, or no memory to tell sources apart: the whole filter says it all.
  mode_changes_left = robustness;
  source_changes.release();
}

bool Group::try_note_sources(const SourceList& before, std::uint8_t robustness) {
  const bool is_include = filter.mode == FilterMode::kInclude;
  for (const IpAddress& source : filter.sources.span()) {
    if (before.contains(source)) continue;
    if (!try_note_source(source, is_include, robustness)) return false;
  }
  for (const IpAddress& source : before.span()) {
    if (filter.sources.contains(source)) continue;
    if (!try_note_source(source, !is_include, robustness)) return false;
  }
  return true;
}

bool Group::try_note_source(const IpAddress& source, bool is_allowed, std::uint8_t robustness) {
  for (SourceChange& change : source_changes) {
    if (change.source != source) continue;
    change = {source, is_allowed, robustness};
    return true;
  }
  return source_changes.try_push_back({source, is_allowed, robustness});
}

void Group::count_change_told() {
  if (mode_changes_left > 0) --mode_changes_left;
  for (std::size_t i = source_changes.size(); i-- > 0;) {
    if (--source_changes[i].reports_left == 0) source_changes.erase_unordered(i);
  }
  if (source_changes.empty()) source_changes.release();
}

void Group::forget_owed() {
  mode_changes_left = old_reports_left = 0;
  owes_change = owes_answer = owes_leave = false;
  change_due = answer_due = kNever;
  source_changes.release();
  asked.clear();
}

}  // namespace strata::multicast
