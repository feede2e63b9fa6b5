// SPDX-License-Identifier: Apache-2.0
// Completion tokens that sockets bring along.

template <typename T>
using Awaiting = net::use_awaitable_t<>::as_default_on_t<T>;

static_assert(std::is_same_v<Awaiting<tcp::acceptor>::socket_type, Awaiting<tcp::socket>>);

inline net::awaitable<void> greet_one(context& owner) {
  Awaiting<tcp::acceptor> acceptor(owner, tcp::endpoint{tcp::v4(), 7});
  Awaiting<tcp::socket> socket = co_await acceptor.async_accept();
  std::array<char, 5> bytes;
  co_await net::async_read(socket, net::buffer(bytes));
  co_await net::async_write(socket, net::buffer(bytes));
  co_await socket.async_wait(net::socket_base::wait_read);  // the end
}

TEST(SUITE(DefaultToken), IsUsedWhereNoneIsNamed) {
  Lab lab;
  bool is_served = false;
  net::co_spawn(lab.server.get_executor(), greet_one(lab.server),
                [&](const std::exception_ptr& failed) { is_served = failed == nullptr; });
  std::string answer(5, '?');
  const auto ask = [&]() -> net::awaitable<void> {
    Awaiting<tcp::socket> socket(lab.client);
    co_await socket.async_connect({kServer, 7});
    co_await socket.async_write_some(net::buffer("hello", 5));
    const std::size_t count = co_await socket.async_read_some(net::buffer(answer));
    answer.resize(count);
  };
  bool has_asked = false;
  net::co_spawn(lab.client.get_executor(), ask,
                [&](const std::exception_ptr& failed) { has_asked = failed == nullptr; });
  lab.world.run_for(2s);
  EXPECT_TRUE(has_asked);
  EXPECT_TRUE(is_served);
  EXPECT_EQ(answer, "hello");
}

TEST(SUITE(DefaultToken), ANamedOneIsUsedInstead) {
  EchoLab lab;
  auto socket = net::use_awaitable.as_default_on(std::move(*lab.socket));
  error_code failed = net::error::would_block;
  std::size_t sent = 0;
  socket.async_write_some(net::buffer("hi", 2), [&](error_code error, std::size_t count) {
    failed = error;
    sent = count;
  });
  lab.world.run_for(1s);
  EXPECT_FALSE(failed);
  EXPECT_EQ(sent, 2U);
  EXPECT_EQ(socket.available(), 2U);
  socket.close();
}

TEST(SUITE(DefaultToken), TimersAndDatagramsHaveThemToo) {
  Lab lab;
  Time woken{};
  std::string heard(10, '?');
  const auto serve_once = [&]() -> net::awaitable<void> {
    Awaiting<udp::socket> socket(lab.server, udp::endpoint{udp::v4(), 9});
    udp::endpoint source;
    heard.resize(co_await socket.async_receive_from(net::buffer(heard), source));
  };
  const auto send_later = [&]() -> net::awaitable<void> {
    Awaiting<steady_timer> timer(lab.client, 100ms);
    co_await timer.async_wait();
    woken = lab.world.now();
    Awaiting<udp::socket> socket(lab.client, udp::v4());
    co_await socket.async_send_to(net::buffer("late", 4), {kServer, 9});
  };
  const Time begin = lab.world.now();
  net::co_spawn(lab.server.get_executor(), serve_once, net::detached);
  net::co_spawn(lab.client.get_executor(), send_later, net::detached);
  lab.world.run_for(1s);
  EXPECT_EQ(woken, begin + 100ms);
  EXPECT_EQ(heard, "late");
}
