// SPDX-License-Identifier: Apache-2.0
// The C API on the machine's clock.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include "strata/strata.h"

namespace strata::capi::real_clock_test {
namespace {

TEST(CApiReal, AStackOnTheMachinesClockWaitsNoLongerThanAsked) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  EXPECT_EQ(strata_attach(stack, "null:sink", "10.0.0.1/24"), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, 1), 0);
  EXPECT_GE(strata_descriptor(stack), 0);
  EXPECT_GE(strata_timeout_ms(stack), 0);
  EXPECT_GT(strata_start_timer(stack, 1000, 5), 0);
  EXPECT_EQ(strata_wait(stack, &event, 1, -1), 1);
  EXPECT_EQ(event.data, 5);
  strata_stack_destroy(stack);
}

// A stack says of what is due at once that it was due ever since.
TEST(CApiReal, WhatIsDueAtOnceIsNotSleptOver) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  const int listener = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(stack, listener, "127.0.0.1", 7), 0);
  EXPECT_EQ(strata_listen(stack, listener, 4), 0);
  EXPECT_EQ(strata_watch(stack, listener, STRATA_READABLE, 8), 0);
  const int asking = strata_socket(stack, STRATA_TCP, STRATA_IPV4);
  EXPECT_EQ(strata_connect(stack, asking, "127.0.0.1", 7), -EINPROGRESS);
  ASSERT_EQ(strata_timeout_ms(stack), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, 10'000), 1);
  EXPECT_EQ(event.data, 8);
  strata_stack_destroy(stack);
}

// Or a program that is to end would not hear of it.
TEST(CApiReal, ASignalEndsTheSleep) {
  strata_stack* stack = nullptr;
  ASSERT_EQ(strata_stack_create(nullptr, &stack), 0);
  struct sigaction former{};
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGALRM, &action, &former), 0);
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 20'000},
                        .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &often, nullptr), 0);
  strata_event event{};
  EXPECT_EQ(strata_wait(stack, &event, 1, -1), 0);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &former, nullptr);
  strata_stack_destroy(stack);
}

}  // namespace
}  // namespace strata::capi::real_clock_test
