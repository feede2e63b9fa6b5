// SPDX-License-Identifier: Apache-2.0
// Server: gives the programs under a filter the sockets of a stack.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "attach/lease/rooms.h"
#include "attach/netlink/open_sockets.h"
#include "attach/notifications.h"
#include "attach/process/program.h"
#include "attach/socket.h"
#include "strata/inline_function.h"
#include "strata/loop.h"
#include "strata/stack.h"

//   program                       kernel                          this process
//   ───────                       ──────                          ────────────
//   socket(), connect(), ... ───> seccomp filter ─ notification ─> Server ──> handlers ──> File
//   read(), write(), poll() ────> AF_UNIX pair ──── our end ─────> Socket::pump() ──────> Stack
//
// 1. A socket is found by the cookie of the program's end, which travels with the open file; what
//    we do not know is not ours, and the kernel does the call.
// 2. Before a call about a socket is handled, what lies in its pair is taken in: calls and bytes
//    keep their order.
// 3. A call that has to wait is held with its socket and tried again whenever that was pumped: of
//    each kind the one that came first, and when that is done the next. Before, the kernel is asked
//    whether it still waits: who was interrupted must not take what is another's. Answering
//    somebody who no longer waits does nothing; what was taken for him is put back.
// 4. A stack tells its news after a flush; sockets that have any, or whose end the kernel
//    reported, are pumped once a turn, each a bounded amount.
// 5. Programs with a lease say in shared memory which sockets have news. Before we sleep we say so
//    and look there once more: who changes a ring later rings a bell.
// 6. The kernel is asked after each sleep and each report, and now and then: a loop that has news
//    from rings all the time makes no call for it in most turns.

namespace strata::attach {

class NetlinkFile;

struct ServerCounters {
  std::uint64_t calls = 0;
  std::uint64_t sockets = 0;
  std::uint64_t passed_on = 0;
  std::uint64_t asked_after = 0;  // the kernel, whether a call still waits; it walks a list for it
};

class Server final : public Pollable {
 public:
  // Null: the system has no descriptors left. On the loop until it goes.
  [[nodiscard]] static std::unique_ptr<Server> create(Stack& stack, Loop& loop,
                                                      Descriptor listener);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  bool turn(Time now) override;
  [[nodiscard]] bool prepare_to_sleep() override;
  [[nodiscard]] std::optional<Time> next_deadline() const override { return std::nullopt; }
  [[nodiscard]] std::span<const int> descriptors() const override { return {&epoll_number_, 1}; }

  // Programs with the shim (client/) have leases from here on. The first call of `process`, before
  // its main, is the shim's greeting, or `on_missing` is told.
  void give_leases(pid_t process, InlineFunction<void()> on_missing);
  // No call at all has come from that process.
  [[nodiscard]] bool awaits_shim() const { return awaits_shim_of_ != 0; }

  [[nodiscard]] const ServerCounters& counters() const { return counters_; }

  // Asked when a program cannot bind a port: true when somebody of ours has given it back.
  void on_port_taken(InlineFunction<bool(std::uint16_t port)> give_back) {
    give_back_ = std::move(give_back);
  }

  // Told once: a process whose descriptors are out of our reach (PR_SET_DUMPABLE), so that none of
  // its sockets of ours works.
  void on_untraceable(InlineFunction<void(pid_t thread)> tell) {
    tell_untraceable_ = std::move(tell);
  }

  // Told once for each kind: a socket that only the kernel could give, and does not.
  void on_refused(InlineFunction<void(pid_t thread, std::string_view kind)> tell) {
    tell_refused_ = std::move(tell);
  }

