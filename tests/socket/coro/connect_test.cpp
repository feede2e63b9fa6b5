// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "socket/coro/lab.h"

namespace strata::coro::connect_test {
namespace {

constexpr IpAddress kServer6 = IpAddress::v6(0xfd00'0000'0000'0000, 1);

// Names as a test wrote them; the answer comes a moment later.
class Names final : public Resolver {
 public:
  explicit Names(Executor& executor) : executor_(executor) {}
  void resolve(std::string_view name, Answer answer) override {
    const auto found = known.find(std::string(name));
    asked.push_back(
        {std::move(answer), found == known.end() ? std::vector<IpAddress>() : found->second});
    executor_.start_timer(executor_.now() + delay, [this, number = asked.size() - 1] {
      Question& question = asked[number];
      if (question.addresses.empty())
        question.answer(std::unexpected(Error::kNotFound));
      else
        question.answer(std::span<const IpAddress>(question.addresses));
    });
  }

  std::map<std::string, std::vector<IpAddress>> known;
  Duration delay = 10ms;

 private:
  struct Question {
    Answer answer;
    std::vector<IpAddress> addresses;
  };
  Executor& executor_;
  std::vector<Question> asked;
};

struct Outcome {
  Result<Endpoint> peer = std::unexpected(Error::kWouldBlock);
  Time at{};
};

struct NamedLab : Lab {
  NamedLab() : names(client_host.executor()) {
    server_host.add_address("fd00::1/64");
    client_host.add_address("fd00::2/64");
    world.run_for(10s);
    begin = world.now();
  }
  Outcome connect_to(std::string host, Until until = {}, Duration patience = 100s) {
    Outcome outcome;
    TaskGroup group;
    const Net net{client_host.stack(), client_host.executor(), &names};
    group.spawn([](Net with, std::string name, Until limit, Outcome& out) -> Task<> {
      auto stream = co_await connect(with, name, 7, {}, limit);
      out.peer = stream ? stream->native().remote() : std::unexpected(stream.error());
      out.at = with.executor.now();
    }(net, std::move(host), until, outcome));
    world.run_until_true([&] { return group.empty(); }, patience);
    return outcome;
  }
  Names names;
  Time begin{};
};

TEST(CoroConnect, AnAddressAsTextNeedsNoResolver) {
  Lab lab;
  std::size_t connected = 0;
  lab.spawn(serve_echo(lab.server()));
  lab.spawn([](Net net, std::size_t& count) -> Task<> {
    if (co_await connect(net, "10.0.0.1", 7)) ++count;
    const auto nameless = co_await connect(net, "server.test", 7);
    EXPECT_EQ(nameless.error(), Error::kNotSupported);
  }(lab.client(), connected));
  lab.world.run_for(1s);
  EXPECT_EQ(connected, 1);
}

TEST(CoroConnect, TheFirstAddressThatAnswersWins) {
  NamedLab lab;
  lab.spawn(serve_echo(lab.server()));
  lab.names.known["server.test"] = {kServer6, kServer};
  const Outcome outcome = lab.connect_to("server.test");
  EXPECT_EQ(outcome.peer, (Endpoint{kServer6, 7}));
}

// RFC 8305 5 SHOULD: the next attempt begins 250 milliseconds after one that has not answered.
TEST(CoroConnect, AfterAHeadStartTheOtherFamilyIsTried) {
  NamedLab lab;
  lab.spawn(serve_echo(lab.server()));
  lab.names.known["server.test"] = {IpAddress::v6(0xfd00'0000'0000'0000, 99),
                                    IpAddress::v6(0xfd00'0000'0000'0000, 98), kServer};
  const Outcome outcome = lab.connect_to("server.test");
  EXPECT_EQ(outcome.peer, (Endpoint{kServer, 7}));
  EXPECT_GE(outcome.at, lab.begin + 260ms);
  EXPECT_LE(outcome.at, lab.begin + 400ms);
}

// RFC 8305 5: the delay is for attempts that may yet succeed.
TEST(CoroConnect, AnAttemptThatFailsIsFollowedAtOnce) {
  NamedLab lab;
  auto listener = TcpListener::listen(lab.server(), {kServer, 7});
  ASSERT_TRUE(listener);
  lab.names.known["server.test"] = {kServer6, kServer};  // nobody listens on the first
  const Outcome outcome = lab.connect_to("server.test");
  EXPECT_EQ(outcome.peer, (Endpoint{kServer, 7}));
  EXPECT_LE(outcome.at, lab.begin + 100ms);
}

TEST(CoroConnect, WhenAllFailTheLastErrorIsTold) {
  NamedLab lab;
  lab.names.known["server.test"] = {kServer6, kServer};
  EXPECT_EQ(lab.connect_to("server.test").peer.error(), Error::kConnectionRefused);
  EXPECT_EQ(lab.connect_to("nowhere.test").peer.error(), Error::kNotFound);
}

TEST(CoroConnect, TheDeadlineEndsTheRace) {
  NamedLab lab;
  lab.names.known["server.test"] = {IpAddress::v4(10, 0, 0, 99), IpAddress::v4(10, 0, 0, 98)};
  const Outcome outcome = lab.connect_to("server.test", {.deadline = lab.begin + 1s});
  EXPECT_EQ(outcome.peer.error(), Error::kTimedOut);
  EXPECT_EQ(outcome.at, lab.begin + 1s);
  const Outcome soon = lab.connect_to("server.test", {.deadline = lab.world.now() + 100ms});
  EXPECT_EQ(soon.peer.error(), Error::kTimedOut);
  EXPECT_EQ(soon.at, lab.begin + 1100ms);
}

TEST(CoroConnect, TheDeadlineEndsWaitingForTheName) {
  NamedLab lab;
  lab.names.known["server.test"] = {kServer};
  lab.names.delay = 10s;
  const Outcome outcome = lab.connect_to("server.test", {.deadline = lab.begin + 1s});
  EXPECT_EQ(outcome.peer.error(), Error::kTimedOut);
  lab.world.run_for(20s);  // the answer finds nobody
}

TEST(CoroConnect, CancelledWhileItRaces) {
  NamedLab lab;
  Cancellation cancellation;
  lab.names.known["server.test"] = {IpAddress::v4(10, 0, 0, 99)};
  lab.world.executor().start_timer(lab.begin + 500ms, [&] { cancellation.cancel(); });
  const Outcome outcome = lab.connect_to("server.test", {.cancellation = &cancellation});
  EXPECT_EQ(outcome.peer.error(), Error::kCancelled);
  EXPECT_EQ(outcome.at, lab.begin + 500ms);
}

// Answers when it is told to, and does not expect to end in the middle of that.
class Fleeting final : public Resolver {
 public:
  explicit Fleeting(bool& is_alive) : is_alive_(is_alive) { is_alive_ = true; }
  Fleeting(const Fleeting&) = delete;
  Fleeting& operator=(const Fleeting&) = delete;
  ~Fleeting() override { is_alive_ = false; }
  void resolve(std::string_view /*name*/, Answer answer) override { answer_ = std::move(answer); }
  void tell() {
    const bool& is_alive = is_alive_;
    Answer answer = std::move(answer_);
    answer(std::unexpected(Error::kNotFound));
    EXPECT_TRUE(is_alive);
  }

 private:
  bool& is_alive_;
  Answer answer_;
};

TEST(CoroConnect, WhoAskedMayDestroyTheResolver) {
  Lab lab;
  bool is_alive = false;
  auto names = std::make_unique<Fleeting>(is_alive);
  Fleeting& asked = *names;
  lab.spawn([](Net net, std::unique_ptr<Fleeting> own) -> Task<> {
    net.resolver = own.get();
    const auto stream = co_await connect(net, "server.test", 7);
    EXPECT_EQ(stream.error(), Error::kNotFound);
  }(lab.client(), std::move(names)));
  asked.tell();
  lab.world.run_for(0s);
  EXPECT_FALSE(is_alive);
  EXPECT_TRUE(lab.tasks.empty());
}

// Destroyed at any moment of the race it leaves neither packets nor sockets.
TEST(CoroConnect, DestroyedAtAnyMomentItLeavesNothing) {
  for (const Duration moment : {0ms, 5ms, 10ms, 12ms, 100ms, 261ms, 275ms}) {
    NamedLab lab;
    lab.names.known["server.test"] = {IpAddress::v6(0xfd00'0000'0000'0000, 99), kServer};
    (void)lab.connect_to("server.test", {}, moment);
    lab.world.run_for(400s);
    EXPECT_EQ(lab.world.leaked_packets(), 0) << moment.count();
    std::size_t sockets = 0;
    lab.client_host.stack().for_each_socket([&](const SocketEntry&) { ++sockets; });
    EXPECT_EQ(sockets, 0) << moment.count();
  }
}

TEST(Connect, ALinkLocalAddressSaysOnWhichLink) {
  Lab lab;
  IpAddress there;
  lab.server_host.stack().for_each_address([&](const AddressEntry& entry) {
    if (entry.prefix.address().is_v6() && entry.prefix.address().is_link_local()) {
      there = entry.prefix.address();
    }
  });
  if (there.is_unspecified()) {
    lab.server_host.add_address("fe80::1/64");
    lab.client_host.add_address("fe80::2/64");
    lab.world.run_for(10s);
    there = *IpAddress::parse("fe80::1");
  }
  lab.spawn(serve_echo(lab.server()));
  int connected = 0;
  std::optional<Error> error;
  const std::string text(to_text(there).view());
  for (const char* const zone : {"%eth0", "%1", "%2", "%nowhere"}) {
    lab.spawn([](Net net, std::string host, int& count, std::optional<Error>& why) -> Task<> {
      const auto stream = co_await connect(net, std::move(host), 7);
      if (stream)
        ++count;
      else
        why = stream.error();
    }(lab.client(), text + zone, connected, error));
  }
  lab.world.run_for(200s);
  EXPECT_EQ(connected, 2);  // by name, and by one of the two numbers
  EXPECT_TRUE(error.has_value());
}

}  // namespace
}  // namespace strata::coro::connect_test
