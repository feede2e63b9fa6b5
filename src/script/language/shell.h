// SPDX-License-Identifier: Apache-2.0
// The little of a shell's language that scripts use to set things up; nothing is ever executed.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace strata::script {

// How a command is joined to the one behind it.
enum class Link : std::uint8_t {
  kThen,  // `;`, `&&`, the end of a line
  kElse,  // `||`
  kPipe,  // `|`
};

// One simple command.
struct Words {
  std::uint32_t line = 0;  // counted from 0 within the text
  std::vector<std::string> words;
  std::string output;  // the file that its output goes to
  Link next = Link::kThen;
};

struct ShellError {
  std::uint32_t line = 0;
  std::string text;
};

// Commands separated by line ends, `;`, `&&`, `||` and `|`; quotes, comments, `$((15*1024))`,
// `${PPID}`,
// `>/dev/null 2>&1`. Everything else of a shell is an error that names it.
[[nodiscard]] std::expected<std::vector<Words>, ShellError> split_commands(std::string_view text);

}  // namespace strata::script
