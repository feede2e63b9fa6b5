// SPDX-License-Identifier: Apache-2.0
// Follower: a core that is not the front one: its loop, its stack and, while it runs, its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <thread>

#include "runtime/cores/core_inbox.h"
#include "runtime/cores/whole_steering.h"
#include "service/cores/config_mirror.h"
#include "service/hosted_stack.h"

namespace strata::service {

class Follower {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Follower>> create(const FlowShare& share,
                                                                 LoopPolicy policy,
                                                                 const HostedStackOptions& options,
                                                                 std::span<const Port> ports,
                                                                 runtime::Bells& bells);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  [[nodiscard]] std::uint16_t core() const { return core_; }
  // For this core's thread alone, once it runs.
  [[nodiscard]] HostedStack& hosted() { return *hosted_; }
  [[nodiscard]] Loop& loop() { return *loop_; }

  void start();
  // Comes back when the thread has ended.
  void stop();

  // From the front core's thread.
  void tell(SharedConfig config);

 private:
  Follower(std::uint16_t core, std::unique_ptr<Loop> loop, runtime::Bells& bells)
      : core_(core), loop_(std::move(loop)), inbox_(bells, core) {}

  std::uint16_t core_;
  std::unique_ptr<Loop> loop_;
  runtime::CoreInbox inbox_;
  runtime::WholeSteering wholes_;
  std::unique_ptr<HostedStack> hosted_;
  std::thread thread_;
};

// Tells a stack of several which part of the host it is; before its first socket.
void join_host(HostedStack& hosted, const FlowShare& share, std::span<const Port> ports,
               runtime::CoreInbox& inbox, runtime::WholeSteering& wholes);

}  // namespace strata::service
