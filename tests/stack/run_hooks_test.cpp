// SPDX-License-Identifier: Apache-2.0
#include "stack/run_hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::run_hooks_test {
namespace {

using namespace support;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Says the same about every packet, and keeps what it takes.
class TestHook final : public Hook {
 public:
  explicit TestHook(Verdict::Kind verdict) : verdict_(verdict) {}
  void on_packets(HookPoint point, std::span<Packet* const> packets, std::span<Verdict> verdicts,
                  Time) override {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (packets[i] == nullptr) continue;
      points.push_back(point);
      first_bytes.push_back(std::to_integer<unsigned>(packets[i]->bytes()[0]));
      verdicts[i].kind = verdict_;
      if (verdict_ == Verdict::Kind::kStolen) taken.emplace_back(packets[i]);
    }
  }
  std::vector<HookPoint> points;
  std::vector<unsigned> first_bytes;
  std::vector<PacketPtr> taken;

 private:
  Verdict::Kind verdict_;
};

class HookPoints : public testing::TestWithParam<HookPoint> {
 protected:
  HookPoints() {
    host.stack.set_forwarding(true, true);
    (void)host.after(10s);  // the groups of routers are reported
    EXPECT_TRUE(
        host.stack.add_neighbor(host.eth0, IpAddress::v4(10, 0, 0, 9), kOtherMac, host.now));
  }
  // A packet that passes the point and causes one frame to leave.
  Frames pass() {
    if (GetParam() == HookPoint::kForward) {
      Frames sent = host.from_peer(
          udp_packet({IpAddress::v4(10, 8, 0, 1), 1}, {IpAddress::v4(10, 0, 0, 9), 2}, text("x")));
      return sent;
    }
    return host.from_peer(echo_request(host.peer4, host.own4, 1, 1, text("x")));
  }
  Host host;
};

TEST_P(HookPoints, Accept) {
  TestHook hook(Verdict::Kind::kAccept);
  ASSERT_TRUE(host.stack.add_hook(GetParam(), hook));
  EXPECT_THAT(pass(), SizeIs(1));
  EXPECT_THAT(hook.points, ElementsAre(GetParam()));
  const bool sees_frames = GetParam() == HookPoint::kFrameIn || GetParam() == HookPoint::kFrameOut;
  EXPECT_EQ(hook.first_bytes[0], sees_frames ? 0x02U : 0x45U);
  host.stack.remove_hook(GetParam(), hook);
  EXPECT_THAT(pass(), SizeIs(1));
  EXPECT_THAT(hook.points, SizeIs(1));
}

TEST_P(HookPoints, Drop) {
  TestHook hook(Verdict::Kind::kDrop);
  TestHook later(Verdict::Kind::kAccept);
  ASSERT_TRUE(host.stack.add_hook(GetParam(), later, 5));
  ASSERT_TRUE(host.stack.add_hook(GetParam(), hook, -5));
  EXPECT_THAT(pass(), IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kHookDropped), 1U);
  EXPECT_THAT(later.points, IsEmpty());
  EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
}

TEST_P(HookPoints, Steal) {
  TestHook hook(Verdict::Kind::kStolen);
  ASSERT_TRUE(host.stack.add_hook(GetParam(), hook));
  EXPECT_THAT(pass(), IsEmpty());
  EXPECT_THAT(hook.taken, SizeIs(1));
  EXPECT_EQ(host.all_drops(), 0U);
  hook.taken.clear();
  EXPECT_EQ(host.pool.descriptors_in_use(), 0U);
}

INSTANTIATE_TEST_SUITE_P(All, HookPoints,
                         testing::Values(HookPoint::kFrameIn, HookPoint::kIpIn, HookPoint::kForward,
                                         HookPoint::kIpOut, HookPoint::kFrameOut));

TEST(RunHooks, ForwardedPacketsAreNotOurOwn) {
  Host host;
  host.stack.set_forwarding(true, true);
  (void)host.after(10s);
  ASSERT_TRUE(host.stack.add_neighbor(host.eth0, IpAddress::v4(10, 0, 0, 9), kOtherMac, host.now));
  TestHook hook(Verdict::Kind::kDrop);
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpOut, hook));
  EXPECT_THAT(host.from_peer(udp_packet({IpAddress::v4(10, 8, 0, 1), 1},
                                        {IpAddress::v4(10, 0, 0, 9), 2}, text("x"))),
              SizeIs(1));
  EXPECT_THAT(hook.points, IsEmpty());
}

TEST(RunHooks, IpInSeesValidHeadersOnly) {
  Host host;
  TestHook hook(Verdict::Kind::kAccept);
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, hook));
  Frame broken = echo_request(host.peer4, host.own4, 1, 1, {});
  broken[8] = std::byte{1};
  EXPECT_THAT(host.from_peer(broken), IsEmpty());
  EXPECT_THAT(hook.points, IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kIpv4BadChecksum), 1U);
}

// Takes others away, or itself, as soon as it sees a packet.
class RemovingHook final : public Hook {
 public:
  explicit RemovingHook(Stack& stack) : stack_(stack) {}
  void on_packets(HookPoint point, std::span<Packet* const> /*packets*/,
                  std::span<Verdict> /*verdicts*/, Time /*now*/) override {
    ++runs;
    for (Hook* const one : removes) stack_.remove_hook(point, *one);
  }
  std::vector<Hook*> removes;
  int runs = 0;

 private:
  Stack& stack_;
};

TEST(RunHooks, AHookMayRemoveItselfAndOthers) {
  Host host;
  TestHook before(Verdict::Kind::kAccept);
  RemovingHook removing(host.stack);
  TestHook removed(Verdict::Kind::kAccept);
  TestHook after(Verdict::Kind::kAccept);
  removing.removes = {&before, &removing, &removed};
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, before, 1));
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, removing, 2));
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, removed, 3));
  ASSERT_TRUE(host.stack.add_hook(HookPoint::kIpIn, after, 4));
  for (int i = 0; i < 2; ++i) {
    (void)host.from_peer(echo_request(host.peer4, host.own4, 1, 1, text("x")));
  }
  EXPECT_EQ(removing.runs, 1);
  EXPECT_THAT(before.points, SizeIs(1));
  EXPECT_THAT(removed.points, IsEmpty());
  EXPECT_THAT(after.points, SizeIs(2));
}

TEST(RunHooks, APointHasRoomForEight) {
  Host host;
  std::deque<TestHook> hooks;
  for (int i = 0; i < 9; ++i) hooks.emplace_back(Verdict::Kind::kAccept);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(host.stack.add_hook(HookPoint::kIpIn, hooks[static_cast<std::size_t>(i)], -i));
  }
  EXPECT_EQ(host.stack.add_hook(HookPoint::kIpIn, hooks[8]).error(), Error::kOutOfMemory);
}

}  // namespace
}  // namespace strata::stack::run_hooks_test
