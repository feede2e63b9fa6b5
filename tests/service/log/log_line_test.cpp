// SPDX-License-Identifier: Apache-2.0
#include "service/log/log_line.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

namespace strata::service::log_line_test {
namespace {

// 2026-11-22T18:20:01.007Z.
constexpr WallTime kTime(std::chrono::milliseconds(1795371601007));

TEST(LogLine, IsForPeople) {
  const LogRecord record{LogLevel::kWarning, "interface", "interface tap0 is down", {}};
  EXPECT_EQ(log_line(record, LogFormat::kText, kTime), "strata: warning: interface tap0 is down\n");
}

TEST(LogLine, OrForTheJournal) {
  const auto line = [](LogLevel level) {
    return log_line({level, "x", "y", {}}, LogFormat::kJournal, kTime);
  };
  EXPECT_EQ(line(LogLevel::kError), "<3>y\n");
  EXPECT_EQ(line(LogLevel::kWarning), "<4>y\n");
  EXPECT_EQ(line(LogLevel::kInfo), "<6>y\n");
  EXPECT_EQ(line(LogLevel::kDebug), "<7>y\n");
}

TEST(LogLine, OrForPrograms) {
  const std::array fields{LogField("packets", 3U), LogField("address", IpAddress::v4(10, 0, 0, 1)),
                          LogField("why", "a \"b\"\n\xff"), LogField("wait", Duration(5))};
  const std::string line =
      log_line({LogLevel::kInfo, "drops", "three \"are\" gone", fields}, LogFormat::kJson, kTime);
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);  // one record, one line, whatever is in it
  const auto told = nlohmann::json::parse(line);
  EXPECT_EQ(told["time"], "2026-11-22T18:20:01.007000Z");
  EXPECT_EQ(told["level"], "info");
  EXPECT_EQ(told["subject"], "drops");
  EXPECT_EQ(told["message"], "three \"are\" gone");
  EXPECT_EQ(told["packets"], 3);
  EXPECT_EQ(told["address"], "10.0.0.1");
  EXPECT_EQ(told["wait"], 5);
  EXPECT_TRUE(told["why"].is_string());
}

TEST(LogFormat, IsNamed) {
  EXPECT_EQ(*parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(*parse_log_format("journal"), LogFormat::kJournal);
  EXPECT_FALSE(parse_log_format("xml").has_value());
}

TEST(LogWriter, KnowsTheJournalByItsInode) {
  std::FILE* const file = std::tmpfile();
  struct stat state{};
  ASSERT_EQ(::fstat(::fileno(file), &state), 0);
  const std::string stream = std::to_string(state.st_dev) + ":" + std::to_string(state.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(is_journal(file));
  LogWriter(file, LogFormat::kUsual).log(LogLevel::kInfo).write(LogLevel::kInfo, "x", "to it");
  LogWriter(file, LogFormat::kText).log(LogLevel::kInfo).write(LogLevel::kInfo, "x", "as asked");
  LogWriter(file, LogFormat::kJson).log(LogLevel::kOff).write(LogLevel::kError, "x", "unwanted");
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  EXPECT_FALSE(is_journal(file));
  LogWriter(file, LogFormat::kUsual).log(LogLevel::kInfo).write(LogLevel::kInfo, "x", "no");
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_journal(file));
  ASSERT_EQ(std::fseek(file, 0, SEEK_SET), 0);
  std::array<char, 100> text{};
  const std::size_t count = std::fread(text.data(), 1, text.size(), file);
  EXPECT_EQ(std::string(text.data(), count),
            "<6>to it\nstrata: info: as asked\nstrata: info: no\n");
  std::fclose(file);
}

}  // namespace
}  // namespace strata::service::log_line_test
