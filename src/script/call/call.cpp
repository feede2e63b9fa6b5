// SPDX-License-Identifier: Apache-2.0
#include "script/call/call.h"

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "script/call/symbols.h"

namespace strata::script {
namespace {

const CallRow* find(std::string_view name) {
  const std::array tables = {socket_calls(), data_calls(), message_calls(), option_calls(),
                             wait_calls()};
  for (const std::span<const CallRow> table : tables) {
    for (const CallRow& row : table) {
      if (row.name == name) return &row;
    }
  }
  return nullptr;
}

std::string errno_text(std::int64_t number) {
  return std::generic_category().message(static_cast<int>(number));
}

}  // namespace

Started start_call(const SystemCall& call, CallContext& context) {
  const CallRow* row = find(call.name);
  if (row == nullptr) return std::unexpected(fmt::format("Unknown system call: '{}'", call.name));
  StartedCall started;
  started.scratch = std::make_unique<Scratch>();
  Arguments arguments(call, context.options, context.descriptors, *started.scratch);
  row->start(arguments, context, started);
  if (!arguments.error().empty()) return std::unexpected(arguments.error());
  return started;
}

Checked check_call(const SystemCall& call, const StartedCall& started, posix::Answer answer) {
  const std::int64_t actual = answer < 0 ? -1 : answer;
  const std::int64_t actual_errno = answer < 0 ? -answer : 0;
  std::string error;
  const bool is_open = call.result.kind == Expression::Kind::kEllipsis;
  const auto expected = is_open ? actual : number_of(call.result, error);
  if (!expected) return std::unexpected(error);
  if (started.makes_descriptor && *expected >= 0) {
    if (actual < 0) {
      return std::unexpected(
          fmt::format("Expected non-negative result but got {} with errno {} ({})", actual,
                      actual_errno, errno_text(actual_errno)));
    }
  } else if (actual != *expected) {
    return std::unexpected(fmt::format("Expected result {} but got {} with errno {} ({})",
                                       *expected, actual, actual_errno, errno_text(actual_errno)));
  }
  if (!call.error.empty()) {
    const auto wanted = symbol(call.error);
    if (!wanted) return std::unexpected(fmt::format("unknown symbol: '{}'", call.error));
    if (*wanted != actual_errno) {
      return std::unexpected(fmt::format("Expected errno {} ({}) but got {} ({})", *wanted,
                                         errno_text(*wanted), actual_errno,
                                         errno_text(actual_errno)));
    }
  }
  return started.check ? started.check(answer) : Checked{};
}

}  // namespace strata::script
