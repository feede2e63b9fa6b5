// SPDX-License-Identifier: Apache-2.0
// System calls: which there are, and how each is begun and checked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "script/call/arguments.h"
#include "script/language/ast.h"
#include "script/run/check_packet.h"
#include "socket/posix/calls.h"
#include "socket/posix/operation.h"

namespace strata::script {

// What a call needs of the one who runs the script.
struct CallContext {
  posix::Calls& calls;
  const Options& options;
  DescriptorMap& descriptors;
  Time now;
};

// A call under way.
struct StartedCall {
  std::unique_ptr<Scratch> scratch;  // outlives the operation
  posix::Operation operation = 0;
  // Beyond the result: what the call told through its arguments. May be empty.
  std::function<Checked(posix::Answer answer)> check;
  bool makes_descriptor = false;
};

using Started = std::expected<StartedCall, std::string>;

[[nodiscard]] Started start_call(const SystemCall& call, CallContext& context);
// The result and the errno, and then `check`.
[[nodiscard]] Checked check_call(const SystemCall& call, const StartedCall& started,
                                 posix::Answer answer);

// The tables of the files call_*.cpp.
struct CallRow {
  std::string_view name;
  void (*start)(Arguments& arguments, CallContext& context, StartedCall& started);
};
[[nodiscard]] std::span<const CallRow> socket_calls();   // call_socket.cpp
[[nodiscard]] std::span<const CallRow> data_calls();     // call_data.cpp
[[nodiscard]] std::span<const CallRow> message_calls();  // call_message.cpp
[[nodiscard]] std::span<const CallRow> option_calls();   // call_option.cpp
[[nodiscard]] std::span<const CallRow> wait_calls();     // call_wait.cpp

}  // namespace strata::script
