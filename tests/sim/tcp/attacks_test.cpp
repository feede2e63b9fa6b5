// SPDX-License-Identifier: Apache-2.0
// Attacks with numbers: what they cost the victim, and what honest programs see of them.
//
//   alice ──┐
//           ├── hub ── victim        mallory is also the victim's way to the rest of the world
//   mallory ┘
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "sim/tcp/transfer.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/tcp.h"

namespace strata::sim::tcp_test::attacks_test {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::size_t kTcp = 14 + 20;
constexpr std::size_t kText = kTcp + 20;
constexpr std::uint16_t kSyn = 2, kAck = 16;

struct Forged {
  IpAddress source = IpAddress::any_v4();
  std::uint16_t port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint16_t flags = kSyn;
  std::size_t text = 0;
};

class Siege {
 public:
  explicit Siege(const TcpConfig& victim_tcp, const LinkConfig& line = {})
      : world_(WorldConfig{.packets = {.small_buffers = 65536,
                                       .large_buffers = 1024,
                                       .external_buffers = 256,
                                       .extra_descriptors = 65536},
                           .vouches_for_bytes = true}),
        hub_(world_.add_switch("hub")),
        victim_(world_.add_host("victim", {.tcp = victim_tcp}, plain_interfaces())),
        alice_(world_.add_host("alice", {}, plain_interfaces())),
        mallory_(world_.add_station("mallory")) {
    world_.connect(victim_, hub_);
    world_.connect(alice_, hub_, line);
    world_.connect(mallory_, hub_);
    victim_.add_address("10.0.0.2/24").add_gateway("10.0.0.66");
    alice_.add_address("10.0.0.1/24");
    STRATA_CHECK(victim_.stack()
                     .add_neighbor(victim_.interface(), *IpAddress::parse("10.0.0.66"),
                                   mallory_.mac(), world_.now())
                     .has_value());
    world_.run_for(10ms);
  }

  void forge(const Forged& forged) {
    std::array<std::byte, 64> frame{};
    wire::write({victim_.mac(), mallory_.mac(), 0x0800},
                std::span<std::byte, wire::EthernetLayout::kSize>(frame.data(), 14));
    wire::Ipv4Header ip;
    ip.total_length = static_cast<std::uint16_t>(40 + forged.text);
    ip.protocol = 6;
    ip.source = forged.source;
    ip.destination = *IpAddress::parse("10.0.0.2");
    ip.checksum = wire::checksum_of(ip);
    wire::write(ip, std::span<std::byte, wire::Ipv4Layout::kSize>(frame.data() + 14, 20));
    wire::TcpHeader tcp;
    tcp.source_port = forged.port;
    tcp.destination_port = kPort;
    tcp.sequence_number = forged.sequence;
    tcp.acknowledgment_number = forged.acknowledgment;
    tcp.flags = wire::TcpFlags(forged.flags);
    tcp.window = 65535;
    wire::write(tcp, std::span<std::byte, wire::TcpLayout::kSize>(frame.data() + kTcp, 20));
    mallory_.send(Bytes(frame).first(kText + forged.text));
  }

  World& world() { return world_; }
  Host& victim() { return victim_; }
  Host& alice() { return alice_; }
  Station& mallory() { return mallory_; }

 private:
  World world_;
  Switch& hub_;
  Host& victim_;
  Host& alice_;
  Station& mallory_;
};

// Sends back what it reads, to whoever comes, and closes when they do.
class Echo {
 public:
  Echo(Host& host, std::uint32_t backlog) : host_(host) {
    auto listener =
        TcpListener::listen(host.stack(), {IpAddress::any_v4(), kPort}, {.backlog = backlog});
    STRATA_CHECK(listener.has_value());
    listener_.emplace(std::move(*listener));
    (void)listener_->on_ready([this](Readiness) { accept(); });
  }
  [[nodiscard]] std::size_t accepted() const { return streams_.size(); }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void accept() {
    while (auto stream = listener_->accept(host_.executor().now())) {
      auto& kept = *streams_.emplace_back(std::make_unique<TcpStream>(std::move(*stream)));
      (void)kept.on_ready([this, &kept](Readiness) { serve(kept); });
      serve(kept);
    }
  }
  void serve(TcpStream& stream) {
    const Time now = host_.executor().now();
    auto count = stream.read(buffer_, now);
    for (; count; count = stream.read(buffer_, now)) {
      bytes_read_ += *count;
      if (*count < 1000) (void)stream.write(Bytes(buffer_).first(*count), now);
    }
    if (count.error() != Error::kWouldBlock) stream.close(now);
  }

