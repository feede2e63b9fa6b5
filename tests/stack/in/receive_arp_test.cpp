// SPDX-License-Identifier: Apache-2.0
#include "stack/in/receive_arp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strata/wire/arp.h"
#include "support/bench.h"
#include "support/matchers.h"
#include "support/udp_port.h"

namespace strata::stack::receive_arp_test {
namespace {

using namespace support;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

Frame arp(wire::ArpOperation operation, const MacAddress& from, const IpAddress& sender,
          const IpAddress& target) {
  return ethernet(MacAddress::broadcast(), from, wire::kEtherTypeArp,
                  arp_packet({operation, from, sender, MacAddress{}, target}));
}

// RFC 826: a request for our address is answered, and teaches us the asker's.
TEST(ReceiveArp, ARequestIsAnsweredAndLearnt) {
  Host host;
  const IpAddress asker = address("10.0.0.66");
  EXPECT_THAT(host.exchange(arp(wire::ArpOperation::kRequest, kOtherMac, asker, host.own4)),
              ElementsAre(AllOf(ToMac(kOtherMac), IsArpReply(host.own4, kOurMac))));
  bool is_known = false;
  host.stack.for_each_neighbor(host.now, [&](const NeighborEntry& entry) {
    is_known = is_known || (entry.address == asker && entry.mac == kOtherMac);
  });
  EXPECT_TRUE(is_known);
  EXPECT_EQ(host.stack.counters().arp_received, 1U);
}

TEST(ReceiveArp, WhatIsOfNoUseIsCountedUnderItsReason) {
  Host host;
  EXPECT_THAT(host.exchange(ethernet(MacAddress::broadcast(), kPeerMac, wire::kEtherTypeArp,
                                     Frame(wire::ArpLayout::kSize - 1))),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kArpMalformed), 1U);
  EXPECT_THAT(host.exchange(arp(wire::ArpOperation::kRequest, kOtherMac, address("10.0.0.66"),
                                address("10.0.0.67"))),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kArpNotForUs), 1U);
}

// RFC 5227 2.4 (c): who keeps his address says so once in ten seconds, however often another
// claims it. Two forged announcements must not leave us deaf to questions.
TEST(ReceiveArp, AForgedClaimDoesNotTakeOurAddress) {
  Host host;
  const Frame claim = arp(wire::ArpOperation::kRequest, kOtherMac, host.own4, host.own4);
  EXPECT_THAT(host.exchange(claim), ElementsAre(IsArpRequest(host.own4)));
  for (int again = 0; again < 3; ++again) EXPECT_THAT(host.exchange(claim), IsEmpty());
  EXPECT_THAT(host.exchange(arp(wire::ArpOperation::kRequest, kPeerMac, host.peer4, host.own4)),
              ElementsAre(AllOf(ToMac(kPeerMac), IsArpReply(host.own4, kOurMac))));
  host.run_for(11s);
  EXPECT_THAT(host.exchange(claim), ElementsAre(IsArpRequest(host.own4)));
}

// What is for all of a subnet leaves in a broadcast frame, whoever claims that address.
TEST(ReceiveArp, NobodyTakesOverTheBroadcastAddress) {
  Host host;
  const IpAddress all = address("10.0.0.255");
  EXPECT_THAT(host.exchange(arp(wire::ArpOperation::kRequest, kOtherMac, all, host.own4)),
              IsEmpty());
  EXPECT_EQ(host.drops(DropReason::kArpMalformed), 1U);
  UdpPort port(host, {IpAddress::any_v4(), 7}, AddressFamily::kIpv4);
  port.options().broadcast = true;
  ASSERT_TRUE(port.send({all, 9}, text("x")));
  host.settle();
  EXPECT_THAT(host.device.take_sent(), ElementsAre(ToMac(MacAddress::broadcast())));
}

TEST(SendArp, FormsOneFrameAndCountsIt) {
  Host host;
  Core& core = host.stack.core();
  const std::uint64_t before = host.stack.counters().arp_sent;
  send_arp(core, *core.interface(host.eth0),
           {{.operation = wire::ArpOperation::kReply,
             .sender_mac = kOurMac,
             .sender_ip = host.own4,
             .target_mac = kPeerMac,
             .target_ip = host.peer4},
            kPeerMac});
  host.settle();
  EXPECT_THAT(host.device.take_sent(),
              ElementsAre(AllOf(ToMac(kPeerMac), IsArpReply(host.own4, kOurMac))));
  EXPECT_EQ(host.stack.counters().arp_sent, before + 1);
}

}  // namespace
}  // namespace strata::stack::receive_arp_test
