// SPDX-License-Identifier: Apache-2.0
// Bytes over TCP, in all the ways in which Asio lets one ask for them.

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
