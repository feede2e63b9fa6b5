// SPDX-License-Identifier: Apache-2.0
// A client behind a middlebox, a server in front of it, and programs on both.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "sim/tcp/transfer.h"
#include "strata/sim.h"
#include "strata/sim_middlebox.h"

namespace strata::sim::middlebox_test {

using namespace std::chrono_literals;
using tcp_test::Program;
using tcp_test::ProgramOptions;

//   client 10.0.0.1 ── box ── server 10.0.0.2      and fd00::1, fd00::2
class Behind {
 public:
  struct Options {
    std::uint64_t seed = 1;
    LinkConfig line{.bits_per_second = 10'000'000, .delay = 5ms};
    TcpConfig tcp{};
    TcpSocketOptions socket{};
  };

  explicit Behind(std::unique_ptr<MiddleboxRules> rules) : Behind(std::move(rules), Options{}) {}
  Behind(std::unique_ptr<MiddleboxRules> rules, const Options& options)
      : options_(options),
        world_(WorldConfig{.seed = options.seed}),
        client_host_(world_.add_host("client", {.tcp = options.tcp}, tcp_test::plain_interfaces())),
        box_(world_.add_middlebox("box", std::move(rules))),
        server_host_(
            world_.add_host("server", {.tcp = options.tcp}, tcp_test::plain_interfaces())) {
    world_.connect(client_host_, box_);
    world_.connect(box_, server_host_, options.line);
    client_host_.add_address("10.0.0.1/24").add_address("fd00::1/64");
    server_host_.add_address("10.0.0.2/24").add_address("fd00::2/64");
    world_.run_for(10ms);
    auto listener = TcpListener::listen(server_host_.stack(), {IpAddress::any_v6(), 80},
                                        {.options = options.socket});
    STRATA_CHECK(listener.has_value());
    listener_.emplace(std::move(*listener));
    (void)listener_->on_ready([this](Readiness) { accept(); });
  }

  // Both programs write, end, read to the end and close.
  void start(std::uint64_t there, std::uint64_t back, const char* to = "10.0.0.2") {
    back_ = back;
    auto stream = TcpStream::connect(client_host_.stack(), {*IpAddress::parse(to), 80},
                                     {.options = options_.socket}, world_.now());
    ASSERT_TRUE(stream.has_value());
    client_.emplace(client_host_, std::move(*stream),
                    ProgramOptions{.to_write = there, .pattern_out = 1, .pattern_in = 2});
    client_->work();
    client_host_.wake();
  }
  // True: both are done, or the client is and nobody was called.
  bool run(Duration limit) {
    return world_.run_until_true(
        [this] { return client_->is_over() && (!server_ || server_->is_over()); }, limit);
  }

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Middlebox& box() { return box_; }
  [[nodiscard]] Host& client_host() { return client_host_; }
  [[nodiscard]] Host& server_host() { return server_host_; }
  [[nodiscard]] Program& client() { return *client_; }
  [[nodiscard]] std::optional<Program>& server() { return server_; }
  [[nodiscard]] const std::optional<Endpoint>& caller() const { return caller_; }

 private:
  void accept() {
    auto stream = listener_->accept(world_.now());
    if (!stream) return;
    caller_ = *stream->remote();
    server_.emplace(server_host_, std::move(*stream),
                    ProgramOptions{.to_write = back_, .pattern_out = 2, .pattern_in = 1});
    server_->work();
  }

  Options options_;
  World world_;
  Host& client_host_;
  Middlebox& box_;
  Host& server_host_;
  std::optional<TcpListener> listener_;
  std::optional<Program> client_, server_;
  std::optional<Endpoint> caller_;
  std::uint64_t back_ = 0;
};

// Every byte came, in order, and both ends know that it was all.
inline void expect_whole(Behind& behind, std::uint64_t there, std::uint64_t back) {
  ASSERT_TRUE(behind.server().has_value());
  for (Program* program : {&behind.client(), &*behind.server()}) {
    EXPECT_FALSE(program->failure()) << to_text(*program->failure());
    EXPECT_FALSE(program->is_wrong());
    EXPECT_TRUE(program->saw_end());
  }
  EXPECT_EQ(behind.server()->bytes_read(), there);
  EXPECT_EQ(behind.client().bytes_read(), back);
}

// Those who wait for the other end ask now and then whether it is there.
inline TcpSocketOptions asking() {
  TcpSocketOptions options;
  options.keepalive = true;
  options.keepalive_idle = 10s;
  options.keepalive_interval = 5s;
  return options;
}

}  // namespace strata::sim::middlebox_test
