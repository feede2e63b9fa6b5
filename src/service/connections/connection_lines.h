// SPDX-License-Identifier: Apache-2.0
// ConnectionLines: the connections of a page as JSON, a slice a turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/connections/row_selection.h"
#include "service/hosted_stack.h"

namespace strata::service {

class ConnectionLines : public std::enable_shared_from_this<ConnectionLines> {
 public:
  // An advice of the flow doctor goes with each: so many a turn.
  static constexpr std::size_t kSliceTold = 64;
  // One for each row; empty: it has ended, or is another core's.
  using Done = std::function<void(std::vector<std::string>)>;

  // Names the core where a stack has several. Ends with done() in a turn of the stack's loop, at
  // the earliest now; the stack must live until then.
  static void start(HostedStack& host, std::uint16_t core, bool names_core,
                    std::vector<ConnectionRow> rows, Done done);

 private:
  ConnectionLines(HostedStack& host, std::uint16_t core, bool names_core,
                  std::vector<ConnectionRow> rows, Done done)
      : host_(host),
        core_(core),
        names_core_(names_core),
        rows_(std::move(rows)),
        done_(std::move(done)),
        lines_(rows_.size()) {}
  void go_on();

  HostedStack& host_;
  std::uint16_t core_;
  bool names_core_;
  std::vector<ConnectionRow> rows_;
  Done done_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
};

}  // namespace strata::service
