// SPDX-License-Identifier: Apache-2.0
// The context: strands, posted functions, and its end amid all this.

TEST(SUITE(Context), StrandsAndPostedFunctionsRunInOrder) {
  Lab lab;
  auto strand = net::make_strand(lab.client.get_executor());
  std::string log;
  net::post(strand, [&] { log += 'a'; });
  net::dispatch(lab.client.get_executor(), [&] {
    log += 'b';
    net::dispatch(lab.client.get_executor(), [&] { log += 'c'; });  // inside: at once
    log += 'd';
  });
  const net::any_io_executor any = lab.client.get_executor();
  net::post(any, [&] { log += 'e'; });
  EXPECT_EQ(log, "");
  lab.world.run_for(0s);
  EXPECT_EQ(log, "abcde");
}

// Nothing is called and nothing stays behind when it ends amid all this.
TEST(SUITE(Context), DestroysWhatHasNotRun) {
  Lab world_of_others;
  sim::World& world = world_of_others.world;
  bool has_run = false;
  struct Witness {
    explicit Witness(int& count) : alive(&count) { ++*alive; }
    Witness(Witness&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    ~Witness() {
      if (alive != nullptr) --*alive;
    }
    int* alive;
  };
  int alive = 0;
  {
    context owner(world_of_others.client_host.stack(), world_of_others.client_host.executor());
    net::co_spawn(owner.get_executor(), serve(owner), net::detached);
    net::co_spawn(
        owner.get_executor(),
        [](context& in, bool& ran) -> net::awaitable<void> {
          steady_timer timer(in, 1h);
          co_await timer.async_wait(net::use_awaitable);
          ran = true;
        }(owner, has_run),
        net::detached);
    world.run_for(1s);
    net::post(owner.get_executor(), [&has_run, witness = Witness(alive)] { has_run = true; });
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  world.run_for(2h);
  EXPECT_FALSE(has_run);
}

TEST(SUITE(Context), IsAnIoContextForWhoWantsOne) {
  Lab lab;
  std::string log;
  net::co_spawn(
      lab.client,
      [](std::string& out) -> net::awaitable<void> {
        tcp::socket made(co_await net::this_coro::executor);
        out += made.is_open() ? "?" : "spawned ";
      }(log),
      net::detached);
  net::post(lab.client, [&] { log += "posted "; });
  net::io_context other;
  EXPECT_THROW(tcp::socket{other.get_executor()}, net::execution::bad_executor);
  lab.world.run_for(0s);
  EXPECT_EQ(log, "spawned posted ");
}
