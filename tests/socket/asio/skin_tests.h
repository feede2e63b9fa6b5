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
  EXPECT_EQ(found.begin()->endpoint(), (net::ip::tcp::endpoint{kServer, 7}));
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

// ── As programs for Asio's own sockets are written ──────────────────────────────────────────────

TEST(SUITE(Acceptor), IsOpenedBoundAndListensStepByStep) {
  Lab lab;
  tcp::acceptor acceptor(net::make_strand(lab.server));
  const tcp::endpoint local{tcp::v4(), 7};
  error_code error;
  EXPECT_FALSE(acceptor.is_open());
  acceptor.open(local.protocol());
  acceptor.set_option(net::socket_base::reuse_address(true));
  acceptor.bind(local, error);
  EXPECT_FALSE(error);
  acceptor.listen(net::socket_base::max_listen_connections, error);
  EXPECT_FALSE(error);
  EXPECT_EQ(acceptor.local_endpoint().port(), 7);
  (void)acceptor.accept(error);
  EXPECT_EQ(error, net::error::would_block);

  std::vector<tcp::socket> held;
  tcp::endpoint peer;
  acceptor.async_accept(net::make_strand(lab.server), peer,
                        [&](error_code failed, tcp::socket one) {
                          EXPECT_FALSE(failed);
                          held.push_back(std::move(one));
                        });
  tcp::socket into(lab.server);
  error_code second = net::error::would_block;
  acceptor.async_accept(into, [&](error_code failed) { second = failed; });
  error_code third = net::error::would_block;
  acceptor.async_wait(tcp::acceptor::wait_read, [&](error_code failed) { third = failed; });
  std::vector<tcp::socket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(net::any_io_executor(lab.client.get_executor()));
    clients.back().async_connect({kServer, 7}, [](error_code failed) { EXPECT_FALSE(failed); });
    lab.world.run_for(1s);
  }
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(peer, clients[0].local_endpoint());
  EXPECT_EQ(peer, held[0].remote_endpoint());
  EXPECT_FALSE(second);
  EXPECT_EQ(into.remote_endpoint(), clients[1].local_endpoint());
  EXPECT_FALSE(third);
  EXPECT_TRUE(acceptor.accept(error).is_open());
  EXPECT_FALSE(error);
}

TEST(SUITE(Acceptor), WrongStepsHaveTheErrorsOfASocket) {
  Lab lab;
  error_code error;
  tcp::acceptor acceptor(lab.server);
  acceptor.listen(5, error);
  EXPECT_EQ(error, net::error::bad_descriptor);
  acceptor.open(tcp::v6());
  acceptor.open(tcp::v6(), error);
  EXPECT_EQ(error, net::error::already_open);
  acceptor.bind({tcp::v4(), 7}, error);
  EXPECT_EQ(error, net::error::invalid_argument);
  acceptor.bind({net::ip::make_address("fd00::99"), 7}, error);
  EXPECT_EQ(error, error_code(EADDRNOTAVAIL, net::error::get_system_category()));
  acceptor.async_accept([&](error_code failed, const tcp::socket&) { error = failed; });
  lab.world.run_for(0s);
  EXPECT_EQ(error, net::error::invalid_argument);
  acceptor.close();
  EXPECT_FALSE(acceptor.is_open());
  EXPECT_THROW((void)acceptor.local_endpoint(), system_error);
}

