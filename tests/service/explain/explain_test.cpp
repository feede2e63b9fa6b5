// SPDX-License-Identifier: Apache-2.0
#include "service/explain/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "service/lab.h"
#include "stack/core.h"
#include "strata/icmp_socket.h"
#include "strata/raw_socket.h"
#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"
#include "strata/udp_socket.h"
#include "strata/wire/checksum.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/ipv6_extension.h"
#include "strata/wire/tcp.h"
#include "strata/wire/udp.h"

namespace strata::service::explain_test {
namespace {

constexpr IpAddress kOurs = IpAddress::v4(10, 77, 0, 2);
constexpr IpAddress kTheirs = IpAddress::v4(10, 77, 0, 1);

// A frame from them to us, to be spoilt.
struct Draft {
  MacAddress to;
  std::uint16_t ethertype = wire::kEtherTypeIpv4;
  wire::Ipv4Header ip{.source = kTheirs, .destination = kOurs};
  std::vector<std::byte> payload;

  [[nodiscard]] std::vector<std::byte> bytes() const {
    constexpr std::size_t kLink = wire::EthernetLayout::kSize;
    constexpr std::size_t kIp = wire::Ipv4Layout::kSize;
    std::vector<std::byte> frame(kLink + kIp + payload.size());
    const MutableBytes all(frame);
    write(wire::EthernetHeader{to, MacAddress::from_value(0x0200'0000'0099), ethertype},
          all.first<kLink>());
    wire::Ipv4Header header = ip;
    header.total_length = static_cast<std::uint16_t>(kIp + payload.size());
    write(header, all.subspan<kLink, kIp>());
    wire::set_ipv4_checksum(all.subspan(kLink, kIp));
    std::ranges::copy(payload, frame.begin() + kLink + kIp);
    return frame;
  }
};

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    lab.run_for(std::chrono::milliseconds(20));
    lab.ours->stack().for_each_interface([&](const InterfaceEntry& entry) {
      if (entry.name.view() == "ours") draft.to = entry.mac;
    });
  }

  void make_udp(std::uint16_t port) {
    draft.ip.protocol = wire::kIpProtocolUdp;
    draft.payload.assign(wire::UdpLayout::kSize + 5, std::byte{'x'});
    write(wire::UdpHeader{1234, port, 13, 0},
          MutableBytes(draft.payload).first<wire::UdpLayout::kSize>());
  }
  void make_tcp(const Endpoint& from, const Endpoint& to, wire::TcpFlags flags,
                std::uint32_t seq = 1, std::uint32_t ack = 0) {
    draft.ip.protocol = wire::kIpProtocolTcp;
    draft.payload.assign(wire::TcpLayout::kSize, std::byte{0});
    const MutableBytes tcp(draft.payload);
    write(wire::TcpHeader{.source_port = from.port,
                          .destination_port = to.port,
                          .sequence_number = seq,
                          .acknowledgment_number = ack,
                          .flags = flags,
                          .window = 1000},
          tcp.first<wire::TcpLayout::kSize>());
    const auto sum = wire::partial_sum(tcp) +
                     wire::pseudo_header_sum(from.address, to.address, wire::kIpProtocolTcp, 20);
    wire::TcpLayout::Checksum::set(tcp, wire::fold(sum));
  }
  Explanation ask(const std::vector<std::byte>& packet) {
    auto explained = explain(lab.ours->stack(), "ours", packet, lab_now);
    EXPECT_TRUE(explained) << (explained ? "" : explained.error().text);
    return explained ? std::move(*explained) : Explanation{};
  }
  Explanation ask() { return ask(draft.bytes()); }
  // The draft itself, from the other stack.
  void arrive() {
    Stack& theirs = lab.theirs->stack();
    const auto id = theirs.find_interface("theirs");
    const std::vector<std::byte> frame = draft.bytes();
    const Bytes packet = Bytes(frame).subspan(wire::EthernetLayout::kSize);
    PacketPtr carrier = theirs.pool().allocate();
    ASSERT_TRUE(id && carrier != nullptr);
    copy_bytes(packet, carrier->append(packet.size()));
    ASSERT_TRUE(theirs.send_frame(*id, draft.to, draft.ethertype, std::move(carrier)));
    lab.run_for(std::chrono::milliseconds(2));
  }
  // Without it, an answer waits for who it is for to be found.
  void make_neighbor_known() {
    const auto id = lab.ours->stack().find_interface("ours");
    ASSERT_TRUE(id && lab.ours->stack().add_neighbor(
                          *id, kTheirs, MacAddress::from_value(0x0200'0000'0099), lab_now));
  }
  static bool says(const Explanation& explained, std::string_view at, std::string_view what) {
    return std::ranges::any_of(explained.steps, [&](const ExplainStep& step) {
      return step.at == at && step.what.find(what) != std::string::npos;
    });
  }
  // Everything that a program can see of the running stack.
  std::string state_of() {
    std::string text;
    Stack& stack = lab.ours->stack();
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      text += std::to_string(stack.drops(static_cast<DropReason>(i))) + " ";
    }
    text += std::to_string(stack.counters().ipv4_received) + " " +
            std::to_string(stack.counters().tcp_received) + "\n";
    stack.for_each_socket([&](const SocketEntry& entry) {
      text += std::string(to_text(entry.local).view()) + " " +
              std::to_string(entry.queued_packets) + " " + std::to_string(entry.send_queue) + "\n";
    });
    stack.for_each_neighbor(lab_now, [&](const NeighborEntry& entry) {
      text += std::string(to_text(entry.address).view()) + "\n";
    });
    return text;
  }

  Lab lab;
  Draft draft;
};

