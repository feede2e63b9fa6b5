// SPDX-License-Identifier: Apache-2.0
#include "service/web/memory_capture.h"

#include <gtest/gtest.h>

#include <vector>

#include "service/lab.h"
#include "stack/core.h"

namespace strata::service::memory_capture_test {
namespace {

TEST(MemoryCapture, HoldsWhatPassedWhileItRan) {
  Lab lab;
  MemoryCapture capture(*lab.ours, nullptr);
  EXPECT_FALSE(capture.state().is_active);
  EXPECT_FALSE(capture.file().has_value()) << "nothing was captured yet";
  ASSERT_TRUE(capture.start("", 0).has_value());
  // The stacks look for each other and for duplicates.
  lab.run_for(std::chrono::seconds(4));
  const MemoryCapture::State running = capture.state();
  EXPECT_TRUE(running.is_active);
  EXPECT_GT(running.packets, 0U);
  capture.stop();
  capture.stop();
  lab.run_for(std::chrono::seconds(4));
  EXPECT_EQ(capture.state().packets, running.packets);
  const auto file = capture.file();
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->size(), capture.state().bytes);
  std::vector<std::byte> head(4);
  EXPECT_EQ(file->read(0, head), 4U);
  EXPECT_EQ(head[0], std::byte{0x0a}) << "a section header block of pcapng";
}

TEST(MemoryCapture, RefusesAFilterAndStaysAsItWas) {
  Lab lab;
  MemoryCapture capture(*lab.ours, nullptr);
  EXPECT_FALSE(capture.start("tcp port", 0).has_value());
  EXPECT_FALSE(capture.start("host www.example.org", 0).has_value()) << "nothing is looked up";
  EXPECT_FALSE(capture.state().is_active);
  ASSERT_TRUE(capture.start("udp port 9", 0).has_value());
  EXPECT_FALSE(capture.start("tcp port", 0).has_value());
  EXPECT_TRUE(capture.state().is_active);
  EXPECT_EQ(capture.state().filter, "udp port 9");
  lab.run_for(std::chrono::seconds(4));
  EXPECT_EQ(capture.state().packets, 0U);
}

TEST(MemoryCapture, CostsNothingOnceItIsFull) {
  Lab lab;
  MemoryCapture capture(*lab.ours, nullptr, 300);
  const auto& watchers = lab.ours->stack().core().drop_watchers;
  ASSERT_TRUE(capture.start("", 0).has_value());
  EXPECT_FALSE(watchers.empty());
  lab.run_for(std::chrono::seconds(4));
  const MemoryCapture::State full = capture.state();
  EXPECT_GE(full.bytes, 300U);
  EXPECT_GT(full.packets, 0U);
  EXPECT_FALSE(full.is_active);
  EXPECT_EQ(full.missed, 0U);
  EXPECT_TRUE(watchers.empty()) << "nobody looks on any more";
  ASSERT_TRUE(capture.start("udp port 9", 0).has_value());
  lab.settle();
  EXPECT_TRUE(capture.state().is_active) << "the next one has a file of its own";
}

}  // namespace
}  // namespace strata::service::memory_capture_test
