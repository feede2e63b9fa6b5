// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/datagram_file.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "socket/posix/loopback.h"
#include "support/bench.h"

namespace strata::posix::datagram_file_test {
namespace {

struct Row {
  int family, level, name, value, answer, told;
};

// Every option is set and asked for again; what is told may be what the kernel makes of it.
TEST(DatagramFile, KeepsTheOptionsItIsGiven) {
  const Row rows[] = {
      {AF_INET, SOL_SOCKET, SO_REUSEADDR, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_REUSEPORT, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_BROADCAST, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_NO_CHECK, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_RCVBUF, 10'000, 0, 20'000},
      {AF_INET, SOL_SOCKET, SO_SNDBUF, 10'000, 0, 20'000},
      {AF_INET, SOL_SOCKET, SO_TYPE, 1, -ENOPROTOOPT, SOCK_DGRAM},
      {AF_INET, IPPROTO_IP, IP_TTL, 5, 0, 5},
      {AF_INET, IPPROTO_IP, IP_TTL, 0, -EINVAL, 64},
      {AF_INET, IPPROTO_IP, IP_TTL, 256, -EINVAL, 64},
      {AF_INET, IPPROTO_IP, IP_TTL, -1, 0, 64},
      {AF_INET, IPPROTO_IP, IP_TOS, 0x28, 0, 0x28},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, 0, IP_PMTUDISC_DO},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, 0, IP_PMTUDISC_OMIT},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_INTERFACE, -EINVAL, IP_PMTUDISC_WANT},
      {AF_INET, IPPROTO_IP, IP_MTU_DISCOVER, 99, -EINVAL, IP_PMTUDISC_WANT},
      {AF_INET, IPPROTO_IP, IP_FREEBIND, 1, 0, 1},
      {AF_INET6, IPPROTO_IPV6, IPV6_FREEBIND, 1, 0, 1},
      {AF_INET, IPPROTO_IP, IP_TRANSPARENT, 1, -EPERM, 0},
      {AF_INET, IPPROTO_IP, IP_TRANSPARENT, 0, 0, 0},
      {AF_INET6, IPPROTO_IPV6, IPV6_TRANSPARENT, 1, -EPERM, 0},
      {AF_INET, SOL_SOCKET, SO_MARK, 7, 0, 7},
      {AF_INET, SOL_SOCKET, SO_PRIORITY, 6, 0, 6},
      {AF_INET, SOL_SOCKET, SO_PRIORITY, 7, -EPERM, 0},
      {AF_INET, SOL_SOCKET, SO_KEEPALIVE, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_OOBINLINE, 1, 0, 1},
      {AF_INET, SOL_SOCKET, SO_BUSY_POLL, 50, -EPERM, 0},
      {AF_INET, SOL_SOCKET, SO_BUSY_POLL, -1, -EINVAL, 0},
      {AF_INET, SOL_SOCKET, SO_RCVLOWAT, 5, 0, 5},
      {AF_INET, SOL_SOCKET, SO_RCVLOWAT, 0, 0, 1},
      {AF_INET, SOL_SOCKET, SO_SNDLOWAT, 5, -ENOPROTOOPT, 1},
      {AF_INET, IPPROTO_IP, IP_RECVERR, 1, 0, 1},
      {AF_INET, IPPROTO_IP, IP_RECVTTL, 1, 0, 1},
      {AF_INET, IPPROTO_IP, IP_MULTICAST_TTL, 9, 0, 9},
      {AF_INET, IPPROTO_IP, IP_MULTICAST_LOOP, 0, 0, 0},
      {AF_INET, IPPROTO_UDP, UDP_CORK, 1, 0, 1},
      {AF_INET, IPPROTO_UDP, UDP_SEGMENT, 1200, 0, 1200},
      {AF_INET, IPPROTO_UDP, UDP_GRO, 1, 0, 1},
      {AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, 1, 0, 1},
      {AF_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7, 0, 7},
      {AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 0x10, 0, 0x10},
      {AF_INET6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 3, 0, 3},
  };
  for (const Row& row : rows) {
    Loopback loopback;
    Calls& calls = *loopback.calls;
    const auto fd = static_cast<int>(calls.socket(row.family, SOCK_DGRAM, 0));
    EXPECT_EQ(calls.setsockopt(fd, row.level, row.name, &row.value, sizeof(int), loopback.now),
              row.answer)
        << row.level << " " << row.name << " " << row.value;
    int told = -1;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, row.level, row.name, &told, &size, loopback.now), 0);
    EXPECT_EQ(told, row.told) << row.level << " " << row.name;
    EXPECT_EQ(size, sizeof(told));
  }
}

