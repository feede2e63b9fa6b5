// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/packet_file.h"

#include <gtest/gtest.h>
#include <linux/icmp.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <string>

#include "socket/posix/datagram_file.h"
#include "socket/posix/loopback.h"
#include "support/bench.h"

// After <netinet/in.h>, for its sockaddr.
#include <linux/errqueue.h>

namespace strata::posix::packet_file_test {
namespace {

constexpr std::uint16_t kNoPort = 0;

struct Told {
  Answer answer = 0;
  std::string bytes;
  std::string control;
  int flags = 0;
};

struct Lab : Loopback {
  Answer send(File& file, std::string_view bytes, std::uint16_t port = kNoPort) {
    sockaddr_in there = loopback_address(port);
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &there;
    message.msg_namelen = sizeof(there);
    const Answer sent = file.send(message, 0, now);
    settle();
    return sent;
  }
  Told receive(File& file, int flags = 0, std::size_t room = 500) {
    Told told{.answer = 0, .bytes = std::string(room, '\0'), .control = std::string(500, '\0')};
    iovec part{told.bytes.data(), told.bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = told.control.data();
    message.msg_controllen = told.control.size();
    told.answer = file.receive(message, flags, now);
    told.flags = message.msg_flags;
    told.bytes.resize(std::min(room, static_cast<std::size_t>(std::max<Answer>(told.answer, 0))));
    told.control.resize(told.answer < 0 ? 0 : message.msg_controllen);
    return told;
  }
  Answer set(File& file, int level, int name, int value) {
    return file.set_option(level, name, &value, sizeof(value), now);
  }
  int get(File& file, int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return file.option(level, name, &value, &size, now) < 0 ? -1 : value;
  }
  FilePtr echo = EchoFile::open(*stack, AddressFamily::kIpv4).file;
};

std::string request(char type = 8, std::string_view payload = "payload") {
  return std::string{type, 0, 0, 0, 0, 0, 0, 7} + std::string(payload);
}

TEST(EchoFile, IsAnsweredUnderItsOwnIdentifier) {
  Lab lab;
  EXPECT_EQ(lab.receive(*lab.echo).answer, -EAGAIN);
  EXPECT_EQ(lab.send(*lab.echo, request()), 15);
  EXPECT_NE(lab.echo->events() & POLLIN, 0U);
  int size = 0;
  EXPECT_EQ(lab.echo->control(FIONREAD, size), 0);
  EXPECT_EQ(size, 15);
  EXPECT_EQ(lab.receive(*lab.echo, MSG_PEEK).answer, 15);
  const Told reply = lab.receive(*lab.echo, 0, 10);
  EXPECT_EQ(reply.answer, 10);
  EXPECT_NE(reply.flags & MSG_TRUNC, 0);
  EXPECT_EQ(reply.bytes[0], 0);
  EXPECT_EQ(reply.bytes.substr(7), "\x07pa");
  sockaddr_in name{};
  socklen_t name_size = sizeof(name);
  EXPECT_EQ(lab.echo->local_name(reinterpret_cast<sockaddr*>(&name), &name_size), 0);
  EXPECT_EQ(reply.bytes.substr(4, 2),
            std::string(reinterpret_cast<const char*>(&name.sin_port), 2));
  EXPECT_EQ(lab.echo->events() & POLLIN, 0U);
}

TEST(EchoFile, SendsNothingButRequests) {
  Lab lab;
  EXPECT_EQ(lab.send(*lab.echo, request(13)), -EINVAL);
  EXPECT_EQ(lab.send(*lab.echo, request(0)), -EINVAL);
  EXPECT_EQ(lab.send(*lab.echo, "short"), -EINVAL);
  iovec part{};
  msghdr nowhere{};
  nowhere.msg_iov = &part;
  nowhere.msg_iovlen = 1;
  EXPECT_EQ(lab.echo->send(nowhere, 0, lab.now), -EDESTADDRREQ);
}

TEST(RawFile, GetsPacketsWithTheirHeaderAndOnlyOfTypesThatAreNotBlocked) {
  Lab lab;
  const FilePtr raw = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_ICMP).file;
  const FilePtr replies = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_ICMP).file;
  EXPECT_EQ(lab.set(*replies, SOL_RAW, ICMP_FILTER, ~1), 0);
  EXPECT_EQ(lab.get(*replies, SOL_RAW, ICMP_FILTER), ~1);
  EXPECT_EQ(lab.send(*lab.echo, request()), 15);
  const Told first = lab.receive(*raw);
  EXPECT_EQ(first.answer, 35);
  EXPECT_EQ(first.bytes[0], 0x45);
  EXPECT_EQ(first.bytes[20], 8);
  EXPECT_EQ(lab.receive(*raw).bytes[20], 0);
  EXPECT_EQ(lab.receive(*replies).bytes[20], 0);
  EXPECT_EQ(lab.receive(*replies).answer, -EAGAIN);
}

TEST(RawFile, KeepsItsOptions) {
  Lab lab;
  const FilePtr udp = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_UDP).file;
  const FilePtr raw = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_RAW).file;
  const FilePtr v6 = RawFile::open(*lab.stack, AddressFamily::kIpv6, IPPROTO_ICMPV6).file;
  EXPECT_EQ(lab.get(*raw, IPPROTO_IP, IP_HDRINCL), 1);
  EXPECT_EQ(lab.get(*udp, IPPROTO_IP, IP_HDRINCL), 0);
  EXPECT_EQ(lab.set(*udp, IPPROTO_IP, IP_HDRINCL, 1), 0);
  EXPECT_EQ(lab.get(*udp, IPPROTO_IP, IP_HDRINCL), 1);
  EXPECT_EQ(lab.set(*udp, SOL_RAW, ICMP_FILTER, 1), -ENOPROTOOPT);
  EXPECT_EQ(lab.set(*v6, IPPROTO_IP, IP_HDRINCL, 1), -ENOPROTOOPT);
  EXPECT_EQ(lab.set(*udp, IPPROTO_IP, IP_TTL, 9), 0);
  EXPECT_EQ(lab.get(*udp, IPPROTO_IP, IP_TTL), 9);
  EXPECT_EQ(lab.set(*udp, SOL_SOCKET, SO_TIMESTAMP, 1), -ENOPROTOOPT) << "without a clock";
  EXPECT_EQ(lab.get(*udp, SOL_SOCKET, SO_BROADCAST), 0);
  EXPECT_EQ(lab.set(*udp, SOL_SOCKET, SO_BROADCAST, 1), 0);
  EXPECT_EQ(lab.get(*udp, SOL_SOCKET, SO_BROADCAST), 1);
  std::array<std::uint32_t, 8> blocked{};
  blocked.fill(0xffff'ffff);
  EXPECT_EQ(v6->set_option(IPPROTO_ICMPV6, 1, blocked.data(), 4, lab.now), -EINVAL);
  EXPECT_EQ(v6->set_option(IPPROTO_ICMPV6, 1, blocked.data(), sizeof(blocked), lab.now), 0);
}

