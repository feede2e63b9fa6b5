// SPDX-License-Identifier: Apache-2.0
// poll() and epoll.
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cstring>

#include "script/call/call.h"

namespace strata::script {
namespace {

// poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 0) = 1
void start_poll(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const Expression& array = arguments.at(0);
  const std::size_t count = arguments.size(1);
  const int timeout_ms = arguments.whole(2);
  if (array.kind != Expression::Kind::kArray || array.items.size() != count) {
    arguments.fail(
        fmt::format("nfds {} does not match {}-element pollfd array", count, array.items.size()));
    return;
  }
  const std::span<std::byte> block = arguments.memory(count * sizeof(pollfd));
  auto* const polled = reinterpret_cast<pollfd*>(block.data());
  std::vector<short> expected;
  for (std::size_t i = 0; i < count && arguments.error().empty(); ++i) {
    const Expression* fd = field_of(array.items[i], "fd");
    const Expression* events = field_of(array.items[i], "events");
    const Expression* revents = field_of(array.items[i], "revents");
    if (fd == nullptr || events == nullptr) {
      arguments.fail("Bad type; expected: {fd=..., events=..., revents=...}");
      return;
    }
    polled[i] = {arguments.descriptor(*fd), static_cast<short>(arguments.integer(*events)), 0};
    expected.push_back(static_cast<short>(revents == nullptr ? 0 : arguments.integer(*revents)));
  }
  if (!arguments.error().empty()) return;
  started.operation = context.calls.poll(polled, count, timeout_ms, context.now);
  started.check = [polled, expected](posix::Answer /*answer*/) -> Checked {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // The kernel tells of normal data beside what was asked for only when asked.
      if (polled[i].revents == expected[i]) continue;
      return std::unexpected(fmt::format("Expected revents of 0x{:x} but got 0x{:x} for pollfd {}",
                                         static_cast<unsigned>(expected[i]),
                                         static_cast<unsigned>(polled[i].revents), i));
    }
    return {};
  };
}

// {events=EPOLLIN, fd=4}; instead of fd also ptr, u32 or u64.
epoll_event event_of(Arguments& arguments, const Expression& structure) {
  epoll_event event{};
  const Expression* events = field_of(structure, "events");
  if (events == nullptr) {
    arguments.fail("epoll_event specified incorrectly");
    return event;
  }
  event.events = static_cast<std::uint32_t>(arguments.integer(*events));
  for (const std::string_view name : {"fd", "ptr", "u32", "u64"}) {
    const Expression* data = field_of(structure, name);
    if (data != nullptr) event.data.u64 = static_cast<std::uint64_t>(arguments.integer(*data));
  }
  return event;
}

void start_epoll_create(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(1, 1);
  started.makes_descriptor = true;
  const int size = arguments.whole(0);
  if (!arguments.error().empty()) return;
  // The size has meant nothing since Linux 2.6.8, but must be positive.
  started.operation = size > 0 ? context.calls.epoll_create(0) : posix::Answer{-22};
}

void start_epoll_ctl(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 4);
  const int epoll = arguments.descriptor(0);
  const int operation = arguments.whole(1);
  const int fd = arguments.descriptor(2);
  epoll_event event{};
  const bool has_event = arguments.at(3).kind == Expression::Kind::kStruct;
  if (has_event) event = event_of(arguments, arguments.at(3));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.epoll_ctl(epoll, operation, fd, has_event ? &event : nullptr);
}

// epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1, or with a list of events in brackets.
void start_epoll_wait(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(4, 4);
  const int epoll = arguments.descriptor(0);
  const auto count = static_cast<std::size_t>(std::max(0, arguments.whole(2)));
  const int timeout_ms = arguments.whole(3);
  std::vector<epoll_event> expected;
  const Expression& what = arguments.at(1);
  if (what.kind == Expression::Kind::kStruct) {
    expected.push_back(event_of(arguments, what));
  } else if (what.kind == Expression::Kind::kArray) {
    for (const Expression& item : what.items) expected.push_back(event_of(arguments, item));
  }
  if (count > posix::Calls::kDescriptorsMax) arguments.fail("maxevents is too large");
  if (!arguments.error().empty()) return;
  auto* const got =
      reinterpret_cast<epoll_event*>(arguments.memory(count * sizeof(epoll_event)).data());
  started.operation =
      context.calls.epoll_wait(epoll, got, static_cast<int>(count), timeout_ms, context.now);
  started.check = [got, expected](posix::Answer answer) -> Checked {
    for (std::size_t i = 0; i < expected.size() && static_cast<posix::Answer>(i) < answer; ++i) {
      epoll_event actual{};
      std::memcpy(&actual, got + i, sizeof(actual));
      if (actual.events != expected[i].events) {
        return std::unexpected(fmt::format(
            "epoll_event->events does not match script: expected: 0x{:x} actual: 0x{:x}",
            static_cast<std::uint32_t>(expected[i].events),
            static_cast<std::uint32_t>(actual.events)));
      }
      if (actual.data.u64 != expected[i].data.u64) {
        return std::unexpected(
            fmt::format("epoll_event->data does not match script: expected: {} actual: {}",
                        static_cast<std::uint64_t>(expected[i].data.u64),
                        static_cast<std::uint64_t>(actual.data.u64)));
      }
    }
    return {};
  };
}

constexpr CallRow kCalls[] = {
    {"poll", start_poll},
    {"epoll_create", start_epoll_create},
    {"epoll_ctl", start_epoll_ctl},
    {"epoll_wait", start_epoll_wait},
};

}  // namespace

std::span<const CallRow> wait_calls() { return kCalls; }

}  // namespace strata::script
