// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/netlink_file.h"

#include <gtest/gtest.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <map>
#include <string>

#include "attach/netlink/tables.h"
#include "socket/posix/loopback.h"
#include "strata/rng.h"
#include "support/test_device.h"

namespace strata::attach::netlink_file_test {
namespace {

constexpr std::uint32_t kPort = 1234;

struct Told {
  int type = 0;
  nlmsghdr header{};
  std::vector<std::byte> body;

  template <typename T>
  [[nodiscard]] T structure() const {
    return NetlinkRequest{header, body}.structure<T>().value_or(T{});
  }
  template <typename T>
  [[nodiscard]] std::string text(int attribute) const {
    const auto value = NetlinkRequest{header, body}.attribute(sizeof(T), attribute);
    return value ? std::string(reinterpret_cast<const char*>(value->data()), value->size()) : "";
  }
};

// First, for the stack must not outlive it.
struct Wire {
  support::TestDevice device;
};

struct Lab : Wire, posix::Loopback {
  Lab() : file(*stack, SOCK_RAW, kPort) {
    const auto made =
        stack->add_interface(device, {.name = "wire0", .mac = {}, .detect_duplicates = false}, now);
    wire = made.value_or(kNoInterface);
    EXPECT_TRUE(stack->add_address(wire, *Prefix::parse("10.1.2.3/24"), now));
    EXPECT_TRUE(stack->add_address(wire, *Prefix::parse("fd01::3/64"), now));
    EXPECT_TRUE(stack->add_route({.destination = *Prefix::parse("0.0.0.0/0"),
                                  .gateway = *IpAddress::parse("10.1.2.1"),
                                  .metric = 7}));
    EXPECT_TRUE(stack->add_neighbor(wire, *IpAddress::parse("10.1.2.1"),
                                    *MacAddress::parse("02:00:00:00:00:09"), now));
  }
  Answer send(Bytes bytes) { return send(bytes, file); }
  Answer send(Bytes bytes, NetlinkFile& to) const {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return to.send(message, 0, now);
  }
  std::vector<Told> receive() { return receive(file); }
  std::vector<Told> receive(NetlinkFile& from_file) const {
    std::vector<Told> all;
    std::array<std::byte, 8192> room{};
    for (;;) {
      sockaddr_nl from{};
      iovec part{room.data(), room.size()};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_name = &from;
      message.msg_namelen = sizeof(from);
      const Answer count = from_file.receive(message, 0, now);
      if (count < 0) return all;
      EXPECT_EQ(from.nl_pid, 0U) << "the kernel's place";
      Bytes left = Bytes(room).first(static_cast<std::size_t>(count));
      while (const auto one = next_request(left)) {
        all.push_back({one->header.nlmsg_type, one->header, {one->body.begin(), one->body.end()}});
      }
    }
  }
  template <typename Header>
  std::vector<Told> ask(int type, int flags, const Header& header, int attribute = 0,
                        std::string_view value = {}) {
    MessageWriter writer(kPort, 77);
    writer.begin(type, NLM_F_REQUEST | flags, header);
    if (attribute != 0) writer.attribute(attribute, std::as_bytes(std::span(value)));
    writer.end();
    const auto request = writer.take().front();
    EXPECT_EQ(send(request), static_cast<Answer>(request.size()));
    return receive();
  }
  int error_of(int type, int flags = 0, int family = AF_UNSPEC) {
    const auto told = ask(type, flags, rtgenmsg{static_cast<unsigned char>(family)});
    if (told.size() != 1 || told[0].type != NLMSG_ERROR) return 1;
    return told[0].structure<nlmsgerr>().error;
  }

