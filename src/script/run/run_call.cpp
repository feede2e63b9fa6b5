// SPDX-License-Identifier: Apache-2.0
// System calls of a run: begun, waited for, checked.
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "script/run/run.h"
#include "socket/posix/socket_address.h"

namespace strata::script {
namespace {

// Longer than any timer of TCP: a call that has not returned by then never will.
constexpr Duration kForever = std::chrono::hours(24);

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

int number_option(const posix::Calls& calls, int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  const bool is_known = calls.getsockopt(fd, level, name, &value, &size, Time{}) == 0;
  return is_known ? value : -1;
}

using Name = posix::Answer (posix::Calls::*)(int, sockaddr*, socklen_t*) const;

std::optional<Endpoint> endpoint(const posix::Calls& calls, int fd, Name name) {
  sockaddr_storage room{};
  auto* const address = reinterpret_cast<sockaddr*>(&room);
  socklen_t size = sizeof(room);
  if ((calls.*name)(fd, address, &size) != 0) return std::nullopt;
  const AddressFamily family =
      room.ss_family == AF_INET ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  const auto read = posix::read_address(address, size, family);
  return read ? std::optional(*read) : std::nullopt;
}

}  // namespace

int Run::descriptor_of(const SystemCall& call) const {
  std::string error;
  if (call.arguments.empty()) return -1;
  const auto number = number_of(call.arguments[0], error);
  const auto known = number ? descriptors_.find(static_cast<int>(*number)) : descriptors_.end();
  return known == descriptors_.end() ? -1 : known->second;
}

void Run::fail_call(const Event& event, const SystemCall& call, std::string_view text) {
  if (script_.options.calls_may_fail) {
    verdict_.log.push_back(
        fmt::format("{}:{}: warning in {} call: {}", path_, event.line, call.name, text));
    return;
  }
  fail_at(event, fmt::format("runtime error in {} call: {}", call.name, text));
}

void Run::call(const Event& event, const SystemCall& call, const Due& due) {
  // A program does one thing after the other, but time goes on meanwhile.
  await_blocked(due.start);
  advance_to(due.start);
  if (call.until && blocked_) await_blocked(due.start + std::chrono::seconds(1));
  if (has_ended()) return;
  if (call.until && blocked_) {
    fail_call(event, call,
              "blocking system call while another blocking system call is already in progress");
    return;
  }
  const int closing = call.name == "close" ? descriptor_of(call) : -1;
  CallContext context{machine_->calls(), script_.options, descriptors_, machine_->now()};
  auto started = start_call(call, context);
  if (!started) {
    fail_call(event, call, started.error());
    return;
  }
  // A socket that has a connection already starts none.
  const posix::Operation& operation = started->operation;
  const bool is_refused =
      operation.is_done() && (operation.answer() == -EALREADY || operation.answer() == -EISCONN);
  if (!is_refused) on_started(call);
  if (closing >= 0) subjects_.on_close(closing);
  machine_->settle();
  if (started->operation.is_done() && !call.until) {
    finish_call(event, call, *started);
    return;
  }
  const Duration until = call.until ? due.base + *call.until : kForever;
  blocked_.emplace(Blocked{&event, &call, *std::move(started), until});
  resume_blocked();
  if (call.until || !blocked_) return;
  // A call without an end of its own holds everything up until it returns.
  await_blocked(machine_->script_time() + kForever);
  if (blocked_ && !has_ended()) fail_call(event, call, "the call never returns");
}

void Run::resume_blocked() {
  if (!blocked_ || has_ended()) return;
  posix::Operation& operation = blocked_->started.operation;
  operation.resume(machine_->now());
  machine_->settle();  // even one that goes on may have done something
  if (!operation.is_done()) return;
  Blocked done = *std::move(blocked_);
  blocked_.reset();
  finish_call(*done.event, *done.call, done.started);
  if (has_ended() || !done.call->until) return;
  Due due;
  due.start = due.end = done.due;
  due.since_last = *done.call->until - done.event->time.start;
  const auto wrong = timing_error(due, machine_->script_time(), "system call return");
  if (wrong) fail_at(*done.event, *wrong);
}

void Run::await_blocked(Duration limit) {
  while (blocked_ && !has_ended() && machine_->script_time() < limit) {
    const bool can_move = machine_->has_deadline() || blocked_->started.operation.deadline();
    if (!can_move || machine_->is_exhausted()) break;
    step(limit);
  }
}

void Run::finish_call(const Event& event, const SystemCall& call, StartedCall& started) {
  const posix::Answer answer = started.operation.answer();
  log(fmt::format("{} syscall: {:9.6f} = {}", call.name, seconds(machine_->script_time()), answer));
  const Checked checked = check_call(call, started, answer);
  std::string error;
  const auto script_number = number_of(call.result, error);
  if (started.makes_descriptor && answer >= 0 && script_number) {
    const auto number = static_cast<int>(*script_number);
    if (checked && descriptors_.contains(number)) {
      fail_call(event, call, fmt::format("duplicate fd {} in script", number));
      return;
    }
    descriptors_.insert_or_assign(number, static_cast<int>(answer));
  }
  on_done(call, answer);
  if (!checked) fail_call(event, call, checked.error());
}

// A SYN may leave before its connect() has returned.
void Run::on_started(const SystemCall& call) {
  const int fd = descriptor_of(call);
  const posix::Calls& calls = machine_->calls();
  const bool sends = call.name == "sendto" || call.name == "sendmsg";
  if (call.name != "connect" && call.name != "bind" && !sends) return;
  const bool is_stream = number_option(calls, fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
  const auto local = endpoint(calls, fd, &posix::Calls::getsockname);
  const auto peer = endpoint(calls, fd, &posix::Calls::getpeername);
  const Endpoint usual{script_.options.remote(), script_.options.connect_port};
  if (!is_stream && local) {
    subjects_.on_datagrams(fd, *local, peer);
  } else if (is_stream && call.name == "connect") {
    subjects_.on_connect(fd, peer.value_or(usual));
  } else if (is_stream && sends && call.arguments.size() >= 3) {
    std::string error;
    const auto flags = number_of(call.arguments[call.name == "sendto" ? 3 : 2], error);
    if (flags && (*flags & MSG_FASTOPEN) != 0) subjects_.on_connect(fd, usual);
  }
}

void Run::on_done(const SystemCall& call, posix::Answer answer) {
  if (answer < 0) return;
  const posix::Calls& calls = machine_->calls();
  if (call.name == "listen") {
    const int fd = descriptor_of(call);
    const auto local = endpoint(calls, fd, &posix::Calls::getsockname);
    if (local) subjects_.on_listen(fd, *local);
  } else if (call.name.starts_with("accept")) {
    const auto fd = static_cast<int>(answer);
    const auto peer = endpoint(calls, fd, &posix::Calls::getpeername);
    if (peer) subjects_.on_accept(fd, *peer);
  }
}

}  // namespace strata::script