TEST_F(ExplainTest, NamesEachReasonWhereItArises) {
  make_udp(99);
  struct Case {
    DropReason reason;
    std::function<std::vector<std::byte>()> spoil;
  };
  const auto with = [this](auto change) {
    return [this, change] {
      Draft other = draft;
      change(other);
      return other.bytes();
    };
  };
  const auto byte = [this](std::size_t at, std::uint8_t value) {
    return [this, at, value] {
      auto bytes = draft.bytes();
      bytes[at] = std::byte{value};
      return bytes;
    };
  };
  const Case cases[] = {
      {DropReason::kFrameTooShort, [] { return std::vector<std::byte>(5); }},
      {DropReason::kFrameNotForUs,
       with([](Draft& d) { d.to = MacAddress::from_value(0x0200'0000'0055); })},
      {DropReason::kFrameUnknownEthertype, with([](Draft& d) { d.ethertype = 0x88b5; })},
      {DropReason::kVlanNotConfigured, with([](Draft& d) { d.ethertype = 0x8100; })},
      {DropReason::kIpv4BadVersion, byte(14, 0x55)},
      {DropReason::kIpv4BadLength, byte(14, 0x44)},
      {DropReason::kIpv4BadChecksum, byte(24, 0x12)},
      {DropReason::kIpv4BadSource,
       with([](Draft& d) { d.ip.source = IpAddress::v4(224, 0, 0, 1); })},
      {DropReason::kNotLocalAndNotForwarding,
       with([](Draft& d) { d.ip.destination = IpAddress::v4(10, 77, 0, 200); })},
      {DropReason::kUnknownProtocol, with([](Draft& d) { d.ip.protocol = 253; })},
      {DropReason::kUdpNoSocket, with([](Draft&) {})},
      {DropReason::kUdpBadLength, byte(14 + 20 + 5, 200)},
      {DropReason::kUdpBadChecksum, byte(14 + 20 + 7, 1)},
  };
  for (const Case& each : cases) {
    const auto explained = ask(each.spoil());
    ASSERT_TRUE(explained.dropped) << name_of(each.reason) << ": " << explained.end;
    EXPECT_EQ(name_of(*explained.dropped), name_of(each.reason));
    EXPECT_NE(explained.end.find(explanation_of(each.reason)), std::string::npos) << explained.end;
  }
}

TEST_F(ExplainTest, FindsTheSocketOfADatagram) {
  auto socket = UdpSocket::open(lab.ours->stack());
  ASSERT_TRUE(socket->bind({IpAddress::any_v6(), 99}));
  make_udp(99);
  const auto explained = ask();
  EXPECT_FALSE(explained.dropped);
  EXPECT_EQ(explained.end, "accepted by the UDP socket [::]:99");
  EXPECT_TRUE(says(explained, "IP header", "sound"));
  EXPECT_TRUE(says(explained, "destination", "10.77.0.2 is ours"));
  EXPECT_TRUE(says(explained, "frame", "this interface"));
}

