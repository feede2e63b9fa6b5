// SPDX-License-Identifier: Apache-2.0
// Acceptors, step by step.

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

// The idiom of servers that keep one socket to accept into.
TEST(SUITE(Acceptor), AcceptsAgainIntoASocketThatWasMovedFrom) {
  Lab lab;
  tcp::acceptor acceptor(lab.server, {tcp::v4(), 7});
  tcp::socket next(lab.server);
  std::vector<std::shared_ptr<tcp::socket>> sessions;
  const std::function<void()> accept_next = [&] {
    acceptor.async_accept(next, [&](error_code failed) {
      EXPECT_FALSE(failed);
      sessions.push_back(std::make_shared<tcp::socket>(std::move(next)));
      accept_next();
    });
  };
  accept_next();
  std::vector<tcp::socket> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(lab.client);
    clients.back().async_connect({kServer, 7}, [](error_code failed) { EXPECT_FALSE(failed); });
    lab.world.run_for(1s);
  }
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(sessions[0]->remote_endpoint(), clients[0].local_endpoint());
  EXPECT_EQ(sessions[1]->remote_endpoint(), clients[1].local_endpoint());
  EXPECT_FALSE(next.is_open());
}

TEST(SUITE(Acceptor), ABacklogBelowZeroIsAsLargeAsTheSystemHasIt) {
  Lab lab;
  tcp::acceptor acceptor(lab.server);
  acceptor.open(tcp::v4());
  acceptor.bind({tcp::v4(), 7});
  acceptor.listen(-1);
  const auto backlog = [&] {
    std::size_t found = 0;
    lab.server_host.stack().for_each_socket([&](const SocketEntry& entry) {
      if (entry.local.port == 7) found = entry.send_queue;
    });
    return found;
  };
  EXPECT_EQ(backlog(), static_cast<std::size_t>(net::socket_base::max_listen_connections));
  acceptor.listen(0);
  EXPECT_EQ(backlog(), 0U);
}

TEST(SUITE(Acceptor), IsAsNewlyMadeWhenItWasMovedFrom) {
  Lab lab;
  tcp::acceptor first(lab.server, {tcp::v4(), 7});
  tcp::acceptor second(std::move(first));
  EXPECT_FALSE(first.is_open());
  EXPECT_EQ(first.get_executor(), lab.server.get_executor());
  first = std::move(second);
  EXPECT_EQ(first.local_endpoint().port(), 7);
  second.open(tcp::v4());
  second.bind({tcp::v4(), 8});
  second.listen();
  EXPECT_EQ(second.local_endpoint().port(), 8);
}
