// SPDX-License-Identifier: Apache-2.0
// What holds for both Asios: included once with each, inside a namespace of its own.

net::awaitable<void> echo(tcp::socket socket) {
  std::array<char, 1000> bytes;
  for (;;) {
    const std::size_t count =
        co_await socket.async_read_some(net::buffer(bytes), net::use_awaitable);
    co_await net::async_write(socket, net::buffer(bytes, count), net::use_awaitable);
  }
}

net::awaitable<void> serve(context& owner) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v4(), 7});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), echo(std::move(socket)), net::detached);
  }
}

// A server that echoes and a client that is connected to it.
struct EchoLab : Lab {
  explicit EchoLab(std::uint64_t seed = 1) : Lab(seed) {
    net::co_spawn(server.get_executor(), serve(server), net::detached);
    socket.emplace(client);
    error_code result = net::error::would_block;
    socket->async_connect({kServer, 7}, [&](error_code error) { result = error; });
    world.run_for(1s);
    EXPECT_FALSE(result) << result.message();
  }
  ~EchoLab() { socket.reset(); }
  std::optional<tcp::socket> socket;
};

TEST(SUITE(Tcp), CoroutinesAndComposedOperationsEcho) {
  Lab lab;
  std::string answer;
  net::co_spawn(lab.server.get_executor(), serve(lab.server), net::detached);
  net::co_spawn(
      lab.client.get_executor(),
      [](context& owner, std::string& out) -> net::awaitable<void> {
        tcp::socket socket(owner);
        co_await socket.async_connect({kServer, 7}, net::use_awaitable);
        co_await net::async_write(socket, net::buffer("hello", 5), net::use_awaitable);
        std::string text(5, '\0');
        co_await net::async_read(socket, net::buffer(text), net::use_awaitable);
        EXPECT_EQ(socket.remote_endpoint(), (net::ip::tcp::endpoint{kServer, 7}));
        out = text;
      }(lab.client, answer),
      net::detached);
  lab.world.run_for(1s);
  EXPECT_EQ(answer, "hello");
}

TEST(SUITE(Tcp), CallbacksNeverRunInsideTheCall) {
  EchoLab lab;
  std::string log;
  lab.socket->async_write_some(net::buffer("abc", 3), [&](error_code error, std::size_t count) {
    log += error ? "failed " : "wrote " + std::to_string(count) + " ";
  });
  log += "began ";
  std::array<char, 10> bytes;
  lab.socket->async_read_some(net::buffer(bytes), [&](error_code error, std::size_t count) {
    log += error ? "failed " : "read " + std::to_string(count);
  });
  lab.world.run_for(1s);
  EXPECT_EQ(log, "began wrote 3 read 3");
}

TEST(SUITE(Tcp), ManyBuffersAreOneOperation) {
  EchoLab lab;
  std::array<net::const_buffer, 3> parts = {net::buffer("ab", 2), net::buffer("", 0),
                                            net::buffer("cde", 3)};
  std::size_t written = 0;
  lab.socket->async_write_some(parts, [&](error_code, std::size_t count) { written = count; });
  lab.world.run_for(1s);
  EXPECT_EQ(written, 5);
  std::array<char, 2> first;
  std::array<char, 8> second;
  const std::array<net::mutable_buffer, 2> room = {net::buffer(first), net::buffer(second)};
  error_code error;
  EXPECT_EQ(lab.socket->read_some(room, error), 5);
  EXPECT_EQ(std::string(first.data(), 2) + std::string(second.data(), 3), "abcde");
  EXPECT_EQ(lab.socket->read_some(room, error), 0);
  EXPECT_EQ(error, net::error::would_block);
}

