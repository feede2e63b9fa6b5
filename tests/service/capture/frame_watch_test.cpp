// SPDX-License-Identifier: Apache-2.0
#include "service/capture/frame_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "service/capture/captured_segment.h"
#include "service/client.h"
#include "service/serve/tcp_services.h"
#include "stack/core.h"
#include "strata/udp_socket.h"

namespace strata::service::frame_watch_test {
namespace {

class FrameWatchTest : public testing::Test {
 protected:
  struct Kept {
    WatchedFrame frame;
    std::vector<std::byte> bytes;
  };
  FrameWatch::Tell keep() {
    return [this](const WatchedFrame& frame) {
      kept.push_back({frame, {frame.bytes.begin(), frame.bytes.end()}});
    };
  }
  // From the other stack, to a port of ours.
  void send_datagram(std::uint16_t port) {
    auto socket = UdpSocket::open(lab.theirs->stack());
    ASSERT_TRUE(socket);
    const Bytes bytes = std::as_bytes(std::span("text", 4));
    ASSERT_TRUE(socket->send_to(bytes, {*IpAddress::parse("10.77.0.2"), port}, lab_now));
    lab.run_for(std::chrono::milliseconds(5));
  }
  std::size_t count(std::string_view comment) const {
    return static_cast<std::size_t>(std::ranges::count_if(kept, [&](const Kept& one) {
      return one.frame.comment.find(comment) != std::string::npos;
    }));
  }

  Lab lab;
  std::vector<Kept> kept;
};

TEST_F(FrameWatchTest, TellsWhyAFrameWasDropped) {
  FrameWatch watch(lab.ours->stack(), keep());
  ASSERT_TRUE(watch.start(65'535));
  send_datagram(99);
  ASSERT_EQ(count("dropped: udp_no_socket: "), 1U);
  const auto found = std::ranges::find_if(
      kept, [](const Kept& one) { return one.frame.dropped == DropReason::kUdpNoSocket; });
  ASSERT_NE(found, kept.end());
  EXPECT_TRUE(found->frame.is_incoming);
  EXPECT_EQ(found->frame.named.name, "ours");
  EXPECT_EQ(found->bytes.size(), found->frame.size);
  EXPECT_EQ(found->frame.comment,
            "dropped: udp_no_socket: " + std::string(explanation_of(DropReason::kUdpNoSocket)));
  const auto answered =
      std::ranges::count_if(kept, [](const Kept& one) { return !one.frame.is_incoming; });
  EXPECT_GT(answered, 0) << "what leaves is told as well";
}

TEST_F(FrameWatchTest, KeepsAndTellsNoMoreThanIsWanted) {
  auto filters = PacketFilters::compile("udp port 99");
  ASSERT_TRUE(filters);
  FrameWatch watch(lab.ours->stack(), keep());
  ASSERT_TRUE(watch.start(20, wanted_by(*std::move(filters))));
  send_datagram(7);
  send_datagram(99);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].bytes.size(), 20U);
  EXPECT_GT(kept[0].frame.size, 40U);
  EXPECT_EQ(kept[0].frame.dropped, DropReason::kUdpNoSocket);
}

TEST_F(FrameWatchTest, LeavesTheChoiceToASampler) {
  struct Sampler final : FrameSampler {
    std::size_t room() const override { return left; }
    bool wants(Medium, Bytes head, std::size_t) override {
      seen_at_most = std::max(seen_at_most, head.size());
      return true;
    }
    void pass_over(std::size_t frames) override { passed += frames; }
    std::size_t left = 0;
    std::size_t passed = 0;
    std::size_t seen_at_most = 0;
  } sampler;
  FrameWatch watch(lab.ours->stack(), keep());
  ASSERT_TRUE(watch.start_sampling(30, sampler));
  send_datagram(99);
  EXPECT_TRUE(kept.empty());
  EXPECT_GE(sampler.passed, 2U) << "the datagram and its answer";
  EXPECT_EQ(sampler.seen_at_most, 0U);
  EXPECT_TRUE(lab.ours->stack().core().drop_watchers.empty());
  sampler.left = 100;
  const std::size_t passed = sampler.passed;
  send_datagram(99);
  EXPECT_EQ(count("dropped: udp_no_socket: "), 1U);
  EXPECT_EQ(sampler.passed, passed);
  EXPECT_EQ(sampler.seen_at_most, 30U);
}

TEST_F(FrameWatchTest, LeavesNothingBehind) {
  Stack& stack = lab.ours->stack();
  const auto is_watched = [&] {
    bool is = !stack.core().drop_watchers.empty();
    for (const HookPoint point : {HookPoint::kFrameIn, HookPoint::kFrameOut}) {
      is = is || stack.core().hooks[static_cast<std::size_t>(point)][0].hook != nullptr;
    }
    return is;
  };
  EXPECT_FALSE(is_watched());
  FrameWatch watch(stack, keep());
  ASSERT_TRUE(watch.start(100));
  ASSERT_TRUE(watch.start(100)) << "a second start changes nothing";
  EXPECT_TRUE(is_watched());
  watch.stop();
  watch.stop();
  EXPECT_FALSE(is_watched());
  send_datagram(99);
  EXPECT_TRUE(kept.empty());
}

TEST_F(FrameWatchTest, SaysThatThereIsNoRoomAndTakesNone) {
  std::vector<std::unique_ptr<FrameWatch>> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(std::make_unique<FrameWatch>(lab.ours->stack(), keep()));
    ASSERT_TRUE(all.back()->start(100));
  }
  FrameWatch late(lab.ours->stack(), keep());
  EXPECT_FALSE(late.start(100));
  EXPECT_FALSE(late.is_running());
  all.pop_back();
  EXPECT_TRUE(late.start(100));
}

class FrameWatchOfTcp : public FrameWatchTest {
 protected:
  FrameWatchOfTcp() {
    services = *TcpServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kEcho, 7, {}}});
  }
  // Drops every `one_in`th packet with much text that reaches the other stack, up to `most`.
  class Hole final : public Hook {
   public:
    Hole(std::size_t one_in, std::size_t most) : one_in_(one_in), most_(most) {}
    void on_packets(HookPoint, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                    Time) override {
      for (std::size_t i = 0; i < packets.size(); ++i) {
        if (packets[i] == nullptr || packets[i]->size() < 500) continue;
        if (++seen_ % one_in_ != 0 || most_ == 0) continue;
        --most_;
        verdicts[i] = Verdict::drop();
      }
    }

   private:
    std::size_t one_in_;
    std::size_t most_;
    std::size_t seen_ = 0;
  };
  std::unique_ptr<TcpServices> services;
};