TEST_F(ExplainTest, SaysWhatWouldBeAnswered) {
  make_udp(99);
  EXPECT_TRUE(says(ask(), "sends", "who-has 10.77.0.1"));
  make_neighbor_known();
  EXPECT_TRUE(says(ask(), "sends", "port unreachable"));
  make_tcp({kTheirs, 4000}, {kOurs, 81}, wire::kTcpSyn);
  const auto refused = ask();
  EXPECT_EQ(refused.dropped, DropReason::kTcpNoSocket);
  EXPECT_TRUE(says(refused, "sends", "Flags [R.]"));
}

TEST_F(ExplainTest, FindsTheListenerOfASyn) {
  auto listener = TcpListener::listen(lab.ours->stack(), {IpAddress::any_v6(), 80}, {});
  ASSERT_TRUE(listener);
  make_neighbor_known();
  make_tcp({kTheirs, 4000}, {kOurs, 80}, wire::kTcpSyn);
  const auto explained = ask();
  EXPECT_FALSE(explained.dropped) << explained.end;
  EXPECT_NE(explained.end.find("accepted by the listener"), std::string::npos) << explained.end;
  EXPECT_TRUE(says(explained, "sends", "Flags [S.]"));
}

TEST_F(ExplainTest, TakesTheConnectionAlong) {
  const Endpoint there{kTheirs, 80};
  auto listener = TcpListener::listen(lab.theirs->stack(), there, {});
  auto stream = TcpStream::connect(lab.ours->stack(), there, {}, lab_now);
  ASSERT_TRUE(listener && stream);
  lab.run_for(std::chrono::milliseconds(50));
  const auto local = stream->local();
  ASSERT_TRUE(local);
  // A reset whose number is nowhere near the window.
  make_tcp(there, {kOurs, local->port}, wire::kTcpRst, 7);
  const auto refused = ask();
  ASSERT_TRUE(refused.dropped) << refused.end;
  EXPECT_EQ(stream->state().value_or(TcpState::kClosed), TcpState::kEstablished);
}

TEST_F(ExplainTest, KeepsAFragment) {
  make_udp(99);
  draft.payload.resize(16);
  draft.ip.more_fragments = true;
  const auto explained = ask();
  EXPECT_FALSE(explained.dropped);
  EXPECT_EQ(explained.end, "kept until the other fragments come");
}

// The rest of a datagram whose beginning waits in the running stack.
TEST_F(ExplainTest, KnowsTheFragmentsThatCameBefore) {
  auto socket = UdpSocket::open(lab.ours->stack());
  ASSERT_TRUE(socket->bind({IpAddress::any_v6(), 99}));
  make_udp(99);
  write(wire::UdpHeader{1234, 99, 24, 0},
        MutableBytes(draft.payload).first<wire::UdpLayout::kSize>());
  draft.payload.resize(16);
  draft.ip.identification = 77;
  draft.ip.more_fragments = true;
  arrive();
  ASSERT_EQ(lab.ours->stack().core().reassembly.fragments(), 1U);
  draft.payload.assign(8, std::byte{'y'});
  draft.ip.fragment_offset = 16;
  draft.ip.more_fragments = false;
  const auto explained = ask();
  EXPECT_TRUE(says(explained, "reassembly", "1 of its datagram came before: now it is complete"));
  EXPECT_EQ(explained.end, "accepted by the UDP socket [::]:99");
  EXPECT_EQ(lab.ours->stack().core().reassembly.fragments(), 1U) << "it waits on";
  draft.ip.identification = 78;
  EXPECT_TRUE(says(ask(), "reassembly", "the first of its datagram"));
  // RFC 791 3.2: that of another protocol is of another datagram.
  draft.ip.identification = 77;
  draft.ip.protocol = wire::kIpProtocolTcp;
  EXPECT_TRUE(says(ask(), "reassembly", "the first of its datagram"));
}

