// SPDX-License-Identifier: Apache-2.0
// Reads a script. The text may be anything: reading ends, with a script or with the first error.
#pragma once

#include <expected>
#include <string_view>

#include "script/language/ast.h"

namespace strata::script {

// A script, event by event:
//
//   --tolerance_usecs=1000                                    options
//   `sysctl -q net.ipv4.tcp_sack=0`                           a command before the start
//   0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3            a call and what it answers
//   +.1  < S 0:0(0) win 32792 <mss 1000,nop,wscale 7>         a packet into the stack
//   +0   > S. 0:0(0) ack 1 <...>                              a packet out of it
//   +0...0.2 accept(3, ..., ...) = 4                          a call that blocks
//   +0   %{ assert tcpi_cwnd == 10 }%                         an assertion
//
// `options` are those of the command line; the ones in the script come on top.

inline constexpr std::size_t kScriptBytesMax = std::size_t{1} << 20U;

[[nodiscard]] std::expected<Script, SyntaxError> parse_script(std::string_view text,
                                                              const Options& options);

}  // namespace strata::script