  InterfaceId wire = kNoInterface;
  NetlinkFile file;
};

// What a program has open, told as `ss` wants it.
struct Diagnosis : Lab {
  Diagnosis() : diagnosis(*stack, SOCK_RAW, kPort, [this] { return known; }) {
    const sockaddr_in address = posix::loopback_address(7000);
    const int heard = static_cast<int>(calls->socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(calls->bind(heard, posix::as_sockaddr(address), sizeof(address), now), 0);
    EXPECT_EQ(calls->listen(heard, 5, now), 0);
    const int near = static_cast<int>(calls->socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    EXPECT_EQ(calls->connect(near, posix::as_sockaddr(address), sizeof(address), now).answer(),
              -EINPROGRESS);
    settle();
    const int fresh = static_cast<int>(calls->socket(AF_INET, SOCK_STREAM, 0));
    const int bound = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM, 0));
    EXPECT_EQ(calls->bind(bound, posix::as_sockaddr(address), sizeof(address), now), 0);
    std::uint64_t cookie = 0x1'0000'0000;
    for (const int one : {heard, near, fresh, bound}) {
      known.push_back({.file = calls->find(one).get(),
                       .cookie = ++cookie,
                       .inode = 77,
                       .inward = 3,
                       .outward = 5});
    }
  }
  std::vector<Told> ask_for(int family, int protocol, std::uint32_t states, int extensions = 0,
                            int type = SOCK_DIAG_BY_FAMILY) {
    MessageWriter writer(kPort, 77);
    writer.begin(type, NLM_F_REQUEST | NLM_F_DUMP,
                 inet_diag_req_v2{.sdiag_family = static_cast<__u8>(family),
                                  .sdiag_protocol = static_cast<__u8>(protocol),
                                  .idiag_ext = static_cast<__u8>(extensions),
                                  .pad = 0,
                                  .idiag_states = states,
                                  .id = {}});
    writer.end();
    const auto request = writer.take().front();
    EXPECT_EQ(send(request, diagnosis), static_cast<Answer>(request.size()));
    return receive(diagnosis);
  }

  std::vector<OpenSocket> known;
  NetlinkFile diagnosis;
};

TEST(NetlinkFile, OpenSocketsAreTold) {
  constexpr std::uint32_t kAll = UINT32_MAX;
  Diagnosis lab;
  const auto streams = lab.ask_for(AF_INET, IPPROTO_TCP, kAll, 1 << (INET_DIAG_INFO - 1));
  ASSERT_EQ(streams.size(), 3U) << "a listener, a connection, and the end of them";
  EXPECT_EQ(streams[2].type, NLMSG_DONE);
  const auto heard = streams[0].structure<inet_diag_msg>();
  EXPECT_EQ(heard.idiag_state, TCP_LISTEN);
  EXPECT_EQ(ntohs(heard.id.idiag_sport), 7000);
  EXPECT_EQ(heard.idiag_rqueue, 3U);
  EXPECT_EQ(heard.idiag_wqueue, 5U);
  EXPECT_EQ(heard.idiag_inode, 77U);
  EXPECT_EQ(heard.id.idiag_cookie[0], 1U);
  EXPECT_EQ(heard.id.idiag_cookie[1], 1U);
  const auto near = streams[1].structure<inet_diag_msg>();
  EXPECT_EQ(near.idiag_state, TCP_ESTABLISHED);
  EXPECT_EQ(ntohs(near.id.idiag_dport), 7000);
  EXPECT_EQ(ntohl(near.id.idiag_dst[0]), INADDR_LOOPBACK);
  EXPECT_EQ(ntohl(near.id.idiag_src[0]), INADDR_LOOPBACK);
  EXPECT_GE(streams[1].text<inet_diag_msg>(INET_DIAG_INFO).size(), sizeof(tcp_info) - 8);
  const auto listening = lab.ask_for(AF_INET, IPPROTO_TCP, 1U << TCP_LISTEN);
  ASSERT_EQ(listening.size(), 2U);
  EXPECT_EQ(listening[0].text<inet_diag_msg>(INET_DIAG_INFO), "") << "nobody has asked for it";
  const auto datagrams = lab.ask_for(AF_INET, IPPROTO_UDP, kAll);
  ASSERT_EQ(datagrams.size(), 2U);
  EXPECT_EQ(datagrams[0].structure<inet_diag_msg>().idiag_state, TCP_CLOSE);
  EXPECT_EQ(lab.ask_for(AF_INET6, IPPROTO_TCP, kAll).size(), 1U);
}

TEST(NetlinkFile, OfOtherSocketsNobodyCanTell) {
  Diagnosis lab;
  const auto error = [](const std::vector<Told>& told) {
    EXPECT_EQ(told.size(), 1U);
    return told.at(0).structure<nlmsgerr>().error;
  };
  MessageWriter shorter(kPort, 77);
  shorter.begin(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, rtgenmsg{AF_UNIX});
  shorter.end();
  EXPECT_GT(lab.send(shorter.take().front(), lab.diagnosis), 0);
  EXPECT_EQ(error(lab.receive(lab.diagnosis)), -ENOENT);
  EXPECT_EQ(error(lab.ask_for(AF_INET, IPPROTO_SCTP, UINT32_MAX)), -ENOENT);
  EXPECT_EQ(error(lab.ask_for(AF_INET, IPPROTO_TCP, UINT32_MAX, 0, SOCK_DESTROY)), -EOPNOTSUPP);
  int protocol = 0;
  socklen_t size = sizeof(protocol);
  EXPECT_EQ(lab.diagnosis.option(SOL_SOCKET, SO_PROTOCOL, &protocol, &size, lab.now), 0);
  EXPECT_EQ(protocol, NETLINK_SOCK_DIAG);
}

TEST(NetlinkFile, LinksAreTheStacks) {
  Lab lab;
  const auto told = lab.ask(RTM_GETLINK, NLM_F_DUMP, rtgenmsg{AF_UNSPEC});
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[2].type, NLMSG_DONE);
  std::map<std::string, ifinfomsg> links;
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(told[i].type, RTM_NEWLINK);
    EXPECT_EQ(told[i].header.nlmsg_seq, 77U);
    EXPECT_EQ(told[i].header.nlmsg_pid, kPort);
    links[told[i].text<ifinfomsg>(IFLA_IFNAME).c_str()] = told[i].structure<ifinfomsg>();
  }
  EXPECT_NE(links["lo"].ifi_flags & IFF_LOOPBACK, 0U);
  EXPECT_NE(links["wire0"].ifi_flags & IFF_BROADCAST, 0U);
  EXPECT_EQ(links["wire0"].ifi_index, lab.wire);
}

