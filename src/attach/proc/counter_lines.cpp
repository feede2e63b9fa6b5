// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/counter_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "stack/core.h"

namespace strata::attach {
namespace {

using Count = std::pair<std::string_view, std::uint64_t>;

// A line of names, and one of numbers.
void write_group(std::string& text, std::string_view group, std::initializer_list<Count> counts) {
  text += group;
  for (const auto& [name, count] : counts) fmt::format_to(std::back_inserter(text), " {}", name);
  fmt::format_to(std::back_inserter(text), "\n{}", group);
  for (const auto& [name, count] : counts) fmt::format_to(std::back_inserter(text), " {}", count);
  text += '\n';
}

std::uint64_t drops(const Stack& stack, std::initializer_list<DropReason> reasons) {
  std::uint64_t total = 0;
  for (const DropReason reason : reasons) total += stack.drops(reason);
  return total;
}

void write_ip(std::string& text, Stack& stack) {
  const StackCounters& counts = stack.counters();
  using R = DropReason;
  const std::uint64_t bad_header =
      drops(stack, {R::kIpv4TooShort, R::kIpv4BadVersion, R::kIpv4BadLength, R::kIpv4BadChecksum,
                    R::kIpv4BadOption, R::kTtlExpired});
  const std::uint64_t bad_address =
      drops(stack, {R::kIpv4BadSource, R::kIpv4BadDestination, R::kNotLocalAndNotForwarding});
  const std::uint64_t bad_fragments =
      drops(stack, {R::kFragmentMalformed, R::kFragmentOverlap, R::kFragmentTimeout,
                    R::kFragmentBudget, R::kFragmentTooMany});
  const auto& config = stack.core().config;
  write_group(text, "Ip:",
              {{"Forwarding", config.forward_ipv4 ? 1U : 2U},
               {"DefaultTTL", 64},
               {"InReceives", counts.ipv4_received},
               {"InHdrErrors", bad_header},
               {"InAddrErrors", bad_address},
               {"ForwDatagrams", counts.ipv4_forwarded},
               {"InUnknownProtos", stack.drops(R::kUnknownProtocol)},
               {"InDiscards", stack.drops(R::kPoolEmpty)},
               {"InDelivers", counts.ipv4_delivered},
               {"OutRequests", counts.ipv4_sent},
               {"OutDiscards", stack.drops(R::kTransmitQueueFull)},
               {"OutNoRoutes", stack.drops(R::kNoRoute)},
               {"ReasmTimeout", stack.drops(R::kFragmentTimeout)},
               {"ReasmReqds", counts.fragments_received},
               {"ReasmOKs", counts.reassembled},
               {"ReasmFails", bad_fragments},
               {"FragOKs", 0},
               {"FragFails", stack.drops(R::kPacketTooBig)},
               {"FragCreates", counts.fragments_sent}});
}

// Linux tells of each type; what is counted here are messages.
void write_icmp(std::string& text, const Stack& stack) {
  const StackCounters& counts = stack.counters();
  using R = DropReason;
  write_group(
      text, "Icmp:",
      {{"InMsgs", counts.icmp_received},
       {"InErrors", drops(stack, {R::kIcmpTooShort, R::kIcmpBadChecksum, R::kIcmpUnknownType})},
       {"InCsumErrors", stack.drops(R::kIcmpBadChecksum)},
       {"InDestUnreachs", 0},
       {"InTimeExcds", 0},
       {"InParmProbs", 0},
       {"InSrcQuenchs", 0},
       {"InRedirects", 0},
       {"InEchos", counts.echo_replies_sent},
       {"InEchoReps", 0},
       {"InTimestamps", 0},
       {"InTimestampReps", 0},
       {"InAddrMasks", 0},
       {"InAddrMaskReps", 0},
       {"OutMsgs", counts.icmp_sent},
       {"OutErrors", 0},
       {"OutDestUnreachs", counts.icmp_errors_sent},
       {"OutTimeExcds", 0},
       {"OutParmProbs", 0},
       {"OutSrcQuenchs", 0},
       {"OutRedirects", 0},
       {"OutEchos", 0},
       {"OutEchoReps", counts.echo_replies_sent},
       {"OutTimestamps", 0},
       {"OutTimestampReps", 0},
       {"OutAddrMasks", 0},
       {"OutAddrMaskReps", 0}});
}

struct Connections {
  std::uint64_t open_v4 = 0;  // with a place in the table, TIME-WAIT and half-open ones left out
  std::uint64_t open_v6 = 0;
  std::uint64_t established = 0;
};

Connections count_connections(const Stack& stack) {
  Connections all;
  stack.for_each_socket([&](const SocketEntry& entry) {
    if (entry.kind != SocketEntry::Kind::kTcp) return;
    const TcpState state = entry.state;
    if (state == TcpState::kEstablished || state == TcpState::kCloseWait) ++all.established;
    const bool is_small = state == TcpState::kTimeWait || state == TcpState::kSynReceived;
    if (is_small || state == TcpState::kClosed) return;
    ++(entry.local.address.is_v4() ? all.open_v4 : all.open_v6);
  });
  return all;
}

void write_tcp(std::string& text, Stack& stack) {
  using Millis = std::chrono::milliseconds;
  const tcp::Transport* const transport = stack.core().tcp;
  const tcp::TransportCounters counts =
      transport == nullptr ? tcp::TransportCounters{} : transport->counters();
  const TcpConfig& config = stack.tcp_config();
  const auto rto = [](Duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(time).count());
  };
  using R = DropReason;
  write_group(text, "Tcp:",
              {{"RtoAlgorithm", 1},
               {"RtoMin", rto(config.rto_min)},
               {"RtoMax", rto(config.rto_max)},
               {"MaxConn", config.connections_max},
               {"ActiveOpens", counts.active_opens},
               {"PassiveOpens", counts.passive_opens},
               {"AttemptFails", counts.failed_opens},
               {"EstabResets", counts.established_resets},
               {"CurrEstab", count_connections(stack).established},
               {"InSegs", counts.segments_in},
               {"OutSegs", counts.segments_out},
               {"RetransSegs", counts.segments_retransmitted},
               {"InErrs", drops(stack, {R::kTcpTooShort, R::kTcpBadOffset, R::kTcpBadChecksum})},
               {"OutRsts", counts.resets_out},
               {"InCsumErrors", stack.drops(R::kTcpBadChecksum)}});
}

void write_udp(std::string& text, const Stack& stack) {
  using R = DropReason;
  const StackCounters& counts = stack.counters();
  const std::uint64_t no_port = stack.drops(R::kUdpNoSocket);
  const std::uint64_t no_room = stack.drops(R::kUdpQueueFull);
  const std::uint64_t errors =
      drops(stack, {R::kUdpTooShort, R::kUdpBadLength, R::kUdpBadChecksum, R::kUdpNoChecksum});
  const std::uint64_t useless = no_port + no_room + errors;
  write_group(text, "Udp:",
              {{"InDatagrams", counts.udp_received - std::min(counts.udp_received, useless)},
               {"NoPorts", no_port},
               {"InErrors", errors + no_room},
               {"OutDatagrams", counts.udp_sent},
               {"RcvbufErrors", no_room},
               {"SndbufErrors", 0},
               {"InCsumErrors", stack.drops(R::kUdpBadChecksum)},
               {"IgnoredMulti", 0},
               {"MemErrors", 0}});
}

void write_more_of_tcp(std::string& text, const Stack& stack, const tcp::Transport* transport) {
  using R = DropReason;
  const tcp::TransportCounters counts =
      transport == nullptr ? tcp::TransportCounters{} : transport->counters();
  const std::uint64_t no_room =
      drops(stack, {R::kTcpBacklogFull, R::kTcpAcceptQueueFull, R::kTcpTableFull});
  write_group(text, "TcpExt:",
              {{"SyncookiesSent", counts.cookies_out},
               {"SyncookiesRecv", counts.cookies_in},
               {"OutOfWindowIcmps", stack.drops(R::kTcpQuoteNotInFlight)},
               {"TWRecycled", counts.time_waits_reused},
               {"PAWSEstab", stack.drops(R::kTcpOldTimestamp)},
               {"ListenOverflows", counts.accept_overflows},
               {"ListenDrops", no_room},
               {"TCPAbortOnMemory", counts.orphans_reset},
               {"TCPChallengeACK", counts.challenge_acks_out}});
}

void write_more_of_ip(std::string& text, const Stack& stack) {
  using R = DropReason;
  write_group(text, "IpExt:",
              {{"InTruncatedPkts", drops(stack, {R::kIpv4TooShort, R::kIpv4BadLength})},
               {"InCsumErrors", stack.drops(R::kIpv4BadChecksum)},
               {"ReasmOverlaps", stack.drops(R::kFragmentOverlap)}});
}

struct Datagrams {
  std::uint64_t udp = 0;
  std::uint64_t raw = 0;
};

Datagrams count_datagram_sockets(const Stack& stack, bool wants_v4) {
  Datagrams all;
  stack.for_each_socket([&](const SocketEntry& entry) {
    if (entry.local.address.is_v4() != wants_v4) return;
    if (entry.kind == SocketEntry::Kind::kUdp && entry.local.port != 0) ++all.udp;
    if (entry.kind == SocketEntry::Kind::kRaw) ++all.raw;
  });
  return all;
}

}  // namespace

