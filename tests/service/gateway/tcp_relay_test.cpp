// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_relay.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "service/gateway/gateway_bench.h"

namespace strata::service::tcp_relay_test {
namespace {

class FullGateway : public GatewayTest {
 protected:
  FullGateway()
      : GatewayTest({.secret = {1, 2},
                     .tell = [this](const Failure& one) { told_.push_back(one.text); }}) {}
  [[nodiscard]] std::uint64_t turned_away() {
    return gateway_->stack().stack().drops(DropReason::kTcpTableFull);
  }

  std::vector<std::string> told_;
};

TEST_F(FullGateway, RefusesWhatItHasNoDescriptorForAndServesOthers) {
  constexpr int kStreams = 64;
  const HostEnd listener(SOCK_STREAM);
  ::listen(listener.get(), kStreams);
  std::vector<std::optional<TcpStream>> streams;
  int refused = 0, stand = 0;
  {
    const FewDescriptors few(16);
    for (int i = 0; i < kStreams; ++i) streams.push_back(connect(listener.port()));
    EXPECT_TRUE(eventually([&] {
      refused = stand = 0;
      for (const auto& stream : streams) {
        refused += stream->readiness()->error;
        stand += stream->state() == TcpState::kEstablished;
      }
      return refused + stand == kStreams;
    }));
    EXPECT_GT(refused, 0);
    EXPECT_GT(stand, 0);
    EXPECT_EQ(turned_away(), static_cast<std::uint64_t>(refused));
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_NE(told_[0].find("all are in use"), std::string::npos) << told_[0];
    for (auto& stream : streams) {
      if (stream->state() != TcpState::kEstablished) {
        EXPECT_EQ(stream->take_error(), Error::kConnectionRefused);
      }
    }
    // What ends makes room.
    const auto one = std::ranges::find_if(
        streams, [](const auto& stream) { return stream->state() == TcpState::kEstablished; });
    (*one)->abort(now());
    for (int i = 0; i < 20; ++i) (void)loop_->run_once(std::chrono::milliseconds(1));
    const auto another = connect(listener.port());
    ASSERT_TRUE(another.has_value());
    EXPECT_TRUE(eventually([&] { return another->state() == TcpState::kEstablished; }));
  }
}

TEST_F(FullGateway, TurnsClientsAwayForWhomThereIsNoDescriptor) {
  auto server = TcpListener::listen(inside_->stack(), {IpAddress::any_v4(), 80}, {.backlog = 64});
  ASSERT_TRUE(server.has_value());
  std::uint16_t port = 0;
  {
    const HostEnd gone(SOCK_STREAM);
    port = gone.port();
  }
  ASSERT_TRUE(gateway_->publish({IpAddress::v4(127, 0, 0, 1), port, 80}).has_value());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  constexpr int kClients = 24;
  std::vector<std::unique_ptr<HostEnd>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<HostEnd>(nullptr));
    clients.back()->take(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(
        ::connect(clients.back()->get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)),
        0);
  }
  const FewDescriptors few(8);
  std::vector<TcpStream> served;
  EXPECT_TRUE(eventually([&] {
    while (auto one = server->accept(now())) served.push_back(*std::move(one));
    return served.size() + turned_away() == kClients;
  }));
  EXPECT_GT(served.size(), 0U);
  EXPECT_GT(turned_away(), 0U);
  int resets = 0;
  for (const auto& client : clients) {
    char byte = 0;
    resets += ::recv(client->get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
  }
  EXPECT_EQ(static_cast<std::uint64_t>(resets), turned_away());
}

}  // namespace
}  // namespace strata::service::tcp_relay_test