  Host& host_;
  std::optional<TcpListener> listener_;
  std::vector<std::unique_ptr<TcpStream>> streams_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(65536);
  std::uint64_t bytes_read_ = 0;
};

// Asks once and waits for the answer.
class Caller {
 public:
  Caller(Host& host) : host_(host) {
    auto stream = TcpStream::connect(host.stack(), {*IpAddress::parse("10.0.0.2"), kPort}, {},
                                     host.executor().now());
    STRATA_CHECK(stream.has_value());
    stream_.emplace(std::move(*stream));
    (void)stream_->on_ready([this](Readiness news) { work(news); });
  }
  [[nodiscard]] bool was_answered() const { return was_answered_; }

 private:
  void work(Readiness news) {
    if (!stream_) return;
    const Time now = host_.executor().now();
    std::array<std::byte, 64> bytes{};
    if (news.writable && !has_asked_) has_asked_ = stream_->write(bytes, now).has_value();
    if (!stream_->read(bytes, now)) return;
    was_answered_ = true;
    stream_->close(now);
    stream_.reset();
  }

  Host& host_;
  std::optional<TcpStream> stream_;
  bool has_asked_ = false, was_answered_ = false;
};

bool is_full() { return std::getenv("STRATA_FULL") != nullptr; }

// 500,000 SYNs a second from everywhere, beside two hundred programs that mean it.
TEST(TcpAttacks, HonestCallersGetThroughAFloodOfSyns) {
  TcpConfig tcp;
  tcp.half_open_max = 4096;
  Siege siege(tcp, {.delay = 5ms});
  Echo echo(siege.victim(), 512);
  siege.mallory().set_on_frame([](PacketPtr, std::size_t, Time) {});
  Rng rng(1);
  std::vector<std::unique_ptr<Caller>> callers;
  const std::size_t before = siege.world().memory().bytes_used();
  const int milliseconds = is_full() ? 20'000 : 1000;
  std::size_t peak = 0;
  for (int i = 0; i < milliseconds; ++i) {
    for (int burst = 0; burst < 10; ++burst) {
      for (int k = 0; k < 50; ++k) {
        const auto from = static_cast<std::uint32_t>(0xac10'0000U | rng.below(1U << 20U));
        siege.forge({.source = IpAddress::v4(from),
                     .port = static_cast<std::uint16_t>(1024 + rng.below(60'000)),
                     .sequence = static_cast<std::uint32_t>(rng.next())});
      }
      siege.world().run_for(100us);
    }
    if (i % (milliseconds / 200) == 0) {
      callers.push_back(std::make_unique<Caller>(siege.alice()));
      siege.alice().wake();
    }
    peak = std::max(peak, siege.world().memory().bytes_used());
  }
  siege.world().run_for(10s);
  std::size_t answered = 0;
  for (const auto& caller : callers) answered += caller->was_answered() ? 1 : 0;
  // The flood was heard, and answered.
  const StackCounters& counters = siege.victim().stack().counters();
  EXPECT_GT(counters.tcp_received, static_cast<std::uint64_t>(milliseconds) * 500);
  EXPECT_GT(counters.tcp_sent, static_cast<std::uint64_t>(milliseconds) * 450);
  EXPECT_EQ(answered, callers.size());
  EXPECT_GE(callers.size(), 200U);
  EXPECT_EQ(echo.accepted(), callers.size());
  // Half-open entries of 96 bytes and their index, and what two hundred callers need.
  EXPECT_LT(peak, before + 4096 * 200 + (std::size_t{2} << 20U));
}

// What alice's program gets through in a while.
class Bulk {
 public:
  explicit Bulk(Host& host) : host_(host), text_(65536) {
    auto stream = TcpStream::connect(host.stack(), {*IpAddress::parse("10.0.0.2"), kPort}, {},
                                     host.executor().now());
    STRATA_CHECK(stream.has_value());
    stream_.emplace(std::move(*stream));
    (void)stream_->on_ready([this](Readiness) { work(); });
    host.wake();
  }
  [[nodiscard]] std::uint64_t acknowledged() {
    return stream_->info(host_.executor().now())->bytes_acknowledged;
  }

 private:
  void work() {
    while (stream_->write(text_, host_.executor().now()).value_or(0) != 0) {
    }
  }
  Host& host_;
  std::vector<std::byte> text_;
  std::optional<TcpStream> stream_;
};

// Opens connections by hand, and sends every second byte of them.
void open_by_hand(Siege& siege, std::uint32_t count, std::vector<std::uint32_t>& peer_sequence) {
  peer_sequence.assign(count, 0);
  siege.mallory().set_on_frame([&siege, &peer_sequence, count](PacketPtr frame, std::size_t, Time) {
    const Bytes bytes = frame->bytes();
    if (bytes.size() < kText || bytes[23] != std::byte{6}) return;
    const auto tcp = wire::TcpView::parse(bytes.subspan(kTcp));
    if (!tcp || !tcp->flags().syn()) return;
    const std::uint32_t connection = tcp->destination_port() - 1024U;
    if (connection >= count || peer_sequence[connection] != 0) return;
    peer_sequence[connection] = tcp->sequence_number() + 1;
    siege.forge({.source = *IpAddress::parse("10.0.0.66"),
                 .port = tcp->destination_port(),
                 .sequence = 1001,
                 .acknowledgment = peer_sequence[connection],
                 .flags = kAck});
  });
  for (std::uint32_t i = 0; i < count; ++i) {
    siege.forge({.source = *IpAddress::parse("10.0.0.66"),
                 .port = static_cast<std::uint16_t>(1024 + i),
                 .sequence = 1000});
    if (i % 50 == 0) siege.world().run_for(1ms);
  }
  siege.world().run_for(100ms);
}

TEST(TcpAttacks, EverySecondByteStaysWithinTheReceiveBudget) {
  constexpr std::uint32_t kConnections = 1000;
  TcpConfig tcp;
  tcp.buffer_bytes_pressure = std::size_t{12} << 20U;
  tcp.buffer_bytes_max = std::size_t{16} << 20U;
  const LinkConfig line{.bits_per_second = 100'000'000, .delay = 5ms};
  const auto honest_alone = [&] {
    Siege siege(tcp, line);
    Echo echo(siege.victim(), 512);
    Bulk bulk(siege.alice());
    siege.world().run_for(2s);
    return bulk.acknowledged();
  }();

  Siege siege(tcp, line);
  Echo echo(siege.victim(), kConnections + 10);
  std::vector<std::uint32_t> acknowledgments;
  open_by_hand(siege, kConnections, acknowledgments);
  ASSERT_EQ(echo.accepted(), kConnections);
  const std::size_t before = siege.world().memory().bytes_used();
  Bulk bulk(siege.alice());
  std::size_t least_free = siege.world().pool().small_free();
  const std::uint32_t rounds = is_full() ? 2000 : 200;
  std::size_t peak = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::uint32_t i = 0; i < kConnections; ++i) {
      siege.forge({.source = *IpAddress::parse("10.0.0.66"),
                   .port = static_cast<std::uint16_t>(1024 + i),
                   .sequence = 1002 + 2 * round,
                   .acknowledgment = acknowledgments[i],
                   .flags = kAck,
                   .text = 1});
      if (i % 100 == 0) siege.world().run_for(Duration(2s) / rounds / 10);
    }
    peak = std::max(peak, siege.world().memory().bytes_used());
    least_free = std::min(least_free, siege.world().pool().small_free());
  }
  EXPECT_GT(bulk.acknowledged(), honest_alone / 2);
  // Twice the budget: growing tables hold both the old and the new for a moment.
  EXPECT_LT(peak, before + 2 * tcp.buffer_bytes_max);
  EXPECT_GT(least_free, siege.world().pool().small_count() / 2);
}

}  // namespace
}  // namespace strata::sim::tcp_test::attacks_test
