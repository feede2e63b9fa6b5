// SPDX-License-Identifier: Apache-2.0
// What stands behind a strata_stack: a stack, its devices, its socket calls, its clock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "socket/posix/calls.h"
#include "strata/device.h"
#include "strata/devices.h"
#include "strata/packet_pool.h"
#include "strata/socket_types.h"
#include "strata/stack.h"
#include "strata/strata.h"

//   strata_*() ──> strata_stack ─┬─> posix::Calls ──> sockets ──> Stack ──> Device
//    (c_api.cpp)                 └─ turn, wait, timers (machine.cpp)   └── epoll descriptor
//
// 1. No exception leaves a strata_* function.
// 2. Stacks that were joined turn together, whichever of them is waited for: the other end of a
//    link in memory is nobody else's to drive.
// 3. Before it sleeps, a turn in which nothing happened has passed.

namespace strata::capi {

// A cable between two stacks, plugged as long as both are there.
struct Joint {
  MemoryLink link;
  strata_stack* ends[2] = {nullptr, nullptr};
};

struct Watch {
  std::uint32_t what = 0;
  std::uint64_t data = 0;
};

struct Timer {
  Time at{};
  std::uint64_t data = 0;
};

Stack make_stack(const strata_options& options, HeapMemory& memory, PacketPool& pool);

}  // namespace strata::capi

struct strata_stack {
  explicit strata_stack(const strata_options& options);
  ~strata_stack();
  strata_stack(const strata_stack&) = delete;
  strata_stack& operator=(const strata_stack&) = delete;

  [[nodiscard]] int attach(std::string_view device, std::string_view address);
  [[nodiscard]] int join(strata_stack& other, std::string_view own_address,
                         std::string_view other_address);
  [[nodiscard]] int add_gateway(std::string_view gateway);
  [[nodiscard]] int wait(std::span<strata_event> events, int timeout_ms);
  [[nodiscard]] std::int64_t start_timer(strata::Duration after, std::uint64_t data);
  [[nodiscard]] bool cancel_timer(std::int64_t timer) { return timers_.erase(timer) != 0; }
  [[nodiscard]] int timeout_ms();
  [[nodiscard]] int descriptor() const { return epoll_; }
  // What the sockets need next; real stacks look at the clock, unless they are inside a turn.
  [[nodiscard]] strata::Time now();
  [[nodiscard]] const strata_counters& count();

  strata::posix::Calls& calls() { return calls_; }
  std::map<int, strata::AddressFamily>& families() { return families_; }
  std::map<int, strata::capi::Watch>& watches() { return watches_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  using Self = strata_stack;

  [[nodiscard]] int add_interface(strata::Device& device, std::string_view address);
  [[nodiscard]] int refuse(int code, std::string text);
  [[nodiscard]] std::vector<Self*> together();
  // One turn of this stack alone; true when it moved a packet.
  bool turn();
  bool turn_all();
  [[nodiscard]] std::optional<strata::Time> next_deadline();
  [[nodiscard]] int collect(std::span<strata_event> events);
  [[nodiscard]] std::uint64_t packets_moved() const;
  void sleep(std::optional<strata::Time> until);

  bool is_virtual_;
  int epoll_;
  strata::Time now_{};
  strata::HeapMemory memory_;
  strata::PacketPool pool_;
  std::vector<std::unique_ptr<strata::Device>> devices_;  // outlive the stack
  std::vector<std::shared_ptr<strata::capi::Joint>> joints_;
  std::vector<strata::Device*> ports_;
  strata::Stack stack_;
  strata::posix::Calls calls_;
  std::map<int, strata::AddressFamily> families_;
  std::map<int, strata::capi::Watch> watches_;
  std::map<std::int64_t, strata::capi::Timer> timers_;
  std::int64_t last_timer_ = 0;
  std::string failure_;
  strata_counters counters_{};
  bool must_ask_ = false;  // a device that no descriptor tells of
};
