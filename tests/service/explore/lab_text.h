// SPDX-License-Identifier: Apache-2.0
// The lab that tests of the explorer run: two hosts, a line, a transfer, some questions, datagrams.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "service/explore/trial.h"
#include "service/lab/lab.h"

namespace strata::service::explore_lab {

inline constexpr const char* kTwoHosts = R"(
until = "5s"
[[host]]
name = "a"
[[host]]
name = "b"
[[link]]
between = ["a", "b"]
rate = "10Mbit/s"
delay = "10ms"
queue_packets = 60
)";
inline constexpr const char* kBulk = R"(
[[traffic]]
name = "bulk"
kind = "bulk"
from = "a"
to = "b"
start = "10ms"
bytes = "60KB"
)";
inline constexpr const char* kAsk = R"(
[[traffic]]
name = "ask"
kind = "request"
from = "b"
to = "a"
start = "10ms"
size = "300B"
answer = "4KB"
)";

// 99 of them.
inline constexpr const char* kDatagrams = R"(
[[traffic]]
name = "udp"
kind = "udp"
from = "a"
to = "b"
start = "10ms"
stop = "1s"
size = "300B"
every = "10ms"
)";

[[nodiscard]] inline LabFile lab_of(const std::string& text) {
  auto lab = read_lab_text(text, "test");
  EXPECT_TRUE(lab.has_value()) << lab.error().text;
  return *lab;
}

[[nodiscard]] inline Trial trial_of(const std::string& text) {
  auto trial = read_trial_text(text, "test");
  EXPECT_TRUE(trial.has_value()) << trial.error().text;
  return *trial;
}

}  // namespace strata::service::explore_lab