// nsd starts on no system that does not know them, unless it is told EPERM.
TEST(DatagramFile, ForcedBufferSizesAreSizes) {
  constexpr int kNames[][2] = {{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}};
  for (const auto [forced, plain] : kNames) {
    Loopback loopback;
    Calls& calls = *loopback.calls;
    const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
    const int wanted = 30'000;
    EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof(int), loopback.now), 0);
    int told = -1;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, plain, &told, &size, loopback.now), 0);
    EXPECT_EQ(told, 2 * wanted);
    EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, forced, &told, &size, loopback.now), -ENOPROTOOPT);
  }
}

TEST(DatagramFile, RefusesOptionsItDoesNotHave) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const int on = 1;
  for (const int name : {SO_DONTROUTE, SO_TIMESTAMPING, 9999}) {
    EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, name, &on, sizeof(on), loopback.now), -ENOPROTOOPT);
  }
  EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 2, loopback.now), -EINVAL);
  EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, 4, loopback.now), -EFAULT);
}

TEST(DatagramFile, ALevelNobodyKnowsIsAnotherErrorThanAName) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  constexpr int kCases[][3] = {{AF_INET, 500, -EOPNOTSUPP},
                               {AF_INET, IPPROTO_TCP, -EOPNOTSUPP},
                               {AF_INET, IPPROTO_UDP, -ENOPROTOOPT},
                               {AF_INET6, 500, -ENOPROTOOPT}};
  for (const auto [family, level, answer] : kCases) {
    const auto fd = static_cast<int>(calls.socket(family, SOCK_DGRAM, 0));
    int told = 0;
    socklen_t size = sizeof(told);
    EXPECT_EQ(calls.getsockopt(fd, level, 9999, &told, &size, loopback.now), answer) << level;
  }
}

TEST(DatagramFile, LingerIsKept) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const linger wanted{1, 5};
  linger told{};
  socklen_t size = sizeof(told);
  EXPECT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, &wanted, sizeof(wanted), loopback.now), 0);
  EXPECT_EQ(calls.getsockopt(fd, SOL_SOCKET, SO_LINGER, &told, &size, loopback.now), 0);
  EXPECT_EQ(told.l_onoff, 1);
  EXPECT_EQ(told.l_linger, 5);
}

// Two sockets; what goes to one is written in pieces.
struct Pieces : Loopback {
  Pieces() {
    const sockaddr_in address = loopback_address(7004);
    server = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    client = static_cast<int>(calls->socket(AF_INET, SOCK_DGRAM, 0));
    EXPECT_EQ(calls->bind(server, as_sockaddr(address), sizeof(address), now), 0);
  }
  Answer send(std::string_view text, int flags, const sockaddr_in& to) {
    const Answer sent =
        calls->sendto(client, text.data(), text.size(), flags, as_sockaddr(to), sizeof(to), now)
            .answer();
    settle();
    return sent;
  }
  std::string received() {
    std::array<char, 100> room{};
    const Answer count = calls->recv(server, room.data(), room.size(), 0, now).answer();
    return count < 0 ? "nothing" : std::string(room.data(), static_cast<std::size_t>(count));
  }
  void cork(int value) {
    EXPECT_EQ(calls->setsockopt(client, IPPROTO_UDP, UDP_CORK, &value, sizeof(value), now), 0);
    settle();
  }

  int server = -1;
  int client = -1;
  sockaddr_in there = loopback_address(7004);
};

