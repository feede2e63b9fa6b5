// SPDX-License-Identifier: Apache-2.0
#include "driver/packet/packet_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "driver/own_network.h"
#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/wire/ethernet.h"

namespace strata::driver::packet::packet_device_test {
namespace {

using testing::HasSubstr;

// IEEE 802 9.2.4: for experiments; nobody else here sends it.
constexpr std::uint16_t kExperiment = 0x88b5;

// Two devices at the ends of a cable.
class PacketDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.refusal().empty()) GTEST_SKIP() << network_.refusal();
    if (!make_cable("pk0", "pk1")) GTEST_SKIP() << "there are no veth pairs";
    near_ = open("packet:pk0");
    far_ = open("packet:pk1");
    ASSERT_NE(near_, nullptr);
    ASSERT_NE(far_, nullptr);
  }

  static std::unique_ptr<Device> open(const std::string& spec) {
    auto device = open_device(spec);
    EXPECT_TRUE(device.has_value()) << device.error().text << " / " << device.error().hint;
    return device ? *std::move(device) : nullptr;
  }

  [[nodiscard]] std::vector<std::byte> frame(std::size_t size,
                                             std::uint16_t type = kExperiment) const {
    Rng rng(size);
    std::vector<std::byte> bytes = random_frame(rng, size);
    wire::write(wire::EthernetHeader{far_->capabilities().mac, near_->capabilities().mac, type},
                MutableBytes(bytes).first<14>());
    return bytes;
  }

  void send(Device& device, PacketPtr packet) {
    PacketBatch batch;
    batch.push(std::move(packet));
    device.transmit(batch);
    EXPECT_TRUE(batch.empty());
  }

  static bool is_ours(const Packet& packet) {
    const std::uint16_t type = wire::EthernetView::parse(packet.bytes())->type();
    return type == kExperiment || type == 0x8100;
  }

  // The next frame of ours; null when none comes before long.
  PacketPtr await(Device& device, int patience = 200) {
    while (patience-- > 0) {
      PacketBatch batch;
      device.receive(pool_.pool, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (is_ours(batch[i])) return batch.take(i);
      }
      pollfd ready{device.descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 10);
    }
    return nullptr;
  }

  // Turns the device as a loop would until it has noticed.
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
  TestPool pool_;
  std::unique_ptr<Device> near_;
  std::unique_ptr<Device> far_;
};

TEST_F(PacketDeviceTest, CarriesFramesOfEverySizeBothWays) {
  EXPECT_EQ(near_->capabilities().mtu, 1500U);
  EXPECT_EQ(near_->capabilities().mac, HostLink::open("pk0")->mac());
  for (std::size_t size = 60; size <= 1514; size += 53) {
    for (const bool outward : {true, false}) {
      const auto bytes = frame(size);
      send(outward ? *near_ : *far_, chain_of(pool_.pool, bytes, 300));
      const PacketPtr arrived = await(outward ? *far_ : *near_);
      ASSERT_NE(arrived, nullptr) << size;
      EXPECT_EQ(bytes_of(*arrived), bytes);
      EXPECT_GE(arrived->headroom(), kHeadroom);
    }
  }
  EXPECT_EQ(near_->counters().failed_sends, 0U);
  EXPECT_EQ(near_->counters().malformed, 0U);
}

TEST_F(PacketDeviceTest, DoesNotHearItself) {
  send(*near_, packet_of(pool_.pool, frame(100)));
  ASSERT_NE(await(*far_), nullptr);
  EXPECT_EQ(await(*near_, 5), nullptr);
}

