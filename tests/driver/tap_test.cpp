// SPDX-License-Identifier: Apache-2.0
#include "driver/tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "driver/descriptor.h"
#include "driver/own_mac.h"
#include "driver/own_network.h"
#include "driver/packets.h"
#include "strata/devices.h"
#include "strata/wire/arp.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/udp.h"

namespace strata::driver::tap_test {
namespace {

using testing::HasSubstr;

constexpr IpAddress kHost = IpAddress::v4(10, 77, 0, 1);
constexpr IpAddress kOurs = IpAddress::v4(10, 77, 0, 2);
constexpr std::size_t kUdpPayload = 14 + 20 + 8;

class TapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.refusal().empty()) GTEST_SKIP() << network_.refusal();
  }

  void open(const std::string& spec) {
    auto device = open_device(spec);
    ASSERT_TRUE(device.has_value()) << device.error().text << " / " << device.error().hint;
    device_ = *std::move(device);
  }

  // The next frame that `wanted` accepts; null when none comes within a second.
  template <typename Wanted>
  PacketPtr await(Wanted wanted) {
    for (int patience = 0; patience < 100; ++patience) {
      PacketBatch batch;
      device_->receive(pool_.pool, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (wanted(batch[i])) return batch.take(i);
      }
      pollfd ready{device_->descriptor(), POLLIN, 0};
      ::poll(&ready, 1, 10);
    }
    return nullptr;
  }

  void send(PacketPtr packet) {
    PacketBatch batch;
    batch.push(std::move(packet));
    device_->transmit(batch);
    EXPECT_TRUE(batch.empty());
  }

  // Of the namespace: what interfaces that are yet to come will have of IPv6.
  static void switch_v6(const char* disabled) {
    std::FILE* file = std::fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "we");
    ASSERT_NE(file, nullptr);
    std::fputs(disabled, file);
    ASSERT_EQ(std::fclose(file), 0);
  }

  // Answers the kernel's question for our address, as a stack would.
  void answer_arp() {
    const PacketPtr question = await([](const Packet& packet) {
      return wire::EthernetView::parse(packet.bytes())->type() == wire::kEtherTypeArp;
    });
    ASSERT_NE(question, nullptr);
    const auto arp = wire::ArpView::parse(question->bytes().subspan(14));
    ASSERT_TRUE(arp.has_value());
    EXPECT_EQ(arp->header().sender_ip, kHost);
    EXPECT_EQ(arp->header().target_ip, kOurs);
    host_mac_ = arp->header().sender_mac;
    PacketPtr answer = pool_.pool.allocate();
    const MacAddress own = device_->capabilities().mac;
    wire::write(wire::EthernetHeader{host_mac_, own, wire::kEtherTypeArp},
                answer->append(14).first<14>());
    wire::write(wire::ArpHeader{wire::ArpOperation::kReply, own, kOurs, host_mac_, kHost},
                answer->append(28).first<28>());
    send(std::move(answer));
  }

  // A datagram to the host whose checksum holds the pseudo-header's sum only.
  PacketPtr partial_datagram(std::uint16_t port, Bytes payload) {
    std::vector<std::byte> frame(kUdpPayload + payload.size());
    const MutableBytes bytes(frame);
    wire::write(wire::EthernetHeader{host_mac_, device_->capabilities().mac, wire::kEtherTypeIpv4},
                bytes.first<14>());
    const auto udp_length = static_cast<std::uint16_t>(8 + payload.size());
    wire::Ipv4Header ip;
    ip.total_length = static_cast<std::uint16_t>(20 + udp_length);
    ip.protocol = wire::kIpProtocolUdp;
    ip.source = kOurs;
    ip.destination = kHost;
    wire::write(ip, bytes.subspan<14, 20>());
    wire::set_ipv4_checksum(bytes.subspan(14, 20));
    const wire::Sum pseudo = wire::Sum::of(kOurs) + wire::Sum::of(kHost) +
                             wire::Sum::of(std::uint16_t{wire::kIpProtocolUdp}) +
                             wire::Sum::of(udp_length);
    const auto partial = static_cast<std::uint16_t>(~wire::fold(pseudo));
    wire::write(wire::UdpHeader{4000, port, udp_length, partial}, bytes.subspan<34, 8>());
    copy_bytes(payload, bytes.subspan(kUdpPayload));
    // Headers and payload in slices of their own, as a stack sends them.
    PacketPtr packet = packet_of(pool_.pool, bytes.first(kUdpPayload));
    packet->append_chain(chain_of(pool_.pool, bytes.subspan(kUdpPayload), 1000));
    packet->notes().checksum = ChecksumState::kPartial;
    packet->notes().transport_offset = 34;
    packet->notes().checksum_offset = 6;
    return packet;
  }

  OwnNetwork network_;
  TestPool pool_;
  std::unique_ptr<Device> device_;
  MacAddress host_mac_;
};