TEST(DatagramFile, WhatIsSentToAnyGoesToThisHost) {
  Pieces lab;
  sockaddr_in any = lab.there;
  any.sin_addr.s_addr = INADDR_ANY;
  EXPECT_EQ(lab.send("sent", 0, any), 4);
  EXPECT_EQ(lab.received(), "sent");
  EXPECT_EQ(lab.calls->connect(lab.client, as_sockaddr(any), sizeof(any), lab.now).answer(), 0);
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  EXPECT_EQ(lab.calls->getpeername(lab.client, reinterpret_cast<sockaddr*>(&peer), &size), 0);
  EXPECT_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(DatagramFile, WithMsgMoreSeveralWritesAreOneDatagram) {
  Pieces lab;
  EXPECT_EQ(lab.send("one ", MSG_MORE, lab.there), 4);
  EXPECT_EQ(lab.received(), "nothing");
  EXPECT_EQ(lab.send("two ", MSG_MORE, loopback_address(9)), 4) << "goes where the first goes";
  EXPECT_EQ(lab.send("three", 0, lab.there), 5);
  EXPECT_EQ(lab.received(), "one two three");
  EXPECT_EQ(lab.send("alone", 0, lab.there), 5);
  EXPECT_EQ(lab.received(), "alone");
}

TEST(DatagramFile, ACorkHoldsWritesUntilItIsOut) {
  Pieces lab;
  lab.cork(1);
  EXPECT_EQ(lab.send("one ", 0, lab.there), 4);
  EXPECT_EQ(lab.send("two", 0, lab.there), 3);
  EXPECT_EQ(lab.received(), "nothing");
  lab.cork(0);
  EXPECT_EQ(lab.received(), "one two");
}

TEST(DatagramFile, WhatIsHeldIsNoLongerThanADatagram) {
  Pieces lab;
  const std::string half(40'000, 'x');
  EXPECT_EQ(lab.send(half, MSG_MORE, lab.there), 40'000);
  EXPECT_EQ(lab.send(half, 0, lab.there), -EMSGSIZE);
  EXPECT_EQ(lab.send("after", 0, lab.there), 5);
  EXPECT_EQ(lab.received(), "after");
}

// RFC 4861 7.3.1: a program that is answered spares its next hop the question.
TEST(DatagramFile, WhatIsSentWithMsgConfirmKeepsTheNextHopFromBeingProbed) {
  using namespace support;
  for (const int flags : {0, int{MSG_CONFIRM}}) {
    Host host;
    ASSERT_TRUE(host.stack.remove_neighbor(host.eth0, host.peer4));
    (void)host.exchange(
        ethernet(kOurMac, kPeerMac, wire::kEtherTypeArp,
                 arp_packet({wire::ArpOperation::kRequest, kPeerMac, host.peer4, {}, host.own4})));
    Calls calls(host.stack);
    const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in peer = loopback_address(9);
    peer.sin_addr.s_addr = htonl(0x0a00'0002);
    int questions = 0;
    for (int second = 0; second < 20; ++second) {
      EXPECT_EQ(calls.sendto(fd, "x", 1, flags, as_sockaddr(peer), sizeof(peer), host.now).answer(),
                1);
      for (const Frame& frame : host.after(1s)) questions += decode(frame.all()).arp ? 1 : 0;
    }
    EXPECT_EQ(questions == 0, flags != 0) << questions;
  }
}

TEST(DatagramFile, SendBufferBoundsADatagram) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in address = loopback_address(9);
  const int size = 2500;
  ASSERT_EQ(calls.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size), loopback.now), 0);
  std::array<char, 6000> bytes{};
  const auto send = [&](std::size_t count) {
    return calls
        .sendto(fd, bytes.data(), count, 0, as_sockaddr(address), sizeof(address), loopback.now)
        .answer();
  };
  EXPECT_EQ(send(5001), -EMSGSIZE);
  EXPECT_EQ(send(1000), 1000);
}

TEST(DatagramFile, TellsWhereADatagramCameFrom) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto server = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in address = loopback_address(7001);
  ASSERT_EQ(calls.bind(server, as_sockaddr(address), sizeof(address), loopback.now), 0);
  ASSERT_EQ(
      calls.sendto(server, "x", 1, 0, as_sockaddr(address), sizeof(address), loopback.now).answer(),
      1);
  loopback.settle();
  sockaddr_in source{};
  socklen_t size = sizeof(source);
  char byte = 0;
  EXPECT_EQ(
      calls.recvfrom(server, &byte, 1, 0, reinterpret_cast<sockaddr*>(&source), &size, loopback.now)
          .answer(),
      1);
  EXPECT_EQ(size, sizeof(source));
  EXPECT_EQ(source.sin_port, htons(7001));
  EXPECT_EQ(source.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

// Linux: shutdown() says that there is no peer, and ends what waits.
TEST(DatagramFile, ShutdownWithoutAPeerWakesReaders) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in address = loopback_address(7003);
  ASSERT_EQ(calls.bind(fd, as_sockaddr(address), sizeof(address), loopback.now), 0);
  char byte = 0;
  Operation waits = calls.recv(fd, &byte, 1, 0, loopback.now);
  EXPECT_FALSE(waits.is_done());
  EXPECT_EQ(calls.shutdown(fd, SHUT_RD, loopback.now), -ENOTCONN);
  waits.resume(loopback.now);
  ASSERT_TRUE(waits.is_done());
  EXPECT_EQ(waits.answer(), 0);
  pollfd asked{fd, POLLIN | POLLRDHUP, 0};
  EXPECT_EQ(calls.poll(&asked, 1, 0, loopback.now).answer(), 1);
  EXPECT_EQ(asked.revents, POLLIN | POLLRDHUP);
}

TEST(DatagramFile, ConnectingToNobodyDissolvesTheAssociation) {
  Loopback loopback;
  Calls& calls = *loopback.calls;
  const auto fd = static_cast<int>(calls.socket(AF_INET, SOCK_DGRAM, 0));
  const sockaddr_in address = loopback_address(7002);
  ASSERT_EQ(calls.connect(fd, as_sockaddr(address), sizeof(address), loopback.now).answer(), 0);
  sockaddr_in none{};
  none.sin_family = AF_UNSPEC;
  EXPECT_EQ(calls.connect(fd, as_sockaddr(none), sizeof(none), loopback.now).answer(), 0);
  EXPECT_EQ(calls.send(fd, "x", 1, 0, loopback.now).answer(), -EDESTADDRREQ);
}

}  // namespace
}  // namespace strata::posix::datagram_file_test
