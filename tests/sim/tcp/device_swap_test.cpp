// SPDX-License-Identifier: Apache-2.0
// A host's device is exchanged again and again under a transfer: the bytes are the same, whatever
// the other device can do.
//
//   a ══ two lines, of which one is in use at a time ══ hub ── b
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test::device_swap_test {
namespace {

// Passes on what it is given, and claims other things of itself.
class Pretender final : public Device {
 public:
  Pretender(Device& below, const DeviceCapabilities& capabilities)
      : below_(below), capabilities_(capabilities) {}
  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  void receive(PacketPool& pool, PacketBatch& batch) override { below_.receive(pool, batch); }
  [[nodiscard]] std::size_t room() const override { return below_.room(); }
  void transmit(PacketBatch& batch) override {
    for (const Packet* packet : batch.packets()) {
      const std::size_t bytes = packet->size() - 14;
      if (bytes > capabilities_.mtu && packet->notes().segment_kind == SegmentKind::kNone)
        ++too_long;
      if (packet->notes().checksum == ChecksumState::kPartial &&
          !capabilities_.completes_checksums) {
        ++unfinished;
      }
    }
    below_.transmit(batch);
  }
  std::size_t too_long = 0;
  std::size_t unfinished = 0;

 private:
  Device& below_;
  DeviceCapabilities capabilities_;
};

class Swapping {
 public:
  Swapping(std::uint64_t seed, const LinkConfig& line, std::size_t second_mtu)
      : world_(WorldConfig{.seed = seed}),
        rng_(seed),
        hub_(world_.add_switch("hub")),
        a_(world_.add_host("a", {}, plain_interfaces())),
        b_(world_.add_host("b", {}, plain_interfaces())) {
    world_.connect(a_, hub_, line);
    world_.connect(a_, hub_, line);
    world_.connect(b_, hub_, line);
    EXPECT_TRUE(a_.stack().remove_interface(a_.interface(1), world_.now()));
    a_.add_address("10.0.0.1/24").add_address("fd00::1/64");
    b_.add_address("10.0.0.2/24").add_address("fd00::2/64");
    DeviceCapabilities narrow = a_.device(1).capabilities();
    narrow.mtu = second_mtu;
    second_.emplace(a_.device(1), narrow);
    world_.run_for(10ms);
    auto listener = TcpListener::listen(b_.stack(), {IpAddress::any_v6(), 80}, {});
    EXPECT_TRUE(listener.has_value());
    listener_.emplace(std::move(*listener));
    (void)listener_->on_ready([this](Readiness) { accept(); });
  }

  void start(std::string_view address, std::uint64_t there, std::uint64_t back) {
    back_ = back;
    auto stream =
        TcpStream::connect(a_.stack(), {*IpAddress::parse(address), 80}, {}, world_.now());
    ASSERT_TRUE(stream.has_value());
    client_.emplace(a_, std::move(*stream),
                    ProgramOptions{.to_write = there, .pattern_out = 1, .pattern_in = 2});
    a_.wake();
  }

  // Swaps at moments of the seed's choice until both programs are done.
  void run(Duration limit) {
    const Time end = world_.now() + limit;
    while (!is_over() && world_.now() < end) {
      (void)world_.run_until_true(
          [this] { return is_over(); },
          Duration(static_cast<Duration::rep>(rng_.between(100'000, 300'000'000))));
      if (!is_over()) swap();
    }
  }
  void swap() {
    is_second_ = !is_second_;
    ++swaps_;
    Device& first = a_.device(0);
    Device& former = is_second_ ? first : *second_;
    Device& next = is_second_ ? static_cast<Device&>(*second_) : first;
    const Time now = world_.now();
    ASSERT_TRUE(a_.stack().replace_device(a_.interface(0), next, now));
    a_.stack().flush(now);
    while (a_.stack().receive_from(a_.interface(0), former, now)) {
    }
    a_.wake();
  }

  [[nodiscard]] bool is_over() { return client_->is_over() && server_ && server_->is_over(); }
  [[nodiscard]] Program& client() { return *client_; }
  [[nodiscard]] Program& server() { return *server_; }
  [[nodiscard]] const Pretender& second() const { return *second_; }
  [[nodiscard]] std::size_t swaps() const { return swaps_; }

 private:
  void accept() {
    auto stream = listener_->accept(world_.now());
    if (!stream) return;
    server_.emplace(b_, std::move(*stream),
                    ProgramOptions{.to_write = back_, .pattern_out = 2, .pattern_in = 1});
    server_->work();
  }

  World world_;
  Rng rng_;
  Switch& hub_;
  Host& a_;
  Host& b_;
  std::optional<Pretender> second_;
  std::optional<TcpListener> listener_;
  std::optional<Program> client_, server_;
  std::uint64_t back_ = 0;
  bool is_second_ = false;
  std::size_t swaps_ = 0;
};

void expect_whole(Swapping& swapping, std::uint64_t there, std::uint64_t back) {
  ASSERT_TRUE(swapping.is_over());
  for (Program* program : {&swapping.client(), &swapping.server()}) {
    EXPECT_FALSE(program->failure()) << to_text(*program->failure());
    EXPECT_FALSE(program->is_wrong());
    EXPECT_TRUE(program->saw_end());
  }
  EXPECT_EQ(swapping.server().bytes_read(), there);
  EXPECT_EQ(swapping.client().bytes_read(), back);
  EXPECT_EQ(swapping.second().too_long, 0U);
  EXPECT_EQ(swapping.second().unfinished, 0U);
}

const LinkConfig kLine{.bits_per_second = 10'000'000, .delay = 3ms, .loss = {1, 500}};

TEST(DeviceSwap, NotAByteIsLostWhateverTheMoment) {
  std::size_t swaps = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Swapping swapping(seed, kLine, 1500);
    swapping.start(seed % 2 == 0 ? "10.0.0.2" : "fd00::2", 400'000, 300'000);
    swapping.run(300s);
    expect_whole(swapping, 400'000, 300'000);
    swaps += swapping.swaps();
  }
  EXPECT_GT(swaps, 20U);
}

// Segments follow, and grow again. The other way the hub's far end knows of no limit.
TEST(DeviceSwap, SegmentsAreAsShortAsTheDeviceInUseWants) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Swapping swapping(seed, kLine, 1300);
    swapping.start(seed % 2 == 0 ? "10.0.0.2" : "fd00::2", 400'000, 0);
    swapping.run(300s);
    expect_whole(swapping, 400'000, 0);
  }
}

}  // namespace
}  // namespace strata::sim::tcp_test::device_swap_test