// A UDP socket of the kernel, bound to the host's address.
class HostSocket {
 public:
  HostSocket() : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own = address(kHost, 0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&own), sizeof(own)), 0);
    const timeval patience{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~HostSocket() { ::close(descriptor_); }
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;

  static sockaddr_in address(const IpAddress& ip, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(ip.v4_value());
    return to;
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in own{};
    socklen_t length = sizeof(own);
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&own), &length);
    return ntohs(own.sin_port);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  ssize_t send_to_us(Bytes payload) const {
    sockaddr_in to = address(kOurs, 9);
    return ::sendto(descriptor_, payload.data(), payload.size(), 0,
                    reinterpret_cast<sockaddr*>(&to), sizeof(to));
  }
  [[nodiscard]] std::vector<std::byte> receive() const {
    std::vector<std::byte> bytes(65536);
    const ssize_t count = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }

 private:
  int descriptor_;
};

bool is_datagram(const Packet& packet) {
  return packet.size() > kUdpPayload &&
         load_big_endian<std::uint16_t>(packet.bytes().data() + 12) == wire::kEtherTypeIpv4 &&
         packet.bytes()[23] == std::byte{wire::kIpProtocolUdp};
}

TEST_F(TapTest, SetsUpTheHostsSide) {
  open("tap:st0,host=10.77.0.1/24,host=192.0.2.1/25,host6=fd77::1/64,mtu=1400");
  const auto link = HostLink::open("st0");
  ASSERT_TRUE(link.has_value());
  EXPECT_TRUE(link->is_up());
  EXPECT_EQ(link->mtu(), 1400U);
  for (const char* address : {"10.77.0.1/24", "192.0.2.1/25", "fd77::1/64"}) {
    EXPECT_TRUE(link->has_address(*Prefix::parse(address))) << address;
  }
  EXPECT_FALSE(link->has_address(*Prefix::parse("10.77.0.2/24")));
  EXPECT_EQ(device_->capabilities().mtu, 1400U);
  EXPECT_EQ(device_->capabilities().mac, own_mac("st0"));
  EXPECT_TRUE(device_->is_up());
}

TEST_F(TapTest, LeavesTheHostsSideDownWhenAsked) {
  open("tap:st0,up=no,offload=no,mac=02:00:00:00:00:07");
  EXPECT_FALSE(HostLink::open("st0")->is_up());
  EXPECT_EQ(device_->capabilities().tcp_segment_bytes_max, 0U);
  EXPECT_FALSE(device_->capabilities().completes_checksums);
  EXPECT_EQ(device_->capabilities().mac, MacAddress::from_value(0x0200'0000'0007));
  Rng rng(1);
  send(packet_of(pool_.pool, random_frame(rng, 60)));
  EXPECT_EQ(device_->counters().failed_sends, 1U);
  EXPECT_FALSE(device_->is_up());
  ASSERT_EQ(HostLink::open("st0")->set_up(), 0);
  EXPECT_TRUE(device_->is_up());
}

TEST_F(TapTest, FollowsADeviceThatTheHostRenames) {
  open("tap:st0,up=no");
  Rng rng(1);
  send(packet_of(pool_.pool, random_frame(rng, 60)));
  EXPECT_FALSE(device_->is_up());
  ifreq request{};
  std::string("st0").copy(request.ifr_name, IFNAMSIZ - 1);
  std::string("st1").copy(request.ifr_newname, IFNAMSIZ - 1);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::ioctl(socket, SIOCSIFNAME, &request), 0);
  ::close(socket);
  EXPECT_FALSE(device_->is_up());
  ASSERT_EQ(HostLink::open("st1")->set_up(), 0);
  EXPECT_TRUE(device_->is_up());
}

