// SPDX-License-Identifier: Apache-2.0
// Connecting: to one endpoint, and to the addresses of a name in a race.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"

namespace strata::coro {
namespace {

// RFC 8305 5: the Connection Attempt Delay, 250 milliseconds recommended.
constexpr Duration kHeadStart = std::chrono::milliseconds(250);

using Addresses = std::vector<IpAddress>;

class Resolving;

// The resolver cannot be told to forget a question, so what it answers to outlives who asked.
struct Question {
  std::optional<Result<Addresses>> answer;
  Resolving* asker = nullptr;
};

class Resolving final : public Wait {
 public:
  Resolving(const Net& net, std::string_view name, const Until& until)
      : Wait(net.executor, until), resolver_(*net.resolver), name_(name) {}
  ~Resolving() override { question_->asker = nullptr; }

  [[nodiscard]] bool await_ready() {
    if (const auto refused = refusal()) question_->answer = std::unexpected(*refused);
    return question_->answer.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    question_->asker = this;
    suspend(waiter);
    resolver_.resolve(name_, [question = question_](Result<std::span<const IpAddress>> found) {
      if (question->asker == nullptr) return;
      if (found)
        question->answer = Addresses(found->begin(), found->end());
      else
        question->answer = std::unexpected(found.error());
      // Not inside the resolver, which may belong to whoever is resumed.
      std::exchange(question->asker, nullptr)->end_soon(std::nullopt);
    });
  }
  Result<Addresses> await_resume() { return *std::move(question_->answer); }

 private:
  void on_end(std::optional<Error> why) override {
    question_->asker = nullptr;
    if (why) question_->answer = std::unexpected(*why);
  }

  Resolver& resolver_;
  std::string_view name_;
  std::shared_ptr<Question> question_ = std::make_shared<Question>();
};

// RFC 8305 4: families take turns, beginning with that of the first address.
Addresses interleave(const Addresses& addresses) {
  Addresses ordered;
  Addresses others;
  for (const IpAddress& address : addresses) {
    (address.is_v4() == addresses.front().is_v4() ? ordered : others).push_back(address);
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    const std::size_t place = std::min(2 * i + 1, ordered.size());
    ordered.insert(ordered.begin() + static_cast<std::ptrdiff_t>(place), others[i]);
  }
  return ordered;
}

struct Race {
  explicit Race(Executor& executor) : news(executor) {}
  Event news;
  std::optional<TcpStream> winner;
  Error error = Error::kNotFound;
  std::size_t running = 0;
};

Task<> run(Net net, Endpoint remote, TcpConnectOptions options, Race& race) {
  auto stream = co_await connect(net, remote, options);
  --race.running;
  if (!stream)
    race.error = stream.error();
  else if (!race.winner)
    race.winner.emplace(*std::move(stream));
  race.news.set();
}

// "10.0.0.1", "fe80::1%eth0": behind the % is an interface of the stack, by name or number.
std::optional<Endpoint> parse_address(const Stack& stack, std::string_view host,
                                      std::uint16_t port) {
  const std::size_t percent = host.find('%');
  const auto address = IpAddress::parse(host.substr(0, percent));
  if (!address) return std::nullopt;
  if (percent == std::string_view::npos) return Endpoint{*address, port};
  const std::string_view zone = host.substr(percent + 1);
  if (const auto named = stack.find_interface(zone)) return Endpoint{*address, port, *named};
  InterfaceId number = kNoInterface;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  const bool is_number = error == std::errc() && end == zone.data() + zone.size();
  return is_number ? std::optional(Endpoint{*address, port, number}) : std::nullopt;
}

}  // namespace

Task<Result<TcpStream>> connect(Net net, Endpoint remote, TcpConnectOptions options, Until until) {
  const Time now = net.executor.now();
  auto made = strata::TcpStream::connect(net.stack, remote, options, now);
  if (!made) co_return std::unexpected(made.error());
  TcpStream stream(*std::move(made), net.executor);
  const auto connected = co_await stream.connected(until);
  if (!connected) co_return std::unexpected(connected.error());
  co_return stream;
}

Task<Result<TcpStream>> connect(Net net, std::string host, std::uint16_t port,
                                TcpConnectOptions options, Until until) {
  if (const auto literal = parse_address(net.stack, host, port)) {
    co_return co_await connect(net, *literal, options, until);
  }
  if (net.resolver == nullptr) co_return std::unexpected(Error::kNotSupported);
  const auto found = co_await Resolving(net, host, until);
  if (!found) co_return std::unexpected(found.error());
  if (found->empty()) co_return std::unexpected(Error::kNotFound);

  Race race(net.executor);
  TaskGroup runners;  // behind the race: those who lose end first
  for (const IpAddress& address : interleave(*found)) {
    ++race.running;
    runners.spawn(run(net, {address, port}, options, race));
    const Time next = std::min(until.deadline, net.executor.now() + kHeadStart);
    const auto news = co_await race.news.wait({next, until.cancellation});
    if (race.winner) break;
    if (!news && (news.error() == Error::kCancelled || next == until.deadline)) {
      co_return std::unexpected(news.error());
    }
  }
  while (!race.winner && race.running != 0) {
    const auto news = co_await race.news.wait(until);
    if (!news && !race.winner) co_return std::unexpected(news.error());
  }
  if (!race.winner) co_return std::unexpected(race.error);
  co_return *std::move(race.winner);
}

}  // namespace strata::coro