  // ── For the handlers of calls ─────────────────────────────────────────────────────────────
  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] bool give_back_port(std::uint16_t port) { return give_back_ && give_back_(port); }
  void say_untraceable(pid_t thread) {
    if (auto tell = std::exchange(tell_untraceable_, {})) tell(thread);
  }
  // `kind` is a constant.
  void say_refused(pid_t thread, std::string_view kind) {
    if (tell_refused_ && refused_.insert(kind).second) tell_refused_(thread, kind);
  }
  [[nodiscard]] Notifications& notifications() { return notifications_; }
  [[nodiscard]] ProgramDescriptors& program_descriptors() { return program_descriptors_; }
  [[nodiscard]] Rooms& rooms() { return rooms_; }
  [[nodiscard]] bool gives_leases() const { return gives_leases_; }
  // An address for a netlink socket: no process has this number.
  [[nodiscard]] std::uint32_t new_netlink_port() { return --netlink_port_; }
  // It will be told of changes once it is a member of groups.
  void tell_changes_to(const std::shared_ptr<NetlinkFile>& file);
  // From here on its end is watched. -ENOMEM when it cannot be.
  [[nodiscard]] Answer add(std::shared_ptr<Socket> socket);
  void remove(std::uint64_t cookie);
  [[nodiscard]] std::shared_ptr<Socket> find(std::uint64_t cookie) const;
  [[nodiscard]] std::vector<OpenSocket> open_sockets() const;
  // Programs hold some, or there are bytes of theirs that the stack has not taken.
  [[nodiscard]] bool has_open_sockets();
  // It will be pumped in this turn or the next.
  void mark(Socket& socket);
  // Its pair does not tell when the program has closed its end (DatagramSocket): it is asked, now
  // and then and when it matters.
  void ask_now_and_then(const Socket& socket);
  void ask_whether_held(Time now);

 private:
  Server(Stack& stack, Loop& loop, Descriptor listener, Descriptor epoll);

  [[nodiscard]] bool is_time_to_look();
  bool take_reports();
  bool take_news();
  void take_call(Time now);
  void look_for_shim(const Call& call);
  bool pump_marked(Time now);
  void pump(const std::shared_ptr<Socket>& socket, Time now);
  void resume_held(Socket& socket, Time now);
  void forget_interrupted(Socket& socket, Time now);
  [[nodiscard]] bool still_waits(Held& held, Time now);
  void hold(const std::shared_ptr<Socket>& socket, Held held);
  // False: nobody waits for it any more.
  bool settle(const Call& call, Answer answer, Taken* taken);
  // Marks it, if it is there still.
  [[nodiscard]] Task waking(std::uint64_t cookie);
  void follow(Socket& socket);
  // Nothing comes of it any more, for whoever waits either.
  void let_go(Socket& socket);
  void look_for_changes();

  Stack& stack_;
  Loop& loop_;
  Notifications notifications_;
  Descriptor epoll_;
  int epoll_number_;
  ProgramDescriptors program_descriptors_;
  struct Known {
    std::shared_ptr<Socket> socket;
    std::uint32_t watched = 0;  // events, as the kernel knows them
    std::size_t next_held = 0;  // to be asked after
    bool is_marked = false;
    bool is_over = false;
  };
  std::unordered_map<std::uint64_t, Known> sockets_;
  Rooms rooms_;
  bool gives_leases_ = false;
  pid_t awaits_shim_of_ = 0;
  InlineFunction<void()> on_missing_shim_;
  bool has_call_ = false;
  std::uint32_t turns_to_look_ = 0;
  std::vector<std::uint64_t> asked_;
  bool asks_now_and_then_ = false;
  std::vector<std::uint64_t> marked_;
  std::vector<std::uint64_t> pumping_;
  // Over, though a program may hold its end still; the oldest is forgotten first.
  std::deque<std::uint64_t> over_;
  InlineFunction<bool(std::uint16_t)> give_back_;
  InlineFunction<void(pid_t)> tell_untraceable_;
  InlineFunction<void(pid_t, std::string_view)> tell_refused_;
  std::set<std::string_view> refused_;
  std::vector<std::weak_ptr<NetlinkFile>> hearers_;  // members of groups
  bool looks_for_changes_ = false;
  std::uint32_t netlink_port_ = 0xffff'f000;
  ServerCounters counters_;
};

}  // namespace strata::attach
