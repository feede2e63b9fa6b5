// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::service::accuracy_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

LabAccuracy some_accuracy() {
  LabAccuracy accuracy;
  accuracy.world.events = {.count = 7, .median = 1500ns, .p99 = 20us, .most = 300us};
  accuracy.world.rates.push_back({.name = "a-b",
                                  .asked_bits_per_second = 10e6,
                                  .achieved_bits_per_second = 9.99e6,
                                  .frames = 1000});
  accuracy.world.devices.push_back(
      {.name = "a", .frames_in = 3, .frames_out = 4, .refused = 1, .vanished_at = {}});
  accuracy.interfaces = {"lab0@\"near\""};
  return accuracy;
}

TEST(LabAccuracy, TellsPeopleHowLateAndHowFast) {
  const std::string text = accuracy_text(some_accuracy());
  for (const char* part :
       {"what was due", "1.5", "300.0", "a-b", "10.0000", "9.9900", "-0.100%", "lab0@\"near\""}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("too slow")));
  EXPECT_THAT(text, Not(HasSubstr("deleted")));
}

TEST(LabAccuracy, SaysThatTheMachineWasTooSlowAndWhatVanished) {
  LabAccuracy accuracy = some_accuracy();
  accuracy.world.rests = 3;
  accuracy.world.rested = 1250ms;
  accuracy.world.devices[0].vanished_at = Time(2500ms);
  const std::string text = accuracy_text(accuracy);
  EXPECT_THAT(text, HasSubstr("stood still 3 times, for 1.250 s"));
  EXPECT_THAT(text, HasSubstr("deleted at 2.500 s"));
}

TEST(LabAccuracy, TellsProgramsTheSame) {
  EXPECT_EQ(accuracy_json(some_accuracy()),
            R"({"late_events":{"count":7,"median_us":1.500,"p99_us":20.000,"max_us":300.000},)"
            R"("late_frames_out":{"count":0,"median_us":0.000,"p99_us":0.000,"max_us":0.000},)"
            R"("rests":0,"rest_seconds":0.000000,"rates":[{"name":"a-b",)"
            R"("asked_bits_per_second":10000000.0,"achieved_bits_per_second":9990000.0,)"
            R"("frames":1000}],"devices":[{"name":"a","interface":"lab0@\"near\"",)"
            R"("frames_in":3,"frames_out":4,"refused":1,"without_buffer":0,"vanished_at":null}]})");
  LabAccuracy gone = some_accuracy();
  gone.world.devices[0].vanished_at = Time(2500ms);
  EXPECT_THAT(accuracy_json(gone), HasSubstr(R"("vanished_at":2.500000})"));
}

}  // namespace
}  // namespace strata::service::accuracy_test