TEST_F(TapTest, ADeviceWithoutANameHasTheKernels) {
  open("tap:");
  const std::string name = interface_of_queue(device_->descriptor());
  EXPECT_TRUE(name.starts_with("tap")) << name;
  EXPECT_TRUE(HostLink::open(name).has_value());
  EXPECT_EQ(interface_of_queue(STDERR_FILENO), "");
}

TEST_F(TapTest, AnAddressOfTheHostsIsHeardAtOnce) {
  open("tap:st0,host6=fd77::1/64");
  // Flags behind address, number, prefix length and scope: 0x40 is tentative.
  std::ifstream addresses("/proc/net/if_inet6");
  bool is_there = false;
  for (std::string line; std::getline(addresses, line);) {
    if (!line.starts_with("fd77000000000000")) continue;
    is_there = true;
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    EXPECT_EQ(std::stoul(word, nullptr, 16) & 0x40U, 0U) << line;
  }
  EXPECT_TRUE(is_there);
}

TEST_F(TapTest, ReceivesWhatTheKernelSends) {
  open("tap:st0,host=10.77.0.1/24");
  const HostSocket socket;
  Rng rng(2);
  for (const std::size_t size : {1UL, 100UL, 1472UL}) {
    const auto payload = random_frame(rng, size);
    ASSERT_EQ(socket.send_to_us(payload), static_cast<ssize_t>(size));
    if (size == 1) answer_arp();
    const PacketPtr frame = await(is_datagram);
    ASSERT_NE(frame, nullptr);
    EXPECT_FALSE(frame->is_chain());
    EXPECT_GE(frame->headroom(), kHeadroom);
    const auto bytes = bytes_of(*frame);
    EXPECT_EQ(std::vector(bytes.begin() + kUdpPayload, bytes.end()), payload);
    EXPECT_EQ(frame->notes().checksum, ChecksumState::kPartial);
    EXPECT_EQ(frame->notes().transport_offset, 34);
    EXPECT_EQ(frame->notes().checksum_offset, 6);
  }
}

TEST_F(TapTest, WithoutOffloadsTheKernelFinishesChecksums) {
  open("tap:st0,host=10.77.0.1/24,offload=no");
  const HostSocket socket;
  Rng rng(3);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 100)), 0);
  answer_arp();
  const PacketPtr frame = await(is_datagram);
  ASSERT_NE(frame, nullptr);
  EXPECT_NE(frame->notes().checksum, ChecksumState::kPartial);
  const wire::Sum pseudo = wire::Sum::of(kHost) + wire::Sum::of(kOurs) +
                           wire::Sum::of(std::uint16_t{wire::kIpProtocolUdp}) +
                           wire::Sum::of(std::uint16_t{108});
  EXPECT_TRUE(wire::is_valid(pseudo + wire::partial_sum(frame->bytes().subspan(34))));
}

TEST_F(TapTest, ReceivesASuperSegmentWithItsNotes) {
  open("tap:st0,host=10.77.0.1/24");
  if (device_->capabilities().udp_segment_bytes_max == 0) {
    GTEST_SKIP() << "this kernel does not hand over UDP super-segments";
  }
  const HostSocket socket;
  Rng rng(4);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  ASSERT_NE(await(is_datagram), nullptr);
  const int segment_size = 1000;
  ASSERT_EQ(::setsockopt(socket.descriptor(), SOL_UDP, UDP_SEGMENT, &segment_size, sizeof(int)), 0);
  // Overflow of every kind: none, copied into small buffers, and a large one of its own.
  for (const std::size_t size : {1500UL, 5000UL, 40000UL}) {
    const auto payload = random_frame(rng, size);
    ASSERT_EQ(socket.send_to_us(payload), static_cast<ssize_t>(size));
    const PacketPtr frame = await(is_datagram);
    ASSERT_NE(frame, nullptr) << size;
    EXPECT_EQ(frame->notes().segment_kind, SegmentKind::kUdp);
    EXPECT_EQ(frame->notes().segment_size, segment_size);
    EXPECT_EQ(frame->notes().checksum, ChecksumState::kPartial);
    const auto bytes = bytes_of(*frame);
    ASSERT_EQ(bytes.size(), kUdpPayload + size);
    EXPECT_EQ(std::vector(bytes.begin() + kUdpPayload, bytes.end()), payload);
  }
}

