// SPDX-License-Identifier: Apache-2.0
// Face: what a running stack tells of itself to those who ask over HTTP, whatever core they are on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "service/connections/connection_walk.h"
#include "service/cores/cores.h"
#include "service/hosted_stack.h"
#include "service/snapshot.h"
#include "service/web/memory_capture.h"
#include "strata/loop.h"

//   core k: ask() ──post_from_outside──> front core: snapshot, walk ──post_from_outside──> told()
//
// 1. What a stack is asked is asked on its own core, by the functions that the control socket
// calls.
// 2. Walks through many connections are taken one after the other, and at most kWalksWaitingMax
//    wait for their turn.

namespace strata::service {

struct FaceAnswer {
  unsigned status = 200;             // of HTTP
  std::string text;                  // JSON, or what metrics are written in
  std::shared_ptr<HttpFile> file{};  // or the capture
};
using FaceTold = std::function<void(FaceAnswer)>;

struct FaceQuery {
  enum class Kind : std::uint8_t {
    kStatus,
    kList,
    kConnections,
    kConnection,
    kMetrics,
    kCapture,
    kCaptureStart,
    kCaptureStop,
    kCaptureFile
  };
  Kind kind = Kind::kStatus;
  std::size_t stack = 0;
  SnapshotParts parts = SnapshotParts::all();     // kStatus
  SnapshotPart list = SnapshotPart::kInterfaces;  // kList
  ListWindow window{};                            // kList
  ConnectionQuery connections{};                  // kConnections
  ConnectionId id{};                              // kConnection
  std::string filter{};                           // kCaptureStart
  std::size_t snap = 0;                           // kCaptureStart
};

class Face {
 public:
  static constexpr std::size_t kWalksWaitingMax = 64;

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
  [[nodiscard]] Loop& front() const { return stacks_.front()->loop(); }

 private:
  struct Page;  // of connections, while it is put together
  using PagePtr = std::shared_ptr<Page>;
  struct Home;

  [[nodiscard]] Home home() const;
  void answer(const FaceQuery& query, FaceTold told);
  [[nodiscard]] FaceAnswer status(const FaceQuery& query);
  [[nodiscard]] FaceAnswer list(const FaceQuery& query);
  void find_page(const FaceQuery& query, FaceTold told);
  void start_page();
  void on_rows(const PagePtr& page, ConnectionRows rows);
  void describe(const PagePtr& page);
  void on_described(const PagePtr& page, std::vector<nlohmann::json> described);
  void finish(const PagePtr& page);
  [[nodiscard]] FaceAnswer capture(const FaceQuery& query);
  void find_connection(const FaceQuery& query, FaceTold told);
  // Runs it where the stack's core is.
  void on_core(std::size_t core, std::function<void(HostedStack&)> task);
  [[nodiscard]] std::size_t cores_of(std::size_t stack) const;
  [[nodiscard]] HostedStack& hosted(std::size_t stack, std::size_t core) const;

  std::vector<HostedStack*> stacks_;
  Cores* cores_;
  std::string version_;
  MemoryCapture capture_;
  std::function<std::string()> more_metrics_;
  std::deque<PagePtr> waiting_;  // the first is being put together
  std::shared_ptr<Face*> alive_;
};

}  // namespace strata::service
