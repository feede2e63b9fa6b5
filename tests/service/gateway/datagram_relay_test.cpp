// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/datagram_relay.h"

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/gateway/gateway_bench.h"
#include "service/lab.h"
#include "strata/udp_socket.h"

namespace strata::service::datagram_relay_test {
namespace {

using namespace std::chrono_literals;

Time virtual_now{};

// The host's sockets are real, and time is not.
class DatagramTest : public GatewayTest {
 protected:
  explicit DatagramTest(const GatewayOptions& options = {.secret = {1, 2}})
      : GatewayTest(options, {.policy = LoopPolicy::kSpin, .clock = [] { return virtual_now; }}) {}
  void settle() {
    for (int i = 0; i < 200; ++i) (void)loop_->run_once(Duration::zero());
  }
  void pass(Duration span) {
    for (const Time end = virtual_now + span; virtual_now < end; virtual_now += 1s) settle_once();
    settle();
  }
  UdpSocket sends_to(std::uint16_t port) {
    auto socket = UdpSocket::open(inside_->stack(), AddressFamily::kIpv4);
    EXPECT_TRUE(socket && socket->connect({kGateway4, port}));
    EXPECT_TRUE(socket->send(bytes_of("x"), now()).has_value());
    settle();
    return *std::move(socket);
  }
  UdpSocket open(AddressFamily family = AddressFamily::kIpv4) {
    auto socket = UdpSocket::open(inside_->stack(), family);
    EXPECT_TRUE(socket.has_value());
    return *std::move(socket);
  }
  void send(UdpSocket& from, const std::string& text, const Endpoint& to) {
    EXPECT_TRUE(from.send_to(bytes_of(text), to, now()).has_value());
    settle();
  }
  // A datagram and whose it is.
  std::optional<std::pair<std::string, Endpoint>> receive(UdpSocket& socket) {
    settle();
    std::array<std::byte, 2048> buffer;
    const auto got = socket.receive(buffer);
    if (!got) return std::nullopt;
    return std::pair(std::string(reinterpret_cast<const char*>(buffer.data()), got->size),
                     got->source);
  }
  // What the host calls the only mapping: its socket is one of this process.
  static std::uint16_t mapped_port() {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
      sockaddr_in address{};
      int type = 0;
      socklen_t size = sizeof(address), type_size = sizeof(type);
      const bool is_datagram =
          ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 &&
          type == SOCK_DGRAM;
      if (!is_datagram ||
          ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        continue;
      }
      const bool is_anywhere = address.sin_family == AF_INET && address.sin_addr.s_addr == 0;
      if (is_anywhere && address.sin_port != 0) return ntohs(address.sin_port);
    }
    return 0;
  }
  // A port of loopback where nobody is.
  static std::uint16_t closed_port() { return HostEnd(SOCK_DGRAM).port(); }