// The header that says which connection it is stands in the fragment that came before.
TEST_F(ExplainTest, KnowsTheConnectionOfTheLastFragment) {
  const Endpoint there{kTheirs, 80};
  auto listener = TcpListener::listen(lab.theirs->stack(), there, {});
  auto stream = TcpStream::connect(lab.ours->stack(), there, {}, lab_now);
  ASSERT_TRUE(listener && stream);
  lab.run_for(std::chrono::milliseconds(50));
  const auto local = stream->local();
  ASSERT_TRUE(local);
  make_tcp(there, {kOurs, local->port}, wire::kTcpAck, 7);
  const std::vector<std::byte> segment = draft.payload;
  draft.payload.resize(16);
  draft.ip.identification = 77;
  draft.ip.more_fragments = true;
  arrive();
  ASSERT_EQ(lab.ours->stack().core().reassembly.fragments(), 1U);
  draft.payload.assign(segment.begin() + 16, segment.end());
  draft.ip.fragment_offset = 16;
  draft.ip.more_fragments = false;
  const auto explained = ask();
  EXPECT_TRUE(says(explained, "reassembly", "now it is complete"));
  EXPECT_NE(explained.dropped, DropReason::kTcpNoSocket) << explained.end;
  EXPECT_FALSE(says(explained, "sends", "Flags [R"));
}

// RFC 6946: a fragment header on a packet that is whole.
TEST_F(ExplainTest, KnowsTheConnectionOfAnAtomicFragment) {
  const IpAddress ours = *IpAddress::parse("fd77::2");
  const IpAddress theirs = *IpAddress::parse("fd77::1");
  const Endpoint there{theirs, 80};
  auto listener = TcpListener::listen(lab.theirs->stack(), there, {});
  auto stream = TcpStream::connect(lab.ours->stack(), there, {}, lab_now);
  ASSERT_TRUE(listener && stream);
  lab.run_for(std::chrono::milliseconds(50));
  const auto local = stream->local();
  ASSERT_TRUE(local);
  make_tcp(there, {ours, local->port}, wire::kTcpAck, 7);
  constexpr std::size_t kLink = wire::EthernetLayout::kSize;
  constexpr std::size_t kIp = wire::Ipv6Layout::kSize;
  constexpr std::size_t kFragment = wire::Ipv6FragmentLayout::kSize;
  std::vector<std::byte> frame(kLink + kIp + kFragment + draft.payload.size());
  const MutableBytes all(frame);
  write(wire::EthernetHeader{draft.to, MacAddress::from_value(0x0200'0000'0099),
                             wire::kEtherTypeIpv6},
        all.first<kLink>());
  write(wire::Ipv6Header{.payload_length =
                             static_cast<std::uint16_t>(kFragment + draft.payload.size()),
                         .next_header = wire::kIpProtocolFragment,
                         .hop_limit = 64,
                         .source = theirs,
                         .destination = ours},
        all.subspan<kLink, kIp>());
  write(wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolTcp, .identification = 77},
        all.subspan<kLink + kIp, kFragment>());
  copy_bytes(draft.payload, all.subspan(kLink + kIp + kFragment));
  const auto explained = ask(frame);
  EXPECT_NE(explained.dropped, DropReason::kTcpNoSocket) << explained.end;
  EXPECT_FALSE(says(explained, "sends", "Flags [R"));
  EXPECT_FALSE(says(explained, "reassembly", ""));
}

TEST_F(ExplainTest, ForgetsSocketsOfAnInterfaceThatIsGone) {
  Stack& stack = lab.ours->stack();
  const auto port = stack.find_interface("ours");
  ASSERT_TRUE(port);
  VlanTags tags;
  tags.tags[0].id = 5;
  tags.count = 1;
  InterfaceConfig config;
  config.name = "ours.5";
  const auto vlan = stack.add_vlan(*port, tags, config, lab_now);
  ASSERT_TRUE(vlan);
  auto packets = PacketSocket::open(stack, *vlan, 0x0800);
  ASSERT_TRUE(packets && stack.remove_interface(*vlan, lab_now));
  make_udp(99);
  EXPECT_EQ(ask().end.find("packet socket"), std::string::npos) << "it hears no other interface";
}