TEST(SUITE(Tcp), OptionsAreAsiosAndCanBeReadBack) {
  EchoLab lab;
  tcp::socket& socket = *lab.socket;
  socket.set_option(net::socket_base::linger(true, 5));
  net::socket_base::linger linger;
  socket.get_option(linger);
  EXPECT_TRUE(linger.enabled());
  EXPECT_EQ(linger.timeout(), 5);
  socket.set_option(net::socket_base::send_buffer_size(100'000));
  net::socket_base::send_buffer_size size;
  socket.get_option(size);
  EXPECT_EQ(size.value(), 100'000);
  tcp::no_delay no_delay;
  socket.get_option(no_delay);
  EXPECT_FALSE(no_delay.value());
  socket.set_option(net::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>(1500));
  EXPECT_EQ(socket.native()->options()->user_timeout, 1500ms);
  socket.set_option(net::ip::unicast::hops(9));
  EXPECT_EQ(socket.native()->options()->hop_limit, 9);
  error_code error;
  socket.set_option(net::ip::unicast::hops(256), error);
  EXPECT_EQ(error, net::error::invalid_argument);
  socket.set_option(net::socket_base::debug(true), error);
  EXPECT_EQ(error, net::error::no_protocol_option);
  socket.close();
  socket.set_option(no_delay, error);
  EXPECT_EQ(error, net::error::bad_descriptor);
}

// What is said before connecting holds for the connection.
TEST(SUITE(Tcp), ASocketMayBeOpenedAndBoundFirst) {
  EchoLab lab;
  tcp::socket socket(lab.client, tcp::v4());
  EXPECT_TRUE(socket.is_open());
  socket.set_option(tcp::no_delay(true));
  socket.bind({tcp::v4(), 4567});
  error_code error;
  socket.async_read_some(net::buffer(&error, 1),
                         [&](error_code failed, std::size_t) { error = failed; });
  lab.world.run_for(0s);
  EXPECT_EQ(error, net::error::not_connected);
  socket.connect({kServer, 7}, error);
  EXPECT_EQ(error, net::error::in_progress);
  error = net::error::would_block;
  socket.async_wait(tcp::socket::wait_write, [&](error_code failed) { error = failed; });
  lab.world.run_for(1s);
  EXPECT_FALSE(error);
  EXPECT_EQ(socket.local_endpoint().port(), 4567);
  EXPECT_TRUE(socket.native()->options()->no_delay);
  socket.connect({kServer, 7}, error);
  EXPECT_EQ(error, net::error::already_connected);
}

TEST(SUITE(Tcp), WaitingTellsOfReadinessAndOfTheEnd) {
  EchoLab lab;
  tcp::socket& socket = *lab.socket;
  std::string log;
  socket.async_wait(tcp::socket::wait_read, [&](error_code e) { log += e ? "?" : "readable "; });
  socket.async_wait(tcp::socket::wait_error, [&](error_code e) { log += e ? "?" : "broken "; });
  EXPECT_EQ(socket.available(), 0U);
  socket.async_send(net::buffer("abc", 3), [](error_code, std::size_t) {});
  lab.world.run_for(1s);
  EXPECT_EQ(log, "readable ");
  EXPECT_EQ(socket.available(), 3U);
  std::array<char, 10> bytes;
  EXPECT_EQ(socket.receive(net::buffer(bytes)), 3U);  // who waits for the end keeps nobody up
  EXPECT_THROW(socket.receive(net::buffer(bytes)), system_error);
  socket.native()->abort(lab.world.now());
  socket.cancel();
  lab.world.run_for(1s);
  EXPECT_EQ(log, "readable ?");
}

TEST(SUITE(Tcp), AStreamIsGivenAwayAndTakenBack) {
  EchoLab lab;
  error_code read_error;
  std::array<char, 10> bytes;
  lab.socket->async_read_some(net::buffer(bytes),
                              [&](error_code error, std::size_t) { read_error = error; });
  std::optional<TcpStream> stream = lab.socket->release();
  lab.world.run_for(1s);
  EXPECT_EQ(read_error, net::error::operation_aborted);
  EXPECT_FALSE(lab.socket->is_open());
  ASSERT_TRUE(stream.has_value());
  tcp::socket other(lab.client);
  other.assign(std::move(*stream));
  std::size_t received = 0;
  other.async_read_some(net::buffer(bytes),
                        [&](error_code, std::size_t count) { received = count; });
  EXPECT_EQ(other.write_some(net::buffer("abc", 3)), 3U);
  lab.world.run_for(1s);
  EXPECT_EQ(received, 3U);
}

TEST(SUITE(Tcp), TheFirstEndpointThatAnswersIsConnectedTo) {
  EchoLab lab;
  const std::vector<tcp::endpoint> endpoints{
      {kServer, 9}, {kServer, 10}, {kServer, 7}, {kServer, 11}};
  tcp::socket socket(lab.client);
  tcp::endpoint reached;
  net::async_connect(socket, endpoints, [&](error_code error, const tcp::endpoint& to) {
    EXPECT_FALSE(error);
    reached = to;
  });
  lab.world.run_for(1s);
  EXPECT_EQ(reached, endpoints[2]);
  EXPECT_EQ(socket.remote_endpoint(), endpoints[2]);
  tcp_stream stream(lab.client);
  auto found = endpoints.end();
  net::async_connect(stream.socket(), endpoints.begin(), endpoints.begin() + 2,
                     [&](error_code error, auto at) {
                       EXPECT_EQ(error, net::error::connection_refused);
                       found = at;
                     });
  lab.world.run_for(1s);
  EXPECT_EQ(found, endpoints.begin() + 2);
  std::string asked;
  error_code result;
  stream.async_connect(
      endpoints,
      [&](error_code, const tcp::endpoint& next) {
        asked += std::to_string(next.port()) + " ";
        return next.port() == 11;
      },
      [&](error_code error, const tcp::endpoint&) { result = error; });
  lab.world.run_for(1s);
  EXPECT_EQ(asked, "9 10 7 11 ");
  EXPECT_EQ(result, net::error::connection_refused);
  stream.async_connect(std::vector<tcp::endpoint>(),
                       [&](error_code error, const tcp::endpoint&) { result = error; });
  lab.world.run_for(1s);
  EXPECT_EQ(result, net::error::not_found);
}

// Answers only when it is told to.
class PatientResolver final : public Resolver {
 public:
  void resolve(std::string_view name, Answer answer) override {
    names += std::string(name) + " ";
    answers.push_back(std::move(answer));
  }
  std::string names;
  std::vector<Answer> answers;
};

TEST(SUITE(Resolver), ResultsAreAsios) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  tcp::resolver resolver(net::make_strand(owner));
  tcp::resolver::results_type found;
  error_code second = net::error::would_block;
  resolver.async_resolve("server.test", "80",
                         [&](error_code error, tcp::resolver::results_type all) {
                           EXPECT_FALSE(error);
                           found = std::move(all);
                         });
  resolver.async_resolve("other.test", "80",
                         [&](error_code error, const auto&) { second = error; });
  const std::array both{*IpAddress::parse("fd00::1"), IpAddress::v4(10, 0, 0, 1)};
  names.answers[1](std::unexpected(Error::kNotFound));  // in another order than asked
  lab.world.run_for(0s);
  EXPECT_EQ(second, net::error::host_not_found);
  names.answers[0](std::span(both));
  lab.world.run_for(0s);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.begin()->host_name(), "server.test");
  EXPECT_EQ(found.begin()->service_name(), "80");
  EXPECT_EQ(std::next(found.begin())->endpoint(), (tcp::endpoint{kServer, 80}));
  EXPECT_EQ(names.names, "server.test other.test ");
}

TEST(SUITE(Resolver), WhoAskedMayGoFirst) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  error_code result = net::error::would_block;
  int told = 0;
  const auto note = [&](error_code error, const auto&) {
    result = error;
    ++told;
  };
  {
    tcp::resolver resolver(owner);
    resolver.async_resolve("a.test", "80", note);
    resolver.cancel();
    lab.world.run_for(0s);
    EXPECT_EQ(result, net::error::operation_aborted);
    resolver.async_resolve("b.test", "80", note);
  }
  lab.world.run_for(0s);
  EXPECT_EQ(told, 2);
  const IpAddress address = IpAddress::v4(10, 0, 0, 1);
  for (auto& answer : names.answers) answer(std::span(&address, 1));  // nobody listens
  lab.world.run_for(0s);
  EXPECT_EQ(told, 2);
}

