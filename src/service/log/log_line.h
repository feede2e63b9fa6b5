// SPDX-License-Identifier: Apache-2.0
// LogWriter: what a stack's log tells, as lines for people, for programs, or for the journal.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/log.h"
#include "service/failure.h"
#include "service/packet_line.h"

namespace strata::service {

enum class LogFormat : std::uint8_t {
  kUsual,    // kJournal where standard error is the journal, and else kText
  kText,     // strata: warning: interface tap0 is down
  kJson,     // {"time":"...","level":"warning","subject":"interface","message":"...","name":"tap0"}
  kJournal,  // <4>interface tap0 is down: sd-daemon(3), and the journal adds who and when
};
inline constexpr std::array<std::string_view, 3> kLogFormatWords{"text", "json", "journal"};
[[nodiscard]] std::string_view to_text(LogFormat format);  // kUsual has no word
[[nodiscard]] Outcome<LogFormat> parse_log_format(std::string_view text);

[[nodiscard]] std::string log_line(const LogRecord& record, LogFormat format, WallTime time);

// Standard error goes to systemd's journal itself, by no pipe and no file.
[[nodiscard]] bool is_journal(std::FILE* file);

class LogWriter {
 public:
  LogWriter(std::FILE* file, LogFormat format);
  // Writes to this object, which must stay where it is for as long.
  [[nodiscard]] Log log(LogLevel level) { return {&LogWriter::write, this, level}; }

 private:
  static void write(void* context, const LogRecord& record);

  std::FILE* file_;
  LogFormat format_;
};

}  // namespace strata::service
