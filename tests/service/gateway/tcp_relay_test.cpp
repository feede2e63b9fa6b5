// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_relay.h"

#include <algorithm>
#include <cerrno>
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

// A relay of its own on the gateway's stack, where a test says when the loop turns.
class TcpRelayTest : public GatewayTest {
 protected:
  [[nodiscard]] TcpRelay::Fate send_syn(const GatewayFlow& flow) {
    PacketPtr syn = pool_.allocate();
    (void)syn->append(40);
    const auto fate = relay_.on_packet(*syn, flow, true);
    if (fate == TcpRelay::Fate::kTaken) (void)syn.release();
    return fate;
  }

  HeapMemory memory_;
  PacketPool pool_{memory_, PacketPoolConfig{}};
  HostPlaces places_;
  Troubles troubles_{[](const Failure&) {}};
  TcpRelay relay_{gateway_->stack(), gateway_->device(), places_, troubles_, SipKey{1, 2}};
};

TEST_F(TcpRelayTest, ClientsOfPublishedPortsTakeNothingFromThoseInside) {
  const auto turned_away = [&] {
    return gateway_->stack().stack().drops(DropReason::kTcpTableFull);
  };
  std::uint16_t port = 1024;
  while (turned_away() == 0) {
    relay_.join(HostSocket(), {.inside = {kInside4.address(), 80},
                               .outside = {IpAddress::v4(192, 0, 2, 1), ++port}});
  }
  const std::size_t clients = relay_.flows();
  EXPECT_GT(clients, 1000U);
  EXPECT_EQ(send_syn({.inside = {kInside4.address(), 4000}, .outside = {kGateway4, 80}}),
            TcpRelay::Fate::kTaken);
  EXPECT_EQ(relay_.flows(), clients + 1);
  EXPECT_EQ(turned_away(), 1U);
}

TEST_F(TcpRelayTest, WhoHangsUpAtOnceIsNotPutThrough) {
  const HostEnd listener(SOCK_STREAM);
  const GatewayFlow flow{.inside = {kInside4.address(), 4000},
                         .outside = {kGateway4, listener.port()}};
  EXPECT_EQ(send_syn(flow), TcpRelay::Fate::kTaken);
  relay_.hang_up(flow);
  for (int i = 0; i < 20; ++i) (void)loop_->run_once(std::chrono::milliseconds(1));
  EXPECT_EQ(relay_.flows(), 0U);
  HostEnd host(nullptr);
  EXPECT_FALSE(host.accept_from(listener));
}

// The inside answers the SYN-ACK of a call it has given up with a reset.
TEST_F(GatewayTest, AResetFromInsideEndsACallOnItsWay) {
  const HostEnd listener(SOCK_STREAM);
  auto stream = connect(listener.port());
  ASSERT_TRUE(stream.has_value());
  ASSERT_TRUE(eventually([&] { return gateway_->flows().connections == 1; }));
  stream->abort(now());
  HostEnd host(nullptr);
  ASSERT_TRUE(eventually([&] { return host.accept_from(listener); }));
  EXPECT_TRUE(eventually([&] { return gateway_->flows().connections == 0; }));
  char byte = 0;
  EXPECT_TRUE(eventually([&] {
    const ssize_t count = ::recv(host.get(), &byte, 1, MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }));
}

// Of this process's connection one end of which is this port, as `end` tells it.
bool is_kept_alive(std::uint16_t port, decltype(&::getsockname) end) {
  for (int descriptor = 3; descriptor < 1024; ++descriptor) {
    sockaddr_in there{};
    sockaddr_in wanted{};
    socklen_t size = sizeof(there);
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&there), &size) != 0) continue;
    size = sizeof(wanted);
    if (end(descriptor, reinterpret_cast<sockaddr*>(&wanted), &size) != 0) continue;
    if (wanted.sin_family != AF_INET || ntohs(wanted.sin_port) != port) continue;
    int is_on = 0;
    size = sizeof(is_on);
    return ::getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &is_on, &size) == 0 && is_on != 0;
  }
  return false;
}

TEST_F(GatewayTest, ConnectionsOfTheHostAreProbedWhileTheyAreIdle) {
  const HostEnd listener(SOCK_STREAM);
  auto stream = connect(listener.port());
  HostEnd host(nullptr);
  ASSERT_TRUE(eventually([&] { return host.accept_from(listener); }));
  EXPECT_TRUE(is_kept_alive(listener.port(), &::getpeername));

  auto server = TcpListener::listen(inside_->stack(), {IpAddress::any_v4(), 80}, {});
  const std::uint16_t port = HostEnd(SOCK_STREAM).port();
  ASSERT_TRUE(gateway_->publish({IpAddress::loopback_v4(), port, 80}).has_value());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  HostEnd client(nullptr);
  client.take(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_TRUE(eventually([&] { return server->accept(now()).has_value(); }));
  EXPECT_TRUE(is_kept_alive(port, &::getsockname));
}

}  // namespace
}  // namespace strata::service::tcp_relay_test
