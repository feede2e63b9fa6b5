// SPDX-License-Identifier: Apache-2.0
// Membership: which groups an interface listens to, and telling routers so (IGMPv3 and MLDv2
// hosts).
//
//   sockets ──set_filter──> per-socket filters ──merge (RFC 3376 3.2)──> group filter
//                                                                           │ changed
//   queries ─────────────────────────────────┐                              v
//      general, group, group and sources     ├──> what each group owes ──> next_output
//      (older ones lower the version)        │    state change: Robustness times, at random
//                                            └──> current state: once, after a random delay
//
// IGMP and MLD are one machine: RFC 3810 is RFC 3376 with longer addresses. `Family` holds what is
// separate: the version in force and the interface's timers.
//
// 1. What is owed is bounded by the groups joined; queries only move deadlines. A querier cannot
//    make a host send more than one set of reports per query, nor before a random delay.
// 2. The all-hosts and all-nodes groups are joined and never reported (RFC 3376 4.2.16 note, RFC
//    3810 6), nor are IPv6 groups of scope 0 and 1.
// 3. Limits are hard: a call that would pass one answers kOutOfMemory and changes nothing.
// 4. A group lives while a socket listens, and then until its last change was told.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/hash_index.h"
#include "base/slab.h"
#include "base/vector.h"
#include "multicast/config.h"
#include "multicast/group.h"
#include "multicast/message.h"
#include "multicast/querier.h"
#include "strata/drop_reason.h"
#include "strata/error.h"
#include "strata/memory.h"
#include "strata/rng.h"

namespace strata::multicast {

class Membership {
 public:
  Membership(Memory& memory, Rng& rng, const Config& config = {});
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // --- sockets ----------------------------------------------------------------------------------

  // Any source. kAlreadyExists when the socket is a member with any filter.
  [[nodiscard]] Result<void> join(SocketKey socket, const IpAddress& group, Time now);
  // Whatever the filter. kNotFound when the socket is no member.
  [[nodiscard]] Result<void> leave(SocketKey socket, const IpAddress& group, Time now);
  void leave_all(SocketKey socket, Time now);
  // RFC 3376 2, IPMulticastListen: replaces the socket's filter. INCLUDE of nothing leaves.
  [[nodiscard]] Result<void> set_filter(SocketKey socket, const IpAddress& group, FilterMode mode,
                                        std::span<const IpAddress> sources, Time now);
  // RFC 3678 4.1.2 and 4.1.3, one source at a time. add and drop want INCLUDE (add joins), block
  // and unblock want EXCLUDE: kInvalidArgument otherwise.
  [[nodiscard]] Result<void> add_source(SocketKey socket, const IpAddress& group,
                                        const IpAddress& source, Time now);
  [[nodiscard]] Result<void> drop_source(SocketKey socket, const IpAddress& group,
                                         const IpAddress& source, Time now);
  [[nodiscard]] Result<void> block_source(SocketKey socket, const IpAddress& group,
                                          const IpAddress& source, Time now);
  [[nodiscard]] Result<void> unblock_source(SocketKey socket, const IpAddress& group,
                                            const IpAddress& source, Time now);

  // --- reception --------------------------------------------------------------------------------

  // Does anyone here listen to the group?
  [[nodiscard]] bool is_member(const IpAddress& group) const;
  // Would any socket take this datagram?
  [[nodiscard]] bool is_wanted(const IpAddress& group, const IpAddress& source) const;
  // Would this socket? False for a socket that did not join the group.
  [[nodiscard]] bool accepts(SocketKey socket, const IpAddress& group,
                             const IpAddress& source) const;

  // --- events: kNone, or why the message was of no use ------------------------------------------

  // The stack has checked what lies below: TTL or hop limit 1, checksum, and for MLD the link-local
  // source. `destination` is where the query was sent.
  DropReason on_query(const wire::IgmpQueryView& query, const IpAddress& destination, Time now);
  DropReason on_query(const wire::MldQueryView& query, const IpAddress& destination, Time now);
  // A version 1 or 2 report of another host: ours is not needed (RFC 2236 3, RFC 2710 4).
  void on_report(const IpAddress& group, Time now);
  // The link came (back): everything is told again; or it went: nothing is owed.
  void on_link_change(bool is_up, Time now);
  void set_mtu(std::uint32_t mtu) { mtu_ = mtu; }

  // --- what to do -------------------------------------------------------------------------------

