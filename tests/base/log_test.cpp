// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace strata::log_test {
namespace {

struct Recorder {
  std::vector<std::string> messages;
  std::vector<LogValue> values;

  static void sink(void* context, const LogRecord& record) {
    auto& self = *static_cast<Recorder*>(context);
    self.messages.push_back(std::string(to_text(record.level)) + " " + std::string(record.subject) +
                            " " + std::string(record.message));
    for (const LogField& field : record.fields) self.values.push_back(field.value);
  }
};

TEST(Log, SaysNothingUnlessToldWhereTo) {
  const Log log;
  EXPECT_FALSE(log.wants(LogLevel::kError));
  log.write(LogLevel::kError, "ip", "lost");
  const Log without_sink{.level = LogLevel::kTrace};
  EXPECT_FALSE(without_sink.wants(LogLevel::kError));
}

TEST(Log, PassesWhatReachesItsLevel) {
  Recorder recorder;
  const Log log{&Recorder::sink, &recorder, LogLevel::kInfo};
  log.write(LogLevel::kDebug, "ip", "small");
  log.write(LogLevel::kInfo, "ip", "fair");
  log.write(LogLevel::kError, "ip", "bad");
  log.write(LogLevel::kOff, "ip", "never");
  EXPECT_EQ(recorder.messages, (std::vector<std::string>{"info ip fair", "error ip bad"}));
}

TEST(Log, PassesValuesAsTheyAre) {
  Recorder recorder;
  const Log log{&Recorder::sink, &recorder, LogLevel::kTrace};
  const IpAddress address = IpAddress::v4(10, 0, 0, 1);
  log.write(LogLevel::kInfo, "neighbor", "resolved",
            {{"address", address},
             {"tries", std::uint8_t{3}},
             {"offset", -5},
             {"state", "reachable"},
             {"after", Duration(std::chrono::seconds(1))}});
  ASSERT_EQ(recorder.values.size(), 5U);
  EXPECT_EQ(std::get<IpAddress>(recorder.values[0]), address);
  EXPECT_EQ(std::get<std::uint64_t>(recorder.values[1]), 3U);
  EXPECT_EQ(std::get<std::int64_t>(recorder.values[2]), -5);
  EXPECT_EQ(std::get<std::string_view>(recorder.values[3]), "reachable");
  EXPECT_EQ(std::get<Duration>(recorder.values[4]), std::chrono::seconds(1));
}

TEST(Log, EveryLevelHasAName) {
  for (int i = 0; i <= static_cast<int>(LogLevel::kOff); ++i) {
    EXPECT_NE(to_text(static_cast<LogLevel>(i)), "unknown");
  }
}

}  // namespace
}  // namespace strata::log_test
