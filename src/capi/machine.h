// SPDX-License-Identifier: Apache-2.0
// What stands behind a strata_stack: a stack, its devices, its socket calls, its clock.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capi/leases.h"
#include "capi/turn_executor.h"
#include "driver/descriptor.h"
#include "socket/posix/calls.h"
#include "strata/device.h"
#include "strata/devices.h"
#include "strata/names.h"
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
// 4. A socket that may have events stands in line: from its news, from any call that names it, and
//    for as long as it has some. Others are not looked at.

namespace strata::capi {

// A cable between two stacks, plugged as long as both are there.
struct Joint {
  MemoryLink link;
  strata_stack* ends[2] = {nullptr, nullptr};
};

// A device that was given a specification, and what tells of it; -1: nothing does.
struct Attachment {
  std::unique_ptr<Device> device;
  std::string specification;
  int descriptor = -1;
};

struct Watch {
  std::uint32_t what = 0;
  std::uint64_t data = 0;
  bool is_in_line = false;
};

struct Call {
  TimerId timer{};
  std::uint64_t data = 0;
};

// What is yet to be told of a timer, a question or a lease.
struct Told {
  strata_event event{};
  std::int64_t number = 0;
};

// What was asked about a name. Kept by the stack until its end, and by the resolver until it knows.
struct Question {
  int family = 0;
  std::optional<Result<std::vector<IpAddress>>> answer{};
  bool is_ended = false;
};

Stack make_stack(const strata_options& options, HeapMemory& memory, PacketPool& pool);

}  // namespace strata::capi

struct strata_stack {
  explicit strata_stack(const strata_options& options);
  ~strata_stack();
  strata_stack(const strata_stack&) = delete;
  strata_stack& operator=(const strata_stack&) = delete;

  // An address that is null comes later.
  [[nodiscard]] int attach(std::string_view device, std::string_view address);
  [[nodiscard]] int attach(std::unique_ptr<strata::Device> device, std::string_view specification,
                           std::string_view address);
  [[nodiscard]] int join(strata_stack& other, std::string_view own_address,
                         std::string_view other_address);
  [[nodiscard]] int add_address(std::string_view interface, std::string_view address);
  [[nodiscard]] int add_gateway(std::string_view gateway);
  [[nodiscard]] int wait(std::span<strata_event> events, int timeout_ms);
  [[nodiscard]] std::int64_t start_timer(strata::Duration after, std::uint64_t data);
  [[nodiscard]] bool cancel_timer(std::int64_t timer);
  void set_names(std::string_view resolv_conf, std::string_view hosts);
  [[nodiscard]] std::int64_t resolve(std::string_view name, int family, std::uint64_t data);
  // Null: no such question.
  [[nodiscard]] const strata::capi::Question* find_question(std::int64_t number) const;
  [[nodiscard]] bool end_question(std::int64_t number);
  [[nodiscard]] int start_dhcp(std::string_view interface, std::uint64_t data);
  [[nodiscard]] int stop_dhcp(std::string_view interface);
  [[nodiscard]] std::expected<strata::IpAddress, int> leased_address(
      std::string_view interface) const;
  [[nodiscard]] int timeout_ms();
  [[nodiscard]] int descriptor() const { return epoll_.get(); }
  // What the sockets need next; real stacks look at the clock, unless they are inside a turn.
  [[nodiscard]] strata::Time now();
  [[nodiscard]] const strata_counters& count();

  strata::posix::Calls& calls() { return calls_; }
  std::map<int, strata::AddressFamily>& families() { return families_; }
  // 0: it is not watched any more.
  [[nodiscard]] int watch(int socket, std::uint32_t what, std::uint64_t data);
  // It was acted on: there may be events.
  void touch(int socket);
  // Its zone is a number, or the name of an interface.
  [[nodiscard]] std::optional<strata::Endpoint> parse_address(std::string_view text) const;
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  using Self = strata_stack;

  [[nodiscard]] int add_interface(strata::Device& device, std::string_view address);
  // The last one that was added.
  void take_back_interface();
  [[nodiscard]] int refuse(int code, std::string text);
  void forget_vanished_devices();
  void give_leases_back();
  [[nodiscard]] std::vector<Self*> together();
  // One turn of this stack alone; true when it moved a packet.
  bool turn();
  bool turn_all();
  [[nodiscard]] std::optional<strata::Time> next_deadline();
  [[nodiscard]] int collect(std::span<strata_event> events);
  [[nodiscard]] std::size_t collect_sockets(std::span<strata_event> events);
  [[nodiscard]] strata::Names& names();
  [[nodiscard]] std::uint64_t packets_moved() const;
  // False: a signal ended it.
  bool sleep(std::optional<strata::Time> until);
  // False: it is told already.
  bool leave_untold(std::uint32_t what, std::int64_t number);

  bool is_virtual_;
  strata::driver::Descriptor epoll_;
  strata::Time now_{};
  strata::HeapMemory memory_;
  strata::PacketPool pool_;
  std::vector<strata::capi::Attachment> devices_;  // outlive the stack
  std::vector<std::shared_ptr<strata::capi::Joint>> joints_;
  std::vector<strata::Device*> ports_;
  strata::Stack stack_;
  strata::posix::Calls calls_;
  strata::capi::TurnExecutor executor_;
  std::optional<strata::Names> names_;  // made by the first question or lease
  std::optional<strata::capi::Leases> leases_;
  std::map<int, strata::AddressFamily> families_;
  std::map<int, strata::capi::Watch> watches_;
  std::deque<int> line_;  // watched sockets that may have events
  std::map<std::int64_t, strata::capi::Call> timers_;
  std::map<std::int64_t, std::shared_ptr<strata::capi::Question>> questions_;
  std::deque<strata::capi::Told> told_;  // timers that fired, names that are known, leases
  std::int64_t last_timer_ = 0;
  std::int64_t last_question_ = 0;
  std::string failure_;
  strata_counters counters_{};
  bool must_ask_ = false;  // a device that no descriptor tells of
};
