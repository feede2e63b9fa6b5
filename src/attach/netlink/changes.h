// SPDX-License-Identifier: Apache-2.0
// Changes: what has changed in a stack since it was last looked at, told as to members of netlink's
// groups.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "attach/netlink/message.h"
#include "strata/stack.h"

// A stack does not say what changes in it. So what was there is remembered for as long as somebody
// is a member of a group, and whoever looks finds the differences: what comes and goes between two
// looks is never told.

namespace strata::attach {

class Changes {
 public:
  // RTNLGRP_LINK is bit 0, and so on.
  using Groups = std::uint64_t;
  static constexpr int kGroupsMax = 64;
  [[nodiscard]] static constexpr Groups bit_of(int group) { return Groups{1} << (group - 1); }

  [[nodiscard]] Groups groups() const { return groups_; }
  // What there is already is no news. Of groups that are not about links, addresses, routes or
  // neighbours there is never any: the stack has nothing of the kind.
  void hear(const Stack& stack, Groups groups, Time now);
  // What is gone, then what is new or another.
  void look(const Stack& stack, Time now, MessageWriter& writer);

 private:
  using RouteKey = std::tuple<Prefix, IpAddress, InterfaceId, std::uint32_t, RouteOrigin>;
  struct Tables {
    std::map<InterfaceId, InterfaceEntry> links;
    std::map<std::tuple<InterfaceId, Prefix>, AddressEntry> addresses;
    std::map<RouteKey, RouteEntry> routes;
    std::map<std::tuple<InterfaceId, IpAddress>, NeighborEntry> neighbors;
  };

  [[nodiscard]] bool hears(int group) const { return (groups_ & bit_of(group)) != 0; }
  [[nodiscard]] bool hears(const IpAddress& address, int v4, int v6) const {
    return hears(address.is_v4() ? v4 : v6);
  }
  [[nodiscard]] Tables tables_of(const Stack& stack, Time now) const;

  Groups groups_ = 0;
  Tables known_;
};

}  // namespace strata::attach
