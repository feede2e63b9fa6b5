// SPDX-License-Identifier: Apache-2.0
// Two stacks on one loop, joined by a memory link: 10.77.0.2 (ours) and 10.77.0.1 (theirs).
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "service/hosted_stack.h"
#include "strata/devices.h"
#include "strata/loop.h"

namespace strata::service {

// The loop's clock: tests move it, and no test waits.
inline Time lab_now{};

class Lab {
 public:
  Lab() {
    lab_now = Time(std::chrono::seconds(1));
    loop = *Loop::create({.policy = LoopPolicy::kSpin, .clock = [] { return lab_now; }});
    ours = make("ours", 0, "10.77.0.2/24", "fd77::2/64");
    theirs = make("theirs", 1, "10.77.0.1/24", "fd77::1/64");
  }
  ~Lab() { link.clear(); }
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Turns the loop through `span` of the lab's time, in steps of a millisecond.
  void run_for(Duration span) {
    const Time end = lab_now + span;
    while (lab_now < end) {
      settle();
      lab_now += std::chrono::milliseconds(1);
    }
    settle();
  }
  void settle() {
    for (int i = 0; i < 100 && loop->run_once(Duration::zero()); ++i) {
    }
  }

  MemoryLink link;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<HostedStack> ours;
  std::unique_ptr<HostedStack> theirs;

 private:
  std::unique_ptr<HostedStack> make(const char* name, std::size_t end, const char* v4,
                                    const char* v6) {
    const Port port{.name = name,
                    .device = &link.end(end),
                    .feeding = Feeding::kSameLoop,
                    .addresses = {*Prefix::parse(v4), *Prefix::parse(v6)},
                    .mtu = 0,
                    .detect_duplicates = false};
    auto made =
        HostedStack::create(*loop, {.name = name, .seed = end + 1, .secret = {}}, {&port, 1});
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }
};

// A folder of this test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path;
};

}  // namespace strata::service
