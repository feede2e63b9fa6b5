// SPDX-License-Identifier: Apache-2.0
// Pages: parts of the lists of which there may be very much, connections and sockets, put together
// in slices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/connections/connection_walk.h"
#include "service/connections/socket_walk.h"
#include "service/cores/stack_cores.h"

//   connections: ConnectionWalk on all cores ─> one order ─> ConnectionLines on all cores ─> told()
//   sockets:     SocketWalk on one core after the other ────────────────────────────────────>
//   told()
//
// 1. Each arrow and each walk takes as many turns as it needs, none of them long.
// 2. One page is put together after the other; at most kWaitingMax wait.

namespace strata::service {

struct PageQuery {
  enum class Kind : std::uint8_t { kConnections, kSockets };
  Kind kind = Kind::kConnections;
  std::size_t stack = 0;
  ConnectionQuery connections{};  // kConnections
  ListWindow window{};            // kSockets
};

struct Page {
  std::vector<std::string> entries{};  // JSON
  std::size_t total = 0;
  std::size_t matched = 0;  // kConnections
};
// What stands between the brackets of a list.
[[nodiscard]] std::string entries_text(const Page& page);
// None: too many ask at once.
using PageTold = std::function<void(std::optional<Page>)>;

class Pages {
 public:
  static constexpr std::size_t kWaitingMax = 64;

  // The cores outlive it.
  explicit Pages(const StackCores& cores);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  // On the front core, in whose turns told() is called, at the earliest now.
  void ask(const PageQuery& query, PageTold told);

 private:
  struct Asked;
  using AskedPtr = std::shared_ptr<Asked>;
  using Home = FrontHome<Pages>;

  [[nodiscard]] Home home() const { return {cores_.front(), alive_}; }
  void start();
  void find_rows(const AskedPtr& asked);
  void on_rows(const AskedPtr& asked, ConnectionRows rows);
  void merge(const AskedPtr& asked);
  void describe(const AskedPtr& asked);
  void on_lines(const AskedPtr& asked, std::vector<std::string> lines);
  void find_sockets(const AskedPtr& asked);
  void on_sockets(const AskedPtr& asked, SocketPage found);
  void finish(const AskedPtr& asked);

  const StackCores& cores_;
  std::deque<AskedPtr> waiting_;  // the first is being put together
  std::shared_ptr<Pages*> alive_;
};

}  // namespace strata::service