TEST_F(TapTest, TheKernelFinishesOurChecksums) {
  open("tap:st0,host=10.77.0.1/24");
  const HostSocket socket;
  Rng rng(5);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  for (const std::size_t size : {1UL, 999UL, 1472UL}) {
    const auto payload = random_frame(rng, size);
    send(partial_datagram(socket.port(), payload));
    EXPECT_EQ(socket.receive(), payload);
  }
  EXPECT_EQ(device_->counters().failed_sends, 0U);
}

TEST_F(TapTest, TheKernelCutsOurSuperSegments) {
  open("tap:st0,host=10.77.0.1/24");
  if (device_->capabilities().udp_segment_bytes_max == 0) {
    GTEST_SKIP() << "this kernel does not take UDP super-segments";
  }
  const HostSocket socket;
  Rng rng(6);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  answer_arp();
  const auto payload = random_frame(rng, 20'500);
  PacketPtr packet = partial_datagram(socket.port(), payload);
  packet->notes().segment_kind = SegmentKind::kUdp;
  packet->notes().segment_size = 1000;
  send(std::move(packet));
  std::vector<std::byte> received;
  for (int i = 0; i < 21; ++i) {
    const auto datagram = socket.receive();
    ASSERT_EQ(datagram.size(), i < 20 ? 1000U : 500U);
    received.insert(received.end(), datagram.begin(), datagram.end());
  }
  EXPECT_EQ(received, payload);
}

TEST_F(TapTest, AnEmptyPoolLosesFramesAndCountsThem) {
  open("tap:st0,host=10.77.0.1/24");
  PacketPoolConfig none;
  none.small_buffers = 0;
  none.large_buffers = 0;
  TestPool empty(none);
  const HostSocket socket;
  Rng rng(7);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 10)), 0);
  PacketBatch batch;
  device_->receive(empty.pool, batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_GE(device_->counters().pool_empty_drops, 1U);
}

TEST_F(TapTest, NoticesThatTheDeviceVanished) {
  open("tap:st0,host=10.77.0.1/24");
  ASSERT_TRUE(delete_interface("st0"));
  PacketBatch batch;
  device_->receive(pool_.pool, batch);
  EXPECT_FALSE(device_->is_up());
  EXPECT_EQ(device_->descriptor(), -1);
  Rng rng(8);
  send(packet_of(pool_.pool, random_frame(rng, 60)));
  EXPECT_EQ(device_->counters().failed_sends, 1U);
}

TEST_F(TapTest, ATunDeviceCarriesBarePackets) {
  open("tun:st1,host=10.77.0.1/24");
  EXPECT_EQ(device_->capabilities().medium, Medium::kIp);
  EXPECT_TRUE(device_->capabilities().mac.is_unspecified());
  const HostSocket socket;
  Rng rng(9);
  ASSERT_GT(socket.send_to_us(random_frame(rng, 50)), 0);
  const PacketPtr packet = await([](const Packet& candidate) {
    return std::to_integer<unsigned>(candidate.bytes()[0]) >> 4U == 4;
  });
  ASSERT_NE(packet, nullptr);
  EXPECT_EQ(packet->size(), 20U + 8 + 50);
  EXPECT_EQ(packet->notes().transport_offset, 20);
}

TEST_F(TapTest, APersistentDeviceIsAttachedToAgain) {
  open("tap:st0,host=10.77.0.1/24,persist=yes");
  device_ = nullptr;
  ASSERT_TRUE(HostLink::open("st0").has_value());
  open("tap:st0");
  EXPECT_TRUE(HostLink::open("st0")->has_address(*Prefix::parse("10.77.0.1/24")));
  device_ = nullptr;
  EXPECT_TRUE(delete_interface("st0"));
}

TEST_F(TapTest, EveryQueueIsADevice) {
  auto queues = open_queues("tap:st0,queues=3");
  ASSERT_TRUE(queues.has_value()) << queues.error().text;
  ASSERT_EQ(queues->size(), 3U);
  EXPECT_NE((*queues)[0]->descriptor(), (*queues)[1]->descriptor());
  EXPECT_EQ((*queues)[0]->capabilities().mac, (*queues)[2]->capabilities().mac);
}

