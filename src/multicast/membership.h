// SPDX-License-Identifier: Apache-2.0
// Membership: which groups an interface listens to, and telling routers so (IGMPv3 and MLDv2 hosts).
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
  [[nodiscard]] IgmpVersion igmp_version(Time now) const;
  [[nodiscard]] MldVersion mld_version(Time now) const;

 private:
  [[nodiscard]] Group* find_group(const IpAddress& group);
  [[nodiscard]] const Group* find_group(const IpAddress& group) const;

  Memory& memory_;
  Rng& rng_;
  Config config_;
  std::uint32_t mtu_ = 1500;
  bool is_link_up_ = true;
  Slab<Group> groups_;
};

}  // namespace strata::multicast