// RFC 1122 4.1.3.4.
TEST(RawFile, BroadcastingMustBeAskedFor) {
  support::Host host;
  const FilePtr raw = RawFile::open(host.stack, AddressFamily::kIpv4, 253).file;
  sockaddr_in all{};
  all.sin_family = AF_INET;
  all.sin_addr.s_addr = htonl(INADDR_BROADCAST);
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_name = &all;
  message.msg_namelen = sizeof(all);
  EXPECT_EQ(raw->send(message, 0, host.now), -EACCES);
  const int on = 1;
  EXPECT_EQ(raw->set_option(SOL_SOCKET, SO_BROADCAST, &on, sizeof(on), host.now), 0);
  EXPECT_EQ(raw->send(message, 0, host.now), 1);
}

// A program that makes its own checksums must know it.
TEST(RawFile, AConnectedOneKnowsWhereItSpeaksFrom) {
  Lab lab;
  const FilePtr raw = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_TCP).file;
  const auto local = [&] {
    sockaddr_in name{};
    socklen_t size = sizeof(name);
    EXPECT_EQ(raw->local_name(reinterpret_cast<sockaddr*>(&name), &size), 0);
    return ntohl(name.sin_addr.s_addr);
  };
  EXPECT_EQ(local(), INADDR_ANY);
  sockaddr_in there = loopback_address(0);
  EXPECT_EQ(raw->connect(as_sockaddr(there), sizeof(there), lab.now), 0);
  EXPECT_EQ(local(), INADDR_LOOPBACK);
  there.sin_addr.s_addr = htonl(0x0a00'0001);
  EXPECT_EQ(raw->connect(as_sockaddr(there), sizeof(there), lab.now), -ENETUNREACH);
  EXPECT_EQ(local(), INADDR_LOOPBACK) << "as it was";
  there.sin_family = AF_UNSPEC;
  EXPECT_EQ(raw->connect(as_sockaddr(there), sizeof(there), lab.now), 0);
  EXPECT_EQ(local(), INADDR_ANY);
}

