// SPDX-License-Identifier: Apache-2.0
// What ends an operation before its time: slots, close(), limits, errors.

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

// Nothing comes of what waits for an attempt that was given up.
TEST(SUITE(Tcp), AConnectThatIsGivenUpEndsWhatWaitsBesideIt) {
  Lab lab;
  tcp::socket socket(lab.client);
  net::cancellation_signal signal;
  error_code connected = net::error::would_block;
  error_code writable = net::error::would_block;
  error_code failed = net::error::would_block;
  socket.async_connect(
      {net::ip::address_v4({10, 0, 0, 99}), 7},
      net::bind_cancellation_slot(signal.slot(), [&](error_code error) { connected = error; }));
  socket.async_wait(tcp::socket::wait_write, [&](error_code error) { writable = error; });
  socket.async_wait(tcp::socket::wait_error, [&](error_code error) { failed = error; });
  lab.world.run_for(1ms);
  EXPECT_EQ(writable, net::error::would_block);
  signal.emit(net::cancellation_type::terminal);
  EXPECT_EQ(failed, net::error::would_block);  // not inside the call
  lab.world.run_for(1ms);
  EXPECT_EQ(connected, net::error::operation_aborted);
  EXPECT_EQ(writable, net::error::operation_aborted);
  EXPECT_EQ(failed, net::error::operation_aborted);
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

TEST(SUITE(Tcp), WritingBehindItsOwnEndBreaksThePipe) {
  EchoLab lab;
  lab.socket->shutdown(tcp::socket::shutdown_send);
  error_code result;
  lab.socket->async_write_some(net::buffer("late", 4),
                               [&](error_code error, std::size_t) { result = error; });
  lab.world.run_for(1s);
  EXPECT_EQ(result, net::error::broken_pipe);
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

TEST(SUITE(Tcp), APeerThatSendsNoMoreMakesNothingWritable) {
  Lab lab;
  tcp::acceptor acceptor(lab.server, {net::ip::tcp::v4(), 7});
  tcp::socket client(lab.client);
  client.async_connect({kServer, 7}, [](error_code failed) { EXPECT_FALSE(failed); });
  lab.world.run_for(1s);
  tcp::socket server = acceptor.accept();
  const std::string block(100'000, 'x');
  error_code error;
  do {  // until there is no room at either end
    while (client.write_some(net::buffer(block), error) != 0) {
    }
    lab.world.run_for(1s);
  } while (client.write_some(net::buffer(block), error) != 0);
  std::string log;
  client.async_wait(tcp::socket::wait_write, [&](error_code) { log += 'w'; });
  client.async_wait(tcp::socket::wait_read, [&](error_code) { log += 'r'; });
  client.async_wait(tcp::socket::wait_error, [&](error_code) { log += 'e'; });
  server.shutdown(tcp::socket::shutdown_send, error);
  lab.world.run_for(1s);
  EXPECT_EQ(log, "re");
}
