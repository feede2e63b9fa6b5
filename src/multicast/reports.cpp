// SPDX-License-Identifier: Apache-2.0
// What a membership engine owes, formed when the stack asks for it.
#include <algorithm>
#include <utility>

#include "multicast/membership.h"

namespace strata::multicast {
namespace {

using wire::GroupRecordType;

constexpr IpAddress kAllIgmpV3Routers = IpAddress::v4(224, 0, 0, 22);
constexpr IpAddress kAllRouters4 = IpAddress::v4(224, 0, 0, 2);
constexpr IpAddress kAllMldV2Routers = IpAddress::v6(0xff02'0000'0000'0000, 0x16);

// The IP header with the router alert option, and the report's own header.
constexpr std::size_t kOverhead4 = 24 + wire::IgmpV3ReportLayout::kSize;
constexpr std::size_t kOverhead6 = 40 + 8 + wire::MldV2ReportLayout::kSize;

[[nodiscard]] std::size_t record_size(const Record& record) {
  const bool is_v4 = record.group.is_v4();
  const std::size_t header =
      is_v4 ? wire::IgmpGroupRecordLayout::kSize : wire::MldGroupRecordLayout::kSize;
  return header + record.sources.size() * (is_v4 ? 4U : 16U);
}

}  // namespace

std::optional<Output> Membership::next_output(Time now) {
  if (auto report = next_report()) return report;
  if (!may_owe_ || !is_link_up_) return std::nullopt;
  for (const bool is_v4 : {true, false}) {
    if (has_records(families_[is_v4 ? 0 : 1], is_v4)) {
      collect(is_v4, now);
      if (auto report = next_report()) return report;
      continue;
    }
    for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
      if (groups_[i].address.is_v4() != is_v4) continue;
      if (auto message = next_old(groups_[i], now)) return message;
    }
  }
  may_owe_ = false;
  return std::nullopt;
}

std::optional<Output> Membership::next_old(Group& group, Time now) {
  if (std::exchange(group.owes_leave, false)) {
    const IpAddress address = group.address;
    settle(group);
    if (address.is_v4()) {
      return SendIgmp{{.type = wire::IgmpType::kV2LeaveGroup, .group = address}, kAllRouters4};
    }
    return SendMld{{.type = wire::Icmpv6Type::kMulticastListenerDone, .group = address},
                   IpAddress::all_routers_v6()};
  }
  if (std::exchange(group.owes_change, false)) {
    if (group.old_reports_left > 0) --group.old_reports_left;
    // RFC 2236 3: joining is told again within the Unsolicited Report Interval.
    group.change_due =
        group.old_reports_left == 0 ? kNever : now + draw(config_.unsolicited_report_interval_old);
    return report_old(group);
  }
  if (std::exchange(group.owes_answer, false)) return report_old(group);
  return std::nullopt;
}

Output Membership::report_old(Group& group) {
  group.was_last_reporter = true;
  group.asked.clear();
  if (group.address.is_v6()) {
    return SendMld{{.type = wire::Icmpv6Type::kMulticastListenerReport, .group = group.address},
                   group.address};
  }
  const auto type = families_[0].version == 1 ? wire::IgmpType::kV1MembershipReport
                                              : wire::IgmpType::kV2MembershipReport;
  return SendIgmp{{.type = type, .group = group.address}, group.address};
}

// Takes down, as records, all that the family owes now.
void Membership::collect(bool is_v4, Time now) {
  if (!reserve_for(is_v4)) return retry_later(is_v4, now);
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    Group& group = groups_[i];
    if (group.address.is_v4() != is_v4) continue;
    if (std::exchange(group.owes_answer, false) && group.is_joined()) collect_answer(group);
    if (std::exchange(group.owes_change, false)) collect_change(group, now);
    settle(group);
  }
}

// Room for the most that can be owed, so that nothing moves or fails half-way.
bool Membership::reserve_for(bool is_v4) {
  std::size_t records = 0;
  std::size_t sources = 0;
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    const Group& group = groups_[i];
    if (group.address.is_v4() != is_v4 || (!group.owes_answer && !group.owes_change)) continue;
    const std::size_t most =
        2 * group.filter.sources.size() + group.source_changes.size() + group.asked.size();
    records += 3 + most / sources_per_record(is_v4) + 3;
    sources += most;
  }
  return records_.try_reserve(records) && record_sources_.try_reserve(sources);
}

void Membership::retry_later(bool is_v4, Time now) {
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    Group& group = groups_[i];
    if (group.address.is_v4() != is_v4) continue;
    const Time due = now + config_.unsolicited_report_interval;
    if (std::exchange(group.owes_answer, false)) group.answer_due = due;
    if (std::exchange(group.owes_change, false)) group.change_due = due;
  }
}

