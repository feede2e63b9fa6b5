// SPDX-License-Identifier: Apache-2.0
// What becomes owed, and when: changes (RFC 3376 5.1), queries (5.2), older versions (7.2).
#include <algorithm>

#include "multicast/membership.h"

namespace strata::multicast {
namespace {

// A querier that asks for more sources than this is answered as if it had asked for all.
constexpr std::size_t kAskedMax = 64;

}  // namespace

// Uniform in (0, max]: RFC 3376 5.2 "between zero and". Never at once, unless max is 0.
Duration Membership::draw(Duration max) {
  if (max <= Duration::zero()) return Duration::zero();
  return Duration(rng_.between(1, static_cast<std::uint64_t>(max.count())));
}

void Membership::on_changed(Group& group, const Filter& before, Time now) {
  const bool is_v4 = group.address.is_v4();
  Family& family = families_[is_v4 ? 0 : 1];
  refresh_version(is_v4, now);
  if (!is_link_up_ || !is_reported(group.address)) return settle(group);
  if (has_records(family, is_v4)) {
    group.note_change(before, family.querier.robustness());
    if (group.owes_change) group.change_due = kNever;
  } else {
    on_changed_old(group, !before.is_nothing());
  }
  may_owe_ = true;
  settle(group);
}

// RFC 2236 3, RFC 2710 4: only joining and leaving are told, whatever the sources.
void Membership::on_changed_old(Group& group, bool was_listening) {
  if (group.is_joined() == was_listening) return;
  const Family& family = family_of(group.address);
  const bool was_last_reporter = group.was_last_reporter;
  group.forget_owed();
  if (group.is_joined()) {
    group.old_reports_left = family.querier.robustness();
    group.owes_change = true;
    return;
  }
  // RFC 2236 6: IGMPv1 has no leave. RFC 2236 3: who reported last says goodbye.
  const bool has_leave = group.address.is_v6() || family.version == 2;
  group.owes_leave = has_leave && was_last_reporter;
  group.was_last_reporter = false;
}

DropReason Membership::on_query(const wire::IgmpQueryView& query, const IpAddress& destination,
                                Time now) {
  const IpAddress group = query.group();
  const bool is_general = query.is_general();
  const bool is_sound = is_general || group.is_multicast();
  const bool is_astray = destination.is_multicast() && destination != IpAddress::all_hosts_v4() &&
                         destination != group;
  if (!is_sound || is_astray) return DropReason::kIgmpMalformed;
  return on_valid_query({.is_v4 = true,
                         .version = query.version(),
                         .group = group,
                         .is_general = is_general,
                         .max_response = std::chrono::milliseconds(query.max_response_ms()),
                         .robustness = query.robustness_variable(),
                         .query_interval = std::chrono::seconds(query.query_interval_s())},
                        query.sources(), now);
}

DropReason Membership::on_query(const wire::MldQueryView& query, const IpAddress& destination,
                                Time now) {
  const IpAddress group = query.group();
  const bool is_general = query.is_general();
  const bool is_sound = is_general || group.is_multicast();
  const bool is_astray = destination.is_multicast() && destination != IpAddress::all_nodes_v6() &&
                         destination != group;
  if (!is_sound || is_astray) return DropReason::kMldMalformed;
  return on_valid_query({.is_v4 = false,
                         .version = query.version(),
                         .group = group,
                         .is_general = is_general,
                         .max_response = std::chrono::milliseconds(query.max_response_ms()),
                         .robustness = query.robustness_variable(),
                         .query_interval = std::chrono::seconds(query.query_interval_s())},
                        query.sources(), now);
}

template <typename Sources>
DropReason Membership::on_valid_query(const Query& query, const Sources& sources, Time now) {
  if (!is_link_up_) return DropReason::kInterfaceDown;
  Family& family = families_[query.is_v4 ? 0 : 1];
  if (query.version == (query.is_v4 ? 3U : 2U)) {
    family.querier.adopt(query.robustness, query.query_interval);
  } else {
    family.querier.on_older(query.version, query.max_response, now);
  }
  refresh_version(query.is_v4, now);
  if (query.is_general) {
    on_general_query(query, now);
    return DropReason::kNone;
  }
  Group* const group = find_group(query.group);
  if (group == nullptr || !group->is_joined() || !is_reported(query.group)) {
    return DropReason::kMulticastNotJoined;
  }
  // RFC 3376 5.2, rule 1: the answer to a general query, if it comes first, will do.
  const Time due = now + draw(query.max_response);
  if (family.general_due > due) on_group_query(*group, sources, due);
  return DropReason::kNone;
}

void Membership::on_general_query(const Query& query, Time now) {
  Family& family = families_[query.is_v4 ? 0 : 1];
  if (has_records(family, query.is_v4)) {
    // RFC 3376 5.2, rules 1 and 2.
    family.general_due = std::min(family.general_due, now + draw(query.max_response));
    return;
  }
  // RFC 2236 3: every group has its own delay; a timer is only ever moved earlier.
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    Group& group = groups_[i];
    if (group.address.is_v4() != query.is_v4 || !group.is_joined()) continue;
    if (!is_reported(group.address)) continue;
    const Time latest = now + query.max_response;
    if (group.answer_due > latest) group.answer_due = now + draw(query.max_response);
  }
}

