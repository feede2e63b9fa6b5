// SPDX-License-Identifier: Apache-2.0
// A path that swallows what is too big and says nothing: RFC 4821 and RFC 8899, end to end.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test::black_hole_test {
namespace {

constexpr std::size_t kEthernet = 14;

// A router whose next link is smaller than it tells anybody.
class SilentRouter final : public QueueDiscipline {
 public:
  explicit SilentRouter(std::size_t mtu) : mtu_(mtu) {}
  void enqueue(PacketPtr frame, Time /*now*/, Drops& drops) override {
    if (frame->size() > kEthernet + mtu_) {
      ++swallowed_;
      return drops.drop(std::move(frame));
    }
    largest_ = std::max(largest_, frame->size());
    frames_.push(std::move(frame));
  }
  PacketPtr dequeue(Time /*now*/, Drops& /*drops*/) override {
    return frames_.empty() ? nullptr : frames_.pop();
  }
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return 0; }
  [[nodiscard]] std::size_t room() const override { return 1000; }
  [[nodiscard]] std::size_t swallowed() const { return swallowed_; }
  [[nodiscard]] std::size_t largest() const { return largest_ - kEthernet; }

 private:
  std::size_t mtu_;
  std::size_t swallowed_ = 0;
  std::size_t largest_ = 0;
  PacketQueue frames_;
};

struct Case {
  std::size_t mtu;
  bool is_v6;
  bool sack;
};

TEST(TcpBlackHole, ATransferFindsTheSizeThatFitsAndGoesOn) {
  for (const Case& path :
       {Case{1400, false, true}, Case{1400, true, true}, Case{1400, false, false},
        Case{1280, true, true}, Case{600, false, true}}) {
    SCOPED_TRACE(std::to_string(path.mtu) + (path.is_v6 ? " IPv6" : " IPv4") +
                 (path.sack ? "" : " without SACK"));
    Transfer::Options options;
    options.line.delay = 10ms;
    options.line.bits_per_second = 10'000'000;
    options.client_tcp.sack = path.sack;
    options.client.to_write = 5'000'000;
    options.is_v6 = path.is_v6;
    Transfer transfer(options);
    auto queue = std::make_unique<SilentRouter>(path.mtu);
    SilentRouter& router = *queue;
    transfer.link().set_queue(Direction::kAToB, std::move(queue));
    ASSERT_TRUE(transfer.run(60s));
    EXPECT_FALSE(transfer.client().failure());
    EXPECT_FALSE(transfer.server()->is_wrong());
    EXPECT_EQ(transfer.server()->bytes_read(), options.client.to_write);
    // The first window, three timeouts of its first segment, and a few probes that were too big.
    EXPECT_GT(router.swallowed(), 0U);
    EXPECT_LT(router.swallowed(), 60U);
    // The search ended at what fits, or a little below.
    EXPECT_GT(router.largest(), path.mtu - 20);
    ASSERT_TRUE(transfer.client().last_info());
    EXPECT_GT(transfer.client().last_info()->retransmits_by(TcpLossCause::kPathMtu), 0U);
    // Nearly all of the time is that of the bytes themselves: 4 s, or 5 s in small segments.
    EXPECT_LT(transfer.client().finished() - transfer.started(), 12s);
  }
}

// What is sent from the beginning in small segments grows, and no byte is sent twice for it.
TEST(TcpBlackHole, ProbingFromTheBeginningCostsNothingOnAPathThatCarriesAll) {
  Transfer::Options options;
  options.line.delay = 10ms;
  options.client_tcp.path_probing = TcpPathProbing::kAlways;
  options.client.to_write = 1'000'000;
  Transfer transfer(options);
  auto queue = std::make_unique<SilentRouter>(1500);
  SilentRouter& router = *queue;
  transfer.link().set_queue(Direction::kAToB, std::move(queue));
  ASSERT_TRUE(transfer.run(60s));
  EXPECT_EQ(transfer.server()->bytes_read(), options.client.to_write);
  EXPECT_EQ(router.largest(), 1500U);
  ASSERT_TRUE(transfer.client().last_info());
  EXPECT_EQ(transfer.client().last_info()->bytes_retransmitted, 0U);
}

}  // namespace
}  // namespace strata::sim::tcp_test::black_hole_test
