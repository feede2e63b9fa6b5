// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/stack_feed.h"

#include <gtest/gtest.h>

#include <string>

#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "service/web/live/live_hub.h"
#include "stack/core.h"

namespace strata::service::stack_feed_test {
namespace {

class StackFeedTest : public testing::Test {
 protected:
  StackFeedTest() {
    services = *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7, {}}});
  }
  Handle first_connection() { return lab.ours->stack().core().tcp->handle_at(0); }

  Lab lab;
  std::unique_ptr<TcpServices> services;
};

TEST_F(StackFeedTest, ShowsPacketsBothWaysWhileSomebodyWatches) {
  LiveHub hub({lab.ours.get()});
  const auto ring = std::make_shared<PacketRing>(nullptr);
  const auto other =
      std::make_shared<PacketRing>([](Medium, Bytes, std::size_t size) { return size > 1000; });
  hub.add(*lab.loop, ring);
  hub.add(*lab.loop, other);
  Client client(lab, 7);
  EXPECT_EQ(client.ask(std::string(1200, 'x')).size(), 1200U);
  bool saw_in = false;
  bool saw_out = false;
  for (const SeenPacket& packet : ring->take()) {
    (packet.is_incoming ? saw_in : saw_out) = true;
    EXPECT_EQ(packet.interface, "ours");
    EXPECT_EQ(packet.medium, Medium::kEthernet);
    EXPECT_EQ(packet.count, std::min(packet.size, SeenPacket::kBytesMax));
  }
  EXPECT_TRUE(saw_in && saw_out);
  EXPECT_EQ(other->take().size(), 2U) << "the long ones";
  hub.remove(*lab.loop, ring);
  hub.remove(*lab.loop, ring);
  hub.remove(*lab.loop, other);
  client.ask("more");
  EXPECT_TRUE(ring->take().empty());
}

// What is not shown costs neither a copy nor a remark: the stack has nobody to tell.
TEST_F(StackFeedTest, PassesOverWhatFindsNoRoomAndCountsIt) {
  StackFeed feed(*lab.ours);
  const auto ring = std::make_shared<PacketRing>(nullptr);
  ASSERT_TRUE(feed.add(ring));
  const auto& watchers = lab.ours->stack().core().drop_watchers;
  Client client(lab, 7);
  EXPECT_FALSE(watchers.empty());
  for (int i = 0; i < 200 && ring->has_room(); ++i) client.ask(std::string(10'000, 'x'));
  client.ask("more");
  EXPECT_EQ(ring->room(), 0U);
  EXPECT_TRUE(watchers.empty());
  const std::uint64_t missed = ring->missed();
  client.ask("and more");
  EXPECT_GE(ring->missed(), missed + 2);
  EXPECT_EQ(ring->take().size(), PacketRing::kPacketsMax);
  client.ask("and more");
  EXPECT_FALSE(ring->take().empty()) << "there is room again";
  EXPECT_FALSE(watchers.empty());
}

TEST_F(StackFeedTest, CountsForTheFullOneWhatTheOtherDoesNotWant) {
  StackFeed feed(*lab.ours);
  const auto full = std::make_shared<PacketRing>(nullptr);
  const auto choosy =
      std::make_shared<PacketRing>([](Medium, Bytes, std::size_t) { return false; });
  for (std::size_t i = 0; i < PacketRing::kPacketsMax; ++i) full->offer({});
  ASSERT_TRUE(feed.add(full) && feed.add(choosy));
  const Client client(lab, 7);
  EXPECT_GE(full->missed(), 3U) << "a handshake";
  EXPECT_EQ(choosy->missed(), 0U);
}

TEST_F(StackFeedTest, FollowsTheSegmentsOfOneConnection) {
  StackFeed feed(*lab.ours);
  Client client(lab, 7);
  const Handle watched = first_connection();
  Client stranger(lab, 7);
  const auto ring = std::make_shared<SegmentRing>();
  ASSERT_TRUE(feed.add(ring, watched));
  stranger.ask("not me");
  client.ask("12345");
  client.ask("67");
  const auto [segments, missed] = ring->take();
  EXPECT_EQ(missed, 0U);
  std::vector<std::pair<std::uint32_t, std::size_t>> in;
  std::vector<std::pair<std::uint32_t, std::size_t>> out;
  for (const SeenSegment& segment : segments) {
    if (segment.length == 0) continue;
    (segment.is_out ? out : in).emplace_back(segment.sequence, segment.length);
    EXPECT_TRUE(segment.flags.ack());
    EXPECT_GT(segment.window, 1000U);
    EXPECT_FALSE(segment.cause.has_value());
  }
  const std::vector<std::pair<std::uint32_t, std::size_t>> wanted{{0, 5}, {5, 2}};
  EXPECT_EQ(in, wanted);
  EXPECT_EQ(out, wanted) << "echoed";
  feed.remove(*ring);
  client.ask("more");
  EXPECT_TRUE(ring->take().first.empty());
}

// The last segments are lost with the link: they go again, and it is told why.
TEST_F(StackFeedTest, TellsWhyASegmentGoesAgain) {
  StackFeed feed(*lab.ours);
  Client client(lab, 7);
  const auto ring = std::make_shared<SegmentRing>();
  ASSERT_TRUE(feed.add(ring, first_connection()));
  EXPECT_EQ(client.send("lost"), 4U);
  (void)client.receive();
  (void)ring->take();
  class Hole final : public Hook {
   public:
    void on_packets(HookPoint, std::span<Packet* const>, std::span<Verdict> verdicts,
                    Time) override {
      for (Verdict& verdict : verdicts) verdict = Verdict::drop();
    }
  } hole;
  ASSERT_TRUE(lab.theirs->stack().add_hook(HookPoint::kIpIn, hole));
  EXPECT_EQ(client.send("lost"), 4U);
  lab.run_for(std::chrono::seconds(3));
  lab.theirs->stack().remove_hook(HookPoint::kIpIn, hole);
  lab.run_for(std::chrono::seconds(3));
  std::size_t again = 0;
  for (const SeenSegment& segment : ring->take().first) {
    if (segment.is_out && segment.length == 4 && segment.cause) ++again;
  }
  EXPECT_GT(again, 0U);
}

TEST_F(StackFeedTest, HasNothingToFollowWhereThereIsNoConnection) {
  StackFeed feed(*lab.ours);
  EXPECT_FALSE(feed.add(std::make_shared<SegmentRing>(), {77, 77}));
}

TEST(SegmentRing, IsBounded) {
  SegmentRing ring;
  for (std::size_t i = 0; i < SegmentRing::kSegmentsMax + 3; ++i) ring.offer({});
  const auto [segments, missed] = ring.take();
  EXPECT_EQ(segments.size(), SegmentRing::kSegmentsMax);
  EXPECT_EQ(missed, 3U);
}

}  // namespace
}  // namespace strata::service::stack_feed_test