// RFC 3376 5.2, rules 3 to 5.
template <typename Sources>
void Membership::on_group_query(Group& group, const Sources& sources, Time due) {
  const bool is_pending = group.answer_due != kNever;
  const bool asks_for_all = sources.empty() || (is_pending && group.asked.empty()) ||
                            group.asked.size() + sources.size() > kAskedMax;
  group.answer_due = std::min(group.answer_due, due);
  if (asks_for_all) return group.asked.clear();
  for (const IpAddress source : sources) {
    if (!group.asked.try_add(source)) return group.asked.clear();
  }
}

void Membership::on_report(const IpAddress& group, Time now) {
  const Family& family = family_of(group);
  if (has_records(family, group.is_v4()) || family.querier.version(now) != family.version) return;
  Group* const found = find_group(group);
  if (found == nullptr || !found->is_joined()) return;
  found->forget_owed();
  found->was_last_reporter = false;
}

void Membership::on_link_change(bool is_up, Time now) {
  is_link_up_ = is_up;
  for (const bool is_v4 : {true, false}) {
    forget_owed(is_v4);
    families_[is_v4 ? 0 : 1].general_due = kNever;
  }
  records_.release();
  record_sources_.release();
  records_told_ = 0;
  if (!is_up) return;
  const Filter nothing(memory_);
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    on_changed(groups_[i], nothing, now);
  }
}

// RFC 3376 7.2.1: a change of version cancels what is pending.
void Membership::refresh_version(bool is_v4, Time now) {
  Family& family = families_[is_v4 ? 0 : 1];
  const std::uint8_t version = family.querier.version(now);
  if (version == family.version) return;
  family.version = version;
  family.general_due = kNever;
  forget_owed(is_v4);
}

void Membership::forget_owed(bool is_v4) {
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    Group& group = groups_[i];
    if (group.address.is_v4() != is_v4) continue;
    group.forget_owed();
    settle(group);
  }
}

std::optional<Time> Membership::next_deadline() const {
  std::optional<Time> next;
  const auto consider = [&](Time due) {
    if (due != kNever) next = earlier(next, due);
  };
  for (const Family& family : families_) {
    consider(family.general_due);
    consider(family.querier.older_until(family.version));
  }
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    consider(groups_[i].change_due);
    consider(groups_[i].answer_due);
  }
  return next;
}

void Membership::on_deadline(Time now) {
  for (const bool is_v4 : {true, false}) {
    refresh_version(is_v4, now);
    Family& family = families_[is_v4 ? 0 : 1];
    const bool is_general_due = now >= family.general_due;
    if (is_general_due) family.general_due = kNever;
    for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
      Group& group = groups_[i];
      if (group.address.is_v4() != is_v4) continue;
      if (is_general_due && group.is_joined() && is_reported(group.address)) {
        // What the general answer tells need not be told again.
        group.owes_answer = true;
        group.answer_due = kNever;
        group.asked.clear();
      }
      if (now >= group.answer_due) {
        group.owes_answer = true;
        group.answer_due = kNever;
      }
      if (now >= group.change_due) {
        group.owes_change = true;
        group.change_due = kNever;
      }
    }
  }
  may_owe_ = true;
}

}  // namespace strata::multicast
