// SPDX-License-Identifier: Apache-2.0
// Sockets come, go and change their filters.
#include "multicast/membership.h"

#include <utility>

#include "base/siphash.h"

namespace strata::multicast {
namespace {

// Only local applications put keys into these tables, so that a fixed key will do.
constexpr SipKey kTableKey{0x6d75'6c74'6963'6173, 0x7400'0000'0000'0000};

[[nodiscard]] std::uint32_t hash_of(const IpAddress& group) {
  return static_cast<std::uint32_t>(hash_words(kTableKey, {group.high(), group.low()}));
}

[[nodiscard]] std::uint32_t hash_of(SocketKey socket, const IpAddress& group) {
  return static_cast<std::uint32_t>(hash_words(kTableKey, {group.high(), group.low(), socket}));
}

}  // namespace

Membership::Membership(Memory& memory, Rng& rng, const Config& config)
    : memory_(memory),
      rng_(rng),
      config_(config),
      families_{Family{Querier(config, static_cast<std::uint8_t>(config.igmp_version)),
                       static_cast<std::uint8_t>(config.igmp_version)},
                Family{Querier(config, static_cast<std::uint8_t>(config.mld_version)),
                       static_cast<std::uint8_t>(config.mld_version)}},
      groups_(memory, config.groups_max),
      members_(memory, config.memberships_max),
      group_index_(memory),
      member_index_(memory),
      records_(memory),
      record_sources_(memory) {}

Membership::~Membership() {
  for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
    groups_[i].members.clear();
  }
}

Group* Membership::find_group(const IpAddress& group) {
  return const_cast<Group*>(std::as_const(*this).find_group(group));
}

const Group* Membership::find_group(const IpAddress& group) const {
  const Index index = group_index_.find(
      hash_of(group), [&](Index candidate) { return groups_[candidate].address == group; });
  return index == kNoIndex ? nullptr : &groups_[index];
}

Member* Membership::find_member(SocketKey socket, const IpAddress& group) {
  return const_cast<Member*>(std::as_const(*this).find_member(socket, group));
}

const Member* Membership::find_member(SocketKey socket, const IpAddress& group) const {
  const Index index = member_index_.find(hash_of(socket, group), [&](Index candidate) {
    const Member& member = members_[candidate];
    return member.socket == socket && groups_[member.group].address == group;
  });
  return index == kNoIndex ? nullptr : &members_[index];
}

bool Membership::is_member(const IpAddress& group) const {
  const Group* const found = find_group(group);
  return found != nullptr && found->is_joined();
}

bool Membership::is_wanted(const IpAddress& group, const IpAddress& source) const {
  const Group* const found = find_group(group);
  return found != nullptr && found->is_joined() && found->filter.passes(source);
}

bool Membership::accepts(SocketKey socket, const IpAddress& group, const IpAddress& source) const {
  const Member* const member = find_member(socket, group);
  return member != nullptr && member->filter.passes(source);
}

Result<void> Membership::join(SocketKey socket, const IpAddress& group, Time now) {
  if (find_member(socket, group) != nullptr) return std::unexpected(Error::kAlreadyExists);
  return set_filter(socket, group, FilterMode::kExclude, {}, now);
}

Result<void> Membership::leave(SocketKey socket, const IpAddress& group, Time now) {
  Member* const member = find_member(socket, group);
  if (member == nullptr) return std::unexpected(Error::kNotFound);
  remove_member(*member, now);
  return {};
}

void Membership::leave_all(SocketKey socket, Time now) {
  for (Index i = members_.next_used(0); i != kNoIndex; i = members_.next_used(i + 1)) {
    if (members_[i].socket == socket) remove_member(members_[i], now);
  }
}

Result<void> Membership::check_filter(const IpAddress& group, std::span<const IpAddress> sources,
                                      std::size_t sources_now) const {
  if (!group.is_multicast()) return std::unexpected(Error::kInvalidArgument);
  for (const IpAddress& source : sources) {
    if (source.is_v4() != group.is_v4() || source.is_multicast() || source.is_unspecified()) {
      return std::unexpected(Error::kInvalidArgument);
    }
  }
  if (sources.size() > config_.sources_per_filter_max ||
      sources_ - sources_now + sources.size() > config_.sources_max) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return {};
}

