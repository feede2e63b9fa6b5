// SPDX-License-Identifier: Apache-2.0
#include "driver/link_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "driver/own_network.h"

namespace strata::driver::link_watch_test {
namespace {

class LinkWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.refusal().empty()) GTEST_SKIP() << network_.refusal();
    if (!make_cable("lw0", "lw1")) GTEST_SKIP() << "there are no veth pairs";
    socket_ = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto watch = LinkWatch::open(*HostLink::open("lw0"), {socket_.get()});
    ASSERT_TRUE(watch.has_value());
    watch_.emplace(*std::move(watch));
    ASSERT_TRUE(becomes(true));
    while (is_readable()) look();
  }

  [[nodiscard]] bool is_readable() const {
    pollfd ready{watch_->descriptor(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }
  // As many calls as it takes to look; whether there was news.
  bool look() {
    while (!watch_->is_time_to_look()) static_cast<void>(watch_->on_nothing());
    return watch_->on_nothing();
  }

  // The kernel tells of a carrier a little later.
  bool becomes(bool up) {
    for (int patience = 200; patience > 0; --patience) {
      look();
      if (watch_->is_up() == up) return true;
      pollfd news{watch_->descriptor(), POLLIN, 0};
      ::poll(&news, 1, 10);
    }
    return false;
  }

  OwnNetwork network_;
  Descriptor socket_;
  std::optional<LinkWatch> watch_;
};

TEST_F(LinkWatchTest, WakesItsOwnerWithNewsAndIsQuietElse) {
  EXPECT_TRUE(watch_->is_up());
  EXPECT_EQ(watch_->mtu(), 1500U);
  EXPECT_FALSE(is_readable());
  EXPECT_FALSE(look());
  ASSERT_EQ(watch_->link().set_mtu(1300), 0);
  EXPECT_TRUE(is_readable());
  EXPECT_EQ(watch_->mtu(), 1500U) << "not looked yet";
  EXPECT_TRUE(look());
  EXPECT_EQ(watch_->mtu(), 1300U);
  EXPECT_FALSE(is_readable());
  set_link_up("lw0", false);
  EXPECT_TRUE(look());
  EXPECT_FALSE(watch_->is_up());
  EXPECT_TRUE(watch_->is_there());
  set_link_up("lw0", true);
  EXPECT_TRUE(becomes(true));
}

TEST_F(LinkWatchTest, ACableThatIsPulledAtTheOtherEndIsNoLink) {
  set_link_up("lw1", false);
  EXPECT_TRUE(becomes(false));
  EXPECT_TRUE(watch_->link().is_up()) << "of itself";
  EXPECT_TRUE(watch_->is_there());
  set_link_up("lw1", true);
  EXPECT_TRUE(becomes(true));
}

TEST_F(LinkWatchTest, FramesPutOffTheLook) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(watch_->on_nothing());
    watch_->on_frames();
  }
}

TEST_F(LinkWatchTest, ARefusalAsksAtOnce) {
  set_link_up("lw0", false);
  watch_->on_refusal();
  EXPECT_FALSE(watch_->is_up());
}

TEST_F(LinkWatchTest, AnInterfaceThatIsGoneStaysGone) {
  ASSERT_TRUE(delete_interface("lw0"));
  EXPECT_TRUE(look());
  EXPECT_FALSE(watch_->is_there());
  EXPECT_FALSE(watch_->is_up());
  EXPECT_EQ(watch_->descriptor(), -1);
  ASSERT_TRUE(make_cable("lw0", "lw1"));
  look();
  EXPECT_FALSE(watch_->is_there()) << "another of the same name";
}

}  // namespace
}  // namespace strata::driver::link_watch_test
