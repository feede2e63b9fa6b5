// SPDX-License-Identifier: Apache-2.0
// Datagrams.

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

TEST(SUITE(Udp), ASocketIsAsNewlyMadeWhenItWasMovedFrom) {
  Lab lab;
  udp::socket first(lab.server, {udp::v4(), 7});
  udp::socket second(std::move(first));
  EXPECT_FALSE(first.is_open());
  first.open(udp::v4());
  first.bind({udp::v4(), 8});
  EXPECT_EQ(first.local_endpoint().port(), 8);
  EXPECT_EQ(second.local_endpoint().port(), 7);
}