TEST(SUITE(Tcp), AFutureIsReadyOnceTheWorldHasRun) {
  EchoLab lab;
  std::future<std::size_t> written =
      lab.socket->async_write_some(net::buffer("abc", 3), net::use_future);
  EXPECT_EQ(written.wait_for(0s), std::future_status::timeout);
  lab.world.run_for(1s);
  ASSERT_EQ(written.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(written.get(), 3);
}

TEST(SUITE(Tcp), ASlotCancelsOneOperation) {
  EchoLab lab;
  net::cancellation_signal signal;
  error_code read_error;
  bool has_written = false;
  std::array<char, 10> bytes;
  lab.socket->async_read_some(
      net::buffer(bytes),
      net::bind_cancellation_slot(signal.slot(),
                                  [&](error_code error, std::size_t) { read_error = error; }));
  signal.emit(net::cancellation_type::total);
  EXPECT_FALSE(read_error);  // not inside the call
  lab.world.run_for(0s);
  EXPECT_EQ(read_error, net::error::operation_aborted);
  lab.socket->async_write_some(net::buffer("abc", 3),
                               [&](error_code error, std::size_t) { has_written = !error; });
  lab.world.run_for(1s);
  EXPECT_TRUE(has_written);
}

// A SYN has been sent: that cannot be as if nothing had been.
TEST(SUITE(Tcp), TotalCancellationIsNotPromisedForConnecting) {
  Lab lab;
  tcp::socket socket(lab.client);
  net::cancellation_signal signal;
  error_code result = net::error::would_block;
  const auto begin = [&] {
    socket.async_connect(
        {net::ip::address_v4({10, 0, 0, 99}), 7},
        net::bind_cancellation_slot(signal.slot(), [&](error_code error) { result = error; }));
  };
  begin();
  signal.emit(net::cancellation_type::total);
  lab.world.run_for(1ms);
  EXPECT_EQ(result, net::error::would_block);
  signal.emit(net::cancellation_type::terminal);
  lab.world.run_for(1ms);
  EXPECT_EQ(result, net::error::operation_aborted);
  EXPECT_FALSE(socket.is_open());
}

TEST(SUITE(Tcp), ClosingAbortsWhatWaits) {
  EchoLab lab;
  error_code read_error;
  std::array<char, 10> bytes;
  lab.socket->async_read_some(net::buffer(bytes),
                              [&](error_code error, std::size_t) { read_error = error; });
  lab.socket->close();
  lab.world.run_for(1s);
  EXPECT_EQ(read_error, net::error::operation_aborted);
  lab.socket->async_read_some(net::buffer(bytes),
                              [&](error_code error, std::size_t) { read_error = error; });
  lab.world.run_for(1s);
  EXPECT_EQ(read_error, net::error::bad_descriptor);
}

TEST(SUITE(Tcp), TheEndOfTheStreamIsEof) {
  EchoLab lab;
  error_code error;
  lab.socket->shutdown(net::socket_base::shutdown_send, error);
  EXPECT_FALSE(error);
  std::array<char, 10> bytes;
  lab.socket->async_read_some(net::buffer(bytes), [&](error_code e, std::size_t) { error = e; });
  lab.world.run_for(1s);
  EXPECT_EQ(error, net::error::eof);
}

TEST(SUITE(Tcp), ErrorsHaveAsiosNames) {
  Lab lab;
  tcp::socket socket(lab.client);
  error_code result;
  socket.async_connect({kServer, 9}, [&](error_code error) { result = error; });
  lab.world.run_for(1s);
  EXPECT_EQ(result, net::error::connection_refused);
  const tcp::acceptor first(lab.server, {net::ip::tcp::v4(), 7});
  try {
    const tcp::acceptor second(lab.server, {net::ip::tcp::v4(), 7});
    ADD_FAILURE();
  } catch (const system_error& error) {
    EXPECT_EQ(error.code(), net::error::address_in_use);
  }
}

TEST(SUITE(Tcp), TheLimitEndsWhatWaitsAndRefusesWhatComes) {
  EchoLab lab;
  error_code result;
  Time ended{};
  const Time begin = lab.world.now();
  std::array<char, 10> bytes;
  const auto read = [&] {
    lab.socket->async_read_some(net::buffer(bytes), [&](error_code error, std::size_t) {
      result = error;
      ended = lab.world.now();
    });
  };
  lab.socket->expires_after(3s);
  read();
  lab.world.run_for(10s);
  EXPECT_EQ(result, net::error::timed_out);
  EXPECT_EQ(ended, begin + 3s);
  read();
  lab.world.run_for(1s);
  EXPECT_EQ(result, net::error::timed_out);
  lab.socket->expires_never();
  lab.socket->async_connect({kServer, 7}, [&](error_code error) { result = error; });
  lab.world.run_for(1s);
  EXPECT_FALSE(result);
}

TEST(SUITE(Tcp), ASocketMayBeMovedWhileItWaits) {
  EchoLab lab;
  std::size_t received = 0;
  std::array<char, 10> bytes;
  lab.socket->async_read_some(net::buffer(bytes),
                              [&](error_code, std::size_t count) { received = count; });
  tcp::socket moved = std::move(*lab.socket);
  moved.async_write_some(net::buffer("abc", 3), [](error_code, std::size_t) {});
  lab.world.run_for(1s);
  EXPECT_EQ(received, 3);
}

TEST(SUITE(Tcp), OptionsReachTheStream) {
  EchoLab lab;
  lab.socket->set_option(net::ip::tcp::no_delay(true));
  lab.socket->set_option(net::socket_base::keep_alive(true));
  EXPECT_TRUE(lab.socket->native()->options()->no_delay);
  EXPECT_TRUE(lab.socket->native()->options()->keepalive);
}

TEST(SUITE(Resolver), AddressesAsTextNeedNoResolver) {
  Lab lab;
  tcp::resolver resolver(lab.client);
  tcp::resolver::results_type found;
  error_code result;
  resolver.async_resolve(
      "10.0.0.1", 7, [&](error_code, tcp::resolver::results_type all) { found = std::move(all); });
  resolver.async_resolve("server.test", 7, [&](error_code error, const auto&) { result = error; });
  lab.world.run_for(1s);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0], (net::ip::tcp::endpoint{kServer, 7}));
  EXPECT_EQ(result, net::error::operation_not_supported);
}

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

TEST(SUITE(Udp), DatagramsComeWithTheirSource) {
  Lab lab;
  udp::socket server(lab.server, {net::ip::udp::v4(), 7});
  udp::socket client(lab.client, {net::ip::udp::v4(), 0});
  std::array<char, 100> bytes;
  udp::endpoint source;
  std::string answer;
  server.async_receive_from(net::buffer(bytes), source, [&](error_code error, std::size_t count) {
    EXPECT_FALSE(error);
    server.async_send_to(net::buffer(bytes, count), source, [](error_code, std::size_t) {});
  });
  client.connect({kServer, 7});
  client.async_send(net::buffer("ping", 4), [&](error_code error, std::size_t count) {
    EXPECT_FALSE(error);
    EXPECT_EQ(count, 4);
  });
  std::array<char, 3> small;  // the rest of a longer datagram is lost
  client.async_receive(net::buffer(small), [&](error_code error, std::size_t count) {
    EXPECT_FALSE(error);
    answer.assign(small.data(), count);
  });
  lab.world.run_for(1s);
  EXPECT_EQ(answer, "pin");
  EXPECT_EQ(source.address(), net::ip::address_v4({10, 0, 0, 2}));
}

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
