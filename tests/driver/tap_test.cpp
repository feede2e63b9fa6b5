// SPDX-License-Identifier: Apache-2.0
#include "driver/tap.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
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
#include "driver/tap_lab.h"
#include "strata/devices.h"

namespace strata::driver::tap_test {
namespace {

using testing::HasSubstr;

class TapTest : public TapLab {
 protected:
  // Of the namespace: what interfaces that are yet to come will have of IPv6.
  static void switch_v6(const char* disabled) {
    std::FILE* file = std::fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "we");
    ASSERT_NE(file, nullptr);
    std::fputs(disabled, file);
    ASSERT_EQ(std::fclose(file), 0);
  }
};

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