std::string counter_lines(const NetFacts& facts) {
  std::string text;
  write_ip(text, facts.stack);
  write_icmp(text, facts.stack);
  write_tcp(text, facts.stack);
  write_udp(text, facts.stack);
  return text;
}

std::string more_counter_lines(const NetFacts& facts) {
  std::string text;
  write_more_of_tcp(text, facts.stack, facts.stack.core().tcp);
  write_more_of_ip(text, facts.stack);
  return text;
}

std::string counter_lines_v6(const NetFacts& facts) {
  using R = DropReason;
  const Stack& stack = facts.stack;
  const StackCounters& counts = stack.counters();
  const std::uint64_t bad_header =
      drops(stack, {R::kIpv6BadVersion, R::kIpv6BadExtension, R::kIpv6ExtensionChainTooLong,
                    R::kIpv6UnknownOption, R::kIpv6RoutingRefused});
  const std::uint64_t bad_address =
      drops(stack, {R::kIpv6BadSource, R::kIpv6BadDestination, R::kIpv6MappedAddress});
  std::string text;
  for (const auto& [name, count] : std::initializer_list<Count>{
           {"Ip6InReceives", counts.ipv6_received},
           {"Ip6InHdrErrors", bad_header},
           {"Ip6InAddrErrors", bad_address},
           {"Ip6InUnknownProtos", stack.drops(R::kIpv6UnknownNextHeader)},
           {"Ip6InTruncatedPkts", drops(stack, {R::kIpv6TooShort, R::kIpv6BadLength})},
           {"Ip6InDelivers", counts.ipv6_delivered},
           {"Ip6OutForwDatagrams", counts.ipv6_forwarded},
           {"Ip6OutRequests", counts.ipv6_sent}}) {
    fmt::format_to(std::back_inserter(text), "{:<32}\t{}\n", name, count);
  }
  return text;
}

