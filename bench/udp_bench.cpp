// SPDX-License-Identifier: Apache-2.0
// Claims: UDP echo passes a full stack at 8 million packets a second on one core and allocates
// nothing; a frame becomes a delivered datagram in 50 ns; strangers cannot slow a look-up down.
#include <array>
#include <vector>

#include "bench/harness/benchmark.h"
#include "bench/harness/stack_pair.h"
#include "bench/harness/statistics.h"
#include "bench/harness/timing.h"
#include "bench/peers/lwip_host.h"
#include "strata/check.h"
#include "strata/udp_socket.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::bench {
namespace {

constexpr std::size_t kPayload = 64;
constexpr std::size_t kBurst = 32;
constexpr std::uint16_t kEchoPort = 7;

// Two stacks, two programs: one sends a burst, the other sends each datagram back. Both copy every
// payload in and out, both are called back through readiness, as programs are.
class UdpEcho final : public Contestant {
 public:
  explicit UdpEcho(const MemoryLinkOptions& link)
      : pair_(link), client_(open(pair_[0])), server_(open(pair_[1])) {
    STRATA_CHECK(server_.bind({kPairAddresses[1], kEchoPort}).has_value());
    STRATA_CHECK(client_.connect({kPairAddresses[1], kEchoPort}).has_value());
    STRATA_CHECK(server_.on_ready([this](Readiness) { answer(); }).has_value());
    STRATA_CHECK(client_.on_ready([this](Readiness) { collect(); }).has_value());
    for (int i = 0; i < 10 && replies_ == 0; ++i) (void)turn();
    STRATA_CHECK(replies_ != 0);
  }

  double measure(Seconds duration) override {
    const std::uint64_t heap_before = heap_allocations();
    const std::uint64_t memory_before = pair_.allocations();
    const Throughput done = run_for(duration, [this] { return 4 * turn(); });
    const auto packets = static_cast<double>(done.count);
    heap_ = static_cast<double>(heap_allocations() - heap_before) / packets;
    memory_ = static_cast<double>(pair_.allocations() - memory_before) / packets;
    return done.per_second() / 1e6;
  }
  std::vector<Detail> details() const override {
    return {{"heap allocations/packet", heap_}, {"Memory allocations/packet", memory_}};
  }

  // One burst there and back. Answers how many came back.
  std::uint64_t turn() {
    const std::uint64_t before = replies_;
    const Time time = now();
    time_ = time;
    for (std::size_t i = 0; i < kBurst; ++i) {
      (void)client_.send(Bytes(out_).first(kPayload), time);
    }
    pair_[0].stack().flush(time);
    pair_[1].turn(time);
    pair_[0].turn(time);
    return replies_ - before;
  }

 private:
  static UdpSocket open(Host& host) {
    auto made = UdpSocket::open(host.stack(), AddressFamily::kIpv4);
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }
  void answer() {
    while (const auto got = server_.receive(in_)) {
      (void)server_.send_to(Bytes(in_).first(got->size), got->source, time_);
    }
  }
  void collect() {
    while (client_.receive(in_).has_value()) ++replies_;
  }

  StackPair pair_;
  UdpSocket client_, server_;
  std::array<std::byte, 2048> out_{}, in_{};
  std::uint64_t replies_ = 0;
  Time time_{};
  double heap_ = 0, memory_ = 0;
};

MemoryLinkOptions echo_link(bool hands_over) {
  return {.vouches_for_bytes = false, .hands_over_buffers = hands_over};
}

// ── Parsing ───────────────────────────────────────────────────────────────────────────────────

std::vector<std::byte> frame_to(const Device& device, const Endpoint& from, const Endpoint& to) {
  std::vector<std::byte> payload(kPayload, std::byte{0x5a});
  const std::size_t udp_size = wire::UdpLayout::kSize + payload.size();
  std::vector<std::byte> frame(wire::EthernetLayout::kSize + wire::Ipv4Layout::kSize + udp_size);
  const auto ethernet = std::span(frame).first<wire::EthernetLayout::kSize>();
  const auto ip = std::span(frame).subspan<wire::EthernetLayout::kSize, wire::Ipv4Layout::kSize>();
  const auto udp =
      std::span(frame)
          .subspan<wire::EthernetLayout::kSize + wire::Ipv4Layout::kSize, wire::UdpLayout::kSize>();
  write(wire::EthernetHeader{.destination = device.capabilities().mac,
                             .source = MacAddress::from_value(0x0200'0000'00aa),
                             .type = wire::kEtherTypeIpv4},
        ethernet);
  write(wire::Ipv4Header{.total_length =
                             static_cast<std::uint16_t>(wire::Ipv4Layout::kSize + udp_size),
                         .time_to_live = 64,
                         .protocol = wire::kIpProtocolUdp,
                         .source = from.address,
                         .destination = to.address},
        ip);
  wire::set_ipv4_checksum(ip);
  write(wire::UdpHeader{.source_port = from.port,
                        .destination_port = to.port,
                        .length = static_cast<std::uint16_t>(udp_size),
                        .checksum = 0},
        udp);
  std::ranges::copy(payload, frame.end() - static_cast<std::ptrdiff_t>(payload.size()));
  const wire::Sum sum = wire::partial_sum(std::span(frame).last(udp_size)) +
                        wire::pseudo_header_sum(from.address, to.address, wire::kIpProtocolUdp,
                                                static_cast<std::uint32_t>(udp_size));
  wire::UdpLayout::Checksum::set(udp, wire::fold_for_udp(sum));
  return frame;
}

// Hands over packets that were made before, so that what is measured is the stack alone.
class ReplayDevice final : public Device {
 public:
  ReplayDevice() { capabilities_.mac = MacAddress::from_value(0x0200'0000'0001); }
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool&, PacketBatch& batch) override {
    while (batch.room() != 0 && !prepared_.empty()) batch.push(prepared_.pop());
  }
  [[nodiscard]] std::size_t room() const override { return PacketBatch::kCapacity; }
  void transmit(PacketBatch& batch) override { batch.clear(); }
  void prepare(PacketPtr packet) { prepared_.push(std::move(packet)); }

