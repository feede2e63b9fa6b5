// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/xdp_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <vector>

#include "driver/own_network.h"
#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/wire/ethernet.h"

namespace strata::driver::xdp::xdp_device_test {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t kExperiment = 0x88b5;  // IEEE 802 9.2.4
constexpr PacketPoolConfig kPool{.small_buffers = 2048,
                                 .large_buffers = 16,
                                 .external_buffers = 2048,
                                 .extra_descriptors = 2048};

// An AF_XDP device at one end of a cable and a packet socket at the other.
class XdpDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.refusal().empty()) GTEST_SKIP() << network_.refusal();
    if (!make_cable("xd0", "xd1")) GTEST_SKIP() << "there are no veth pairs";
    near_ = open("xdp:xd0");
    if (near_ == nullptr) GTEST_SKIP() << refusal_;
    far_ = open("packet:xd1");
    ASSERT_NE(far_, nullptr);
  }

  std::unique_ptr<Device> open(const std::string& spec) {
    auto device = open_device(spec);
    if (device) return *std::move(device);
    refusal_ = device.error().text;
    return nullptr;
  }

  [[nodiscard]] std::vector<std::byte> frame(std::size_t size) const {
    Rng rng(size);
    std::vector<std::byte> bytes = random_frame(rng, size);
    wire::write(wire::EthernetHeader{MacAddress::from_value(0x0200'0000'0001),
                                     MacAddress::from_value(0x0200'0000'0002), kExperiment},
                MutableBytes(bytes).first<14>());
    return bytes;
  }

  void send(Device& device, PacketPtr packet) {
    PacketBatch batch;
    batch.push(std::move(packet));
    device.transmit(batch);
    EXPECT_TRUE(batch.empty());
  }

  PacketPtr await(Device& device, int patience = 200) {
    while (patience-- > 0) {
      PacketBatch batch;
      device.receive(pool_.pool, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (wire::EthernetView::parse(batch[i].bytes())->type() == kExperiment) {
          return batch.take(i);
        }
      }
      pollfd ready{device.descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 10);
    }
    return nullptr;
  }

  template <typename Condition>
  bool comes_true(Device& device, Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) {
      PacketBatch batch;
      device.receive(pool_.pool, batch);
      pollfd ready{device.descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 1);
    }
    return condition();
  }

  OwnNetwork network_;
  TestPool pool_{kPool};
  std::string refusal_;
  std::unique_ptr<Device> near_;
  std::unique_ptr<Device> far_;
};

TEST_F(XdpDeviceTest, CarriesFramesOfEverySizeBothWays) {
  EXPECT_EQ(near_->capabilities().mtu, 1500U);
  for (std::size_t size = 60; size <= 1514; size += 97) {
    for (const bool outward : {true, false}) {
      const auto bytes = frame(size);
      send(outward ? *near_ : *far_, chain_of(pool_.pool, bytes, 300));
      const PacketPtr arrived = await(outward ? *far_ : *near_);
      ASSERT_NE(arrived, nullptr) << size << (outward ? " out" : " in");
      EXPECT_EQ(bytes_of(*arrived), bytes);
      EXPECT_GE(arrived->headroom(), kHeadroom);
      if (!outward) {
        EXPECT_EQ(arrived->buffer().buffer_class, BufferClass::kExternal);
      }
    }
  }
}

TEST_F(XdpDeviceTest, ThousandsPassThroughTheSameChunks) {
  const auto bytes = frame(200);
  for (int i = 0; i < 10'000; ++i) {
    send(*near_, packet_of(pool_.pool, bytes));
    ASSERT_NE(await(*far_), nullptr) << i;
    send(*far_, packet_of(pool_.pool, bytes));
    ASSERT_NE(await(*near_), nullptr) << i;
  }
  EXPECT_EQ(near_->counters().failed_sends, 0U);
  EXPECT_EQ(near_->counters().malformed, 0U);
  EXPECT_EQ(near_->counters().pool_empty_drops, 0U);
}

TEST_F(XdpDeviceTest, IsOpenedAgainAtOnce) {
  for (int i = 0; i < 3; ++i) {
    near_ = nullptr;
    near_ = open("xdp:xd0");
    ASSERT_NE(near_, nullptr) << refusal_;
    send(*far_, packet_of(pool_.pool, frame(100)));
    EXPECT_NE(await(*near_), nullptr);
  }
}

