// SPDX-License-Identifier: Apache-2.0
// Flows that always have something to send, over one bottleneck, and what each of them gets.
#pragma once

#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test {

struct Path {
  std::uint64_t bits_per_second = 100'000'000;
  Duration rtt = 40ms;
  Ratio loss{};         // in the direction of the data
  double buffer = 1.0;  // in products of rate and RTT, ten packets at least
  std::size_t mark_from = 0;

  [[nodiscard]] double bytes_per_second() const {
    return static_cast<double>(bits_per_second) / 8.0;
  }
  [[nodiscard]] double seconds() const { return static_cast<double>(rtt.count()) / 1e9; }
  [[nodiscard]] std::size_t queue_packets() const {
    const double packets = bytes_per_second() * seconds() * buffer / 1514.0;
    return std::max<std::size_t>(static_cast<std::size_t>(packets), 10);
  }
};

// What a link of this rate carries as text: 1448 of 1514 bytes.
[[nodiscard]] inline double most_text(const Path& path) {
  return path.bytes_per_second() * 1448.0 / 1514.0;
}

// RFC 9438 5.1: the average window for a loss rate, that of CUBIC (figure 10 with C = 0.4, beta =
// 0.7) or where that is larger that of Reno; in bytes a second, and not beyond the link.
[[nodiscard]] inline double cubic_response(const Path& path, double loss) {
  if (loss <= 0) return most_text(path);
  const double cubic =
      std::pow(0.4 * 3.7 / (4 * 0.3), 0.25) * std::pow(path.seconds(), 0.75) / std::pow(loss, 0.75);
  const double reno = std::sqrt(1.5 / loss);
  return std::min(std::max(cubic, reno) * 1448.0 / path.seconds(), most_text(path));
}

[[nodiscard]] inline double jain(const std::vector<double>& shares) {
  double sum = 0, squares = 0;
  for (const double share : shares) sum += share, squares += share * share;
  return sum * sum / (static_cast<double>(shares.size()) * squares);
}

// What keeps a flow's programs from going as fast as they can.
struct Manners {
  std::uint64_t write_at_once = UINT64_MAX;  // bytes, and then a pause
  Duration write_pause = 10ms;
  std::uint64_t read_at_once = UINT64_MAX;
  Duration read_pause = 10ms;
};

class Bottleneck {
 public:
  explicit Bottleneck(const Path& path, std::uint64_t seed = 1)
      : path_(path),
        world_(WorldConfig{.seed = seed}),
        a_(world_.add_host("a", {}, plain_interfaces())),
        b_(world_.add_host("b", {}, plain_interfaces())),
        link_(world_.connect(a_, b_, forth(path), back(path))) {
    a_.add_address("10.0.0.1/24");
    b_.add_address("10.0.0.2/24");
    if (path.mark_from != 0) {
      link_.set_queue(Direction::kAToB,
                      std::make_unique<MarkingQueue>(path.queue_packets(), path.mark_from));
    }
    auto listener = TcpListener::listen(b_.stack(), {IpAddress::any_v4(), 80}, {});
    STRATA_CHECK(listener.has_value());
    listener_.emplace(std::move(*listener));
    (void)listener_->on_ready([this](Readiness) { accept(); });
    world_.run_for(10ms);
  }

  void add_flow(std::string_view control, const TcpSocketOptions& options = {},
                const Manners& manners = {}) {
    TcpConnectOptions how{.options = options};
    how.options.congestion = CongestionName::of(control);
    auto stream =
        TcpStream::connect(a_.stack(), {*IpAddress::parse("10.0.0.2"), 80}, how, world_.now());
    STRATA_CHECK(stream.has_value());
    Flow& flow = *flows_.emplace_back(std::make_unique<Flow>());
    flow.stream.emplace(std::move(*stream));
    flow.manners = manners;
    flow.port = flow.stream->local()->port;
    (void)flow.stream->on_ready([this, &flow](Readiness) { write(flow); });
    a_.wake();
  }

  void run(Duration time) { world_.run_for(time); }

  // Bytes a second that each flow's program got since the last call.
  [[nodiscard]] std::vector<double> rates() {
    const double seconds = static_cast<double>((world_.now() - looked_).count()) / 1e9;
    looked_ = world_.now();
    std::vector<double> rates;
    for (const auto& flow : flows_) {
      rates.push_back(static_cast<double>(flow->read - flow->seen) / seconds);
      flow->seen = flow->read;
    }
    return rates;
  }
  [[nodiscard]] double measured_loss() const {
    const LinkCounters& counters = link_.counters(Direction::kAToB);
    return static_cast<double>(counters.dropped_frames()) /
           static_cast<double>(counters.sent_frames);
  }
  [[nodiscard]] TcpInfo info(std::size_t flow) { return *flows_[flow]->stream->info(world_.now()); }
  [[nodiscard]] TcpInfo peer_info(std::size_t flow) {
    return *flows_[flow]->peer->info(world_.now());
  }
  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] Link& link() { return link_; }

 private:
  struct Flow {
    std::optional<TcpStream> stream;
    std::optional<TcpStream> peer;
    std::uint16_t port = 0;
    Manners manners;
    std::uint64_t read = 0, seen = 0;
    bool is_pausing = false, is_stalled = false;
  };

  static LinkConfig forth(const Path& path) {
    LinkConfig line = back(path);
    line.bits_per_second = path.bits_per_second;
    line.loss = path.loss;
    line.queue_packets_max = path.queue_packets();
    return line;
  }
  static LinkConfig back(const Path& path) {
    LinkConfig line;
    line.delay = path.rtt / 2;
    return line;
  }

  void accept() {
    while (auto stream = listener_->accept(b_.executor().now())) {
      const std::uint16_t port = stream->remote()->port;
      for (const auto& flow : flows_) {
        if (flow->port != port) continue;
        flow->peer.emplace(std::move(*stream));
        (void)flow->peer->on_ready([this, &flow = *flow](Readiness) { read(flow); });
        read(*flow);
        break;
      }
    }
  }

  void write(Flow& flow) {
    if (flow.is_pausing) return;
    const std::uint64_t at_once = flow.manners.write_at_once;
    const Bytes text = Bytes(text_).first(std::min<std::uint64_t>(at_once, text_.size()));
    while (flow.stream->write(text, a_.executor().now()).value_or(0) == text.size()) {
      if (at_once == UINT64_MAX) continue;
      flow.is_pausing = true;
      a_.executor().start_timer(a_.executor().now() + flow.manners.write_pause, [this, &flow] {
        flow.is_pausing = false;
        write(flow);
      });
      return;
    }
  }

  void read(Flow& flow) {
    if (flow.is_stalled) return;
    const std::uint64_t at_once = flow.manners.read_at_once;
    while (auto packet = flow.peer->read_packet(at_once, b_.executor().now())) {
      flow.read += (*packet)->size();
      if (at_once == UINT64_MAX) continue;
      flow.is_stalled = true;
      b_.executor().start_timer(b_.executor().now() + flow.manners.read_pause, [this, &flow] {
        flow.is_stalled = false;
        read(flow);
      });
      return;
    }
  }

  Path path_;
  World world_;
  Host& a_;
  Host& b_;
  Link& link_;
  std::optional<TcpListener> listener_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<std::byte> text_ = std::vector<std::byte>(65536);
  Time looked_{};
};

}  // namespace strata::sim::tcp_test
