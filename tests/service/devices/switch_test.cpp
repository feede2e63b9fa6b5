// SPDX-License-Identifier: Apache-2.0
#include "strata/switch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "support/frames.h"
#include "support/tcp_frames.h"
#include "support/test_device.h"

namespace strata::service::switch_test {
namespace {

using namespace support;

MacAddress station(std::uint64_t number) {
  return MacAddress::from_value(0x0200'0000'0000 + number);
}

Frame frame(const MacAddress& source, const MacAddress& destination, std::size_t size = 60) {
  Frame made(size);
  write(wire::EthernetHeader{.destination = destination, .source = source, .type = 0x88b5},
        made.writable().first<wire::EthernetLayout::kSize>());
  return made;
}
Frame tagged(const Frame& plain, std::uint16_t vlan) {
  Frame made = plain;
  const std::array<std::byte, 4> tag{std::byte{0x81}, std::byte{0x00},
                                     static_cast<std::byte>(vlan >> 8U),
                                     static_cast<std::byte>(vlan & 0xffU)};
  made.insert(made.begin() + 12, tag.begin(), tag.end());
  return made;
}

class SwitchTest : public testing::Test {
 protected:
  SwitchTest() : bridge(memory, pool, {.queue_packets_max = 8, .secret = {1, 2}}) {
    for (TestDevice& device : devices) (void)bridge.add_port(name_of(device), device);
  }
  std::string name_of(const TestDevice& device) {
    return "p" + std::to_string(&device - devices.data());
  }
  void turn() {
    now += std::chrono::milliseconds(1);
    for (int i = 0; i < 10 && bridge.turn(now); ++i) {
    }
  }
  SwitchCounters counters(std::size_t port) {
    SwitchCounters found;
    bridge.for_each_port([&](const Switch::PortView& view) {
      if (view.number == port) found = view.counters;
    });
    return found;
  }
  // Three ports again, with VLANs.
  void with_vlans() {
    for (std::size_t port = 0; port < 3; ++port) ASSERT_TRUE(bridge.remove_port(port));
    ASSERT_TRUE(bridge.add_port("access10", devices[0], SwitchVlans{.untagged = 10}));
    ASSERT_TRUE(
        bridge.add_port("trunk", devices[1], SwitchVlans{.untagged = 1, .tagged = {10, 20}}));
    ASSERT_TRUE(bridge.add_port("access20", devices[2], SwitchVlans{.untagged = 20}));
  }