TEST_F(PacketDeviceTest, CarriesSuperSegmentsUncut) {
  // A TCP segment over IPv4: 14 + 20 + 20 bytes of headers, of which only lengths matter here.
  for (const std::size_t text : {3000UL, 20'000UL, 60'000UL}) {
    auto bytes = frame(54 + text, 0x0800);
    bytes[14] = std::byte{0x45};
    store_big_endian<std::uint16_t>(bytes.data() + 16, static_cast<std::uint16_t>(40 + text));
    bytes[23] = std::byte{6};
    bytes[46] = std::byte{0x50};
    PacketPtr packet = chain_of(pool_.pool, bytes, 16'000);
    packet->notes().checksum = ChecksumState::kPartial;
    packet->notes().transport_offset = 34;
    packet->notes().checksum_offset = 16;
    packet->notes().segment_kind = SegmentKind::kTcp;
    packet->notes().segment_size = 1400;
    send(*near_, std::move(packet));
    PacketPtr arrived;
    for (int patience = 200; arrived == nullptr && patience > 0; --patience) {
      PacketBatch batch;
      far_->receive(pool_.pool, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (batch[i].size() == bytes.size()) arrived = batch.take(i);
      }
      pollfd ready{far_->descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 10);
    }
    ASSERT_NE(arrived, nullptr) << text;
    EXPECT_EQ(bytes_of(*arrived), bytes);
    EXPECT_EQ(arrived->notes().segment_kind, SegmentKind::kTcp);
    EXPECT_EQ(arrived->notes().segment_size, 1400);
    EXPECT_EQ(arrived->notes().checksum, ChecksumState::kPartial);
    EXPECT_EQ(arrived->notes().transport_offset, 34);
  }
}

TEST_F(PacketDeviceTest, PutsTheTagBackThatTheKernelTakesOut) {
  auto bytes = frame(200, 0x8100);
  store_big_endian<std::uint16_t>(bytes.data() + 14, std::uint16_t{0x2005});
  store_big_endian<std::uint16_t>(bytes.data() + 16, kExperiment);
  send(*near_, packet_of(pool_.pool, bytes));
  const PacketPtr arrived = await(*far_);
  ASSERT_NE(arrived, nullptr);
  EXPECT_EQ(bytes_of(*arrived), bytes);
}

TEST_F(PacketDeviceTest, FollowsTheLinkDownAndUp) {
  set_link_up("pk0", false);
  EXPECT_TRUE(comes_true(*near_, [&] { return !near_->is_up(); }));
  EXPECT_GE(near_->descriptor(), 0);
  send(*near_, packet_of(pool_.pool, frame(100)));
  EXPECT_EQ(near_->counters().failed_sends, 1U);
  set_link_up("pk0", true);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->is_up(); }));
  send(*near_, packet_of(pool_.pool, frame(100)));
  EXPECT_NE(await(*far_), nullptr);
  send(*far_, packet_of(pool_.pool, frame(100)));
  EXPECT_NE(await(*near_), nullptr);
}

TEST_F(PacketDeviceTest, FollowsTheMtu) {
  const auto small = open("packet:pk0,mtu=1300");
  EXPECT_EQ(small->capabilities().mtu, 1300U);
  ASSERT_EQ(HostLink::open("pk0")->set_mtu(1200), 0);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->capabilities().mtu == 1200; }));
  EXPECT_TRUE(comes_true(*small, [&] { return small->capabilities().mtu == 1200; }));
  send(*near_, packet_of(pool_.pool, frame(1514)));
  EXPECT_EQ(near_->counters().failed_sends, 1U);
  ASSERT_EQ(HostLink::open("pk0")->set_mtu(1500), 0);
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->capabilities().mtu == 1500; }));
  EXPECT_TRUE(comes_true(*small, [&] { return small->capabilities().mtu == 1300; }));
}

TEST_F(PacketDeviceTest, NoticesThatTheInterfaceVanished) {
  ASSERT_TRUE(delete_interface("pk0"));
  EXPECT_TRUE(comes_true(*near_, [&] { return near_->descriptor() == -1; }));
  EXPECT_FALSE(near_->is_up());
  send(*near_, packet_of(pool_.pool, frame(100)));
  EXPECT_EQ(near_->counters().failed_sends, 1U);
}

TEST_F(PacketDeviceTest, CountsWhatFindsNoPacketAndNoSlot) {
  PacketPoolConfig none;
  none.small_buffers = 0;
  none.large_buffers = 0;
  TestPool empty(none);
  send(*near_, packet_of(pool_.pool, frame(100)));
  PacketBatch batch;
  far_->receive(empty.pool, batch);
  EXPECT_GE(far_->counters().pool_empty_drops, 1U);
  const auto bytes = frame(100);
  for (int i = 0; i < 5000; ++i) send(*near_, packet_of(pool_.pool, bytes));
  int batches = 0;
  while (await(*far_, 3) != nullptr) ++batches;
  EXPECT_GT(batches, 20);
  send(*near_, packet_of(pool_.pool, bytes));
  EXPECT_NE(await(*far_), nullptr) << "the ring goes on";
  EXPECT_GT(far_->counters().pool_empty_drops, 100U);
}

