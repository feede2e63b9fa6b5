// SPDX-License-Identifier: Apache-2.0
#include "service/log/log_line.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <variant>

#include "service/json_text.h"
#include "service/print.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::array kFormats{LogFormat::kText, LogFormat::kJson, LogFormat::kJournal};
static_assert(kFormats.size() == kLogFormatWords.size());

struct ValueText {
  std::string operator()(std::uint64_t value) const { return std::to_string(value); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(Duration value) const { return std::to_string(value.count()); }
  std::string operator()(std::string_view value) const { return json_string(value); }
  template <typename Address>
  std::string operator()(const Address& value) const {
    return json_string(strata::to_text(value).view());
  }
};

// syslog(3): what each level is called there.
int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::kError: return 3;
    case LogLevel::kWarning: return 4;
    case LogLevel::kInfo: return 6;
    default: return 7;
  }
}

std::string json_line(const LogRecord& record, WallTime time) {
  std::string line =
      fmt::format(R"({{"time":"{}","level":"{}","subject":{},"message":{})", date_text(time),
                  to_text(record.level), json_string(record.subject), json_string(record.message));
  for (const LogField& field : record.fields) {
    line += "," + json_string(field.name) + ":" + std::visit(ValueText{}, field.value);
  }
  return line + "}\n";
}

}  // namespace

std::string_view to_text(LogFormat format) {
  const auto found = std::ranges::find(kFormats, format);
  return found == kFormats.end()
             ? std::string_view()
             : kLogFormatWords[static_cast<std::size_t>(found - kFormats.begin())];
}

Outcome<LogFormat> parse_log_format(std::string_view text) {
  for (const LogFormat format : kFormats) {
    if (to_text(format) == text) return format;
  }
  return failed(fmt::format("'{}' is none of text, json and journal", text));
}

std::string log_line(const LogRecord& record, LogFormat format, WallTime time) {
  switch (format) {
    case LogFormat::kJson: return json_line(record, time);
    case LogFormat::kJournal:
      return fmt::format("<{}>{}\n", priority_of(record.level), record.message);
    default: return fmt::format("strata: {}: {}\n", to_text(record.level), record.message);
  }
}

// systemd.exec(5), JOURNAL_STREAM: device and inode of what standard error was in the beginning.
bool is_journal(std::FILE* file) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat state{};
  if (stream == nullptr || ::fstat(::fileno(file), &state) != 0) return false;
  return stream == fmt::format("{}:{}", state.st_dev, state.st_ino);
}

LogWriter::LogWriter(std::FILE* file, LogFormat format)
    : file_(file),
      format_(format != LogFormat::kUsual ? format
              : is_journal(file)          ? LogFormat::kJournal
                                          : LogFormat::kText) {}

void LogWriter::write(void* context, const LogRecord& record) {
  const auto& self = *static_cast<const LogWriter*>(context);
  const WallTime now((real_now() + wall_clock_offset()).time_since_epoch());
  put(self.file_, log_line(record, self.format_, now));
}

}  // namespace strata::service