  HeapMemory memory;
  PacketPool pool{memory, {.small_buffers = 256, .large_buffers = 8, .extra_descriptors = 256}};
  std::array<TestDevice, 3> devices;
  Switch bridge;
  Time now{std::chrono::seconds(1000)};
};

TEST_F(SwitchTest, LearnsAndForwardsAndNeverEchoes) {
  const Frame question = frame(station(1), station(2));
  devices[0].push(question);
  turn();
  EXPECT_EQ(devices[1].take_sent(), Frames{question});
  EXPECT_EQ(devices[2].take_sent(), Frames{question});
  EXPECT_TRUE(devices[0].take_sent().empty());
  const Frame answer = frame(station(2), station(1));
  devices[1].push(answer);
  turn();
  EXPECT_EQ(devices[0].take_sent(), Frames{answer});
  EXPECT_TRUE(devices[1].take_sent().empty());
  EXPECT_TRUE(devices[2].take_sent().empty());
  EXPECT_EQ(counters(0).flooded, 1U);
  EXPECT_EQ(counters(1).forwarded, 1U);
  EXPECT_EQ(counters(0).sent_bytes, 60U);
  std::size_t known = 0;
  bridge.for_each_address([&](const SwitchAddress&) { ++known; });
  EXPECT_EQ(known, 2U);
}

TEST_F(SwitchTest, TagsComeAndGoAsThePortsWantThem) {
  with_vlans();
  const Frame plain = frame(station(1), MacAddress::broadcast());
  devices[0].push(plain);
  turn();
  EXPECT_EQ(devices[1].take_sent(), Frames{tagged(plain, 10)});
  EXPECT_TRUE(devices[2].take_sent().empty());
  const Frame back = frame(station(2), station(1));
  devices[1].push(tagged(back, 10));
  turn();
  EXPECT_EQ(devices[0].take_sent(), Frames{back});
  devices[0].push(tagged(back, 20));
  turn();
  EXPECT_EQ(counters(0).wrong_vlan, 1U);
  EXPECT_TRUE(devices[2].take_sent().empty());
}

// What flows between two that offload is as it is; for a third that does not it is finished.
TEST_F(SwitchTest, PartialChecksumsAndSuperSegmentsAreMadeFitForEachPort) {
  devices[1].offers.completes_checksums = true;
  devices[1].offers.tcp_segment_bytes_max = 65535;
  const Frame text = pattern(4000);
  const IpAddress a = IpAddress::v4(10, 0, 0, 1);
  const IpAddress b = IpAddress::v4(10, 0, 0, 2);
  const Frame super =
      ip_frame(station(2), station(1), tcp_packet({a, 1}, {b, 2}, {.flags = wire::kTcpAck}, text));
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = 34;
  notes.checksum_offset = 16;
  notes.segment_kind = SegmentKind::kTcp;
  notes.segment_size = 1400;
  devices[0].push(super, notes);
  turn();
  EXPECT_EQ(devices[1].take_sent(), Frames{super});
  Frame all;
  for (const Frame& piece : devices[2].take_sent()) {
    const Decoded is = decode(piece.all());
    EXPECT_TRUE(is_valid(upper_sum(is.source, is.destination, is.protocol, is.upper.all())));
    EXPECT_LE(piece.size(), 1514U);
    all = all + decode_tcp(piece)->payload;
  }
  EXPECT_EQ(all, text);
}

TEST_F(SwitchTest, WhatIsTooLongForAPortIsCountedThere) {
  devices[2].offers.mtu = 1400;
  devices[0].push(frame(station(1), MacAddress::broadcast(), 1514));
  turn();
  EXPECT_EQ(devices[1].take_sent().size(), 1U);
  EXPECT_TRUE(devices[2].take_sent().empty());
  EXPECT_EQ(counters(2).too_long, 1U);
}

TEST_F(SwitchTest, ADeviceThatTakesNothingHoldsUpNobody) {
  devices[1].room_left = 0;
  for (int i = 0; i < 20; ++i) devices[0].push(frame(station(1), MacAddress::broadcast()));
  turn();
  EXPECT_EQ(devices[2].take_sent().size(), 20U);
  EXPECT_EQ(counters(1).queue_full, 12U);
  ASSERT_TRUE(bridge.next_deadline());
  EXPECT_LE(*bridge.next_deadline(), now + std::chrono::milliseconds(1));
  devices[1].room_left = SIZE_MAX;
  turn();
  EXPECT_EQ(devices[1].take_sent().size(), 8U);
  EXPECT_EQ(counters(1).sent_packets, 8U);
}

TEST_F(SwitchTest, WhatADeviceRefusesAfterAllGoesFirstNextTime) {
  devices[1].takes_at_once = 3;
  for (std::uint64_t i = 1; i <= 6; ++i)
    devices[0].push(frame(station(i), MacAddress::broadcast()));
  turn();
  turn();
  const Frames sent = devices[1].take_sent();
  ASSERT_EQ(sent.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(decode(sent[i].all()).link.source, station(i + 1));
  EXPECT_EQ(counters(1).sent_packets, 6U);
  EXPECT_EQ(counters(1).sent_bytes, 360U);
}

TEST_F(SwitchTest, ACableThatIsPulledTakesItsStationsAlong) {
  devices[0].push(frame(station(1), MacAddress::broadcast()));
  turn();
  devices[0].is_plugged = false;
  turn();
  devices[1].push(frame(station(2), station(1)));
  turn();
  EXPECT_EQ(counters(1).flooded, 1U);
  EXPECT_TRUE(devices[0].take_sent().empty());
  devices[0].is_plugged = true;
  turn();
  devices[1].push(frame(station(2), station(1)));
  turn();
  EXPECT_EQ(devices[0].take_sent().size(), 1U);
}

TEST_F(SwitchTest, NotesThatContradictTheBytesEndHere) {
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = 50;
  notes.checksum_offset = 16;
  devices[0].push(frame(station(1), MacAddress::broadcast()), notes);
  notes.transport_offset = 34;
  notes.checksum_offset = 6;
  notes.segment_kind = SegmentKind::kTcp;
  notes.segment_size = 0;
  devices[0].push(frame(station(1), MacAddress::broadcast()), notes);
  devices[0].push(Frame(9));
  turn();
  EXPECT_EQ(counters(0).malformed, 3U);
  // A super-segment that is none: its headers cannot be read.
  notes.segment_size = 10;
  devices[0].push(frame(station(1), MacAddress::broadcast()), notes);
  turn();
  EXPECT_EQ(counters(1).unfit, 1U);
  EXPECT_TRUE(devices[1].take_sent().empty());
}

TEST_F(SwitchTest, NobodyHasAFrameCutIntoCrumbs) {
  devices[1].offers.tcp_segment_bytes_max = 65535;
  devices[1].offers.completes_checksums = true;
  const Frame super =
      ip_frame(station(2), station(1),
               tcp_packet({IpAddress::v4(10, 0, 0, 1), 1}, {IpAddress::v4(10, 0, 0, 2), 2},
                          {.flags = wire::kTcpAck}, pattern(4000)));
  PacketNotes notes;
  notes.checksum = ChecksumState::kPartial;
  notes.transport_offset = 34;
  notes.checksum_offset = 16;
  notes.segment_kind = SegmentKind::kTcp;
  for (const std::uint16_t size : {std::uint16_t{1}, std::uint16_t{2}}) {
    notes.segment_size = size;
    devices[0].push(super, notes);
    turn();
    EXPECT_TRUE(devices[1].take_sent().empty()) << "the next switch would have to cut it";
    EXPECT_TRUE(devices[2].take_sent().empty());
    EXPECT_EQ(counters(0).malformed, size);
    EXPECT_EQ(counters(2).pool_empty, 0U);
  }
}

TEST_F(SwitchTest, RefusesWhatNoPortCanBe) {
  TestDevice tunnel({.medium = Medium::kIp});
  TestDevice another;
  EXPECT_EQ(bridge.add_port("tun", tunnel).error(), Error::kNotSupported);
  EXPECT_EQ(bridge.add_port("p0", another).error(), Error::kAlreadyExists);
  EXPECT_EQ(bridge.add_port("x", devices[0]).error(), Error::kAlreadyExists);
  EXPECT_EQ(bridge.add_port("x", another, SwitchVlans{.untagged = 4095}).error(),
            Error::kInvalidArgument);
  EXPECT_EQ(bridge.add_port("x", another, SwitchVlans{.untagged = 10, .tagged = {10}}).error(),
            Error::kInvalidArgument);
  EXPECT_EQ(bridge.remove_port(7).error(), Error::kNotFound);
  std::array<TestDevice, Switch::kPortsMax> many;
  std::size_t added = 0;
  for (std::size_t i = 0; i < many.size(); ++i) {
    added += bridge.add_port("m" + std::to_string(i), many[i]) ? 1U : 0U;
  }
  EXPECT_EQ(added, Switch::kPortsMax - 3);
}

}  // namespace
}  // namespace strata::service::switch_test
