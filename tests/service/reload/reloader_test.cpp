// SPDX-License-Identifier: Apache-2.0
#include "service/reload/reloader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "service/gateway/host_end.h"
#include "service/lab.h"
#include "stack/core.h"
#include "strata/tcp_listener.h"

namespace strata::service::reloader_test {
namespace {

// Whether anybody listens there on the host's loopback.
bool reaches(std::uint16_t port) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int status =
      ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::close(client);
  return status == 0;
}

class ReloaderTest : public testing::Test {
 protected:
  void start(const StackOptions& options) {
    auto created = Node::create(options, {.detects_duplicates = false});
    ASSERT_TRUE(created.has_value()) << created.error().text;
    node = *std::move(created);
    auto opened = Servers::open(
        {.cores = node->stacks(), .watched = node->watched(), .version = "1"}, options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    servers = *std::move(opened);
    auto joined = GroupMembers::join(node->main(), options.joins);
    ASSERT_TRUE(joined.has_value());
    members.emplace(*std::move(joined));
    reloader.emplace(*node, *servers, *members, options);
  }
  // Why these options are refused at a start. Signals are one node's: that of the test ends.
  Failure refusal_at_start(const StackOptions& options) {
    reloader.reset();
    members.reset();
    servers.reset();
    node.reset();
    const auto created = Node::create(options, {.detects_duplicates = false});
    EXPECT_FALSE(created.has_value());
    return created ? Failure{} : created.error();
  }
  std::set<std::string> addresses() {
    std::set<std::string> found;
    node->stack().for_each_address([&](const AddressEntry& entry) {
      if (entry.prefix.is_v4() && !entry.prefix.address().is_loopback()) {
        found.emplace(strata::to_text(entry.prefix).view());
      }
    });
    return found;
  }
  std::set<std::string> routers() {
    std::set<std::string> found;
    node->stack().for_each_route([&](const RouteEntry& entry) {
      if (entry.destination.length() == 0 && entry.origin == RouteOrigin::kStatic) {
        found.emplace(strata::to_text(entry.gateway).view());
      }
    });
    return found;
  }
  std::set<std::string> proxied() {
    const auto interface = node->stack().find_interface("sink");
    std::set<std::string> found;
    for (const IpAddress& address :
         node->stack().core().interface(*interface)->neighbors->proxies()) {
      found.emplace(strata::to_text(address).view());
    }
    return found;
  }
  // Questions of neighbours for this IPv6 address.
  bool hears(const IpAddress& address) {
    const auto interface = node->stack().find_interface("sink");
    return node->stack()
        .core()
        .interface(*interface)
        ->groups->is_member(address.solicited_node_group());
  }
  bool listens(std::uint16_t port) {
    bool found = false;
    node->stack().for_each_socket([&](const SocketEntry& entry) {
      found = found || (entry.kind == SocketEntry::Kind::kTcp && entry.state == TcpState::kListen &&
                        entry.local.port == port);
    });
    return found;
  }
  static std::set<std::string> keys_of(const std::vector<ReloadReport::Change>& changes) {
    std::set<std::string> keys;
    for (const auto& change : changes) keys.insert(change.key);
    return keys;
  }

  std::unique_ptr<Node> node;
  std::unique_ptr<Servers> servers;
  std::optional<GroupMembers> members;
  std::optional<Reloader> reloader;
};

using Texts = std::set<std::string>;

StackOptions small() {
  StackOptions options;
  options.devices.push_back({.spec = "null:sink", .addresses = {*Prefix::parse("10.1.0.2/24")}});
  options.gateways = {*IpAddress::parse("10.1.0.1")};
  options.log = LogLevel::kOff;
  return options;
}

TEST_F(ReloaderTest, WhatChangesAtOnceHasChanged) {
  start(small());
  StackOptions to = small();
  to.devices[0].addresses = {*Prefix::parse("10.2.0.2/24"), *Prefix::parse("10.3.0.2/24")};
  to.gateways = {*IpAddress::parse("10.2.0.1")};
  to.forward = true;
  to.tcp.congestion = CongestionName::of("bbr");
  to.serve = {{Service::kEcho, 7}};
  to.dns = {*IpAddress::parse("10.2.0.53")};
  const std::size_t memory = node->stack().tcp_config().buffer_bytes_max;
  const ReloadReport report = reloader->reload(to);
  EXPECT_EQ(report.errors, std::vector<std::string>{});
  EXPECT_EQ(keys_of(report.changed),
            (Texts{"device 1 address", "gateway", "forward", "tcp.congestion", "serve", "dns"}));
  EXPECT_TRUE(report.needs_restart.empty());
  EXPECT_EQ(addresses(), (Texts{"10.2.0.2/24", "10.3.0.2/24"}));
  EXPECT_EQ(routers(), Texts{"10.2.0.1"});
  EXPECT_EQ(node->stack().tcp_config().congestion.view(), "bbr");
  EXPECT_EQ(node->stack().tcp_config().buffer_bytes_max, memory);
  EXPECT_TRUE(listens(7));
  const auto dns = node->main().resolver().current_servers();
  ASSERT_EQ(dns.size(), 1U);
  EXPECT_EQ(dns[0].address, *IpAddress::parse("10.2.0.53"));
  EXPECT_TRUE(reloader->reload(to).changed.empty());
  const ReloadReport back = reloader->reload(small());
  EXPECT_EQ(keys_of(back.changed), keys_of(report.changed));
  EXPECT_EQ(addresses(), Texts{"10.1.0.2/24"});
  EXPECT_EQ(routers(), Texts{"10.1.0.1"});
  EXPECT_FALSE(listens(7));
}

TEST_F(ReloaderTest, WhatNeedsARestartIsToldUntilThereWasOne) {
  start(small());
  StackOptions to = small();
  to.policy = LoopPolicy::kSleep;
  to.devices[0].mtu = 1400;
  to.log = LogLevel::kError;
  for (const std::size_t changed : {1U, 0U}) {
    const ReloadReport report = reloader->reload(to);
    EXPECT_EQ(report.changed.size(), changed);
    EXPECT_EQ(keys_of(report.needs_restart), (Texts{"policy", "device 1 mtu"}));
  }
  EXPECT_TRUE(reloader->reload(small()).needs_restart.empty());
}

// Whatever step fails, those before it are taken back.
TEST_F(ReloaderTest, AFailureLeavesAllAsItWas) {
  const TemporaryFolder folder;
  const std::string hosts = folder.path + "/hosts";
  std::ofstream(hosts) << "nonsense\n";
  start(small());
  const auto taken = TcpListener::listen(node->stack(), {IpAddress::any_v6(), 7007}, {});
  ASSERT_TRUE(taken.has_value());
  StackOptions to = small();
  to.devices[0].addresses = {*Prefix::parse("10.2.0.2/24")};
  to.gateways = {*IpAddress::parse("10.2.0.1")};
  to.serve = {{Service::kEcho, 7}};
  std::vector<StackOptions> all(5, to);
  all[0].gateways.push_back(*IpAddress::parse("192.0.2.1"));
  all[1].hosts = hosts;
  all[2].joins = {{*IpAddress::parse("239.1.2.3"), "none"}};
  all[3].serve.push_back({Service::kEcho, 7007});
  all[4].dashboard_token = folder.path + "/none";
  for (const StackOptions& each : all) {
    const ReloadReport report = reloader->reload(each);
    ASSERT_FALSE(report.errors.empty());
    EXPECT_TRUE(report.changed.empty() && report.needs_restart.empty());
    EXPECT_EQ(addresses(), Texts{"10.1.0.2/24"}) << report.errors.front();
    EXPECT_EQ(routers(), Texts{"10.1.0.1"}) << report.errors.front();
    EXPECT_FALSE(listens(7)) << report.errors.front();
  }
  EXPECT_TRUE(reloader->reload(to).errors.empty());
  EXPECT_TRUE(listens(7));
}

TEST_F(ReloaderTest, ProxiedAddressesComeAndGo) {
  StackOptions from = small();
  from.devices[0].proxies = {IpAddress::v4(10, 1, 0, 8), IpAddress::v4(10, 1, 0, 9)};
  start(from);
  EXPECT_EQ(proxied(), (Texts{"10.1.0.8", "10.1.0.9"}));
  StackOptions to = small();
  to.devices[0].proxies = {IpAddress::v4(10, 1, 0, 9), *IpAddress::parse("fd01::9")};
  const ReloadReport report = reloader->reload(to);
  EXPECT_EQ(report.errors, std::vector<std::string>{});
  EXPECT_EQ(keys_of(report.changed), Texts{"device 1 proxy"});
  EXPECT_EQ(proxied(), (Texts{"10.1.0.9", "fd01::9"}));
}

TEST_F(ReloaderTest, ProxiedAddressesAreAsTheyWereWhenOneCannotBe) {
  StackOptions from = small();
  from.devices[0].proxies = {IpAddress::v4(10, 1, 0, 9)};
  start(from);
  StackOptions to = small();
  to.devices[0].proxies = {IpAddress::v4(10, 1, 0, 8), IpAddress::v4(10, 1, 0, 2)};
  const ReloadReport report = reloader->reload(to);
  EXPECT_EQ(report.errors, (std::vector<std::string>{"sink: proxy 10.1.0.2: invalid argument",
                                                     "it is an address of this stack"}));
  EXPECT_EQ(proxied(), Texts{"10.1.0.9"});
}

const IpAddress kMoving = IpAddress::v6(0xfd01'0000'0000'0000, 9);

StackOptions with_own_address() {
  StackOptions options = small();
  options.devices[0].addresses.push_back(*Prefix::parse("fd01::9/64"));
  return options;
}
StackOptions with_proxied_address() {
  StackOptions options = small();
  options.devices[0].proxies = {kMoving};
  return options;
}
std::vector<IpAddress> sixteen_from(std::uint8_t first) {
  std::vector<IpAddress> list;
  for (std::uint8_t i = 0; i < 16; ++i) {
    list.push_back(IpAddress::v4(10, 1, 0, static_cast<std::uint8_t>(first + i)));
  }
  return list;
}

TEST_F(ReloaderTest, AnAddressMayBecomeAProxiedOneAndOursAgain) {
  start(with_own_address());
  for (const bool is_proxied : {true, false, true}) {
    const auto report = reloader->reload(is_proxied ? with_proxied_address() : with_own_address());
    EXPECT_EQ(report.errors, std::vector<std::string>{});
    EXPECT_EQ(proxied().contains("fd01::9"), is_proxied);
    EXPECT_EQ(node->stack().is_local(kMoving), !is_proxied);
    EXPECT_TRUE(hears(kMoving)) << is_proxied;
  }
}

TEST_F(ReloaderTest, AnAddressStaysWhatItWasWhenALaterStepFails) {
  start(with_own_address());
  for (const bool is_proxied : {false, true}) {
    ASSERT_TRUE(
        reloader->reload(is_proxied ? with_proxied_address() : with_own_address()).errors.empty());
    StackOptions to = is_proxied ? with_own_address() : with_proxied_address();
    to.dashboard_token = "/nonexistent/token";
    EXPECT_EQ(reloader->reload(to).errors.empty(), false);
    EXPECT_EQ(proxied().contains("fd01::9"), is_proxied);
    EXPECT_EQ(node->stack().is_local(kMoving), !is_proxied);
    EXPECT_TRUE(hears(kMoving)) << is_proxied;
  }
}

TEST_F(ReloaderTest, AnAddressForWhichThereIsNoRoomAmongTheProxiedStaysOurs) {
  StackOptions from = with_own_address();
  from.devices[0].proxies = sixteen_from(16);
  start(from);
  StackOptions to = small();
  to.devices[0].proxies = sixteen_from(16);
  to.devices[0].proxies.push_back(kMoving);
  EXPECT_EQ(reloader->reload(to).errors,
            (std::vector<std::string>{"sink: proxy fd01::9: a pool or table is full",
                                      "an interface answers for 16 at most"}));
  EXPECT_TRUE(node->stack().is_local(kMoving) && hears(kMoving));
  EXPECT_EQ(proxied().size(), 16U);
}

TEST_F(ReloaderTest, AllProxiedAddressesMayBeExchanged) {
  StackOptions from = small();
  from.devices[0].proxies = sixteen_from(16);
  start(from);
  StackOptions to = small();
  to.devices[0].proxies = sixteen_from(32);
  EXPECT_EQ(reloader->reload(to).errors, std::vector<std::string>{});
  EXPECT_EQ(proxied().size(), 16U);
  EXPECT_TRUE(proxied().contains("10.1.0.47"));
  to.devices[0].proxies = sixteen_from(16);
  to.dashboard_token = "/nonexistent/token";
  EXPECT_FALSE(reloader->reload(to).errors.empty());
  EXPECT_TRUE(proxied().contains("10.1.0.47")) << "as it was";
}

TEST_F(ReloaderTest, AnAddressMayHaveAnotherPrefix) {
  start(small());
  StackOptions to = small();
  to.devices[0].addresses = {*Prefix::parse("10.1.0.2/16")};
  EXPECT_TRUE(reloader->reload(to).errors.empty());
  EXPECT_EQ(addresses(), Texts{"10.1.0.2/16"});
  EXPECT_EQ(routers(), Texts{"10.1.0.1"});
}

// It comes back as it was when a later address cannot be had: 224.0.0.1 is nobody's.
TEST_F(ReloaderTest, AnotherPrefixIsTakenBackToo) {
  start(small());
  StackOptions to = small();
  to.devices[0].addresses = {*Prefix::parse("10.1.0.2/16"), *Prefix::parse("10.2.0.2/24"),
                             *Prefix::parse("224.0.0.1/24")};
  const ReloadReport report = reloader->reload(to);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_NE(report.errors.front().find("224.0.0.1/24"), std::string::npos);
  EXPECT_EQ(addresses(), Texts{"10.1.0.2/24"});
  EXPECT_EQ(routers(), Texts{"10.1.0.1"});
  EXPECT_TRUE(reloader->reload(small()).changed.empty());
}

TEST_F(ReloaderTest, ARouterIsOnTheLinkThatItsNetworkHasMovedTo) {
  StackOptions options = small();
  options.devices.push_back({.spec = "null:other", .addresses = {*Prefix::parse("10.9.0.2/24")}});
  start(options);
  const auto link_of_router = [&] {
    std::vector<InterfaceId> links;
    node->stack().for_each_route([&](const RouteEntry& entry) {
      if (entry.destination.length() == 0) links.push_back(entry.interface);
    });
    return links;
  };
  const auto links_of = [&](std::size_t device) {
    return std::vector{*node->stack().find_interface(node->interfaces()[device])};
  };
  EXPECT_EQ(link_of_router(), links_of(0));
  StackOptions to = options;
  std::swap(to.devices[0].addresses, to.devices[1].addresses);
  EXPECT_EQ(reloader->reload(to).errors, std::vector<std::string>{});
  EXPECT_EQ(link_of_router(), links_of(1));
  EXPECT_EQ(routers(), Texts{"10.1.0.1"});
  // What fails later takes it back to where it was.
  StackOptions refused = options;
  refused.dashboard_token = "/nonexistent/token";
  EXPECT_FALSE(reloader->reload(refused).errors.empty());
  EXPECT_EQ(link_of_router(), links_of(1));
  EXPECT_EQ(reloader->reload(options).errors, std::vector<std::string>{});
  EXPECT_EQ(link_of_router(), links_of(0));
}

TEST_F(ReloaderTest, ARouterWhoseNetworkGoesIsRefusedInTheWordsOfTheStart) {
  start(small());
  StackOptions to = small();
  to.devices[0].addresses = {*Prefix::parse("10.2.0.2/24")};
  const ReloadReport report = reloader->reload(to);
  EXPECT_EQ(addresses(), Texts{"10.1.0.2/24"});
  EXPECT_EQ(routers(), Texts{"10.1.0.1"});
  // A second address of that network is as good.
  StackOptions other = small();
  other.devices[0].addresses = {*Prefix::parse("10.1.0.3/24")};
  EXPECT_EQ(reloader->reload(other).errors, std::vector<std::string>{});
  EXPECT_EQ(addresses(), Texts{"10.1.0.3/24"});
  const Failure refusal = refusal_at_start(to);
  EXPECT_EQ(report.errors, (std::vector{refusal.text, refusal.hint}));
}

TEST_F(ReloaderTest, NamesAreReadAgainFromTheSameFile) {
  const TemporaryFolder folder;
  StackOptions options = small();
  options.hosts = folder.path + "/hosts";
  std::ofstream(options.hosts) << "10.1.0.9 nine\n";
  start(options);
  std::string found;
  const auto look = [&](const char* name) {
    found.clear();
    node->main().resolver().resolve(name, [&](auto addresses_of_name) {
      found = addresses_of_name ? strata::to_text(addresses_of_name->front()).view() : "none";
    });
    for (int i = 0; i < 1000 && found.empty(); ++i) {
      node->loop().run_once(std::chrono::milliseconds(1));
    }
    return found;
  };
  EXPECT_EQ(look("nine"), "10.1.0.9");
  std::ofstream(options.hosts) << "10.1.0.8 nine\n";
  const ReloadReport report = reloader->reload(options);
  EXPECT_EQ(report.files, std::vector<std::string>{options.hosts});
  EXPECT_EQ(look("nine"), "10.1.0.8");
  std::ofstream(options.hosts) << "nonsense\n";
  EXPECT_FALSE(reloader->reload(options).errors.empty());
  EXPECT_EQ(look("nine"), "10.1.0.8");
}

TEST_F(ReloaderTest, PublishedPortsMove) {
  const auto free_port = [] { return HostEnd(SOCK_STREAM).port(); };
  const std::uint16_t one = free_port();
  StackOptions options;
  options.log = LogLevel::kOff;
  options.publish = {{IpAddress::v4(127, 0, 0, 1), one, 80}};
  start(options);
  EXPECT_TRUE(reaches(one));
  const HostEnd other(SOCK_STREAM);
  StackOptions to = options;
  to.publish = {{IpAddress::v4(127, 0, 0, 1), other.port(), 80}};
  const ReloadReport refused = reloader->reload(to);
  ASSERT_FALSE(refused.errors.empty());
  EXPECT_NE(refused.errors.front().find("taken by another program"), std::string::npos);
  EXPECT_TRUE(reaches(one)) << "what there was is there again";
  const std::uint16_t two = free_port();
  to.publish = {{IpAddress::v4(127, 0, 0, 1), two, 80}};
  EXPECT_EQ(keys_of(reloader->reload(to).changed), Texts{"publish"});
  EXPECT_FALSE(reaches(one));
  EXPECT_TRUE(reaches(two));
}

// A confined stack could not open a low port again: it is never closed when nothing comes of it.
TEST_F(ReloaderTest, APublishedPortThatWouldGoIsThereWhileAnythingCanFail) {
  const std::uint16_t port = HostEnd(SOCK_STREAM).port();
  StackOptions options;
  options.log = LogLevel::kOff;
  options.publish = {{IpAddress::v4(127, 0, 0, 1), port, 80}};
  start(options);
  StackOptions to = options;
  to.publish.clear();
  to.dashboard_token = "/nonexistent/token";
  EXPECT_FALSE(reloader->reload(to).errors.empty());
  EXPECT_TRUE(reaches(port));
  to.dashboard_token.clear();
  EXPECT_EQ(keys_of(reloader->reload(to).changed), Texts{"publish"});
  EXPECT_FALSE(reaches(port));
}

TEST_F(ReloaderTest, APortThatIsAskedForTwiceIsRefusedAsAtTheStart) {
  const std::uint16_t port = HostEnd(SOCK_STREAM).port();
  StackOptions options;
  options.log = LogLevel::kOff;
  options.publish = {{IpAddress::v4(127, 0, 0, 1), port, 80}};
  start(options);
  StackOptions twice = options;
  twice.publish.push_back(options.publish.front());
  const ReloadReport report = reloader->reload(twice);
  ASSERT_FALSE(report.errors.empty());
  EXPECT_TRUE(reaches(port));
  twice.publish[0].host_port = twice.publish[1].host_port = HostEnd(SOCK_STREAM).port();
  const ReloadReport of_another = reloader->reload(twice);
  ASSERT_FALSE(of_another.errors.empty());
  EXPECT_FALSE(reaches(twice.publish[0].host_port)) << "the first of them is taken back";
  EXPECT_NE(report.errors.front().find("asked for twice"), std::string::npos);
  EXPECT_EQ(of_another.errors.front(), refusal_at_start(twice).text);
}

TEST_F(ReloaderTest, WithoutTheRootlessDeviceNothingIsPublished) {
  start(small());
  StackOptions to = small();
  to.publish = {{IpAddress::v4(127, 0, 0, 1), 8080, 80}};
  EXPECT_EQ(keys_of(reloader->reload(to).needs_restart), Texts{"publish"});
}

}  // namespace
}  // namespace strata::service::reloader_test
