// SPDX-License-Identifier: Apache-2.0
// Timers on the executor's clock, and Asio's own on the machine's.

TEST(SUITE(Timer), ReadsTheExecutorsClock) {
  Lab lab;
  steady_timer timer(lab.client, 1h);
  const Time begin = lab.world.now();
  Time fired{};
  error_code second;
  timer.async_wait([&](error_code error) {
    EXPECT_FALSE(error);
    fired = lab.world.now();
    timer.expires_after(1h);
    timer.async_wait([&](error_code again) { second = again; });
    EXPECT_EQ(timer.cancel(), 1);
  });
  lab.world.run_for(3h);
  EXPECT_EQ(fired, begin + 1h);
  EXPECT_EQ(second, net::error::operation_aborted);
}

TEST(SUITE(Timer), MovingTheExpiryAbortsWhoWaits) {
  Lab lab;
  steady_timer timer(lab.client, 1s);
  std::string log;
  timer.async_wait([&](error_code error) { log += error ? "aborted " : "fired "; });
  timer.async_wait([&](error_code error) { log += error ? "aborted " : "fired "; });
  EXPECT_EQ(timer.expires_after(2s), 2);
  timer.async_wait([&](error_code error) { log += error ? "aborted " : "fired "; });
  lab.world.run_for(5s);
  EXPECT_EQ(log, "aborted aborted fired ");
}

TEST(SUITE(Timer), OneWhoWaitsCanBeCancelledAlone) {
  Lab lab;
  steady_timer timer(net::make_strand(lab.client), 1s);
  std::string log;
  timer.async_wait([&](error_code error) { log += error ? "a-aborted " : "a "; });
  timer.async_wait([&](error_code error) { log += error ? "b-aborted " : "b "; });
  EXPECT_EQ(timer.cancel_one(), 1U);
  lab.world.run_for(2s);
  EXPECT_EQ(log, "a-aborted b ");
  EXPECT_EQ(timer.cancel_one(), 0U);
}

TEST(SUITE(Timer), CountsOnlyWhatHasBegunToWait) {
  Lab lab;
  steady_timer timer(lab.client, 1s);
  const auto never_awaited = timer.async_wait(net::use_awaitable);
  EXPECT_EQ(timer.cancel(), 0U);
  error_code result = net::error::would_block;
  timer.async_wait([&](error_code error) { result = error; });
  EXPECT_EQ(timer.cancel(), 1U);
  EXPECT_EQ(timer.cancel(), 0U);
  lab.world.run_for(2s);
  EXPECT_EQ(result, net::error::operation_aborted);
}

// A runner on the machine's clock. Asio's own timer fires there, and not in a world.
class RealRunnerForTests final : public Executor {
 public:
  [[nodiscard]] Time now() const override { return real_now(); }
  void post(Task task) override { (void)start_timer(now(), std::move(task)); }
  TimerId start_timer(Time deadline, Task task) override {
    const TimerId timer{++last_, 0};
    timers_.emplace(std::pair(deadline, last_), std::move(task));
    return timer;
  }
  bool cancel_timer(TimerId timer) override {
    return std::erase_if(timers_, [&](const auto& one) { return one.first.second == timer.index; });
  }
  void run_once(Duration /*patience*/) {
    if (timers_.empty() || timers_.begin()->first.first > now()) return;
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
  [[nodiscard]] bool is_idle() const { return timers_.empty(); }

 private:
  std::map<std::pair<Time, std::uint32_t>, Task> timers_;
  std::uint32_t last_ = 0;
};

TEST(SUITE(Context), WhatAHandlerThrowsEndsNoOther) {
  Lab lab;
  RealRunnerForTests runner;
  context owner(lab.client_host.stack(), runner);
  int ran = 0;
  const auto fail = [&] {
    ++ran;
    throw std::runtime_error("thrown by a handler");
  };
  net::io_context& asios_own = owner;
  for (int i = 0; i < 2; ++i) {
    net::post(owner.get_executor(), fail);
    net::post(owner.get_executor(), [&] { ++ran; });
    net::post(asios_own.get_executor(), fail);
    net::post(asios_own.get_executor(), [&] { ++ran; });
  }
  int thrown = 0;
  const Time patience = real_now() + 60s;
  while (!runner.is_idle() && real_now() < patience) {
    try {
      runner.run_once({});
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  EXPECT_EQ(ran, 8);
  EXPECT_EQ(thrown, 4);
}

TEST(SUITE(Context), AsiosOwnTimersRunOnTheMachinesClock) {
  Lab lab;
  RealRunnerForTests runner;
  context owner(lab.client_host.stack(), runner);
  net::steady_timer timer(owner, std::chrono::milliseconds(1));
  bool has_fired = false;
  bool was_inside = false;
  timer.async_wait([&](const error_code& error) {
    has_fired = !error;
    was_inside = owner.is_running();
  });
  const Time patience = real_now() + 60s;
  while ((!has_fired || !runner.is_idle()) && real_now() < patience) runner.run_once({});
  EXPECT_TRUE(has_fired);
  EXPECT_TRUE(was_inside);
  EXPECT_TRUE(runner.is_idle());  // with nothing left of Asio's own, nobody looks

  error_code in_world = net::error::would_block;
  net::steady_timer never(lab.client, std::chrono::nanoseconds(1));
  never.async_wait([&](const error_code& error) { in_world = error; });
  lab.world.run_for(1h);
  EXPECT_EQ(in_world, net::error::would_block);
}

TEST(SUITE(Timer), IsAsNewlyMadeWhenItWasMovedFrom) {
  Lab lab;
  steady_timer timer(lab.client, 1s);
  std::string log;
  timer.async_wait([&](error_code error) { log += error ? "aborted " : "moved "; });
  const steady_timer moved(std::move(timer));
  EXPECT_EQ(timer.cancel(), 0U);
  timer.expires_after(2s);
  timer.async_wait([&](error_code error) { log += error ? "aborted " : "again "; });
  lab.world.run_for(5s);
  EXPECT_EQ(log, "moved again ");
}