TEST_F(PacketDeviceTest, SpreadsFlowsOverQueues) {
  auto queues = open_queues("packet:pk1,queues=2");
  ASSERT_TRUE(queues.has_value()) << queues.error().text;
  ASSERT_EQ(queues->size(), 2U);
  std::array<int, 2> counts{};
  for (unsigned flow = 0; flow < 64; ++flow) {
    auto bytes = frame(100, 0x0800);
    bytes[14] = std::byte{0x45};
    store_big_endian<std::uint16_t>(bytes.data() + 16, std::uint16_t{86});
    store_big_endian<std::uint16_t>(bytes.data() + 20, std::uint16_t{0});  // no fragment
    bytes[23] = std::byte{17};
    store_big_endian<std::uint16_t>(bytes.data() + 34, static_cast<std::uint16_t>(flow));
    send(*near_, packet_of(pool_.pool, bytes));
  }
  for (std::size_t queue = 0; queue < 2; ++queue) {
    PacketBatch batch;
    (*queues)[queue]->receive(pool_.pool, batch);
    for (const Packet* packet : batch.packets()) counts[queue] += packet->size() == 100 ? 1 : 0;
  }
  EXPECT_EQ(counts[0] + counts[1], 64);
  EXPECT_GT(counts[0], 8);
  EXPECT_GT(counts[1], 8);
}

TEST_F(PacketDeviceTest, SaysWhatIsWrong) {
  EXPECT_THAT(open_device("packet:nobody").error().text, HasSubstr("no interface of this name"));
  EXPECT_THAT(open_device("packet:lo").error().text, HasSubstr("does not carry Ethernet"));
  EXPECT_THAT(open_device("packet:pk0,mtu=9000").error().hint, HasSubstr("mtu 9000"));
  EXPECT_THAT(open_device("packet:pk0,queues=2").error().text, HasSubstr("as many stacks"));
}

// A kernel of our own: slots in memory that we write, and a pair of sockets for the rest.
class LyingKernel {
 public:
  static constexpr std::size_t kSlotBytes = 2048;
  static constexpr std::size_t kSlots = 32;

