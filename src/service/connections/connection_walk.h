// SPDX-License-Identifier: Apache-2.0
// ConnectionWalk: which connections of a stack belong on a page, found a slice at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "service/connections/row_selection.h"
#include "service/hosted_stack.h"

// 1. A slice looks at kSliceConnections, and the next one follows in the loop's next turn: packets
//    are taken in between.
// 2. What is kept is bounded by the page and what lies before it, not by how many there are.
// 3. As they lie, and all of them, those behind the page are counted without a look: with them
//    those that have ended and wait for their program.
// 4. Connections come and go meanwhile: a page is what was found, each at its own moment.

namespace strata::service {

enum class ConnectionOrder : std::uint8_t {
  kNone,  // as they lie
  kLocal,
  kRemote,
  kState,
  kRtt,
  kRate,
  kWindow,
  kInFlight,
  kSent,
  kReceived,
  kRetransmitted,
  kReceiveQueue,
  kSendQueue,
  kAge,
};

struct ConnectionQuery {
  static constexpr std::size_t kLimitMax = 1000;
  std::size_t offset = 0;
  std::size_t limit = 100;
  ConnectionOrder order = ConnectionOrder::kNone;
  bool is_descending = false;
  std::string filter{};  // a part of an address, a port or a state
};
// "rate" or "-rate"; nothing when there is no such order.
[[nodiscard]] bool parse_connection_order(std::string_view text, ConnectionQuery& into);

struct ConnectionRows {
  std::size_t total = 0;
  std::size_t matched = 0;
  RowSelection rows{};
};

class ConnectionWalk : public std::enable_shared_from_this<ConnectionWalk> {
 public:
  static constexpr std::size_t kSliceConnections = 256;
  using Done = std::function<void(ConnectionRows)>;

  // Ends with done() in a turn of the stack's loop, at the earliest now; the stack must live until
  // then. Whoever no longer wants to know lets the walk go, and it ends.
  static void start(HostedStack& host, std::uint16_t core, const ConnectionQuery& query, Done done);

 private:
  ConnectionWalk(HostedStack& host, std::uint16_t core, const ConnectionQuery& query, Done done)
      : host_(host), core_(core), query_(query), done_(std::move(done)) {}
  void go_on();
  [[nodiscard]] bool look();
  [[nodiscard]] bool is_page_complete() const;
  void count_rest(const tcp::Transport& tcp);
  void consider(Handle handle, const TcpInfo& info);

  HostedStack& host_;
  std::uint16_t core_;
  ConnectionQuery query_;
  Done done_;
  Index from_ = 0;
  std::size_t seen_ = 0;
  ConnectionRows found_;
};

}  // namespace strata::service
