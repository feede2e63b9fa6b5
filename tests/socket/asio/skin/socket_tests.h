// SPDX-License-Identifier: Apache-2.0
// Sockets as programs for Asio's own use them: opened, bound, given away, with options.

TEST(SUITE(Tcp), OptionsReachTheStream) {
  EchoLab lab;
  lab.socket->set_option(net::ip::tcp::no_delay(true));
  lab.socket->set_option(net::socket_base::keep_alive(true));
  EXPECT_TRUE(lab.socket->native()->options()->no_delay);
  EXPECT_TRUE(lab.socket->native()->options()->keepalive);
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
