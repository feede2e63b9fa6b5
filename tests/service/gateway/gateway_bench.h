// SPDX-License-Identifier: Apache-2.0
// GatewayTest: a stack behind a gateway, and the host's sockets at its other side.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "service/gateway/gateway.h"
#include "service/gateway/host_end.h"

namespace strata::service {

inline Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class GatewayTest : public testing::Test {
 protected:
  explicit GatewayTest(const GatewayOptions& options = {.secret = {1, 2}},
                       const LoopOptions& turning = {.policy = LoopPolicy::kSleep},
                       std::size_t mtu = 0)
      : loop_(std::move(*Loop::create(turning))),
        gateway_(std::move(*Gateway::create(*loop_, options))) {
    const Port port{.name = "rootless",
                    .device = &gateway_->device(),
                    .feeding = Feeding::kSameLoop,
                    .addresses = {kInside4, kInside6},
                    .mtu = mtu,
                    .detect_duplicates = false};
    inside_ = std::move(*HostedStack::create(*loop_, {.name = "x", .secret = {3, 4}}, {&port, 1}));
    EXPECT_TRUE(inside_->add_default_route(kGateway4).has_value());
    EXPECT_TRUE(inside_->add_default_route(kGateway6).has_value());
  }
  void TearDown() override {
    gateway_->clear();
    inside_.reset();
  }

  [[nodiscard]] Time now() const { return loop_->now(); }
  bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      (void)loop_->run_once(std::chrono::milliseconds(1));
    }
    return false;
  }
  std::optional<TcpStream> connect(std::uint16_t port) {
    auto made = TcpStream::connect(inside_->stack(), {kGateway4, port}, {}, now());
    return made ? std::optional(*std::move(made)) : std::nullopt;
  }
  // What has come so far is added; false once the stream has ended.
  bool read(TcpStream& stream, std::string& text) {
    std::array<std::byte, 4096> buffer;
    auto count = stream.read(buffer, now());
    for (; count; count = stream.read(buffer, now())) {
      text.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
    last_error_ = count.error();
    return count.error() == Error::kWouldBlock;
  }
  // A stream inside and its host's end, both open.
  void join(std::optional<TcpStream>& stream, HostEnd& host) {
    const HostEnd listener(SOCK_STREAM);
    stream = connect(listener.port());
    ASSERT_TRUE(stream.has_value());
    ASSERT_TRUE(eventually([&] { return host.accept_from(listener); }));
    ASSERT_TRUE(eventually([&] { return stream->state() == TcpState::kEstablished; }));
  }

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HostedStack> inside_;
  Error last_error_ = Error::kWouldBlock;
};

}  // namespace strata::service
