// SPDX-License-Identifier: Apache-2.0
// Claims: a coroutine adds little to a native socket, and Asio's form of it not much more. 64 bytes
// there and 64 bytes back, one at a time: the client is native in all contestants, the server is
// the skin, told by readiness; over the link and between the stacks of tcp/request-response.
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/timing.h"
#include "strata/asio/tcp.h"
#include "strata/check.h"
#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"

namespace strata::bench {
namespace {

constexpr std::uint16_t kPort = 5001;
constexpr std::size_t kMessage = 64;

// What a loop would be: tasks in order, and timers that are due at once.
class Turns final : public Executor {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId start_timer(Time deadline, Task task) override {
    STRATA_CHECK(deadline <= now_);  // nothing here waits for time
    tasks_.push_back(std::move(task));
    return {};
  }
  bool cancel_timer(TimerId /*timer*/) override { return false; }

  void begin(Time now) { now_ = now; }
  void run() {
    while (!tasks_.empty()) {
      running_.swap(tasks_);
      for (Task& task : running_) task();
      running_.clear();
    }
  }

 private:
  Time now_{};
  std::vector<Task> tasks_;
  std::vector<Task> running_;
};

// Answers in the way of one skin.
class Server {
 public:
  virtual ~Server() = default;
};

class NativeServer final : public Server {
 public:
  NativeServer(Stack& /*stack*/, Turns& turns, TcpStream stream)
      : turns_(turns), stream_(std::move(stream)) {
    (void)stream_.on_ready([this](Readiness) {
      while (const auto count = stream_.read(message_, turns_.now())) {
        STRATA_CHECK(stream_.write(Bytes(message_).first(*count), turns_.now()) == *count);
      }
    });
  }

 private:
  Turns& turns_;
  TcpStream stream_;
  std::array<std::byte, kMessage> message_{};
};

class CoroServer final : public Server {
 public:
  CoroServer(Stack& /*stack*/, Turns& turns, TcpStream stream) {
    tasks_.spawn(serve(coro::TcpStream(std::move(stream), turns)));
  }

 private:
  static coro::Task<> serve(coro::TcpStream stream) {
    std::array<std::byte, kMessage> message{};
    while (const auto count = co_await stream.read(message)) {
      if (!co_await stream.write_all(Bytes(message).first(*count))) co_return;
    }
  }
  coro::TaskGroup tasks_;
};

// Callbacks, as Asio's own examples have them.
class AsioServer final : public Server {
 public:
  AsioServer(Stack& stack, Turns& turns, TcpStream stream)
      : context_(stack, turns), socket_(context_.get_executor(), std::move(stream)) {
    read();
  }

 private:
  void read() {
    socket_.async_read_some(asio::net::buffer(message_),
                            [this](const asio::error_code& error, std::size_t count) {
                              if (!error) write(count);
                            });
  }
  void write(std::size_t count) {
    asio::net::async_write(socket_, asio::net::buffer(message_, count),
                           [this](const asio::error_code& error, std::size_t /*count*/) {
                             if (!error) read();
                           });
  }

  asio::context context_;
  asio::tcp::socket socket_;
  std::array<std::byte, kMessage> message_{};
};

template <typename Kind>
class Echo final : public Contestant {
 public:
  Echo() : listener_(listen(pair_[1])), client_(connect(pair_[0])) {
    for (int i = 0; i < 100 && server_ == nullptr; ++i) {
      pair_[0].turn(now());
      pair_[1].turn(now());
      if (auto accepted = listener_.accept(now())) {
        turns_.begin(now());
        server_ = std::make_unique<Kind>(pair_[1].stack(), turns_, std::move(*accepted));
      }
    }
    STRATA_CHECK(server_ != nullptr);
    turn();
  }

  double measure(Seconds duration) override {
    const std::uint64_t before = heap_allocations();
    const Throughput done = run_for(duration, [this] { return turn(); });
    allocations_ =
        static_cast<double>(heap_allocations() - before) / static_cast<double>(done.count);
    return done.per_second() / 1e6;
  }
  std::vector<Detail> details() const override { return {{"heap allocations each", allocations_}}; }

  std::uint64_t turn() {
    const Time time = now();
    turns_.begin(time);
    for (int i = 0; i < kRequests; ++i) one(time);
    return kRequests;
  }

 private:
  static constexpr int kRequests = 16;

  void one(Time time) {
    STRATA_CHECK(client_.write(Bytes(message_), time) == kMessage);
    pair_[0].stack().flush(time);
    Stack& server = pair_[1].stack();
    server.poll(time);
    server.flush(time);
    turns_.run();  // what the skin left for a later turn: there is none behind the last answer
    pair_[0].stack().poll(time);
    STRATA_CHECK(client_.read(message_, time) == kMessage);
  }
  static TcpListener listen(Host& host) {
    auto made = TcpListener::listen(host.stack(), {IpAddress::any_v4(), kPort}, {});
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  static TcpStream connect(Host& host) {
    auto made = TcpStream::connect(host.stack(), {kPairAddresses[1], kPort},
                                   {.options = {.no_delay = true}}, now());
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }

  StackPair pair_{MemoryLinkOptions{.vouches_for_bytes = false}};
  Turns turns_;
  TcpListener listener_;
  TcpStream client_;
  std::unique_ptr<Server> server_;
  std::array<std::byte, kMessage> message_{};
  double allocations_ = 0;
};

template <typename Kind>
void add_work_of(const char* name) {
  add_work(name, [](std::uint64_t count) {
    Echo<Kind> echo;
    for (std::uint64_t done = 0; done < count;) done += echo.turn();
  });
}

void add_all() {
  add({.name = "skin/coroutine-echo",
       .unit = "million/s",
       .claim = "64 bytes to a coroutine and back over a memory link, both stacks on one core",
       .contestants = {{"strata coroutine", [] { return std::make_unique<Echo<CoroServer>>(); }},
                       {"strata native", [] { return std::make_unique<Echo<NativeServer>>(); }}},
       .goal = 1.5});
  add({.name = "skin/asio-echo",
       .unit = "million/s",
       .claim = "the same with a server of Asio callbacks",
       .contestants = {{"strata asio", [] { return std::make_unique<Echo<AsioServer>>(); }},
                       {"strata coroutine", [] { return std::make_unique<Echo<CoroServer>>(); }}},
       .ratio_goal = 0.75});
  add_work_of<NativeServer>("skin/native");
  add_work_of<CoroServer>("skin/coroutine");
  add_work_of<AsioServer>("skin/asio");
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
