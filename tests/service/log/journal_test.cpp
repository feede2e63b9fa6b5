// SPDX-License-Identifier: Apache-2.0
#include "service/log/journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "service/lab.h"
#include "strata/udp_socket.h"

namespace strata::service::journal_test {
namespace {

using std::chrono::seconds;

struct Lines {
  std::vector<std::string> all;
  Log log(LogLevel level) {
    return {[](void* lines, const LogRecord& record) {
              static_cast<Lines*>(lines)->all.push_back(std::string(to_text(record.level)) + ": " +
                                                        std::string(record.message));
            },
            this, level};
  }
  [[nodiscard]] bool has(std::string_view start) const {
    return std::ranges::any_of(all, [&](const auto& line) { return line.starts_with(start); });
  }
};

TEST(Journal, TellsEachChangeOnce) {
  Lab lab;
  Lines lines;
  const Journal journal(*lab.ours, lines.log(LogLevel::kInfo));
  EXPECT_TRUE(lines.has("info: address 10.77.0.2/24 can be used"));
  lab.run_for(seconds(4));
  lines.all.clear();
  lab.run_for(seconds(3));
  EXPECT_TRUE(lines.all.empty()) << lines.all.front();
  lab.link.set_up(false);
  lab.run_for(seconds(2));
  EXPECT_TRUE(lines.has("warning: interface ours is down"));
  lab.link.set_up(true);
  lab.run_for(seconds(2));
  EXPECT_TRUE(lines.has("info: interface ours is up"));
}

TEST(Journal, DropsAreToldByReasonAtDebugAlone) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo}) {
    Lab lab;
    Lines lines;
    const Journal journal(*lab.ours, lines.log(level));
    auto sender = UdpSocket::open(lab.theirs->stack());
    const std::byte byte{1};
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(sender->send_to({&byte, 1}, {*IpAddress::parse("10.77.0.2"), 99}, lab.loop->now())
                      .has_value());
    }
    lab.run_for(seconds(2));
    EXPECT_EQ(lines.has("debug: dropped 3 packets: udp_no_socket: "), level == LogLevel::kDebug);
    EXPECT_EQ(lines.has("debug: neighbour 10.77.0.1 is "), level == LogLevel::kDebug);
  }
}

}  // namespace
}  // namespace strata::service::journal_test
