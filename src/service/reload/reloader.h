// SPDX-License-Identifier: Apache-2.0
// Reloader: makes a running node what other options want, as far as that goes without a restart.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/group_members.h"
#include "service/node.h"
#include "service/reload/option_changes.h"
#include "service/reload/reload_report.h"
#include "service/reload/servers.h"
#include "service/stack_options.h"

//   addresses that come ─> proxied ones ─> routers ─> names ─> published ports ─> groups ─> servers
//       ─> addresses that go, and those of them that are proxied now
//       ─> what cannot fail: TCP, forwarding, log
//
// 1. A step that fails is taken back, and those before it. An address that stays is never away for
//    that: coming back it would have to be checked for duplicates. What cannot be had again is
//    told.
// 2. What needs a restart is told at each reload until there was one.

namespace strata::service {

class Reloader {
 public:
  // All of them outlive it, and are as `running` says.
  Reloader(Node& node, Servers& servers, GroupMembers& members, StackOptions running);

  [[nodiscard]] ReloadReport reload(const StackOptions& wanted);

 private:
  struct Step {
    Outcome<void> (Reloader::*change)(const StackOptions& from, const StackOptions& to);
    bool ends_halfway;  // when it fails; the others leave their matter as it was then
  };

  [[nodiscard]] static const std::array<Step, 9>& steps();
  [[nodiscard]] Outcome<void> make(const StackOptions& from, const StackOptions& to);
  void take_back(const StackOptions& from, const StackOptions& to, std::size_t failed_step);
  [[nodiscard]] Outcome<void> put_address(const std::string& name, const Prefix& address);
  Outcome<void> add_addresses(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_proxies(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_routers(const StackOptions& from, const StackOptions& to);
  Outcome<void> remove_addresses(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_names(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_published(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_groups(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_servers(const StackOptions& from, const StackOptions& to);
  Outcome<void> change_manners(const StackOptions& from, const StackOptions& to);
  void on_each_core(const std::function<void(HostedStack&)>& task);

  Node& node_;
  Servers& servers_;
  GroupMembers& members_;
  StackOptions running_;
  ReloadLimits limits_;
  std::vector<std::string> lost_;  // what the last reload could not take back
};

}  // namespace strata::service