TEST(NetlinkFile, AddressesAreToldByFamily) {
  Lab lab;
  const auto count = [&](int family) {
    return lab
        .ask(RTM_GETADDR, NLM_F_DUMP,
             ifaddrmsg{.ifa_family = static_cast<__u8>(family),
                       .ifa_prefixlen = 0,
                       .ifa_flags = 0,
                       .ifa_scope = 0,
                       .ifa_index = 0})
        .size();
  };
  EXPECT_EQ(count(AF_INET), 2U + 1);
  const std::size_t v6 = count(AF_INET6);
  EXPECT_GE(v6, 2U + 1);
  EXPECT_EQ(count(AF_UNSPEC), v6 + 2);
  EXPECT_EQ(count(AF_BRIDGE), 1U);
  for (const Told& one : lab.ask(RTM_GETADDR, NLM_F_DUMP, rtgenmsg{AF_INET})) {
    if (one.type != RTM_NEWADDR || one.structure<ifaddrmsg>().ifa_index != lab.wire) continue;
    EXPECT_EQ(one.structure<ifaddrmsg>().ifa_prefixlen, 24);
    EXPECT_EQ(one.text<ifaddrmsg>(IFA_LOCAL), std::string("\x0a\x01\x02\x03"));
    EXPECT_EQ(one.text<ifaddrmsg>(IFA_BROADCAST), std::string("\x0a\x01\x02\xff"));
    EXPECT_STREQ(one.text<ifaddrmsg>(IFA_LABEL).c_str(), "wire0");
  }
}

TEST(NetlinkFile, RoutesSayTheirGatewayAndTheLinkThatHasIt) {
  Lab lab;
  bool has_default = false;
  for (const Told& one : lab.ask(RTM_GETROUTE, NLM_F_DUMP, rtmsg{})) {
    if (one.type != RTM_NEWROUTE || one.structure<rtmsg>().rtm_dst_len != 0) continue;
    if (one.structure<rtmsg>().rtm_family != AF_INET) continue;
    has_default = true;
    EXPECT_EQ(one.text<rtmsg>(RTA_GATEWAY), std::string("\x0a\x01\x02\x01"));
    EXPECT_EQ(one.text<rtmsg>(RTA_PRIORITY), std::string("\x07\0\0\0", 4));
    EXPECT_EQ(one.text<rtmsg>(RTA_OIF)[0], static_cast<char>(lab.wire));
  }
  EXPECT_TRUE(has_default);
}