Result<void> Membership::set_filter(SocketKey socket, const IpAddress& group, FilterMode mode,
                                    std::span<const IpAddress> sources, Time now) {
  Member* member = find_member(socket, group);
  const std::size_t sources_now = member == nullptr ? 0 : member->filter.sources.size();
  if (const auto checked = check_filter(group, sources, sources_now); !checked) return checked;
  if (mode == FilterMode::kInclude && sources.empty()) {
    if (member != nullptr) remove_member(*member, now);
    return {};
  }
  Filter wanted(memory_);
  wanted.mode = mode;
  if (!wanted.sources.try_assign(sources)) return std::unexpected(Error::kOutOfMemory);

  Group* found = find_group(group);
  if (found == nullptr) found = create_group(group);
  if (found == nullptr) return std::unexpected(Error::kOutOfMemory);
  const bool is_new = member == nullptr;
  if (is_new) member = create_member(socket, *found);
  if (member == nullptr) {
    settle(*found);
    return std::unexpected(Error::kOutOfMemory);
  }
  std::swap(member->filter, wanted);
  Filter merged(memory_);
  if (!try_merge(*found, merged)) {
    std::swap(member->filter, wanted);
    if (is_new) destroy_member(*member);
    settle(*found);
    return std::unexpected(Error::kOutOfMemory);
  }
  sources_ = sources_ - sources_now + member->filter.sources.size();
  std::swap(found->filter, merged);
  on_changed(*found, merged, now);
  return {};
}

Result<void> Membership::change_sources(SocketKey socket, const IpAddress& group,
                                        const IpAddress& source, FilterMode mode, bool is_added,
                                        Time now) {
  const Member* const member = find_member(socket, group);
  Filter wanted(memory_);
  wanted.mode = mode;
  if (member == nullptr) {
    if (mode == FilterMode::kExclude || !is_added) return std::unexpected(Error::kInvalidArgument);
  } else {
    // A filter without sources may become one of the other mode, as on Linux.
    const bool may_change_mode = is_added && member->filter.sources.empty();
    if (member->filter.mode != mode && !may_change_mode) {
      return std::unexpected(Error::kInvalidArgument);
    }
    if (!wanted.sources.try_assign(member->filter.sources.span())) {
      return std::unexpected(Error::kOutOfMemory);
    }
  }
  if (is_added == wanted.sources.contains(source)) {
    return std::unexpected(is_added ? Error::kAlreadyExists : Error::kNotFound);
  }
  if (!is_added) {
    wanted.sources.remove(source);
  } else if (!wanted.sources.try_add(source)) {
    return std::unexpected(Error::kOutOfMemory);
  }
  return set_filter(socket, group, mode, wanted.sources.span(), now);
}

Result<void> Membership::add_source(SocketKey socket, const IpAddress& group,
                                    const IpAddress& source, Time now) {
  return change_sources(socket, group, source, FilterMode::kInclude, true, now);
}
Result<void> Membership::drop_source(SocketKey socket, const IpAddress& group,
                                     const IpAddress& source, Time now) {
  return change_sources(socket, group, source, FilterMode::kInclude, false, now);
}
Result<void> Membership::block_source(SocketKey socket, const IpAddress& group,
                                      const IpAddress& source, Time now) {
  return change_sources(socket, group, source, FilterMode::kExclude, true, now);
}
Result<void> Membership::unblock_source(SocketKey socket, const IpAddress& group,
                                        const IpAddress& source, Time now) {
  return change_sources(socket, group, source, FilterMode::kExclude, false, now);
}

Group* Membership::create_group(const IpAddress& address) {
  const Index index = groups_.try_create(memory_, address);
  if (index == kNoIndex) return nullptr;
  if (!group_index_.insert(hash_of(address), index)) {
    groups_.destroy(index);
    return nullptr;
  }
  groups_[index].index = index;
  return &groups_[index];
}

Member* Membership::create_member(SocketKey socket, Group& group) {
  const Index index = members_.try_create(memory_, socket);
  if (index == kNoIndex) return nullptr;
  if (!member_index_.insert(hash_of(socket, group.address), index)) {
    members_.destroy(index);
    return nullptr;
  }
  Member& member = members_[index];
  member.index = index;
  member.group = group.index;
  group.members.push_back(member);
  return &member;
}

void Membership::destroy_member(Member& member) {
  Group& group = groups_[member.group];
  group.members.erase(member);
  member_index_.erase(hash_of(member.socket, group.address), member.index);
  members_.destroy(member.index);
}

void Membership::remove_member(Member& member, Time now) {
  Group& group = groups_[member.group];
  // While the group has a member: a new version ends the groups that only owe something.
  refresh_version(group.address.is_v4(), now);
  sources_ -= member.filter.sources.size();
  destroy_member(member);
  Filter merged(memory_);
  // Leaving cannot fail: without memory for the narrower filter the wider one stays in force,
  // until the next change.
  if (!try_merge(group, merged)) return;
  std::swap(group.filter, merged);
  on_changed(group, merged, now);
}

void Membership::settle(Group& group) {
  if (group.is_joined() || !group.is_idle()) return;
  destroy_group(group);
}

void Membership::destroy_group(Group& group) {
  group_index_.erase(hash_of(group.address), group.index);
  groups_.destroy(group.index);
}

}  // namespace strata::multicast
