// SPDX-License-Identifier: Apache-2.0
// FacePages: pages of what there may be very much of, connections and sockets, put together in
// slices.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "service/connections/socket_walk.h"
#include "service/web/face_query.h"
#include "service/web/stack_cores.h"

//   connections: ConnectionWalk on all cores ─> one order ─> ConnectionLines on all cores ─> told()
//   sockets:     SocketWalk on one core after the other ────────────────────────────────────>
//   told()
//
// 1. Each arrow and each walk takes as many turns as it needs, none of them long.
// 2. One page is put together after the other; at most kWaitingMax wait.

namespace strata::service {

class FacePages {
 public:
  static constexpr std::size_t kWaitingMax = 64;

  explicit FacePages(const StackCores& cores);
  ~FacePages();
  FacePages(const FacePages&) = delete;
  FacePages& operator=(const FacePages&) = delete;

  // On the front core, for kConnections, and kList of sockets.
  void ask(const FaceQuery& query, FaceTold told);

 private:
  struct Page;
  using PagePtr = std::shared_ptr<Page>;
  using Home = FrontHome<FacePages>;

  [[nodiscard]] Home home() const { return {cores_.front(), alive_}; }
  void start();
  void find_rows(const PagePtr& page);
  void on_rows(const PagePtr& page, ConnectionRows rows);
  void merge(const PagePtr& page);
  void describe(const PagePtr& page);
  void on_lines(const PagePtr& page, std::vector<std::string> lines);
  void find_sockets(const PagePtr& page);
  void on_sockets(const PagePtr& page, SocketPage found);
  void finish(const PagePtr& page, std::string text);

  const StackCores& cores_;
  std::deque<PagePtr> waiting_;  // the first is being put together
  std::shared_ptr<FacePages*> alive_;
};

}  // namespace strata::service
