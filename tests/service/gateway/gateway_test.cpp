// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/gateway.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "service/gateway/gateway_bench.h"
#include "strata/udp_socket.h"

namespace strata::service::gateway_test {
namespace {

TEST_F(GatewayTest, CarriesBytesBothWaysAndEachEndForItself) {
  std::optional<TcpStream> stream;
  HostEnd host(nullptr);
  ASSERT_NO_FATAL_FAILURE(join(stream, host));
  std::string sent, arrived, back;
  for (int i = 0; i < 300'000; ++i) sent += static_cast<char>(i * 7 + i / 251);
  std::size_t written = 0;
  EXPECT_TRUE(eventually([&] {
    const auto count = stream->write(bytes_of(sent).subspan(written), now());
    written += count.value_or(0);
    const auto got = host.read();
    arrived += got.value_or("");
    return arrived.size() == sent.size();
  }));
  EXPECT_EQ(arrived, sent);
  ASSERT_TRUE(stream->shut_down(TcpShutdown::kWrite, now()).has_value());
  EXPECT_TRUE(eventually([&] { return !host.read().has_value(); })) << "the end of one direction";
  host.write("and back");
  EXPECT_TRUE(eventually([&] {
    (void)read(*stream, back);
    return back == "and back";
  }));
  host.close();
  EXPECT_TRUE(eventually([&] { return !read(*stream, back); }));
  EXPECT_EQ(last_error_, Error::kClosed);
}

TEST_F(GatewayTest, TellsWhatTheHostWasTold) {
  std::uint16_t closed = 0;
  {
    const HostEnd gone(SOCK_STREAM);
    closed = gone.port();
  }
  auto stream = connect(closed);
  ASSERT_TRUE(stream.has_value());
  EXPECT_TRUE(eventually([&] { return stream->readiness()->error; }));
  EXPECT_EQ(stream->take_error(), Error::kConnectionRefused);
}

TEST_F(GatewayTest, PassesResetsOnInBothDirections) {
  std::optional<TcpStream> stream;
  HostEnd host(nullptr);
  ASSERT_NO_FATAL_FAILURE(join(stream, host));
  const linger now_or_never{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(host.get(), SOL_SOCKET, SO_LINGER, &now_or_never, sizeof(now_or_never));
  host.close();
  std::string text;
  EXPECT_TRUE(eventually([&] { return !read(*stream, text); }));
  EXPECT_EQ(last_error_, Error::kConnectionReset);

  ASSERT_NO_FATAL_FAILURE(join(stream, host));
  stream->abort(now());
  EXPECT_TRUE(eventually([&] {
    char byte = 0;
    return ::recv(host.get(), &byte, 1, 0) < 0 && errno == ECONNRESET;
  }));
}

TEST_F(GatewayTest, CarriesDatagramsAndSaysThatNobodyIsThere) {
  const HostEnd host(SOCK_DGRAM);
  auto socket = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
  ASSERT_TRUE(socket.has_value());
  ASSERT_TRUE(socket->connect({kGateway4, host.port()}).has_value());
  std::string big(65'507, 'x');  // what IPv4 can carry
  for (const std::string& text : {std::string("hello"), big}) {
    ASSERT_TRUE(socket->send(bytes_of(text), now()).has_value());
    std::string got(65'536, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    ssize_t count = -1;
    EXPECT_TRUE(eventually([&] {
      count = ::recvfrom(host.get(), got.data(), got.size(), 0, reinterpret_cast<sockaddr*>(&from),
                         &size);
      return count >= 0;
    }));
    EXPECT_EQ(got.substr(0, static_cast<std::size_t>(count)), text);
    ::sendto(host.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    std::vector<std::byte> buffer(65'536);
    Result<DatagramInfo> info = std::unexpected(Error::kWouldBlock);
    EXPECT_TRUE(eventually([&] {
      info = socket->receive(buffer);
      return info.has_value();
    }));
    EXPECT_EQ(info->size, text.size());
    EXPECT_EQ(info->source.address, kGateway4);
  }
  std::uint16_t closed = 0;
  {
    const HostEnd gone(SOCK_DGRAM);
    closed = gone.port();
  }
  ASSERT_TRUE(socket->connect({kGateway4, closed}).has_value());
  ASSERT_TRUE(socket->send(bytes_of(big), now()).has_value());
  EXPECT_TRUE(eventually([&] { return socket->readiness()->error; }));
  EXPECT_EQ(socket->take_error(), Error::kPortUnreachable);
}

TEST_F(GatewayTest, LetsClientsOfAPublishedPortIn) {
  auto listener = TcpListener::listen(inside_->stack(), {IpAddress::any_v4(), 80}, {});
  ASSERT_TRUE(listener.has_value());
  std::uint16_t free_port = 0;
  {
    const HostEnd gone(SOCK_STREAM);
    free_port = gone.port();
  }
  const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
  ASSERT_TRUE(gateway_->publish({loopback, free_port, 80}).has_value());
  const auto twice = gateway_->publish({loopback, free_port, 80});
  ASSERT_FALSE(twice.has_value());
  EXPECT_NE(twice.error().text.find("is asked for twice"), std::string::npos);
  const HostEnd other(SOCK_STREAM);
  const auto taken = gateway_->publish({loopback, other.port(), 80});
  ASSERT_FALSE(taken.has_value());
  EXPECT_NE(taken.error().text.find("is taken by another program"), std::string::npos);

  HostEnd client(nullptr);
  client.take(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(free_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  std::optional<TcpStream> stream;
  ASSERT_TRUE(eventually([&] {
    auto accepted = listener->accept(now());
    if (accepted) stream = *std::move(accepted);
    return stream.has_value();
  }));
  EXPECT_EQ(stream->remote()->address, kGateway4) << "the host's own loopback has no other name";
  client.write("who is there");
  std::string text;
  EXPECT_TRUE(eventually([&] {
    (void)read(*stream, text);
    return text == "who is there";
  }));

  listener->close(now());
  HostEnd late(nullptr);
  late.take(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_TRUE(eventually([&] {
    char byte = 0;
    return ::recv(late.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
  })) << "nobody listens inside";
}

class ClosedGateway : public GatewayTest {
 protected:
  ClosedGateway() : GatewayTest({.reaches_loopback = false, .secret = {1, 2}}) {}
};

TEST_F(ClosedGateway, KeepsTheHostsLoopbackToItself) {
  const HostEnd listener(SOCK_STREAM);
  const auto stream = connect(listener.port());
  ASSERT_TRUE(stream.has_value());
  EXPECT_TRUE(eventually([&] { return stream->readiness()->error; }));
}

// A stack whose MTU is the least that IPv6 allows.
class NarrowGateway : public GatewayTest {
 protected:
  NarrowGateway() : GatewayTest({.secret = {1, 2}}, {.policy = LoopPolicy::kSleep}, 1280) {}
  void expect_to_arrive(AddressFamily family, const HostEnd& host, std::uint16_t port) {
    auto socket = UdpSocket::open(inside_->stack(), family);
    ASSERT_TRUE(socket.has_value());
    const IpAddress& gateway = family == AddressFamily::kIpv4 ? kGateway4 : kGateway6;
    std::string sent(20'000, ' ');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
    ASSERT_TRUE(socket->send_to(bytes_of(sent), {gateway, port}, now()).has_value());
    std::string got(65'536, '\0');
    ssize_t count = -1;
    EXPECT_TRUE(eventually([&] {
      count = ::recv(host.get(), got.data(), got.size(), 0);
      return count >= 0;
    }));
    EXPECT_EQ(got.substr(0, static_cast<std::size_t>(count)), sent);
  }
};

TEST_F(NarrowGateway, PutsTogetherWhatASmallMtuHasCut) {
  const HostEnd host(SOCK_DGRAM);
  expect_to_arrive(AddressFamily::kIpv4, host, host.port());
  EXPECT_EQ(gateway_->stack().stack().counters().reassembled, 1U);
  EXPECT_EQ(gateway_->stack().stack().drops(DropReason::kHookDropped), 0U);
}

TEST_F(NarrowGateway, DoesSoForIpv6) {
  HostEnd host(nullptr);
  host.take(::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  socklen_t size = sizeof(address);
  if (::bind(host.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    GTEST_SKIP() << "the host has no IPv6";
  }
  ASSERT_EQ(::getsockname(host.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  expect_to_arrive(AddressFamily::kIpv6, host, ntohs(address.sin6_port));
}

}  // namespace
}  // namespace strata::service::gateway_test