  [[nodiscard]] std::optional<Output> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  // --- for people -------------------------------------------------------------------------------

  template <typename Visit>  // visit(const GroupView&)
  void for_each(Visit visit) const {
    for (Index i = groups_.next_used(0); i != kNoIndex; i = groups_.next_used(i + 1)) {
      if (groups_[i].is_joined()) visit(groups_[i].view());
    }
  }
  [[nodiscard]] IgmpVersion igmp_version(Time now) const {
    return static_cast<IgmpVersion>(families_[0].querier.version(now));
  }
  [[nodiscard]] MldVersion mld_version(Time now) const {
    return static_cast<MldVersion>(families_[1].querier.version(now));
  }

 private:
  // IGMP or MLD on this interface.
  struct Family {
    Querier querier;
    std::uint8_t version;       // in force
    Time general_due = kNever;  // the answer to a general query
  };
  // A query of either protocol, in the words both share.
  struct Query {
    bool is_v4;
    unsigned version;
    IpAddress group;
    bool is_general;
    Duration max_response;
    std::uint8_t robustness;
    Duration query_interval;
  };

  [[nodiscard]] Family& family_of(const IpAddress& address) {
    return families_[address.is_v4() ? 0 : 1];
  }
  // Does the family speak of sources, in records?
  [[nodiscard]] static bool has_records(const Family& family, bool is_v4) {
    return family.version == (is_v4 ? 3 : 2);
  }

  // membership.cpp: sockets.
  [[nodiscard]] Group* find_group(const IpAddress& group);
  [[nodiscard]] const Group* find_group(const IpAddress& group) const;
  [[nodiscard]] Member* find_member(SocketKey socket, const IpAddress& group);
  [[nodiscard]] const Member* find_member(SocketKey socket, const IpAddress& group) const;
  [[nodiscard]] Result<void> check_filter(const IpAddress& group,
                                          std::span<const IpAddress> sources,
                                          std::size_t sources_now) const;
  [[nodiscard]] Group* create_group(const IpAddress& address);
  [[nodiscard]] Member* create_member(SocketKey socket, Group& group);
  void destroy_member(Member& member);
  void destroy_group(Group& group);
  // Destroys the group when nobody listens and nothing is owed.
  void settle(Group& group);
  void remove_member(Member& member, Time now);
  [[nodiscard]] Result<void> change_sources(SocketKey socket, const IpAddress& group,
                                            const IpAddress& source, FilterMode mode, bool is_added,
                                            Time now);

  // queries.cpp: what becomes owed, and when.
  void on_changed(Group& group, const Filter& before, Time now);
  void on_changed_old(Group& group, bool was_listening);
  template <typename Sources>
  DropReason on_valid_query(const Query& query, const Sources& sources, Time now);
  void on_general_query(const Query& query, Time now);
  template <typename Sources>
  void on_group_query(Group& group, const Sources& sources, Time due);
  void refresh_version(bool is_v4, Time now);
  void forget_owed(bool is_v4);
  [[nodiscard]] Duration draw(Duration max);

  // reports.cpp
  [[nodiscard]] std::optional<Output> next_old(Group& group, Time now);
  [[nodiscard]] Output report_old(Group& group);
  void collect(bool is_v4, Time now);
  [[nodiscard]] bool reserve_for(bool is_v4);
  void retry_later(bool is_v4, Time now);
  void collect_answer(Group& group);
  void collect_change(Group& group, Time now);
  void add_record(wire::GroupRecordType type, const IpAddress& group, std::size_t first_source);
  void add_source_of_record(const IpAddress& source);
  [[nodiscard]] std::size_t sources_per_record(bool is_v4) const;
  [[nodiscard]] std::optional<Output> next_report();
  [[nodiscard]] std::size_t room_for_records(bool is_v4) const;

  Memory& memory_;
  Rng& rng_;
  Config config_;
  std::uint32_t mtu_ = 1500;
  bool is_link_up_ = true;
  bool may_owe_ = false;            // something may be owed now: look at the groups
  std::array<Family, 2> families_;  // IGMP, MLD
  Slab<Group> groups_;
  Slab<Member> members_;
  HashIndex group_index_;
  HashIndex member_index_;
  std::size_t sources_ = 0;  // over all members

  // Records that are on their way out: next_output hands out as many as fit a message.
  Vector<Record> records_;
  Vector<IpAddress> record_sources_;
  std::size_t records_told_ = 0;
};

}  // namespace strata::multicast