TEST_F(FrameWatchOfTcp, TellsWhatGoesAgainAndWhatIsMissing) {
  FrameWatch watch(lab.ours->stack(), keep());
  ASSERT_TRUE(watch.start(256));
  Client client(lab, 7);
  Hole hole(10, 3);
  ASSERT_TRUE(lab.theirs->stack().add_hook(HookPoint::kFrameIn, hole));
  const std::string text(200'000, 'x');
  std::string echoed;
  std::size_t sent = 0;
  for (int i = 0; echoed.size() < text.size() && i < 400; ++i) {
    sent += client.send(std::string_view(text).substr(sent));
    echoed += client.receive();
  }
  lab.theirs->stack().remove_hook(HookPoint::kFrameIn, hole);
  EXPECT_EQ(echoed.size(), text.size());
  EXPECT_GT(count("Sent again: "), 0U);
  EXPECT_GT(count("SACK: the peer misses "), 0U);
  EXPECT_GT(count("It shows a loss: "), 0U);
  EXPECT_GT(count("What limits the connection: "), 0U);
  for (const Kept& one : kept) {
    if (one.frame.comment.starts_with("Sent again")) {
      EXPECT_FALSE(one.frame.is_incoming);
    }
    if (one.frame.comment.starts_with("It shows") || one.frame.comment.starts_with("SACK")) {
      EXPECT_TRUE(one.frame.is_incoming);
    }
  }
}

TEST_F(FrameWatchOfTcp, TellsOfAZeroWindow) {
  FrameWatch watch(lab.ours->stack(), keep());
  ASSERT_TRUE(watch.start(256));
  Client client(lab, 7);
  const std::string text(65'536, 'x');
  // The other program writes and never reads: what is echoed fills its window.
  for (int i = 0; i < 400 && count("Zero window: the program over there") == 0; ++i) {
    (void)client.send(text);
  }
  EXPECT_GT(count("Zero window: the program over there has not read"), 0U);
}

}  // namespace
}  // namespace strata::service::frame_watch_test