  explicit LyingKernel(int type = SOCK_DGRAM) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
    far_ = Descriptor(pair[1]);
    memory_ = static_cast<std::byte*>(::mmap(nullptr, kSlots * kSlotBytes, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    auto watch = LinkWatch::open(*HostLink::open("lo"), {pair[0]});
    DeviceCapabilities capabilities{.completes_checksums = true, .tcp_segment_bytes_max = 65'535};
    device_ = std::make_unique<PacketDevice>(
        Descriptor(pair[0]), PacketDevice::Mapping{memory_, kSlots * kSlotBytes, kSlotBytes},
        *std::move(watch), capabilities, 1500);
  }

  [[nodiscard]] PacketDevice& device() { return *device_; }
  [[nodiscard]] int far() const { return far_.get(); }
  void close_far() { far_ = Descriptor(); }
  // Fills the next slot if it is the kernel's.
  void put(const VirtioHeader& notes, std::uint32_t size, std::uint32_t length,
           std::uint32_t status) {
    std::byte* slot = memory_ + next_++ % kSlots * kSlotBytes;
    auto* header = reinterpret_cast<tpacket2_hdr*>(slot);
    header->tp_mac = 76;
    header->tp_snaplen = size;
    header->tp_len = length;
    std::memcpy(slot + 76 - kVirtioHeaderBytes, &notes, kVirtioHeaderBytes);
    header->tp_status = status | TP_STATUS_USER;
  }

 private:
  Descriptor far_;
  std::byte* memory_ = nullptr;
  std::unique_ptr<PacketDevice> device_;
  std::size_t next_ = 0;
};

// Sizes of segments, starts of checksums, lengths and flags of any value: what comes out can be
// worked with, and what cannot is counted.
TEST(PacketDeviceAlone, BelievesNoNotes) {
  TestPool pool;
  LyingKernel kernel;
  Rng rng(7);
  const auto number = [&](std::uint64_t usual) {
    return static_cast<std::uint16_t>(rng.below(2) == 0 ? rng.below(usual) : rng.next());
  };
  std::uint64_t delivered = 0;
  std::uint64_t asked = 0;
  for (int round = 0; round < 3000; ++round) {
    for (std::uint64_t count = rng.below(LyingKernel::kSlots); count > 0; --count, ++asked) {
      VirtioHeader notes;
      notes.flags = static_cast<std::uint8_t>(rng.below(4));
      notes.gso_type = static_cast<std::uint8_t>(rng.below(2) == 0 ? 0 : rng.next());
      notes.gso_size = number(1500);
      notes.header_length = number(100);
      notes.checksum_start = number(100);
      notes.checksum_offset = number(20);
      const auto size = static_cast<std::uint32_t>(rng.below(2200));
      const std::uint32_t tags = rng.below(4) == 0 ? TP_STATUS_VLAN_VALID : 0;
      // Sometimes a frame is said to wait in the queue, where there is another or none.
      const bool waits = rng.below(8) == 0;
      if (waits && rng.below(2) == 0) {
        const std::vector<std::byte> bytes(rng.below(5000));
        static_cast<void>(::send(kernel.far(), bytes.data(), bytes.size(), 0));
      }
      kernel.put(notes, size, size + (waits ? 1000 : 0), tags | (waits ? TP_STATUS_COPY : 0));
    }
    PacketBatch batch;
    kernel.device().receive(pool.pool, batch);
    for (const Packet* packet : batch.packets()) {
      ++delivered;
      const PacketNotes& notes = packet->notes();
      if (notes.checksum == ChecksumState::kPartial) {
        EXPECT_LE(notes.transport_offset + notes.checksum_offset + 2U, packet->size());
      }
      if (notes.segment_kind != SegmentKind::kNone) {
        EXPECT_NE(notes.segment_size, 0);
        EXPECT_NE(notes.checksum, ChecksumState::kUnknown);
      }
    }
  }
  EXPECT_GT(delivered, 1000U);
  EXPECT_GT(kernel.device().counters().malformed, 1000U);
  EXPECT_EQ(pool.pool.descriptors_in_use(), 0U);
}

// What nobody had read when the other end went makes an error of our socket, in front of the
// frames.
TEST(PacketDeviceAlone, AnErrorThatIsToldIsNoFrame) {
  TestPool pool;
  LyingKernel kernel(SOCK_SEQPACKET);
  PacketBatch unread;
  unread.push(packet_of(pool.pool, std::vector<std::byte>(100)));
  kernel.device().transmit(unread);
  ASSERT_TRUE(unread.empty());
  Rng rng(3);
  std::vector<std::vector<std::byte>> frames;
  for (const std::size_t size : std::array<std::size_t, 2>{3000, 4000}) {
    frames.push_back(random_frame(rng, size));
    std::vector<std::byte> message(kVirtioHeaderBytes);
    message.insert(message.end(), frames.back().begin(), frames.back().end());
    ASSERT_GT(::send(kernel.far(), message.data(), message.size(), 0), 0);
    kernel.put({}, 2000 - 76, static_cast<std::uint32_t>(size), TP_STATUS_COPY);
  }
  kernel.close_far();
  PacketBatch batch;
  kernel.device().receive(pool.pool, batch);
  ASSERT_EQ(batch.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(bytes_of(batch[i]), frames[i]);
  EXPECT_EQ(kernel.device().counters().malformed, 0U);
}

TEST(PacketDeviceAlone, WaitsForRoomAndKeepsTheOrder) {
  TestPool pool;
  LyingKernel kernel;
  std::uint32_t next = 0;
  std::uint32_t expected = 0;
  PacketBatch batch;
  for (int round = 0; round < 50; ++round) {
    // Until the socket takes no more.
    for (int tries = 0; tries < 1000; ++tries) {
      while (batch.room() != 0) {
        std::vector<std::byte> bytes(100);
        store_big_endian<std::uint32_t>(bytes.data() + 20, next++);
        batch.push(packet_of(pool.pool, bytes));
      }
      kernel.device().transmit(batch);
      if (!batch.empty()) break;
    }
    ASSERT_FALSE(batch.empty());
    batch.compact();
    std::array<std::byte, 200> bytes;
    while (::recv(kernel.far(), bytes.data(), bytes.size(), 0) > 0) {
      ASSERT_EQ(load_big_endian<std::uint32_t>(bytes.data() + kVirtioHeaderBytes + 20), expected++);
    }
  }
  EXPECT_GT(expected, 100U);
  EXPECT_EQ(kernel.device().counters().sent_packets, expected);
  EXPECT_EQ(kernel.device().counters().failed_sends, 0U);
}

}  // namespace
}  // namespace strata::driver::packet::packet_device_test
