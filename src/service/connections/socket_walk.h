// SPDX-License-Identifier: Apache-2.0
// SocketWalk: a page of a stack's sockets, found a slice at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/hosted_stack.h"
#include "service/snapshot.h"
#include "tcp/engine.h"

// 1. A turn passes kSliceRows rows before the page, or tells kSliceTold of the page's: packets are
//    taken in between, though a million TIME-WAITs lie before it.
// 2. How many there are is known without a look at them.

namespace strata::service {

struct SocketPage {
  std::size_t total = 0;
  std::vector<std::string> entries{};  // JSON
};

class SocketWalk : public std::enable_shared_from_this<SocketWalk> {
 public:
  static constexpr std::uint32_t kSliceRows = 2048;
  static constexpr std::uint32_t kSliceTold = 128;
  using Done = std::function<void(SocketPage)>;

  // Ends with done() in a turn of the stack's loop, at the earliest now; the stack must live until
  // then. With a core, each entry names it.
  static void start(HostedStack& host, std::optional<std::uint16_t> core, const ListWindow& window,
                    Done done);

 private:
  SocketWalk(HostedStack& host, std::optional<std::uint16_t> core, const ListWindow& window,
             Done done)
      : host_(host), core_(core), window_(window), done_(std::move(done)) {}
  void go_on();
  [[nodiscard]] bool look();
  [[nodiscard]] bool look_at_tcp();
  [[nodiscard]] bool look_at_others();
  void take(const SocketEntry& entry);

  HostedStack& host_;
  std::optional<std::uint16_t> core_;
  ListWindow window_;
  Done done_;
  tcp::RowPlace from_{};
  std::size_t seen_ = 0;
  bool is_behind_tcp_ = false;
  std::size_t others_from_ = 0;  // what number the first of the other kinds has
  SocketPage page_;
};

}  // namespace strata::service
