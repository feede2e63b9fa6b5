// SPDX-License-Identifier: Apache-2.0
#include "strata/host.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "strata/check.h"
#include "strata/udp_socket.h"

namespace strata::host_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHello = "hello";

struct Pair {
  std::unique_ptr<Loop> loop = *Loop::create();
  std::unique_ptr<Host> left = *Host::create(*loop, {.name = "left", .seed = 1});
  std::unique_ptr<Host> right = *Host::create(*loop, {.name = "right", .seed = 2});
};

TEST(Host, TwoOfThemSpeakOverACable) {
  Pair pair;
  ASSERT_TRUE(Host::join(*pair.left, "10.1.0.1/24", *pair.right, "10.1.0.2/24"));
  EXPECT_TRUE(pair.left->is_ready());
  EXPECT_TRUE(pair.left->stack().find_interface("right").has_value());
  EXPECT_TRUE(pair.right->stack().find_interface("left").has_value());
  auto server = UdpSocket::open(pair.right->stack()).value();
  ASSERT_TRUE(server.bind({IpAddress::any_v6(), 7}));
  auto client = UdpSocket::open(pair.left->stack()).value();
  ASSERT_TRUE(client.send_to(std::as_bytes(std::span(kHello)), {IpAddress::v4(10, 1, 0, 2), 7},
                             pair.loop->now()));
  std::array<std::byte, 16> buffer;
  auto received = server.receive(buffer);
  for (int i = 0; i < 1000 && !received; ++i) {
    pair.loop->run_once(1ms);
    received = server.receive(buffer);
  }
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->size, kHello.size());
}

TEST(Host, MayGoWhilePacketsOfItsAreUnderWay) {
  for (const bool left_first : {true, false}) {
    Pair pair;
    ASSERT_TRUE(Host::join(*pair.left, "10.1.0.1/24", *pair.right, "10.1.0.2/24"));
    for (Host* host : {pair.left.get(), pair.right.get()}) {
      auto socket = UdpSocket::open(host->stack()).value();
      ASSERT_TRUE(socket.send_to(std::as_bytes(std::span(kHello)), {IpAddress::v4(10, 1, 0, 9), 7},
                                 pair.loop->now()));
    }
    pair.left->stack().flush(pair.loop->now());
    pair.right->stack().flush(pair.loop->now());
    (left_first ? pair.left : pair.right).reset();
    // The one that is left goes on, and finds nobody.
    for (int i = 0; i < 3; ++i) pair.loop->run_once(1ms);
  }
}

TEST(Host, ACableJoinsTwoHostsOfOneLoop) {
  Pair pair;
  const auto other_loop = *Loop::create();
  const auto stranger = *Host::create(*other_loop, {.name = "stranger"});
  EXPECT_FALSE(Host::join(*pair.left, "10.1.0.1/24", *stranger, "10.1.0.2/24"));
  EXPECT_FALSE(Host::join(*pair.left, "10.1.0.1/24", *pair.left, "10.1.0.2/24"));
  EXPECT_FALSE(Host::join(*pair.left, "10.1.0.1/24", *pair.right, "nowhere"));
}

TEST(Host, OpensDevicesByName) {
  Pair pair;
  const auto device = pair.left->add_device("null:sink", {"10.2.0.1/24", "fd77::1/64"},
                                            {.mtu = 1400, .detect_duplicates = false});
  ASSERT_TRUE(device.has_value()) << device.error().text;
  EXPECT_EQ(*pair.left->stack().find_interface("sink"), *device);
  EXPECT_TRUE(pair.left->stack().is_local(*IpAddress::parse("fd77::1")));
  pair.left->stack().for_each_interface([&](const InterfaceEntry& entry) {
    EXPECT_EQ(entry.mtu, entry.id == *device ? 1400U : entry.mtu);
  });
}

TEST(Host, SaysWhatIsWrong) {
  Pair pair;
  const auto kind = pair.left->add_device("nothing:x");
  ASSERT_FALSE(kind.has_value());
  EXPECT_NE(kind.error().text.find("nothing"), std::string::npos);
  const auto address = pair.left->add_device("null:sink", {"10.2.0.1"});
  ASSERT_FALSE(address.has_value());
  EXPECT_NE(address.error().text.find("10.2.0.1"), std::string::npos);
  EXPECT_FALSE(pair.left->stack().find_interface("sink").has_value());
  EXPECT_FALSE(pair.left->add_gateway("10.9.0.1").has_value());
  EXPECT_FALSE(pair.left->add_gateway("there").has_value());
  EXPECT_FALSE(pair.left->start_dhcp("sink").has_value());
}

TEST(Host, AddressesThatAreCheckedMakeItWait) {
  Pair pair;
  ASSERT_TRUE(pair.left->add_device("null:sink", {"10.2.0.1/24"}).has_value());
  EXPECT_FALSE(pair.left->is_ready());
  EXPECT_FALSE(pair.left->wait_until_ready(20ms));
}

TEST(Host, AsksItsHostsFileForNames) {
  Pair pair;
  pair.left->set_names({.hosts = "10.1.0.2 printer\n"});
  bool is_told = false;
  pair.left->names().resolve("printer", [&](Result<std::span<const IpAddress>> answer) {
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->size(), 1U);
    EXPECT_EQ(answer->front(), IpAddress::v4(10, 1, 0, 2));
    is_told = true;
  });
  for (int i = 0; i < 100 && !is_told; ++i) pair.loop->run_once(1ms);
  EXPECT_TRUE(is_told);
}

// A socket of the right host that calls when a datagram has come, and one that is under way.
void wake_right(Pair& pair, std::optional<UdpSocket>& woken, InlineFunction<void(Readiness)> call) {
  ASSERT_TRUE(Host::join(*pair.left, "10.1.0.1/24", *pair.right, "10.1.0.2/24"));
  woken = UdpSocket::open(pair.right->stack()).value();
  ASSERT_TRUE(woken->bind({IpAddress::any_v6(), 7}));
  ASSERT_TRUE(woken->on_ready(std::move(call)));
  auto client = UdpSocket::open(pair.left->stack()).value();
  ASSERT_TRUE(client.send_to(std::as_bytes(std::span(kHello)), {IpAddress::v4(10, 1, 0, 2), 7},
                             pair.loop->now()));
  pair.left->stack().flush(pair.loop->now());
}

TEST(Host, GoesInATaskOfWhatItWoke) {
  Pair pair;
  std::optional<UdpSocket> woken;
  wake_right(pair, woken, [&](Readiness) {
    pair.loop->post([&] {
      woken.reset();
      pair.right.reset();
    });
  });
  for (int i = 0; i < 1000 && pair.right != nullptr; ++i) pair.loop->run_once(1ms);
  EXPECT_EQ(pair.right, nullptr);
  pair.loop->run_once(1ms);
}

TEST(HostDeathTest, IsNotDestroyedByWhatItWoke) {
  Pair pair;
  std::optional<UdpSocket> woken;
  wake_right(pair, woken, [&](Readiness) {
    woken.reset();
    pair.right.reset();
  });
  EXPECT_DEATH(
      {
        set_check_handler([](const char* condition, const char* /*file*/, int /*line*/) {
          std::fprintf(stderr, "%s\n", condition);
        });
        for (int i = 0; i < 1000; ++i) pair.loop->run_once(1ms);
      },
      "!is_in_its_turn");
}

}  // namespace
}  // namespace strata::host_test
