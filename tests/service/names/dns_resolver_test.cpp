// SPDX-License-Identifier: Apache-2.0
// The resolver on sockets of a stack, and a server on those of its neighbour.
#include "service/names/dns_resolver.h"

#include <optional>

#include "service/lab.h"
#include "strata/tcp_listener.h"
#include "strata/wire/dns_record.h"

namespace strata::service::dns_resolver_test {
namespace {

const IpAddress kServer = IpAddress::v4(10, 77, 0, 1);

// Answers every question for an A record with one address, and for others that there is none.
class Server {
 public:
  explicit Server(Lab& lab, bool cuts = false)
      : lab_(lab),
        cuts_(cuts),
        socket_(*UdpSocket::open(lab.theirs->stack())),
        listener_(
            *TcpListener::listen(lab.theirs->stack(), {IpAddress::any_v6(), dns::kPort}, {})) {
    EXPECT_TRUE(socket_.bind({IpAddress::any_v6(), dns::kPort}));
    EXPECT_TRUE(socket_.on_ready([this](Readiness) { serve(); }));
    EXPECT_TRUE(listener_.on_ready([this](Readiness) { accept(); }));
  }
  int questions = 0;
  int streams = 0;

 private:
  void serve() {
    std::array<std::byte, 512> query{};
    while (const auto got = socket_.receive(query)) {
      ++questions;
      const auto reply = answer(Bytes(query).first(got->size), cuts_);
      EXPECT_TRUE(socket_.send_to(reply, got->source, lab_now));
    }
  }
  void accept() {
    auto accepted = listener_.accept(lab_now);
    if (!accepted) return;
    stream_.emplace(std::move(*accepted));
    EXPECT_TRUE(stream_->on_ready([this](Readiness) { serve_stream(); }));
    serve_stream();
  }
  void serve_stream() {
    std::array<std::byte, 512> query{};
    const auto count = stream_->read(query, lab_now);
    if (!count) return;
    ++streams;
    auto reply = answer(Bytes(query).subspan(2, *count - 2), false);
    std::array<std::byte, 2> length{};
    store_big_endian(length.data(), static_cast<std::uint16_t>(reply.size()));
    // In two parts, as networks please.
    EXPECT_TRUE(stream_->write(length, lab_now));
    lab_.loop->post([this, reply = std::move(reply)] {
      static_cast<void>(stream_->write(reply, lab_now));  // whoever asked may have gone
    });
  }
  static std::vector<std::byte> answer(Bytes query, bool is_cut) {
    const auto view = wire::DnsView::parse(query);
    std::array<std::byte, 512> out{};
    const auto question = view->question()->values();
    wire::DnsWriter writer({.id = view->id(), .is_response = true, .is_truncated = is_cut}, out);
    EXPECT_TRUE(writer.add(question));
    if (question.type == wire::DnsType::kA && !is_cut) {
      EXPECT_TRUE(writer.add(wire::DnsRecord{.name = question.name, .time_to_live_s = 60},
                             wire::dns_address_data(IpAddress::v4(192, 0, 2, 1)).bytes()));
    }
    return {writer.bytes().begin(), writer.bytes().end()};
  }

  Lab& lab_;
  bool cuts_;
  UdpSocket socket_;
  TcpListener listener_;
  std::optional<TcpStream> stream_;
};

struct Told {
  int times = 0;
  std::vector<IpAddress> addresses;
  std::optional<Error> error;

  Resolver::Answer sink() {
    return [this](Result<std::span<const IpAddress>> answer) {
      ++times;
      if (answer) {
        addresses.assign(answer->begin(), answer->end());
      } else {
        error = answer.error();
      }
    };
  }
};

TEST(DnsResolver, AsksOverUdpAndTellsOnceFromOutsideTheQuestion) {
  Lab lab;
  Server server(lab);
  DnsResolver& resolver = lab.ours->resolver();
  EXPECT_EQ(resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}}), 0U);
  Told first;
  Told second;
  resolver.resolve("www.example.test", first.sink());
  resolver.resolve("www.example.test", second.sink());
  EXPECT_EQ(first.times, 0);
  lab.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(first.times, 1);
  EXPECT_EQ(second.times, 1);
  EXPECT_EQ(first.addresses, std::vector{IpAddress::v4(192, 0, 2, 1)});
  EXPECT_EQ(server.questions, 2);  // one for each family
  resolver.resolve("www.example.test", second.sink());
  lab.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(second.times, 2);
  EXPECT_EQ(server.questions, 3);  // "there is no AAAA" came without an SOA, and so was not kept
}

TEST(DnsResolver, GoesOverToTcpWhenTheAnswerWasCut) {
  Lab lab;
  Server server(lab, true);
  DnsResolver& resolver = lab.ours->resolver();
  resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}});
  std::vector<IpAddress> got;
  resolver.lookup("www.example.test", dns::Family::kIpv4,
                  [&](dns::Failure, std::span<const IpAddress> addresses) {
                    got.assign(addresses.begin(), addresses.end());
                  });
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(got, std::vector{IpAddress::v4(192, 0, 2, 1)});
  EXPECT_EQ(server.streams, 1);
}