TEST_F(XdpDeviceTest, CarriesLongFramesInSeveralChunks) {
  near_ = nullptr;
  ASSERT_EQ(HostLink::open("xd0")->set_mtu(9000), 0);
  ASSERT_EQ(HostLink::open("xd1")->set_mtu(9000), 0);
  far_ = open("packet:xd1");
  near_ = open("xdp:xd0");
  if (near_ == nullptr) GTEST_SKIP() << refusal_;
  EXPECT_EQ(near_->capabilities().mtu, 9000U);
  for (const std::size_t size : {1000UL, 4000UL, 9014UL}) {
    const auto bytes = frame(size);
    send(*near_, chain_of(pool_.pool, bytes, 700));
    const PacketPtr out = await(*far_);
    ASSERT_NE(out, nullptr) << size;
    EXPECT_EQ(bytes_of(*out), bytes);
    send(*far_, chain_of(pool_.pool, bytes, 700));
    const PacketPtr in = await(*near_);
    ASSERT_NE(in, nullptr) << size;
    EXPECT_EQ(bytes_of(*in), bytes);
  }
}

TEST_F(XdpDeviceTest, FollowsTheLinkAndItsMtu) {
  ASSERT_EQ(HostLink::open("xd0")->set_mtu(1200), 0);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->capabilities().mtu == 1200; }));
  set_link_up("xd0", false);
  EXPECT_TRUE(comes_true(*near_, [&] { return !near_->is_up(); }));
  set_link_up("xd0", true);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->is_up(); }));
  send(*far_, packet_of(pool_.pool, frame(100)));
  EXPECT_NE(await(*near_), nullptr);
  ASSERT_TRUE(delete_interface("xd0"));
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->descriptor() == -1; }));
  EXPECT_FALSE(near_->is_up());
  send(*near_, packet_of(pool_.pool, frame(100)));
  EXPECT_EQ(near_->counters().failed_sends, 1U);
}

TEST_F(XdpDeviceTest, CountsWhatFoundNoChunk) {
  const auto bytes = frame(100);
  for (int i = 0; i < 10'000; ++i) send(*far_, packet_of(pool_.pool, bytes));
  int batches = 0;
  while (await(*near_, 3) != nullptr) ++batches;
  EXPECT_GT(batches, 10);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->counters().pool_empty_drops > 100; }));
}

TEST_F(XdpDeviceTest, HearsWhatTheHostMustHaveAsWell) {
  near_ = nullptr;
  near_ = open("xdp:xd0,address=192.0.2.7");
  ASSERT_NE(near_, nullptr) << refusal_;
  auto bytes = frame(100);
  send(*far_, packet_of(pool_.pool, bytes));
  EXPECT_EQ(await(*near_, 50), nullptr) << "to one station, and not to our address";
  std::fill_n(bytes.begin(), 6, std::byte{0xff});
  send(*far_, packet_of(pool_.pool, bytes));
  const PacketPtr heard = await(*near_);
  ASSERT_NE(heard, nullptr);
  EXPECT_EQ(bytes_of(*heard), bytes);
}

TEST_F(XdpDeviceTest, HearsOfNeighborsBesideItsPorts) {
  near_ = nullptr;
  near_ = open("xdp:xd0,port=80");
  ASSERT_NE(near_, nullptr) << refusal_;
  struct Case {
    std::uint16_t type;
    std::uint8_t next_header;
    std::uint8_t icmp_type;
    bool is_heard;
  };
  for (const Case& one :
       {Case{0x0806, 0, 0, true}, Case{0x86dd, 58, 132, false}, Case{0x86dd, 58, 133, true},
        Case{0x86dd, 58, 137, true}, Case{0x86dd, 58, 138, false}, Case{0x86dd, 17, 135, false},
        Case{0x0800, 58, 135, false}}) {
    auto bytes = frame(100);
    store_big_endian<std::uint16_t>(bytes.data() + 12, one.type);
    bytes[20] = static_cast<std::byte>(one.next_header);
    bytes[54] = static_cast<std::byte>(one.icmp_type);
    send(*far_, packet_of(pool_.pool, bytes));
    bool is_heard = false;
    for (int i = 0; i < 100 && !is_heard; ++i) {
      PacketBatch batch;
      near_->receive(pool_.pool, batch);
      for (const Packet* packet : batch.packets()) {
        is_heard = is_heard || bytes_of(*packet) == bytes;
      }
    }
    EXPECT_EQ(is_heard, one.is_heard) << one.type << ' ' << int{one.icmp_type};
  }
}

TEST_F(XdpDeviceTest, SaysWhatIsWrong) {
  EXPECT_THAT(open_device("xdp:nobody").error().text, HasSubstr("no interface of this name"));
  EXPECT_THAT(open_device("xdp:lo").error().text, HasSubstr("does not carry Ethernet"));
  EXPECT_THAT(open_device("xdp:xd1,queue=7").error().text, HasSubstr("there is no queue 7"));
  EXPECT_THAT(open_device("xdp:xd0").error().text, HasSubstr("another program or socket"));
}

}  // namespace
}  // namespace strata::driver::xdp::xdp_device_test
