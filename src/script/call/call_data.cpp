// SPDX-License-Identifier: Apache-2.0
// Calls that read and write bytes.
#include <fmt/format.h>

#include <cstring>

#include "script/call/call.h"

namespace strata::script {
namespace {

Endpoint remote_endpoint(const Options& options) {
  return {options.remote(), options.connect_port};
}

// Buffers to read into: `...`, or the text that is expected there.
struct ReadBuffer {
  void* bytes = nullptr;
  std::size_t size = 0;
  const Expression* expected = nullptr;
};

ReadBuffer read_buffer(Arguments& arguments, std::size_t index) {
  const Expression& what = arguments.at(index);
  const std::size_t size = arguments.size(index + 1);
  const bool is_text =
      what.kind == Expression::Kind::kString || what.kind == Expression::Kind::kStringPrefix;
  if (!is_text) return {arguments.buffer(what, size), size, nullptr};
  return {arguments.memory(size).data(), size, &what};
}

// Compares what came with the text in the script.
std::function<Checked(posix::Answer)> expect_text(const ReadBuffer& buffer) {
  if (buffer.expected == nullptr) return nullptr;
  return [buffer](posix::Answer answer) -> Checked {
    const auto got = static_cast<std::size_t>(std::max<posix::Answer>(answer, 0));
    const std::string_view text(static_cast<const char*>(buffer.bytes), got);
    const std::string& expected = buffer.expected->text;
    const bool matches = buffer.expected->kind == Expression::Kind::kStringPrefix
                             ? text.starts_with(expected)
                             : text == expected;
    if (matches || answer < 0) return {};
    return std::unexpected(fmt::format("Bad data: expected: '{}' actual: '{}'", expected, text));
  };
}

void start_read(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const ReadBuffer buffer = read_buffer(arguments, 1);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.read(fd, buffer.bytes, buffer.size, context.now);
  started.check = expect_text(buffer);
}

void start_recv(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(4, 4);
  const int fd = arguments.descriptor(0);
  const ReadBuffer buffer = read_buffer(arguments, 1);
  const int flags = arguments.whole(3);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.recv(fd, buffer.bytes, buffer.size, flags, context.now);
  started.check = expect_text(buffer);
}

void start_recvfrom(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(6, 6);
  const int fd = arguments.descriptor(0);
  const ReadBuffer buffer = read_buffer(arguments, 1);
  const int flags = arguments.whole(3);
  const Arguments::Address room = arguments.address_room();
  auto* const size = reinterpret_cast<socklen_t*>(arguments.memory(sizeof(socklen_t)).data());
  *size = room.size;
  if (!arguments.error().empty()) return;
  started.operation =
      context.calls.recvfrom(fd, buffer.bytes, buffer.size, flags, room.address, size, context.now);
  const auto text = expect_text(buffer);
  if (arguments.is_ellipsis(4)) {
    started.check = text;
    return;
  }
  const Arguments::Address expected = arguments.address(arguments.at(4), {});
  started.check = [text, room, size, expected](posix::Answer answer) -> Checked {
    if (answer < 0) return {};
    const bool is_same =
        *size == expected.size && std::memcmp(room.address, expected.address, *size) == 0;
    if (!is_same) return std::unexpected("Bad source address of recvfrom");
    return text ? text(answer) : Checked{};
  };
}

void start_readv(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const std::span<iovec> parts = arguments.vectors(arguments.at(1), arguments.integer(2));
  if (!arguments.error().empty()) return;
  started.operation =
      context.calls.readv(fd, parts.data(), static_cast<int>(parts.size()), context.now);
}

void start_write(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const std::size_t size = arguments.size(2);
  const void* buffer = arguments.buffer(arguments.at(1), size);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.write(fd, buffer, size, context.now);
}

void start_send(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(4, 4);
  const int fd = arguments.descriptor(0);
  const std::size_t size = arguments.size(2);
  const void* buffer = arguments.buffer(arguments.at(1), size);
  const int flags = arguments.whole(3);
  if (!arguments.error().empty()) return;
  started.operation = context.calls.send(fd, buffer, size, flags, context.now);
}

void start_sendto(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(6, 6);
  const int fd = arguments.descriptor(0);
  const std::size_t size = arguments.size(2);
  const void* buffer = arguments.buffer(arguments.at(1), size);
  const int flags = arguments.whole(3);
  const auto address = arguments.address(arguments.at(4), remote_endpoint(context.options));
  if (!arguments.error().empty()) return;
  started.operation =
      context.calls.sendto(fd, buffer, size, flags, address.address, address.size, context.now);
}

void start_writev(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(3, 3);
  const int fd = arguments.descriptor(0);
  const std::span<iovec> parts = arguments.vectors(arguments.at(1), arguments.integer(2));
  if (!arguments.error().empty()) return;
  started.operation =
      context.calls.writev(fd, parts.data(), static_cast<int>(parts.size()), context.now);
}

// splice(4, NULL, 6, NULL, 1000, SPLICE_F_NONBLOCK) = 1000
void start_splice(Arguments& arguments, CallContext& context, StartedCall& started) {
  arguments.expect_count(6, 6);
  const int from = arguments.descriptor(0);
  const int to = arguments.descriptor(2);
  const std::size_t size = arguments.size(4);
  const auto flags = static_cast<unsigned>(arguments.whole(5));
  if (!arguments.error().empty()) return;
  started.operation = context.calls.splice(from, nullptr, to, nullptr, size, flags, context.now);
}

constexpr CallRow kCalls[] = {
    {"read", start_read},     {"recv", start_recv},     {"recvfrom", start_recvfrom},
    {"readv", start_readv},   {"write", start_write},   {"send", start_send},
    {"sendto", start_sendto}, {"writev", start_writev}, {"splice", start_splice},
};

}  // namespace

std::span<const CallRow> data_calls() { return kCalls; }

}  // namespace strata::script