 private:
  void settle_once() { (void)loop_->run_once(Duration::zero()); }
};

// RFC 4787 4.3 MUST: a mapping lives for two minutes at least; five are recommended.
TEST_F(DatagramTest, AFlowIsForgottenFiveMinutesAfterItsLastDatagram) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket socket = sends_to(host.port());
  EXPECT_EQ(host.read(), "x");
  EXPECT_EQ(gateway_->flows().datagrams, 1U);
  pass(4min);
  ASSERT_TRUE(socket.send(bytes_of("still here"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "still here");
  pass(4min);
  EXPECT_EQ(gateway_->flows().datagrams, 1U) << "it was used four minutes ago";
  pass(2min);
  EXPECT_EQ(gateway_->flows().datagrams, 0U);
  ASSERT_TRUE(socket.send(bytes_of("back again"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "back again");
}

TEST_F(DatagramTest, FlowsAreBoundedByTheHostsDescriptorsAndOldOnesGoOn) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket first = sends_to(host.port());
  EXPECT_EQ(host.read(), "x");
  const FewDescriptors few(3);
  std::vector<UdpSocket> others;
  for (int i = 0; i < 10; ++i) others.push_back(sends_to(host.port()));
  EXPECT_EQ(gateway_->flows().datagrams, 4U);
  EXPECT_EQ(gateway_->stack().stack().drops(DropReason::kUdpNoSocket), 7U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host.read(), "x");
  ASSERT_TRUE(first.send(bytes_of("goes on"), now()).has_value());
  settle();
  EXPECT_EQ(host.read(), "goes on");
}

// RFC 4787 4.1 MUST: endpoint-independent mapping; what is behind a port is the same to all.
TEST_F(DatagramTest, APortInsideIsOnePortOfTheHostWhomeverItSpeaksTo) {
  const HostEnd first(SOCK_DGRAM), second(SOCK_DGRAM);
  UdpSocket socket = open();
  send(socket, "to the first", {kGateway4, first.port()});
  send(socket, "to the second", {kGateway4, second.port()});
  const auto a = first.receive(), b = second.receive();
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->text, "to the first");
  EXPECT_EQ(b->text, "to the second");
  EXPECT_EQ(a->port, b->port);
  EXPECT_EQ(gateway_->flows().datagrams, 1U);
  first.send_to(a->port, "one");
  second.send_to(a->port, "two");
  for (const auto& [text, port] :
       {std::pair("one", first.port()), std::pair("two", second.port())}) {
    EXPECT_EQ(receive(socket), std::pair(std::string(text), Endpoint{kGateway4, port}));
  }
}

// RFC 4787 5 SHOULD: endpoint-independent filtering; TFTP answers from another port than it had.
TEST_F(DatagramTest, AnybodyMayAnswerAPortThatHasSpoken) {
  const HostEnd asked(SOCK_DGRAM), other(SOCK_DGRAM);
  UdpSocket socket = open();
  send(socket, "x", {kGateway4, asked.port()});
  const auto letter = asked.receive();
  ASSERT_TRUE(letter.has_value());
  other.send_to(letter->port, "from elsewhere");
  EXPECT_EQ(receive(socket),
            std::pair(std::string("from elsewhere"), Endpoint{kGateway4, other.port()}));
}

TEST_F(DatagramTest, AnErrorIsToldOfWhomItIsAboutAndKeepsNothingElseBack) {
  const HostEnd there(SOCK_DGRAM);
  UdpSocket gone = open();
  ASSERT_TRUE(gone.bind({IpAddress::any_v4(), 4000}).has_value());
  const std::uint16_t nobody = closed_port();
  ASSERT_TRUE(gone.connect({kGateway4, nobody}).has_value());
  ASSERT_TRUE(gone.send(bytes_of("x"), now()).has_value());
  settle();
  EXPECT_EQ(gone.take_error(), Error::kPortUnreachable);
  // Another of the same port: two destinations, and the first one's error waits at the socket.
  ASSERT_TRUE(gone.send(bytes_of("x"), now()).has_value());
  ASSERT_TRUE(gone.connect({kGateway4, there.port()}).has_value());
  ASSERT_TRUE(gone.send(bytes_of("arrives"), now()).has_value());
  settle();
  EXPECT_EQ(there.read(), "arrives");
  EXPECT_NE(gone.take_error(), Error::kPortUnreachable) << "of somebody else by now";
}

// RFC 4787 4.3 MUST: what the inside sends keeps a mapping; strangers cannot.
TEST_F(DatagramTest, WhatComesInKeepsNoMappingAlive) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket socket = open();
  send(socket, "x", {kGateway4, host.port()});
  const auto letter = host.receive();
  ASSERT_TRUE(letter.has_value());
  for (int i = 0; i < 4; ++i) {
    pass(1min);
    host.send_to(letter->port, "still here?");
    EXPECT_TRUE(receive(socket).has_value());
  }
  pass(90s);
  EXPECT_EQ(gateway_->flows().datagrams, 0U);
}

// RFC 4787 4.3 MAY: shorter for a well-known port whose talk is known to be brief.
TEST_F(DatagramTest, WhoAsksForNamesOnlyIsForgottenSooner) {
  UdpSocket asks = open(), talks = open();
  send(asks, "x", {kGateway4, kDnsPort});
  send(talks, "x", {kGateway4, kDnsPort});
  const HostEnd host(SOCK_DGRAM);
  send(talks, "y", {kGateway4, host.port()});
  EXPECT_EQ(gateway_->flows().datagrams, 2U);
  pass(45s);
  EXPECT_EQ(gateway_->flows().datagrams, 1U);
  pass(3min);
  const auto letter = host.receive();
  ASSERT_TRUE(letter.has_value());
  host.send_to(letter->port, "an answer");
  EXPECT_EQ(receive(talks)->first, "an answer");
}

TEST_F(DatagramTest, ABurstOfQuestionsEndsNoCall) {
  const HostEnd host(SOCK_DGRAM);
  UdpSocket call = open();
  send(call, "x", {kGateway4, host.port()});
  const auto letter = host.receive();
  ASSERT_TRUE(letter.has_value());
  UdpSocket questions = open();
  for (std::uint16_t port = 10'000; port < 11'100; ++port) {
    questions = open();
    ASSERT_TRUE(questions.bind({IpAddress::any_v4(), port}).has_value());
    ASSERT_TRUE(questions.send_to(bytes_of("x"), {kGateway4, kDnsPort}, now()).has_value());
    (void)loop_->run_once(Duration::zero());
  }
  settle();
  EXPECT_LE(gateway_->flows().datagrams, 1025U);
  host.send_to(letter->port, "still here");
  EXPECT_EQ(receive(call)->first, "still here");
}

struct ResolverFile {
  explicit ResolverFile(const std::string& server) {
    std::ofstream(path) << "nameserver " << server << '\n';
  }
  TemporaryFolder folder;
  std::string path = folder.path + "/resolv.conf";
};

// The host's resolver is nobody to whom its kernel lets a socket like ours speak.
class SilencedDatagramTest : protected ResolverFile, public DatagramTest {
 protected:
  SilencedDatagramTest()
      : ResolverFile("255.255.255.255"), DatagramTest({.secret = {1, 2}, .resolver_file = path}) {}
};

TEST_F(SilencedDatagramTest, WhatCouldNeverSendLeavesNothingBehind) {
  UdpSocket socket = open();
  send(socket, "x", {kGatewayDns4, kDnsPort});
  EXPECT_EQ(gateway_->flows().datagrams, 0U);
  EXPECT_EQ(gateway_->stack().stack().drops(DropReason::kUdpNoSocket), 0U) << "it was tried";
}

// A gateway that does not lead to the host's loopback, though the host's resolver lives there.
class ClosedDatagramTest : protected ResolverFile, public DatagramTest {
 protected:
  ClosedDatagramTest()
      : ResolverFile("127.0.0.1"),
        DatagramTest({.reaches_loopback = false, .secret = {1, 2}, .resolver_file = path}) {}
};

TEST_F(ClosedDatagramTest, APortThatMaySpeakToOneReachesNobodyElseByIt) {
  const HostEnd secret(SOCK_DGRAM);
  UdpSocket socket = open();
  send(socket, "x", {kGatewayDns4, kDnsPort});
  EXPECT_EQ(gateway_->flows().datagrams, 1U) << "the resolver is had";
  for (const IpAddress& address : {kGateway4, kGatewayDns4}) {
    send(socket, "y", {address, secret.port()});
  }
  EXPECT_FALSE(secret.receive().has_value());
  EXPECT_GE(gateway_->stack().stack().drops(DropReason::kUdpNoSocket), 2U);
}

TEST_F(ClosedDatagramTest, NobodyOfTheHostsLoopbackAnswersButTheResolver) {
  UdpSocket socket = open();
  send(socket, "x", {kGatewayDns4, kDnsPort});
  const std::uint16_t port = mapped_port();
  ASSERT_NE(port, 0);
  const HostEnd stranger(SOCK_DGRAM);
  stranger.send_to(port, "let me in");
  EXPECT_FALSE(receive(socket).has_value());
  EXPECT_EQ(gateway_->stack().stack().drops(DropReason::kHookDropped), 1U);
}

TEST_F(DatagramTest, ClientsOfAPublishedPortAreForgottenAsWell) {
  std::uint16_t port = 0;
  {
    const HostEnd gone(SOCK_DGRAM);
    port = gone.port();
  }
  ASSERT_TRUE(gateway_->publish({IpAddress::v4(127, 0, 0, 1), port, 53, true}).has_value());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const HostEnd client(SOCK_DGRAM);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  client.write("x");
  settle();
  EXPECT_EQ(gateway_->flows().published_clients, 1U);
  pass(6min);
  EXPECT_EQ(gateway_->flows().published_clients, 0U);
}

}  // namespace
}  // namespace strata::service::datagram_relay_test
