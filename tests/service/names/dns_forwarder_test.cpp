// SPDX-License-Identifier: Apache-2.0
// Questions to a loopback address of one stack, and a server on another.
#include "service/names/dns_forwarder.h"

#include <optional>

#include "service/lab.h"

namespace strata::service::dns_forwarder_test {
namespace {

const IpAddress kHere = IpAddress::v4(127, 0, 0, 53);
const IpAddress kServer = IpAddress::v4(10, 77, 0, 1);

// Says every message again, as an answer.
class Server {
 public:
  explicit Server(Lab& lab)
      : socket_(*UdpSocket::open(lab.theirs->stack())),
        listener_(
            *TcpListener::listen(lab.theirs->stack(), {IpAddress::any_v6(), dns::kPort}, {})) {
    EXPECT_TRUE(socket_.bind({IpAddress::any_v6(), dns::kPort}));
    EXPECT_TRUE(socket_.on_ready([this](Readiness) { serve(); }));
    EXPECT_TRUE(listener_.on_ready([this](Readiness) {
      stream_.emplace(*listener_.accept(lab_now));
      EXPECT_TRUE(stream_->on_ready([this](Readiness) { serve_stream(); }));
    }));
  }
  int questions = 0;
  bool is_silent = false;
  bool has_wrong_number = false;

 private:
  void serve() {
    std::array<std::byte, 512> message{};
    while (const auto got = socket_.receive(message)) {
      ++questions;
      if (is_silent) continue;
      message[2] |= std::byte{0x80};
      if (has_wrong_number) message[0] ^= std::byte{1};
      EXPECT_TRUE(socket_.send_to(Bytes(message).first(got->size), got->source, lab_now));
    }
  }
  void serve_stream() {
    std::array<std::byte, 512> bytes{};
    const auto count = stream_->read(bytes, lab_now);
    if (count) {
      EXPECT_TRUE(stream_->write(Bytes(bytes).first(*count), lab_now));
    }
    if (!count && count.error() == Error::kClosed) stream_->close(lab_now);
  }

  UdpSocket socket_;
  TcpListener listener_;
  std::optional<TcpStream> stream_;
};

struct House {
  House() : forwarder(lab.ours->stack(), *lab.loop, lab.ours->resolver()) {
    EXPECT_TRUE(forwarder.open(kHere));
    EXPECT_TRUE(client.connect({kHere, dns::kPort}));
  }
  void know(std::vector<IpAddress> servers) {
    lab.ours->resolver().configure({.servers = std::move(servers), .search = {}, .hosts = {}});
  }
  void ask(std::uint8_t number) {
    std::array<std::byte, 20> question{};
    question[1] = std::byte{number};
    question[19] = std::byte{77};
    EXPECT_TRUE(client.send(question, lab_now));
    lab.run_for(std::chrono::milliseconds(10));
  }
  // The number and the code of the next answer; minus one: there is none.
  std::pair<int, int> answer() {
    std::array<std::byte, 512> message{};
    const auto got = client.receive(message);
    if (!got) return {-1, -1};
    EXPECT_EQ(got->size, 20U);
    EXPECT_EQ(message[2] & std::byte{0x80}, std::byte{0x80});
    EXPECT_EQ(message[19], std::byte{77});
    return {std::to_integer<int>(message[1]), std::to_integer<int>(message[3]) & 15};
  }

  Lab lab;
  DnsForwarder forwarder;
  UdpSocket client = *UdpSocket::open(lab.ours->stack(), AddressFamily::kIpv4);
};

constexpr int kServerFailure = 2;
using Answer = std::pair<int, int>;

TEST(DnsForwarder, PassesQuestionsOnAndAnswersBack) {
  House house;
  Server server(house.lab);
  house.know({kServer});
  house.ask(5);
  EXPECT_EQ(house.answer(), Answer(5, 0));
  EXPECT_EQ(house.forwarder.exchanges(), 0U);
  house.ask(6);
  EXPECT_EQ(house.answer(), Answer(6, 0));
}

TEST(DnsForwarder, FailsAtOnceWithoutAServer) {
  House house;
  house.ask(1);
  EXPECT_EQ(house.answer(), Answer(1, kServerFailure));
  house.know({kServer});  // where nobody listens
  house.ask(2);
  EXPECT_EQ(house.answer(), Answer(2, kServerFailure));
}

TEST(DnsForwarder, AsksTheNextServerWhenTheProgramAsksAgain) {
  House house;
  Server server(house.lab);
  server.is_silent = true;
  house.know({kServer, IpAddress::v4(10, 77, 0, 99)});
  house.ask(3);
  house.ask(3);
  EXPECT_EQ(server.questions, 1);
  house.ask(3);
  EXPECT_EQ(server.questions, 2);
  EXPECT_EQ(house.answer(), Answer(-1, -1));
}

TEST(DnsForwarder, BelievesNoAnswerOfAnotherNumberAndForgetsInTheEnd) {
  House house;
  Server server(house.lab);
  server.has_wrong_number = true;
  house.know({kServer});
  house.ask(4);
  EXPECT_EQ(house.answer(), Answer(-1, -1));
  EXPECT_EQ(house.forwarder.exchanges(), 1U);
  house.lab.run_for(2 * DnsForwarder::kPatience + std::chrono::milliseconds(5));
  EXPECT_EQ(house.forwarder.exchanges(), 0U);
}

TEST(DnsForwarder, IsBoundedHoweverMuchIsAsked) {
  House house;
  Server server(house.lab);
  server.is_silent = true;
  house.know({kServer});
  for (int i = 0; i < 600; ++i) house.ask(static_cast<std::uint8_t>(i));
  EXPECT_LE(house.forwarder.exchanges(), DnsForwarder::kExchangesMax);
  EXPECT_GT(server.questions, 500);
}

TEST(DnsForwarder, RelaysStreams) {
  House house;
  Server server(house.lab);
  house.know({kServer});
  auto stream = *TcpStream::connect(house.lab.ours->stack(), {kHere, dns::kPort}, {}, lab_now);
  house.lab.run_for(std::chrono::milliseconds(10));
  const std::array<std::byte, 5> question{std::byte{0}, std::byte{3}, std::byte{7}};
  EXPECT_TRUE(stream.write(question, lab_now));
  house.lab.run_for(std::chrono::milliseconds(10));
  std::array<std::byte, 16> answer{};
  const auto count = stream.read(answer, lab_now);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 5U);
  EXPECT_TRUE(stream.shut_down(TcpShutdown::kWrite, lab_now));
  house.lab.run_for(std::chrono::milliseconds(20));
  const auto end = stream.read(answer, lab_now);
  EXPECT_TRUE(!end && end.error() == Error::kClosed);
}

TEST(DnsForwarder, GivesThePortBack) {
  House house;
  auto own = *UdpSocket::open(house.lab.ours->stack(), AddressFamily::kIpv4);
  EXPECT_FALSE(own.bind({kHere, dns::kPort}));
  EXPECT_TRUE(house.forwarder.close());
  EXPECT_FALSE(house.forwarder.close());
  EXPECT_TRUE(own.bind({kHere, dns::kPort}));
  EXPECT_TRUE(TcpListener::listen(house.lab.ours->stack(), {kHere, dns::kPort}, {}));
}

}  // namespace
}  // namespace strata::service::dns_forwarder_test
