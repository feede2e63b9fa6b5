// SPDX-License-Identifier: Apache-2.0
// Face: what a running stack tells of itself to those who ask over HTTP, whatever core they are on.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/connections/pages.h"
#include "service/cores/stack_cores.h"
#include "service/web/answer_queue.h"
#include "service/web/face_query.h"
#include "service/web/memory_capture.h"
#include "strata/loop.h"

//   core k: ask() ──post_from_outside──> front core ──post_from_outside──> told()
//                                            ├─ AnswerQueue: status, lists, metrics
//                                            ├─ Pages: connections, sockets
//                                            └─ at once: one connection, the capture
//
// What a stack is asked is asked on its own core, by the functions that the control socket calls.

namespace strata::service {

class Face {
 public:
  // Of each list but the interfaces, in a status.
  static constexpr std::size_t kStatusListed = 128;

  // The first stack is that of the front core. All of them outlive the face, and the face outlives
  // who asks.
  Face(std::vector<HostedStack*> stacks, Cores* cores, std::string version);
  ~Face();
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;

  // From the thread of `asker`, where told() is called, at once or later.
  void ask(Loop& asker, const FaceQuery& query, FaceTold told);
  // Behind those of the stacks; asked on the front core.
  void add_metrics(std::function<std::string()> more) { more_metrics_ = std::move(more); }
  [[nodiscard]] Loop& front() const { return cores_.front(); }

 private:
  using Home = FrontHome<Face>;

  [[nodiscard]] Home home() const { return {front(), alive_}; }
  void answer(const FaceQuery& query, FaceTold told);
  // For the queue.
  [[nodiscard]] FaceAnswer make(const FaceQuery& query) const;
  [[nodiscard]] FaceAnswer status(const FaceQuery& query) const;
  [[nodiscard]] FaceAnswer list(const FaceQuery& query) const;
  [[nodiscard]] FaceAnswer metrics() const;
  [[nodiscard]] FaceAnswer capture(const FaceQuery& query);
  void tell_page(const FaceQuery& query, FaceTold told);
  void find_connection(const FaceQuery& query, FaceTold told);

  StackCores cores_;
  std::string version_;
  MemoryCapture capture_;
  std::function<std::string()> more_metrics_;
  AnswerQueue queue_;
  Pages pages_;
  std::shared_ptr<Face*> alive_;
};

}  // namespace strata::service