// RFC 3376 5.2: the present filter, or what of the sources asked for is wanted.
void Membership::collect_answer(Group& group) {
  const bool is_include = group.filter.mode == FilterMode::kInclude;
  const std::size_t first = record_sources_.size();
  if (group.asked.empty()) {
    for (const IpAddress& source : group.filter.sources.span()) add_source_of_record(source);
    add_record(is_include ? GroupRecordType::kModeIsInclude : GroupRecordType::kModeIsExclude,
               group.address, first);
    return;
  }
  for (const IpAddress& source : group.asked.span()) {
    if (group.filter.passes(source)) add_source_of_record(source);
  }
  group.asked.clear();
  // RFC 3376 5.2: no answer when none of them is wanted.
  if (record_sources_.size() == first) return;
  add_record(GroupRecordType::kModeIsInclude, group.address, first);
}

// RFC 3376 5.1: a changed mode with the whole filter, or the sources that changed.
void Membership::collect_change(Group& group, Time now) {
  const bool is_include = group.filter.mode == FilterMode::kInclude;
  if (group.mode_changes_left > 0) {
    const std::size_t first = record_sources_.size();
    for (const IpAddress& source : group.filter.sources.span()) add_source_of_record(source);
    add_record(
        is_include ? GroupRecordType::kChangeToIncludeMode : GroupRecordType::kChangeToExcludeMode,
        group.address, first);
  } else {
    for (const bool is_allowed : {true, false}) {
      const std::size_t first = record_sources_.size();
      for (const Group::SourceChange& change : group.source_changes) {
        if (change.is_allowed == is_allowed) add_source_of_record(change.source);
      }
      if (record_sources_.size() == first) continue;
      add_record(is_allowed ? GroupRecordType::kAllowNewSources : GroupRecordType::kBlockOldSources,
                 group.address, first);
    }
  }
  group.count_change_told();
  group.change_due =
      group.has_untold_change() ? now + draw(config_.unsolicited_report_interval) : kNever;
}

void Membership::add_source_of_record(const IpAddress& source) {
  STRATA_CHECK(record_sources_.size() < record_sources_.capacity());
  (void)record_sources_.try_push_back(source);
}

// RFC 3376 4.2.16: a record that does not fit a message is split, but for the EXCLUDE kinds, which
// are cut: what is left out is received though nobody wants it.
void Membership::add_record(GroupRecordType type, const IpAddress& group,
                            std::size_t first_source) {
  std::span<const IpAddress> sources = record_sources_.span().subspan(first_source);
  const std::size_t most = sources_per_record(group.is_v4());
  const bool is_cut =
      type == GroupRecordType::kModeIsExclude || type == GroupRecordType::kChangeToExcludeMode;
  do {
    const auto part = sources.first(std::min(most, sources.size()));
    STRATA_CHECK(records_.size() < records_.capacity());
    (void)records_.try_push_back({type, group, part});
    sources = sources.subspan(part.size());
  } while (!sources.empty() && !is_cut);
}

std::size_t Membership::room_for_records(bool is_v4) const {
  const std::size_t message = std::min(mtu_, config_.message_bytes_max);
  const std::size_t overhead = is_v4 ? kOverhead4 : kOverhead6;
  // A link with a smaller MTU than its family asks for gets one small record at a time.
  return message > overhead + 64 ? message - overhead : 64;
}

std::size_t Membership::sources_per_record(bool is_v4) const {
  const std::size_t room = room_for_records(is_v4);
  return is_v4 ? (room - wire::IgmpGroupRecordLayout::kSize) / 4
               : (room - wire::MldGroupRecordLayout::kSize) / 16;
}

// As many of the records as fit a message.
std::optional<Output> Membership::next_report() {
  if (records_told_ == records_.size()) {
    // The last message may still have been looked at until now.
    records_.release();
    record_sources_.release();
    records_told_ = 0;
    return std::nullopt;
  }
  const std::size_t first = records_told_;
  const bool is_v4 = records_[first].group.is_v4();
  std::size_t room = room_for_records(is_v4);
  while (records_told_ < records_.size() && record_size(records_[records_told_]) <= room) {
    room -= record_size(records_[records_told_]);
    ++records_told_;
  }
  // The MTU became smaller since the records were cut: this one is sent whole.
  if (records_told_ == first) ++records_told_;
  return SendReport{is_v4 ? kAllIgmpV3Routers : kAllMldV2Routers,
                    std::as_const(records_).span().subspan(first, records_told_ - first)};
}

}  // namespace strata::multicast
