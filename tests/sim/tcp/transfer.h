// SPDX-License-Identifier: Apache-2.0
// Two programs at the ends of a TCP connection in a simulated world, and a scenario from a seed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/tcp/marking_queue.h"
#include "strata/rng.h"
#include "strata/sim.h"
#include "strata/tcp_listener.h"

namespace strata::sim::tcp_test {

using namespace std::chrono_literals;

using Span = std::span<std::byte>;

// The bytes from `offset` on of the stream that `seed` names: any misplaced one is seen.
inline void fill(Span bytes, std::uint64_t seed, std::uint64_t offset) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t at = offset + i;
    if (i == 0 || at % 8 == 0) {
      word = (at / 8 + 1) * 0x9e37'79b9'7f4a'7c15U ^ seed * 0xbf58'476d'1ce4'e5b9U;
      word ^= word >> 29U;
    }
    bytes[i] = static_cast<std::byte>(word >> (at % 8 * 8));
  }
}

struct ProgramOptions {
  std::uint64_t to_write = 0;
  std::uint64_t pattern_out = 1;
  std::uint64_t pattern_in = 2;
  // After each so many bytes read, it does not read for a while.
  std::uint64_t stall_every = 0;
  Duration stall = 100ms;
  // Resets the connection once it has read so many bytes; 0: never.
  std::uint64_t abort_after = 0;
  // Writes at most so many bytes, and then nothing for a while.
  std::uint64_t write_at_once = UINT64_MAX;
  Duration pause = 20ms;
  // Writes only once the other direction has ended: a half-close in earnest.
  bool answers_after_end = false;
};

// Writes its bytes, ends its direction, reads until the other's end, and closes.
class Program {
 public:
  Program(Host& host, TcpStream stream, const ProgramOptions& options)
      : host_(host), options_(options), stream_(std::move(stream)), buffer_(32768) {
    (void)stream_->on_ready([this](Readiness) { work(); });
  }

  [[nodiscard]] bool is_over() const { return !stream_.has_value(); }
  [[nodiscard]] bool is_wrong() const { return wrong_; }  // a byte was not what was written there
  [[nodiscard]] bool saw_end() const { return saw_end_; }
  [[nodiscard]] std::optional<Error> failure() const { return failure_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return read_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return written_; }
  [[nodiscard]] Time finished() const { return finished_; }
  [[nodiscard]] TcpStream* stream() { return stream_ ? &*stream_ : nullptr; }
  [[nodiscard]] const std::optional<TcpInfo>& last_info() const { return info_; }

  void work() {
    if (!stream_) return;
    write();
    if (stream_ && !is_stalled_) read();
    if (stream_ && saw_end_ && options_.answers_after_end) write();
    if (stream_ && saw_end_ && has_ended_) finish();
  }

 private:
  [[nodiscard]] Time now() { return host_.executor().now(); }

  void write() {
    if (options_.answers_after_end && !saw_end_) return;
    while (stream_ && written_ < options_.to_write) {
      if (is_pausing_) return;
      const std::uint64_t left = options_.to_write - written_;
      const std::size_t count = static_cast<std::size_t>(
          std::min<std::uint64_t>({buffer_.size(), left, options_.write_at_once}));
      fill(Span(buffer_).first(count), options_.pattern_out, written_);
      const auto taken = stream_->write(Bytes(buffer_).first(count), now());
      if (!taken) return check(taken.error());
      written_ += *taken;
      if (options_.write_at_once != UINT64_MAX) pause();
    }
    if (!stream_ || has_ended_) return;
    const auto ended = stream_->shut_down(TcpShutdown::kWrite, now());
    if (!ended) return check(ended.error());
    has_ended_ = true;
  }

  void pause() {
    is_pausing_ = true;
    host_.executor().start_timer(now() + options_.pause, [this] {
      is_pausing_ = false;
      work();
    });
  }

  void read() {
    while (stream_ && !saw_end_) {
      const auto count = stream_->read(buffer_, now());
      if (!count && count.error() == Error::kClosed) {
        saw_end_ = true;
        return;
      }
      if (!count) return check(count.error());
      expected_.resize(*count);
      fill(expected_, options_.pattern_in, read_);
      wrong_ = wrong_ || !std::equal(expected_.begin(), expected_.end(), buffer_.begin());
      const std::uint64_t before = read_;
      read_ += *count;
      if (options_.abort_after != 0 && read_ >= options_.abort_after) return abort();
      const std::uint64_t every = options_.stall_every;
      if (every != 0 && before / every != read_ / every) return stall();
    }
  }

  void stall() {
    is_stalled_ = true;
    host_.executor().start_timer(now() + options_.stall, [this] {
      is_stalled_ = false;
      work();
    });
  }

  void abort() {
    stream_->abort(now());
    stream_.reset();
    finished_ = now();
  }

  void check(Error error) {
    if (error == Error::kWouldBlock || error == Error::kInProgress) return;
    failure_ = error;
    finish();
  }

  void finish() {
    if (auto info = stream_->info(now())) info_ = *info;
    stream_->close(now());
    stream_.reset();
    finished_ = now();
  }

  Host& host_;
  ProgramOptions options_;
  std::optional<TcpStream> stream_;
  std::vector<std::byte> buffer_, expected_;
  std::uint64_t written_ = 0, read_ = 0;
  bool has_ended_ = false, saw_end_ = false, wrong_ = false;
  bool is_stalled_ = false, is_pausing_ = false;
  std::optional<Error> failure_;
  std::optional<TcpInfo> info_;
  Time finished_{};
};

