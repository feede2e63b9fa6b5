// SPDX-License-Identifier: Apache-2.0
// A hole in a batch that arrives in one go is repaired at once, with SACK and without.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sim/tcp/transfer.h"

namespace strata::sim::tcp_test::fast_retransmit_test {
namespace {

// Loses one segment, counted among those full of text.
class OneHole final : public QueueDiscipline {
 public:
  explicit OneHole(std::size_t position) : position_(position) {}
  void enqueue(PacketPtr frame, Time /*now*/, Drops& drops) override {
    if (frame->size() > 1000 && seen_++ == position_) return drops.drop(std::move(frame));
    frames_.push(std::move(frame));
  }
  PacketPtr dequeue(Time /*now*/, Drops& /*drops*/) override {
    return frames_.empty() ? nullptr : frames_.pop();
  }
  [[nodiscard]] std::size_t packets() const override { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return 0; }
  [[nodiscard]] std::size_t room() const override { return 1000; }
  [[nodiscard]] std::size_t seen() const { return seen_; }

 private:
  std::size_t position_;
  std::size_t seen_ = 0;
  PacketQueue frames_;
};

// The initial window of ten segments is one batch: the receiver merges what it can, and must still
// send a duplicate ACK for each of them (RFC 5681 4.2) so that three reach the sender.
TEST(TcpFastRetransmit, AHoleInABatchNeedsNoTimeout) {
  for (const bool sack : {true, false}) {
    for (std::size_t position = 0; position <= 6; ++position) {
      SCOPED_TRACE((sack ? "SACK, hole " : "no SACK, hole ") + std::to_string(position));
      Transfer::Options options;
      options.line.delay = 50ms;
      options.client_tcp.sack = sack;
      options.client.to_write = 14'480;
      Transfer transfer(options);
      auto queue = std::make_unique<OneHole>(position);
      OneHole& hole = *queue;
      transfer.link().set_queue(Direction::kAToB, std::move(queue));
      ASSERT_TRUE(transfer.run(60s));
      ASSERT_TRUE(transfer.client().last_info().has_value());
      const TcpInfo& info = *transfer.client().last_info();
      EXPECT_EQ(hole.seen(), 11U);
      EXPECT_EQ(info.timeouts, 0U);
      EXPECT_EQ(info.retransmits_by(TcpLossCause::kProbe), 0U);
      EXPECT_EQ(info.recoveries, 1U);
      // Handshake, batch, repair, and the end of both directions: a round trip each.
      EXPECT_LT(transfer.client().finished() - transfer.started(), 450ms);
      EXPECT_EQ(transfer.server()->bytes_read(), options.client.to_write);
    }
  }
}

}  // namespace
}  // namespace strata::sim::tcp_test::fast_retransmit_test
