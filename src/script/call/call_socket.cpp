// SPDX-License-Identifier: Apache-2.0
// Calls that make, name and end sockets.
#include <fmt/format.h>
#include <netinet/in.h>

#include "script/call/call.h"

namespace strata::script {
namespace {

Endpoint local_endpoint(const Options& options) { return {options.local(), options.bind_port}; }
Endpoint remote_endpoint(const Options& options) {
  return {options.remote(), options.connect_port};
}

void start_socket(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int domain = !arguments.is_ellipsis(0)        ? arguments.whole(0)
                     : context.options.is_socket_v4() ? AF_INET
                                                      : AF_INET6;
  started.makes_descriptor = true;
  const int type = arguments.whole(1);
  const int protocol = arguments.whole(2);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.socket(domain, type, protocol);
}

void start_bind(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const auto address = arguments.address(arguments.at(1), local_endpoint(context.options));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.bind(fd, address.address, address.size, context.now);
}

void start_listen(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(2, 2);
  const int fd = arguments.descriptor(0);
  const int backlog = arguments.whole(1);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.listen(fd, backlog, context.now);
}

void start_accept(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 4);
  const int fd = arguments.descriptor(0);
  const int flags = arguments.count() == 4 ? arguments.whole(3) : 0;
  started.makes_descriptor = true;
  if (!arguments.error().empty()) return;
  started.operation = context.calls.accept(fd, nullptr, nullptr, flags, context.now);
}

void start_connect(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const auto address = arguments.address(arguments.at(1), remote_endpoint(context.options));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.connect(fd, address.address, address.size, context.now);
}

void start_shutdown(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(2, 2);
  const int fd = arguments.descriptor(0);
  const int how = arguments.whole(1);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.shutdown(fd, how, context.now);
}

void start_close(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(1, 1);
  const int fd = arguments.descriptor(0);
  const auto script_fd = static_cast<int>(arguments.integer(0));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.close(fd, context.now);
  context.descriptors.erase(script_fd);
}

void start_fcntl(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(2, 3);
  const int fd = arguments.descriptor(0);
  const int command = arguments.whole(1);
  const std::int64_t argument = arguments.count() == 3 ? arguments.integer(2) : 0;
  if (!arguments.error().empty()) return;
  started.operation = context.calls.fcntl(fd, command, static_cast<long>(argument));
}

// ioctl(4, SIOCINQ, [1000]) = 0
void start_ioctl(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(2, 3);
  const int fd = arguments.descriptor(0);
  const auto request = static_cast<unsigned long>(arguments.integer(1));
  const std::int64_t expected = arguments.count() == 3 ? arguments.only_element(2) : 0;
  auto* const value = reinterpret_cast<int*>(arguments.memory(sizeof(int)).data());
  *value = static_cast<int>(expected);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.ioctl(fd, request, value);
  started.check = [value, expected](posix::Answer answer) -> Checked {
    if (answer < 0 || *value == expected) return {};
    return std::unexpected(
        fmt::format("Bad ioctl optval: expected: {} actual: {}", expected, *value));
  };
}

// pipe([5, 6]) = 0
void start_pipe(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(1, 1);
  const Expression& pair = arguments.at(0);
  if (pair.kind != Expression::Kind::kArray || pair.items.size() != 2) {
    arguments.fail("Expected [<descriptor>, <descriptor>]");
    return;
  }
  const auto reader = static_cast<int>(arguments.integer(pair.items[0]));
  const auto writer = static_cast<int>(arguments.integer(pair.items[1]));
  if (!arguments.error().empty()) return;
  int descriptors[2] = {-1, -1};
  const posix::Answer answer = context.calls.pipe(descriptors, 0);
  started.operation = answer;
  if (answer < 0) return;
  context.descriptors.insert_or_assign(reader, descriptors[0]);
  context.descriptors.insert_or_assign(writer, descriptors[1]);
}

constexpr CallRow kCalls[] = {
    {"socket", start_socket},     {"bind", start_bind},      {"listen", start_listen},
    {"accept", start_accept},     {"accept4", start_accept}, {"connect", start_connect},
    {"shutdown", start_shutdown}, {"close", start_close},    {"fcntl", start_fcntl},
    {"ioctl", start_ioctl},       {"pipe", start_pipe},
};

}  // namespace

std::span<const CallRow> socket_calls() { return kCalls; }

}  // namespace strata::script