TEST_F(ExplainTest, FindsSocketsOfEveryKind) {
  Stack& stack = lab.ours->stack();
  auto raw = RawSocket::open(stack, AddressFamily::kIpv4, 253);
  auto echo = IcmpSocket::open(stack, AddressFamily::kIpv4);
  ASSERT_TRUE(raw && echo && echo->bind(IpAddress::any_v4(), 7));
  draft.ip.protocol = 253;
  draft.payload.assign(8, std::byte{1});
  EXPECT_EQ(ask().end, "accepted by a raw socket of protocol 253");
  draft.ip.protocol = wire::kIpProtocolIcmpv4;
  draft.payload.assign(8, std::byte{0});
  draft.payload[5] = std::byte{7};
  draft.payload[2] = std::byte{0xff};
  draft.payload[3] = std::byte{0xf8};
  EXPECT_EQ(ask().end, "accepted by the ICMP socket of identifier 7");
  ASSERT_TRUE(echo->connect(IpAddress::v4(10, 77, 0, 9)));
  EXPECT_EQ(ask().dropped, DropReason::kIcmpQuoteUnknown) << "it speaks with somebody else";
  auto packets = PacketSocket::open(stack, kNoInterface, 0x0800);
  ASSERT_TRUE(packets);
  draft.ip.protocol = 253;
  EXPECT_EQ(ask().end, "accepted by a raw socket of protocol 253 and a packet socket");
}

TEST_F(ExplainTest, SaysWhatItCannotAsk) {
  struct Nobody final : ProtocolHandler, Hook {
    void on_packet(PacketPtr, const IpAddress&, const IpAddress&, Time) override {}
    void on_packets(HookPoint, std::span<Packet* const>, std::span<Verdict>, Time) override {}
  } nobody;
  make_udp(99);
  EXPECT_FALSE(says(ask(), "handlers", ""));
  Stack& stack = lab.ours->stack();
  ASSERT_TRUE(stack.set_protocol_handler(253, &nobody));
  ASSERT_TRUE(stack.add_hook(HookPoint::kIpIn, nobody));
  EXPECT_TRUE(says(ask(), "handlers", "1 of ethertypes or IP protocols"));
  EXPECT_TRUE(says(ask(), "hooks", "1 at ip_in, which are not asked here"));
  stack.remove_hook(HookPoint::kIpIn, nobody);
  ASSERT_TRUE(stack.set_protocol_handler(253, nullptr));
}

TEST_F(ExplainTest, ForwardsWhereTheStackDoes) {
  make_udp(99);
  draft.ip.destination = IpAddress::v4(10, 99, 0, 1);
  EXPECT_EQ(ask().dropped, DropReason::kNotLocalAndNotForwarding);
  lab.ours->stack().set_forwarding(true, true);
  EXPECT_EQ(ask().dropped, DropReason::kNoRoute);
  ASSERT_TRUE(lab.ours->add_default_route(kTheirs));
  draft.ip.time_to_live = 1;
  EXPECT_EQ(ask().dropped, DropReason::kTtlExpired);
  draft.ip.time_to_live = 9;
  const auto explained = ask();
  EXPECT_EQ(explained.end, "forwarded");
  EXPECT_TRUE(says(explained, "destination", "not ours"));
}

TEST_F(ExplainTest, ChangesNothingThatRuns) {
  auto socket = UdpSocket::open(lab.ours->stack());
  ASSERT_TRUE(socket->bind({IpAddress::any_v6(), 99}));
  auto listener = TcpListener::listen(lab.ours->stack(), {IpAddress::any_v6(), 80}, {});
  const std::string before = state_of();
  make_udp(99);
  static_cast<void>(ask());
  make_tcp({kTheirs, 4000}, {kOurs, 80}, wire::kTcpSyn);
  static_cast<void>(ask());
  static_cast<void>(ask(std::vector<std::byte>(1500)));
  EXPECT_EQ(state_of(), before);
}

TEST_F(ExplainTest, SaysThatThereIsNoSuchInterface) {
  const auto explained = explain(lab.ours->stack(), "eth7", draft.bytes(), lab_now);
  ASSERT_FALSE(explained);
  EXPECT_NE(explained.error().hint.find("ours"), std::string::npos);
}

}  // namespace
}  // namespace strata::service::explain_test