 private:
  DeviceCapabilities capabilities_;
  PacketQueue prepared_;
};

// Batches of one flow to one socket. The figure is the median batch: one that the machine
// interrupted says nothing about the stack.
class UdpParse final : public Contestant {
 public:
  UdpParse() : socket_(open()) {
    host_.attach(device_, Prefix(kPairAddresses[1], 24), now());
    STRATA_CHECK(socket_.bind({kPairAddresses[1], kEchoPort}).has_value());
    frame_ = frame_to(device_, {kPairAddresses[0], 4000}, {kPairAddresses[1], kEchoPort});
    STRATA_CHECK(batch() == PacketBatch::kCapacity);
  }

  double measure(Seconds duration) override {
    samples_.clear();
    (void)run_for(duration, [this] { return batch(); });
    return quantile(samples_, 0.5);
  }

  // One batch: made, timed on its way in, and taken from the socket. Answers how many arrived.
  std::uint64_t batch() {
    for (std::size_t i = 0; i < PacketBatch::kCapacity; ++i) {
      PacketPtr packet = host_.pool().allocate();
      copy_bytes(frame_, packet->append(frame_.size()));
      device_.prepare(std::move(packet));
    }
    const auto begin = Wall::now();
    host_.stack().poll(time_);
    const std::chrono::duration<double, std::nano> took = Wall::now() - begin;
    samples_.push_back(took.count() / double{PacketBatch::kCapacity});
    std::uint64_t arrived = 0;
    while (const auto got = socket_.receive_packet()) ++arrived;
    return arrived;
  }

 private:
  UdpSocket open() {
    auto made = UdpSocket::open(host_.stack(), AddressFamily::kIpv4);
    STRATA_CHECK(made.has_value());
    return std::move(*made);
  }

  ReplayDevice device_;
  Host host_;
  UdpSocket socket_;
  std::vector<std::byte> frame_;
  Time time_ = now();
  std::vector<double> samples_;
};

void add_all() {
  add({.name = "udp/echo",
       .unit = "million packets/s",
       .claim = "64-byte UDP echo between two stacks on one core over a memory link that copies "
                "each frame; each stack counts what goes in and what goes out",
       .contestants = {{"strata", [] { return std::make_unique<UdpEcho>(echo_link(false)); }},
                       {"lwIP 2.1.3 (Debian)", [] { return lwip_udp_echo(kPayload, kBurst); }},
                       {"strata, link hands buffers over",
                        [] { return std::make_unique<UdpEcho>(echo_link(true)); }}},
       .goal = 8.0});
  add({.name = "udp/parse",
       .unit = "ns/packet",
       .better = Better::kLower,
       .claim = "Ethernet, IPv4 and UDP of a 64-byte datagram, checksums verified, from poll() to "
                "the socket's queue, in batches of 64 that a device has ready",
       .contestants = {{"strata", [] { return std::make_unique<UdpParse>(); }}},
       .goal = 50.0});
  add_work("udp/echo", [](std::uint64_t count) {
    UdpEcho echo(echo_link(false));
    for (std::uint64_t done = 0; done < count;) done += 4 * echo.turn();
  });
  add_work("udp/parse", [](std::uint64_t count) {
    UdpParse parse;
    for (std::uint64_t done = 0; done < count;) done += parse.batch();
  });
}

const Registration kRegistration(&add_all);

}  // namespace
}  // namespace strata::bench