TEST(RawFile, TimeStampsAreTheWallsClock) {
  Lab lab;
  const FilePtr raw = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_ICMP).file;
  static_cast<MessageFile&>(*raw).set_wall_clock(
      [](Time now, Time at) { return timespec{1000 - (now - at).count(), 5000}; });
  EXPECT_EQ(lab.set(*raw, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
  EXPECT_EQ(lab.send(*lab.echo, request()), 15);
  const Told told = lab.receive(*raw);
  cmsghdr header{};
  timeval time{};
  ASSERT_GE(told.control.size(), CMSG_LEN(sizeof(time)));
  std::memcpy(&header, told.control.data(), sizeof(header));
  std::memcpy(&time, told.control.data() + CMSG_LEN(0), sizeof(time));
  EXPECT_EQ(header.cmsg_type, SCM_TIMESTAMP);
  EXPECT_EQ(time.tv_sec, 1000);
  EXPECT_EQ(time.tv_usec, 5);
}

TEST(RawFile, TimeStampingTellsOfWhatIsReceivedAlone) {
  Lab lab;
  const FilePtr raw = RawFile::open(*lab.stack, AddressFamily::kIpv4, IPPROTO_ICMP).file;
  static_cast<MessageFile&>(*raw).set_wall_clock(
      [](Time now, Time at) { return timespec{1000 - (now - at).count(), 5000}; });
  EXPECT_EQ(lab.set(*raw, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE), -EOPNOTSUPP);
  EXPECT_EQ(lab.set(*raw, SOL_SOCKET, SO_TIMESTAMPING, 1 << 30), -EINVAL);
  EXPECT_EQ(lab.get(*raw, SOL_SOCKET, SO_TIMESTAMPING), 0);
  // Made, but not asked to be told.
  EXPECT_EQ(lab.set(*raw, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE), 0);
  EXPECT_EQ(lab.send(*lab.echo, request()), 15);
  EXPECT_TRUE(lab.receive(*raw).control.empty());
  const int both = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  EXPECT_EQ(lab.set(*raw, SOL_SOCKET, SO_TIMESTAMPING, both), 0);
  EXPECT_EQ(lab.get(*raw, SOL_SOCKET, SO_TIMESTAMPING), both);
  EXPECT_EQ(lab.receive(*raw).answer, 35) << "the reply, with its IP header";
  EXPECT_EQ(lab.send(*lab.echo, request()), 15);
  const Told told = lab.receive(*raw);
  cmsghdr header{};
  std::array<timespec, 3> times{};
  ASSERT_GE(told.control.size(), CMSG_LEN(sizeof(times)));
  std::memcpy(&header, told.control.data(), sizeof(header));
  std::memcpy(&times, told.control.data() + CMSG_LEN(0), sizeof(times));
  EXPECT_EQ(header.cmsg_type, SCM_TIMESTAMPING);
  EXPECT_EQ(header.cmsg_len, CMSG_LEN(sizeof(times)));
  EXPECT_EQ(times[0].tv_sec, 1000);
  EXPECT_EQ(times[0].tv_nsec, 5000);
  EXPECT_EQ(times[2].tv_sec, 0) << "no device has a clock";
}

TEST(MessageFile, ErrorsAreKeptWithWhatWasSent) {
  Lab lab;
  const FilePtr udp = DatagramFile::open(*lab.stack, AddressFamily::kIpv4).file;
  auto& messages = static_cast<MessageFile&>(*udp);
  EXPECT_EQ(lab.set(*udp, IPPROTO_IP, IP_RECVERR, 1), 0);
  EXPECT_FALSE(messages.has_errors());
  EXPECT_EQ(lab.send(*udp, "to nobody", 9), 9);
  EXPECT_EQ(messages.count_errors(), 1U);
  EXPECT_NE(udp->events() & POLLERR, 0U);
  EXPECT_EQ(lab.receive(*udp).answer, -ECONNREFUSED) << "once, by a call about data";
  EXPECT_EQ(lab.receive(*udp).answer, -EAGAIN);
  const Told told = lab.receive(*udp, MSG_ERRQUEUE, 5);
  EXPECT_EQ(told.bytes, "to no");
  EXPECT_NE(told.flags & MSG_ERRQUEUE, 0);
  EXPECT_NE(told.flags & MSG_TRUNC, 0);
  sock_extended_err what{};
  ASSERT_GE(told.control.size(), CMSG_LEN(sizeof(what)));
  std::memcpy(&what, told.control.data() + CMSG_LEN(0), sizeof(what));
  EXPECT_EQ(what.ee_errno, static_cast<unsigned>(ECONNREFUSED));
  EXPECT_EQ(what.ee_origin, SO_EE_ORIGIN_ICMP);
  EXPECT_FALSE(messages.has_errors());
  EXPECT_EQ(udp->events() & POLLERR, 0U);
}

TEST(MessageFile, ManyErrorsAreBoundedAndTheOldestGo) {
  Lab lab;
  const FilePtr udp = DatagramFile::open(*lab.stack, AddressFamily::kIpv4).file;
  EXPECT_EQ(lab.set(*udp, IPPROTO_IP, IP_RECVERR, 1), 0);
  int sent = 0;
  for (int i = 0; i < 200; ++i) {
    if (lab.send(*udp, std::to_string(i), 9) > 0) ++sent;
    static_cast<void>(static_cast<MessageFile&>(*udp).has_errors());
    lab.now += std::chrono::seconds(1);
  }
  EXPECT_GT(sent, 60);
  int kept = 0;
  while (lab.receive(*udp, MSG_ERRQUEUE).answer >= 0) ++kept;
  EXPECT_GT(kept, 1);
  EXPECT_LE(kept, 64);
}

}  // namespace
}  // namespace strata::posix::packet_file_test
