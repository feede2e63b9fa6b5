// SPDX-License-Identifier: Apache-2.0
#include "capi/leases.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "capi/two_stacks.h"
#include "strata/strata.h"
#include "strata/wire/dhcp_options.h"

namespace strata::capi::leases_test {
namespace {

// A stack without an address, and a DHCP server at the other end of its link.
class LeaseLab : public TwoStacks {
 protected:
  LeaseLab() : TwoStacks(nullptr) {
    socket_ = strata_socket(server_, STRATA_UDP, STRATA_IPV4);
    const int on = 1;
    EXPECT_EQ(strata_set_option(server_, socket_, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
    EXPECT_EQ(strata_set_option(server_, socket_, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4), 0);
    EXPECT_EQ(strata_bind(server_, socket_, nullptr, wire::kDhcpServerPort), 0);
  }
  void serve() {
    std::array<std::byte, 2048> bytes{};
    for (;;) {
      const auto size = strata_receive_from(server_, socket_, bytes.data(), bytes.size(), nullptr);
      if (size < 0) return;
      const auto view = wire::DhcpView::parse(Bytes(bytes).first(static_cast<std::size_t>(size)));
      ASSERT_TRUE(view.has_value());
      heard_.push_back(*wire::DhcpOptions(*view).message_type());
      if (heard_.back() == wire::DhcpMessageType::kDiscover) {
        reply(*view, wire::DhcpMessageType::kOffer);
      }
      if (heard_.back() == wire::DhcpMessageType::kRequest) {
        reply(*view, wire::DhcpMessageType::kAck);
      }
    }
  }
  void reply(const wire::DhcpView& to, wire::DhcpMessageType type) {
    wire::DhcpHeader header = to.header();
    header.operation = wire::DhcpOperation::kReply;
    header.your_address = IpAddress::v4(10, 0, 0, 50);
    std::array<std::byte, 600> out{};
    wire::DhcpWriter writer(header, out);
    EXPECT_TRUE(writer.add(wire::DhcpOption::kMessageType, static_cast<std::uint8_t>(type)));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kServerIdentifier, server_address_));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kLeaseTime, std::uint32_t{3600}));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kSubnetMask, std::uint32_t{0xffff'ff00}));
    const auto message = writer.finish();
    EXPECT_EQ(strata_send_to(server_, socket_, message.data(), message.size(), "255.255.255.255",
                             wire::kDhcpClientPort),
              static_cast<std::int64_t>(message.size()));
  }
  // The client's next event, within a minute.
  strata_event wait() {
    strata_event event{};
    for (int i = 0; i < 6000 && event.what == 0; ++i) {
      EXPECT_GE(strata_wait(client_, &event, 1, 10), 0);
      serve();
    }
    return event;
  }
  int leased() { return strata_leased_address(client_, "eth0", &address_); }

  int socket_ = 0;
  IpAddress server_address_ = IpAddress::v4(10, 0, 0, 1);  // that it says it has
  std::vector<wire::DhcpMessageType> heard_;
  strata_address address_ = STRATA_INIT(strata_address);
};

TEST_F(LeaseLab, AnAddressIsToldAndGivenBack) {
  const int socket = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(leased(), -ENOENT);
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 5), 0) << strata_failure(client_);
  EXPECT_EQ(strata_start_dhcp(client_, "eth0", 5), -EEXIST);
  EXPECT_EQ(leased(), -EINPROGRESS);
  const strata_event event = wait();
  EXPECT_EQ(event.what, static_cast<std::uint32_t>(STRATA_LEASE));
  EXPECT_EQ(event.socket, 0);
  EXPECT_EQ(event.data, 5U);
  ASSERT_EQ(leased(), 0);
  EXPECT_STREQ(address_.text, "10.0.0.50");
  EXPECT_EQ(strata_bind(client_, socket, "10.0.0.50", 9), 0);
  EXPECT_EQ(strata_send_to(client_, socket, "x", 1, "10.0.0.1", 9), 1);
  strata_event none{};
  EXPECT_EQ(strata_wait(client_, &none, 1, 100), 0);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth0"), 0);
  EXPECT_EQ(strata_wait(client_, &none, 1, 100), 0);
  serve();
  EXPECT_EQ(heard_.back(), wire::DhcpMessageType::kRelease);
  EXPECT_EQ(leased(), -ENOENT);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth0"), -ENOENT);
  const int late = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(client_, late, "10.0.0.50", 10), -EADDRNOTAVAIL);
}

// Nothing was sent to the server before: its link-layer address is to be asked for.
TEST_F(LeaseLab, WhatGivesItBackWaitsForTheServersAnswerToArp) {
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 5), 0);
  ASSERT_EQ(wait().data, 5U);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth0"), 0);
  EXPECT_EQ(leased(), -ENOENT);
  strata_event none{};
  EXPECT_EQ(strata_wait(client_, &none, 1, 100), 0);
  serve();
  EXPECT_EQ(heard_.back(), wire::DhcpMessageType::kRelease);
  const int socket = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(client_, socket, "10.0.0.50", 10), -EADDRNOTAVAIL);
}

TEST_F(LeaseLab, TheEndOfTheStackGivesItBack) {
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 5), 0);
  ASSERT_EQ(wait().data, 5U);
  strata_stack_destroy(std::exchange(client_, nullptr));
  serve();
  EXPECT_EQ(heard_.back(), wire::DhcpMessageType::kRelease);
}

TEST_F(LeaseLab, AServerThatDoesNotAnswerToArpIsNotWaitedForWithoutEnd) {
  server_address_ = IpAddress::v4(10, 0, 0, 77);
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 5), 0);
  ASSERT_EQ(wait().data, 5U);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth0"), 0);
  const int waiting = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  EXPECT_EQ(strata_bind(client_, waiting, "10.0.0.50", 10), 0);
  const int socket = strata_socket(client_, STRATA_UDP, STRATA_IPV4);
  strata_event none{};
  EXPECT_EQ(strata_wait(client_, &none, 1, 5000), 0);
  EXPECT_EQ(strata_bind(client_, socket, "10.0.0.50", 11), -EADDRNOTAVAIL);
}

TEST_F(LeaseLab, ItIsAskedForAgainOnceItWasGivenBack) {
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 5), 0);
  EXPECT_EQ(wait().data, 5U);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth0"), 0);
  ASSERT_EQ(strata_start_dhcp(client_, "eth0", 6), 0);
  EXPECT_EQ(wait().data, 6U);
  EXPECT_EQ(leased(), 0);
}

TEST_F(LeaseLab, WhatCannotBeAskedForIsRefused) {
  EXPECT_EQ(strata_start_dhcp(client_, nullptr, 0), -EINVAL);
  EXPECT_EQ(strata_start_dhcp(nullptr, "eth0", 0), -EINVAL);
  EXPECT_EQ(strata_start_dhcp(client_, "eth7", 0), -ENODEV);
  EXPECT_EQ(strata_start_dhcp(client_, "lo", 0), -EOPNOTSUPP);
  EXPECT_STRNE(strata_failure(client_), "");
  EXPECT_EQ(strata_leased_address(client_, "eth7", &address_), -ENODEV);
  EXPECT_EQ(strata_leased_address(client_, "eth0", nullptr), -EINVAL);
  EXPECT_EQ(strata_stop_dhcp(client_, "eth7"), -ENODEV);
  EXPECT_EQ(strata_stop_dhcp(client_, nullptr), -EINVAL);
}

}  // namespace
}  // namespace strata::capi::leases_test
