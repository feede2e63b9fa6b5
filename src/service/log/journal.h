// SPDX-License-Identifier: Apache-2.0
// Journal: what has happened to a stack since the last look, for --log.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "service/hosted_stack.h"

// Looks once a second and tells differences, so that a flood of packets makes one line:
//
//   warning   an address turned out to be somebody else's; an interface went down
//   info      an address became usable, or went; an interface came up
//   debug     a neighbour changed its state; packets were dropped, by reason

namespace strata::service {

class Journal {
 public:
  // Watches from now on; what is already there is told as new at `info`.
  Journal(HostedStack& host, const Log& log);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // What was seen so far is not told again.
  void set_log(const Log& log) { log_ = log; }
  void look();

 private:
  void look_at_interfaces();
  void look_at_addresses();
  void look_at_neighbors();
  void look_at_drops();
  void arm();

  HostedStack& host_;
  Log log_;
  std::optional<TimerId> timer_;
  std::map<std::string, bool> interfaces_;
  std::map<std::string, AddressState> addresses_;
  std::map<std::string, NeighborState> neighbors_;
  std::array<std::uint64_t, kDropReasonCount> drops_{};
};

}  // namespace strata::service