// Addresses can be used at once.
[[nodiscard]] inline InterfaceConfig plain_interfaces() {
  InterfaceConfig config{};
  config.detect_duplicates = false;
  return config;
}

struct Outage {
  Time from{};
  Duration length{};
  enum class Kind : std::uint8_t { kDown, kPartitionAToB, kPartitionBToA } kind = Kind::kDown;
};

// Two hosts, one line, one connection.
class Transfer {
 public:
  struct Options {
    std::uint64_t seed = 1;
    LinkConfig line{};
    TcpConfig client_tcp{};
    TcpConfig server_tcp{};
    TcpSocketOptions client_socket{};
    TcpSocketOptions server_socket{};
    ProgramOptions client{};
    ProgramOptions server{.pattern_out = 2, .pattern_in = 1};
    bool is_v6 = false;
    bool is_simultaneous = false;  // both connect, nobody listens
    std::size_t mark_from = 0;     // packets waiting from which on they are marked; 0: never
    std::vector<Outage> outages{};
  };

  explicit Transfer(const Options& options)
      : options_(options),
        world_(WorldConfig{.seed = options.seed}),
        a_(world_.add_host("a", {.tcp = options.client_tcp}, plain_interfaces())),
        b_(world_.add_host("b", {.tcp = options.server_tcp}, plain_interfaces())),
        link_(world_.connect(a_, b_, options.line)) {
    a_.add_address("10.0.0.1/24").add_address("fd00::1/64");
    b_.add_address("10.0.0.2/24").add_address("fd00::2/64");
    world_.run_for(10ms);
    if (options.mark_from != 0) mark();
    for (const Outage& outage : options.outages) plan(outage);
    bytes_before_ = world_.memory().bytes_used();
    started_ = world_.now();
    if (options.is_simultaneous) {
      connect(b_, a_, server_, options_.server_socket, options_.server, 80);
    } else {
      listen();
    }
    connect(a_, b_, client_, options_.client_socket, options_.client,
            options.is_simultaneous ? 80 : 0);
  }

  // Until both programs are done, or have nobody to talk to.
  bool run(Duration limit) {
    return world_.run_until_true(
        [this] { return client_->is_over() && (!server_ || server_->is_over()); }, limit);
  }
  // Until the stacks have forgotten the connection, TIME-WAIT and all.
  bool run_to_silence(Duration limit) {
    if (listener_) listener_->close(world_.now());
    world_.run_for(limit);
    return sockets() == 0;
  }
  [[nodiscard]] std::size_t sockets() {
    std::size_t count = 0;
    for (Host* host : {&a_, &b_}) {
      host->stack().for_each_socket([&](const SocketEntry&) { ++count; });
    }
    return count;
  }

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Link& link() { return link_; }
  [[nodiscard]] Host& a() { return a_; }
  [[nodiscard]] Host& b() { return b_; }
  [[nodiscard]] Program& client() { return *client_; }
  [[nodiscard]] Program* server() { return server_ ? &*server_ : nullptr; }
  [[nodiscard]] Time started() const { return started_; }
  // Bytes of tables there were before the connection.
  [[nodiscard]] std::size_t bytes_before() const { return bytes_before_; }

 private:
  void listen() {
    auto listener = TcpListener::listen(b_.stack(), {IpAddress::any_v6(), 80},
                                        {.options = options_.server_socket});
    STRATA_CHECK(listener.has_value());
    listener_.emplace(std::move(*listener));
    (void)listener_->on_ready([this](Readiness) {
      auto stream = listener_->accept(b_.executor().now());
      if (!stream) return;
      server_.emplace(b_, std::move(*stream), options_.server);
      server_->work();
    });
  }

  [[nodiscard]] IpAddress address(const Host& host) const {
    const bool is_a = &host == &a_;
    if (options_.is_v6) return *IpAddress::parse(is_a ? "fd00::1" : "fd00::2");
    return *IpAddress::parse(is_a ? "10.0.0.1" : "10.0.0.2");
  }

  void connect(Host& from, Host& to, std::optional<Program>& program,
               const TcpSocketOptions& socket, const ProgramOptions& options,
               std::uint16_t local_port) {
    TcpConnectOptions how{.options = socket};
    if (local_port != 0) how.local = {address(from), local_port};
    auto stream = TcpStream::connect(from.stack(), {address(to), 80}, how, world_.now());
    STRATA_CHECK(stream.has_value());
    program.emplace(from, std::move(*stream), options);
    program->work();
    from.wake();
  }

  void mark() {
    for (const Direction direction : {Direction::kAToB, Direction::kBToA}) {
      link_.set_queue(direction, std::make_unique<MarkingQueue>(options_.line.queue_packets_max,
                                                                options_.mark_from));
    }
  }

  void plan(const Outage& outage) {
    const auto act = [this, kind = outage.kind](bool begins) {
      if (kind == Outage::Kind::kDown) return link_.set_up(!begins);
      const bool is_forth = kind == Outage::Kind::kPartitionAToB;
      link_.set_partitioned(is_forth ? Direction::kAToB : Direction::kBToA, begins);
    };
    world_.executor().start_timer(outage.from, [act] { act(true); });
    world_.executor().start_timer(outage.from + outage.length, [act] { act(false); });
  }

  Options options_;
  std::size_t bytes_before_ = 0;
  World world_;
  Host& a_;
  Host& b_;
  Link& link_;
  std::optional<TcpListener> listener_;
  std::optional<Program> client_, server_;
  Time started_{};
};

}  // namespace strata::sim::tcp_test