TEST(NetlinkFile, ARouteToOneAddressIsThePacketsWay) {
  Lab lab;
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = 32;
  const auto told = lab.ask(RTM_GETROUTE, 0, header, RTA_DST, "\x08\x08\x08\x08");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text<rtmsg>(RTA_GATEWAY), std::string("\x0a\x01\x02\x01"));
  EXPECT_EQ(told[0].text<rtmsg>(RTA_PREFSRC), std::string("\x0a\x01\x02\x03"));
  header.rtm_family = AF_INET6;
  const auto none = lab.ask(RTM_GETROUTE, 0, header, RTA_DST,
                            std::string_view("\x20\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16));
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].structure<nlmsgerr>().error, -ENETUNREACH);
  const auto lame = lab.ask(RTM_GETROUTE, 0, header, RTA_DST, "\x08");
  EXPECT_EQ(lame[0].structure<nlmsgerr>().error, -EINVAL);
}

TEST(NetlinkFile, NeighboursAreTold) {
  Lab lab;
  const auto told = lab.ask(RTM_GETNEIGH, NLM_F_DUMP, ndmsg{});
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].structure<ndmsg>().ndm_state, NUD_PERMANENT);
  EXPECT_EQ(told[0].text<ndmsg>(NDA_LLADDR), std::string("\x02\0\0\0\0\x09", 6));
}

TEST(NetlinkFile, OneLinkIsToldByNumberOrByName) {
  Lab lab;
  ifinfomsg header{};
  const auto by_name = lab.ask(RTM_GETLINK, 0, header, IFLA_IFNAME, std::string_view("wire0\0", 6));
  ASSERT_EQ(by_name.size(), 1U);
  EXPECT_EQ(by_name[0].structure<ifinfomsg>().ifi_index, lab.wire);
  header.ifi_index = lab.wire;
  EXPECT_EQ(lab.ask(RTM_GETLINK, 0, header).at(0).type, RTM_NEWLINK);
  header.ifi_index = 99;
  EXPECT_EQ(lab.ask(RTM_GETLINK, 0, header).at(0).structure<nlmsgerr>().error, -ENODEV);
}

TEST(NetlinkFile, ChangesAreRefusedAndUnknownQuestionsToo) {
  Lab lab;
  for (const int type : {RTM_NEWLINK, RTM_DELLINK, RTM_SETLINK, RTM_NEWADDR, RTM_DELADDR,
                         RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_NEWRULE}) {
    EXPECT_EQ(lab.error_of(type, NLM_F_ACK), -EPERM) << type;
  }
  EXPECT_EQ(lab.error_of(RTM_GETRULE, NLM_F_DUMP), -EOPNOTSUPP);
  EXPECT_EQ(lab.error_of(RTM_GETADDR), -EOPNOTSUPP);
  EXPECT_EQ(lab.error_of(RTM_GETLINK), -EINVAL) << "too short to name a link";
  EXPECT_EQ(lab.error_of(NLMSG_NOOP, NLM_F_ACK), 0) << "an acknowledgement that was asked for";
}

TEST(NetlinkFile, WhatIsUpMayBeSetUp) {
  Lab lab;
  ifinfomsg up{};
  up.ifi_index = lab.wire;
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  const auto error = [&](const ifinfomsg& wanted) {
    return lab.ask(RTM_NEWLINK, NLM_F_ACK, wanted).at(0).structure<nlmsgerr>().error;
  };
  EXPECT_EQ(error(up), 0);
  ifinfomsg down = up;
  down.ifi_flags = 0;
  EXPECT_EQ(error(down), -EPERM);
  up.ifi_index = 99;
  EXPECT_EQ(error(up), -EPERM);
}