std::string total_lines(const NetFacts& facts, AddressFamily family) {
  constexpr std::size_t kPage = 4096;
  Stack& stack = facts.stack;
  const bool is_v4 = family == AddressFamily::kIpv4;
  const Connections connections = count_connections(stack);
  const Datagrams datagrams = count_datagram_sockets(stack, is_v4);
  const ip::Reassembly& reassembly = stack.core().reassembly;
  if (!is_v4) {
    return fmt::format(
        "TCP6: inuse {}\nUDP6: inuse {}\nUDPLITE6: inuse 0\nRAW6: inuse {}\n"
        "FRAG6: inuse 0 memory 0\n",
        connections.open_v6, datagrams.udp, datagrams.raw);
  }
  const tcp::Transport* const transport = stack.core().tcp;
  const std::uint32_t orphans = transport == nullptr ? 0 : transport->orphans();
  const std::uint32_t time_waits = transport == nullptr ? 0 : transport->time_waits();
  const std::size_t pages =
      transport == nullptr ? 0 : (transport->buffers().used() + kPage - 1) / kPage;
  return fmt::format(
      "sockets: used {}\nTCP: inuse {} orphan {} tw {} alloc {} mem {}\nUDP: inuse {} mem 0\n"
      "UDPLITE: inuse 0\nRAW: inuse {}\nFRAG: inuse {} memory {}\n",
      facts.sockets.size(), connections.open_v4, orphans, time_waits,
      connections.open_v4 + connections.open_v6, pages, datagrams.udp, datagrams.raw,
      reassembly.datagrams(), reassembly.buffer_bytes());
}

}  // namespace strata::attach
