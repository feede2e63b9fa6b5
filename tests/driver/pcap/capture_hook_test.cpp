// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "driver/packets.h"
#include "strata/pcap.h"
#include "strata/wire/checksum.h"

namespace strata::driver::capture_hook_test {
namespace {

TEST(CaptureHook, WritesWhatPassesWithInterfaceTimeAndDirection) {
  const TemporaryDirectory directory;
  TestPool pool;
  Rng rng(1);
  const auto bytes = random_frame(rng, 100);
  {
    auto writer = PcapWriter::create(directory.file("a"));
    CaptureHook hook(**writer);
    hook.describe_interface(2, "uplink", Medium::kIp);
    PacketPtr first = packet_of(pool.pool, bytes);
    first->notes().interface = 2;
    PacketPtr second = chain_of(pool.pool, bytes, 30);
    second->notes().interface = 5;
    const std::array<Packet*, 3> packets{first.get(), nullptr, second.get()};
    std::array<Verdict, 3> verdicts;
    hook.on_packets(HookPoint::kFrameIn, packets, verdicts, Time(Duration(10)));
    hook.on_packets(HookPoint::kFrameOut, packets, verdicts, Time(Duration(20)));
    for (const Verdict& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::kAccept);
  }
  const auto reader = PcapReader::open(directory.file("a"));
  ASSERT_TRUE(reader.has_value());
  for (const PcapDirection direction : {PcapDirection::kIn, PcapDirection::kOut}) {
    for (const std::uint32_t interface : {0U, 1U}) {
      const auto record = (*reader)->next();
      ASSERT_TRUE(record.has_value() && record->has_value());
      EXPECT_EQ((*record)->interface, interface);
      EXPECT_EQ((*record)->direction, direction);
      EXPECT_EQ(std::vector((*record)->bytes.begin(), (*record)->bytes.end()), bytes);
    }
  }
  EXPECT_EQ((*reader)->interfaces()[0].name, "uplink");
  EXPECT_EQ((*reader)->interfaces()[0].link_type, LinkType::kRawIp);
  EXPECT_EQ((*reader)->interfaces()[1].name, "interface 5");
}

TEST(CaptureHook, ChecksumsThatADeviceWasToFinishAreFinishedInTheFile) {
  constexpr std::uint16_t kTransport = 34;
  const TemporaryDirectory directory;
  TestPool pool;
  Rng rng(3);
  std::vector<std::vector<std::byte>> sent;
  {
    auto writer = PcapWriter::create(directory.file("a"));
    CaptureHook hook(**writer);
    for (std::size_t round = 0; round < 100; ++round) {
      sent.push_back(random_frame(rng, kTransport + 8 + rng.below(300)));
      const PacketPtr packet = chain_of(pool.pool, sent.back(), 1 + rng.below(100));
      packet->notes().checksum = ChecksumState::kPartial;
      packet->notes().transport_offset = kTransport;
      packet->notes().checksum_offset = 6;
      const std::array<Packet*, 1> packets{packet.get()};
      std::array<Verdict, 1> verdicts;
      hook.on_packets(HookPoint::kFrameOut, packets, verdicts, Time{});
      EXPECT_EQ(bytes_of(*packet), sent.back());
      EXPECT_EQ(packet->notes().checksum, ChecksumState::kPartial);
    }
  }
  const auto reader = PcapReader::open(directory.file("a"));
  ASSERT_TRUE(reader.has_value());
  for (std::vector<std::byte>& frame : sent) {
    const auto record = (*reader)->next();
    ASSERT_TRUE(record.has_value() && record->has_value());
    const std::uint16_t finished =
        wire::fold_for_udp(wire::partial_sum(Bytes(frame).subspan(kTransport)));
    store_big_endian<std::uint16_t>(frame.data() + kTransport + 6, finished);
    EXPECT_EQ(std::vector((*record)->bytes.begin(), (*record)->bytes.end()), frame);
  }
}

TEST(CaptureHook, ACaptureThatFailedDisturbsNobody) {
  const auto writer = PcapWriter::create("/dev/full");
  ASSERT_TRUE(writer.has_value());
  CaptureHook hook(**writer);
  TestPool pool;
  Rng rng(2);
  const PacketPtr packet = packet_of(pool.pool, random_frame(rng, 1500));
  const std::array<Packet*, 1> packets{packet.get()};
  std::array<Verdict, 1> verdicts;
  for (int i = 0; i < 1000; ++i) {
    hook.on_packets(HookPoint::kFrameIn, packets, verdicts, Time(Duration(i)));
  }
  EXPECT_EQ(verdicts[0].kind, Verdict::Kind::kAccept);
  EXPECT_FALSE((*writer)->is_ok());
  EXPECT_FALSE((*writer)->failure().empty());
  EXPECT_LT((*writer)->packets_written(), 1000U);
}

}  // namespace
}  // namespace strata::driver::capture_hook_test