TEST(NetlinkFile, GroupsAndOtherProgramsCannotBeReached) {
  Lab lab;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  address.nl_groups = RTMGRP_LINK;
  EXPECT_EQ(lab.file.connect(name, sizeof(address), lab.now), -EPERM);
  address.nl_groups = 0;
  EXPECT_EQ(lab.file.bind(name, sizeof(address) - 1, lab.now), -EINVAL);
  EXPECT_EQ(lab.file.bind(name, sizeof(address), lab.now), 0);
  socklen_t size = sizeof(address);
  EXPECT_EQ(lab.file.local_name(reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(address.nl_pid, kPort);
  address.nl_pid = 1;
  EXPECT_EQ(lab.file.connect(name, sizeof(address), lab.now), -ECONNREFUSED);
}

// Both ways into a group; what is told comes by itself, from the kernel's place.
TEST(NetlinkFile, MembersOfGroupsAreToldOfChanges) {
  Lab lab;
  int asked_to_look = 0;
  lab.file.on_hearing([&] { ++asked_to_look; });
  EXPECT_FALSE(lab.file.hears_changes());
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_EQ(lab.file.bind(name, sizeof(address), lab.now), 0);
  const int group = RTNLGRP_IPV4_IFADDR;
  EXPECT_EQ(lab.file.set_option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, 4, lab.now), 0);
  EXPECT_EQ(asked_to_look, 2);
  address = {};
  socklen_t size = sizeof(address);
  EXPECT_EQ(lab.file.local_name(reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(address.nl_groups, std::uint32_t{RTMGRP_LINK | RTMGRP_IPV4_IFADDR});
  lab.file.look_for_changes(lab.now);
  EXPECT_TRUE(lab.receive().empty());
  ASSERT_TRUE(lab.stack->set_mtu(lab.wire, 1400, lab.now));
  ASSERT_TRUE(lab.stack->add_address(lab.wire, *Prefix::parse("10.9.0.1/24"), lab.now));
  EXPECT_TRUE(lab.receive().empty()) << "nobody has looked";
  lab.file.look_for_changes(lab.now);
  const auto told = lab.receive();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].type, RTM_NEWLINK);
  EXPECT_EQ(told[1].type, RTM_NEWADDR);
  EXPECT_EQ(told[1].header.nlmsg_seq, 0U);
  EXPECT_EQ(lab.file.set_option(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, 4, lab.now), 0);
  const int none = 0;
  EXPECT_EQ(lab.file.set_option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &none, 4, lab.now), -EINVAL);
  Diagnosis other;
  EXPECT_EQ(other.diagnosis.set_option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, 4, other.now),
            -EPERM);
}

TEST(NetlinkFile, WhoDoesNotListenIsToldOnceThatNewsWereMissed) {
  Lab lab;
  const int least = 1;
  EXPECT_EQ(lab.file.set_option(SOL_SOCKET, SO_RCVBUF, &least, sizeof(least), lab.now), 0);
  const int group = RTNLGRP_LINK;
  EXPECT_EQ(lab.file.set_option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, 4, lab.now), 0);
  for (std::size_t mtu = 1300; mtu < 1400; ++mtu) {
    ASSERT_TRUE(lab.stack->set_mtu(lab.wire, mtu, lab.now));
    lab.file.look_for_changes(lab.now);
  }
  msghdr nothing{};
  EXPECT_EQ(lab.file.receive(nothing, 0, lab.now), -ENOBUFS);
  const auto told = lab.receive();
  EXPECT_FALSE(told.empty());
  EXPECT_LT(told.size(), 50U);
}

TEST(NetlinkFile, WhoAsksAndDoesNotListenHasToWait) {
  Lab lab;
  const int least = 1;
  EXPECT_EQ(lab.file.set_option(SOL_SOCKET, SO_RCVBUF, &least, sizeof(least), lab.now), 0);
  MessageWriter writer(kPort, 1);
  writer.begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, rtgenmsg{AF_UNSPEC});
  writer.end();
  const auto request = writer.take().front();
  int sent = 0;
  while (lab.send(request) > 0 && sent < 1000) ++sent;
  EXPECT_GT(sent, 1);
  EXPECT_LT(sent, 100);
  EXPECT_EQ(lab.send(request), -EAGAIN);
  EXPECT_NE(lab.file.events() & POLLIN, 0U);
  EXPECT_FALSE(lab.receive().empty());
  EXPECT_EQ(lab.file.events() & POLLIN, 0U);
  EXPECT_GT(lab.send(request), 0);
}

TEST(NetlinkFile, BentRequestsAreAnsweredOrIgnored) {
  Lab lab;
  Rng rng(5);
  for (int round = 0; round < 5'000; ++round) {
    MessageWriter writer(kPort, 1);
    writer.begin(static_cast<int>(rng.below(64)), static_cast<int>(rng.below(0x1000)), ifinfomsg{});
    writer.attribute(static_cast<int>(rng.below(8)), std::vector<std::byte>(rng.below(20)));
    writer.end();
    auto bytes = writer.take().front();
    for (int i = 0; i < 2; ++i) bytes[rng.below(bytes.size())] = static_cast<std::byte>(rng.next());
    EXPECT_EQ(lab.send(Bytes(bytes).first(rng.below(bytes.size() + 1))) < 0, false);
    for (const Told& one : lab.receive()) EXPECT_GE(one.header.nlmsg_len, sizeof(nlmsghdr));
  }
}

}  // namespace
}  // namespace strata::attach::netlink_file_test