TEST(SUITE(Resolver), ServicesAndFlagsAreUnderstoodOrRefused) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  tcp::resolver resolver(owner);
  struct Case {
    const char* host;
    const char* service;
    tcp::resolver::flags with;
    error_code error;
  };
  const Case cases[] = {
      {"10.0.0.1", "65535", {}, {}},
      {"10.0.0.1", "65536", {}, net::error::service_not_found},
      {"10.0.0.1", "no-such-service", {}, net::error::service_not_found},
      {"10.0.0.1", "http", tcp::resolver::numeric_service, net::error::service_not_found},
      {"x.test", "80", tcp::resolver::numeric_host, net::error::host_not_found},
      {"", "80", tcp::resolver::passive, {}},
      {"fe80::1%1", "80", {}, {}},
      {"10.0.0.1", "80", tcp::resolver::canonical_name, net::error::operation_not_supported},
  };
  for (const Case& one : cases) {
    error_code result = net::error::would_block;
    resolver.async_resolve(one.host, one.service, one.with,
                           [&](error_code error, const auto&) { result = error; });
    lab.world.run_for(0s);
    EXPECT_EQ(result, one.error) << one.host << ' ' << one.service;
  }
  error_code result;
  resolver.async_resolve(tcp::v6(), "10.0.0.1", "80",
                         [&](error_code error, const auto&) { result = error; });
  lab.world.run_for(0s);
  EXPECT_EQ(result, net::error::no_data);
  EXPECT_EQ(names.names, "");
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

TEST(SUITE(Udp), SocketsAreOpenedAndHaveOptions) {
  Lab lab;
  udp::socket server(lab.server, udp::v4());
  server.set_option(net::socket_base::reuse_address(true));
  server.bind({udp::v4(), 7});
  server.set_option(net::ip::multicast::join_group(net::ip::make_address_v4("239.1.2.3")));
  udp::socket client(net::any_io_executor(lab.client.get_executor()));
  EXPECT_FALSE(client.is_open());
  error_code error;
  client.async_connect({net::ip::make_address("239.1.2.3"), 7},
                       [&](error_code failed) { error = failed; });
  client.set_option(net::ip::multicast::hops(4));
  net::ip::multicast::hops hops;
  client.get_option(hops);
  EXPECT_EQ(hops.value(), 4);
  lab.world.run_for(1s);
  EXPECT_FALSE(error);
  EXPECT_EQ(client.send(net::buffer("all", 3)), 3U);
  error = net::error::would_block;
  server.async_wait(udp::socket::wait_read, [&](error_code failed) { error = failed; });
  lab.world.run_for(1s);
  EXPECT_FALSE(error);
  std::array<char, 10> bytes;
  udp::endpoint source;
  EXPECT_EQ(server.receive_from(net::buffer(bytes), source), 3U);
  EXPECT_EQ(source,
            udp::endpoint(net::ip::address_v4({10, 0, 0, 2}), client.local_endpoint().port()));
  server.receive_from(net::buffer(bytes), source, 0, error);
  EXPECT_EQ(error, net::error::would_block);
  client.set_option(net::socket_base::do_not_route(true), error);
  EXPECT_EQ(error, net::error::no_protocol_option);
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