TEST_F(TapTest, QueuesAreNotSharedWithAnotherProgram) {
  if (!std::ifstream("/sys/class/net/lo/ifindex")) GTEST_SKIP() << "there is no sysfs";
  auto first = open_queues("tap:st0,queues=2");
  ASSERT_TRUE(first.has_value()) << first.error().text;
  const bool is_seen = std::filesystem::exists("/sys/class/net/st0");
  if (!is_seen) GTEST_SKIP() << "sysfs shows another network";
  const auto second = open_queues("tap:st0,queues=2");
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text, HasSubstr("another program is attached"));
}

TEST_F(TapTest, TheHostsSideLiesInANamespaceThatIsNamed) {
  // The one of the test, kept by its descriptor, while the thread goes to another.
  const Descriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const std::string path = "/proc/self/fd/" + std::to_string(home.get());
  {
    const OwnNetwork elsewhere;
    ASSERT_EQ(elsewhere.refusal(), "");
    open("tap:st0,host=10.77.0.1/24,netns=" + path);
    EXPECT_FALSE(HostLink::open("st0").has_value());
  }
  const auto link = HostLink::open("st0");
  ASSERT_TRUE(link.has_value());
  EXPECT_TRUE(link->has_address(*Prefix::parse("10.77.0.1/24")));
  EXPECT_TRUE(device_->is_up());
  EXPECT_TRUE(delete_interface("st0"));
  PacketBatch batch;
  device_->receive(pool_.pool, batch);
  EXPECT_FALSE(device_->is_up());
}

TEST_F(TapTest, SaysWhyThereIsNoSuchNamespace) {
  const auto absent = open_device("tap:st0,netns=no-such-namespace");
  ASSERT_FALSE(absent.has_value());
  EXPECT_THAT(absent.error().text,
              HasSubstr("netns 'no-such-namespace': there is no such network namespace"));
  EXPECT_THAT(absent.error().hint, HasSubstr("ip netns add no-such-namespace"));
  const auto file = open_device("tap:st0,netns=/proc/self/exe");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().text, HasSubstr("this is no network namespace"));
}

TEST_F(TapTest, GivesTheHostRoutes) {
  const Prefix net = *Prefix::parse("192.0.2.0/24");
  const IpAddress gateway = IpAddress::v4(10, 77, 0, 2);
  TapOptions options;
  options.name = "st0";
  options.host_addresses = {*Prefix::parse("10.77.0.1/24")};
  options.host_routes = {{net, gateway}, {*Prefix::parse("0.0.0.0/0"), gateway}};
  ASSERT_TRUE(open_tap(options).has_value());
  const auto made = open_tap(options);
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const auto link = HostLink::open("st0");
  EXPECT_EQ(link->add_route(net, gateway), EEXIST);
  EXPECT_EQ(link->add_route(*Prefix::parse("0.0.0.0/0"), gateway), EEXIST);
  EXPECT_EQ(link->add_route(*Prefix::parse("192.0.3.0/24"), IpAddress::v4(10, 99, 0, 1)),
            ENETUNREACH);
  EXPECT_EQ(link->add_route(*Prefix::parse("192.0.3.0/24"), gateway), 0);
}

TEST_F(TapTest, SaysWhyItCannotAttach) {
  EXPECT_THAT(open_device("tap:lo").error().text,
              HasSubstr("an interface of this name is there and is no tap device"));
  open("tap:st0");
  const auto second = open_device("tap:st0");
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text, HasSubstr("another program is attached"));
}

TEST_F(TapTest, SaysThatAHostHasIpv6SwitchedOff) {
  switch_v6("1");
  const auto refused = open_device("tap:t0,host=10.77.0.1/24,host6=fd77::1/64");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().text, HasSubstr("fd77::1/64: IPv6 is switched off"));
  EXPECT_THAT(refused.error().hint, HasSubstr("disable_ipv6=0"));
  open("tap:t0,host=10.77.0.1/24");
  switch_v6("0");
}

TEST_F(TapTest, NamesTheCommandThatGrantsWhatIsMissing) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const auto device = open_device("tap:st0,host=10.77.0.1/24");
    if (device.has_value()) ::_exit(3);
    ::_exit(device.error().hint.starts_with("sudo ") && !device.error().text.empty() ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace strata::driver::tap_test