TEST(DnsResolver, LeavesAServerWhosePortIsClosedAtOnce) {
  Lab lab;
  DnsResolver& resolver = lab.ours->resolver();
  resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}});
  Told told;
  resolver.resolve("www.example.test", told.sink());
  lab.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(told.error, Error::kTimedOut);
}

TEST(DnsResolver, LeavesNoSocketBehind) {
  Lab lab;
  const Server server(lab, true);
  DnsResolver& resolver = lab.ours->resolver();
  resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}});
  Told told;
  for (int i = 0; i < 8; ++i) resolver.resolve("n" + std::to_string(i) + ".test", told.sink());
  lab.run_for(std::chrono::seconds(200));
  EXPECT_EQ(told.times, 8);
  int sockets = 0;
  lab.ours->stack().for_each_socket(
      [&](const SocketEntry& entry) { sockets += entry.state == TcpState::kTimeWait ? 0 : 1; });
  EXPECT_EQ(sockets, 0);
}

TEST(DnsResolver, RefusesWhatIsNoNameLater) {
  Lab lab;
  Told told;
  lab.ours->resolver().resolve("a..b", told.sink());
  EXPECT_EQ(told.times, 0);
  lab.run_for(std::chrono::milliseconds(2));
  EXPECT_EQ(told.error, Error::kInvalidArgument);
}

TEST(DnsResolver, WhoIsToldMayDestroyIt) {
  Lab lab;
  Server server(lab);
  std::optional<DnsResolver> resolver;
  for (const char* name : {"www.example.test", "a..b"}) {
    resolver.emplace(lab.ours->stack(), *lab.loop, SipKey{1, 2});
    resolver->configure({.servers = {kServer}, .search = {}, .hosts = {}});
    int times = 0;
    for (int i = 0; i < 2; ++i) {
      resolver->resolve(name, [&](Result<std::span<const IpAddress>>) {
        ++times;
        resolver.reset();
      });
    }
    lab.run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(times, 1) << "a resolver that is gone tells nobody";
    EXPECT_FALSE(resolver.has_value());
  }
}

TEST(DnsResolver, TheNetworksServersStandBehindThoseOfTheOptions) {
  Lab lab;
  DnsResolver& resolver = lab.ours->resolver();
  EXPECT_TRUE(resolver.current_servers().empty());
  resolver.set_network_servers(1, {IpAddress::v4(10, 77, 0, 9)}, {});
  ASSERT_EQ(resolver.current_servers().size(), 1U);
  EXPECT_EQ(resolver.current_servers().front().address, IpAddress::v4(10, 77, 0, 9));
  resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}});
  EXPECT_EQ(resolver.current_servers().front().address, kServer);
}

TEST(DnsResolver, EveryNetworkSpeaksForItself) {
  Lab lab;
  DnsResolver& resolver = lab.ours->resolver();
  const IpAddress first = IpAddress::v4(10, 77, 0, 9);
  const IpAddress second = IpAddress::v4(10, 78, 0, 9);
  resolver.set_network_servers(1, {first}, {*wire::DnsName::parse("one.test")});
  resolver.set_network_servers(2, {second, first}, {*wire::DnsName::parse("two.test")});
  ASSERT_EQ(resolver.current_servers().size(), 2U);
  EXPECT_EQ(resolver.current_servers()[0].address, first);
  EXPECT_EQ(resolver.current_servers()[1].address, second);
  resolver.set_network_servers(1, {}, {});
  ASSERT_EQ(resolver.current_servers().size(), 2U);
  EXPECT_EQ(resolver.current_servers()[0].address, second);
  resolver.set_network_servers(2, {}, {});
  EXPECT_TRUE(resolver.current_servers().empty());
}

// Three thousand at once: those there is no room for yet stand in line.
TEST(DnsResolver, AnswersAnyNumberOfQuestions) {
  Lab lab;
  Server server(lab);
  DnsResolver& resolver = lab.ours->resolver();
  resolver.configure({.servers = {kServer}, .search = {}, .hosts = {}});
  constexpr int kMany = 3000;
  int found = 0;
  for (int i = 0; i < kMany; ++i) {
    resolver.lookup("n" + std::to_string(i) + ".test", dns::Family::kIpv4,
                    [&](dns::Failure failure, std::span<const IpAddress>) {
                      found += failure == dns::Failure::kNone ? 1 : 0;
                    });
  }
  EXPECT_EQ(resolver.stub().lookups_under_way(), DnsResolver::kUnderWayMax);
  EXPECT_EQ(resolver.standing_in_line(), kMany - DnsResolver::kUnderWayMax);
  lab.run_for(std::chrono::seconds(15));  // the server's queue is short, and drops some
  EXPECT_EQ(found, kMany);
  EXPECT_EQ(resolver.standing_in_line(), 0U);
}

}  // namespace
}  // namespace strata::service::dns_resolver_test
