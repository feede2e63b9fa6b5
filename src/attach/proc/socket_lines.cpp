// SPDX-License-Identifier: Apache-2.0
#include "attach/proc/socket_lines.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <map>
#include <tuple>
#include <vector>

#include "socket/posix/socket_address.h"
#include "socket/posix/tcp_info_layout.h"

namespace strata::attach {
namespace {

using Kind = SocketEntry::Kind;

constexpr std::uint32_t kNoThreshold = 0x7fff'ffff;

// What a program's descriptor knows beside the stack.
struct Owner {
  const OpenSocket* socket = nullptr;
  AddressFamily family = AddressFamily::kIpv4;
};
// Which of several that share a place is which does not matter: each is told once.
using Place = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;
using Owners = std::multimap<Place, Owner>;

// No address is written in two ways: for a peer that is not there, and for raw sockets everywhere.
Place place_of(const Endpoint& local, const Endpoint& remote, Kind kind) {
  const auto plain = [](const IpAddress& address) {
    return address.is_unspecified() ? IpAddress{} : address;
  };
  const IpAddress here = kind == Kind::kRaw ? plain(local.address) : local.address;
  return {here, local.port, plain(remote.address), remote.port};
}

int number_of(posix::File& file, int level, int name, Time now) {
  int value = -1;
  socklen_t size = sizeof(value);
  return file.option(level, name, &value, &size, now) < 0 ? -1 : value;
}

Endpoint name_of(posix::File& file, AddressFamily family,
                 posix::Answer (posix::File::*ask)(sockaddr*, socklen_t*)) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  auto* const plain = reinterpret_cast<sockaddr*>(&name);
  if ((file.*ask)(plain, &size) < 0) return {};
  return posix::read_address(plain, size, family).value_or(Endpoint{});
}

bool is_of_kind(posix::File& file, Kind kind, Time now) {
  const int type = number_of(file, SOL_SOCKET, SO_TYPE, now);
  if (kind == Kind::kTcp) return type == SOCK_STREAM;
  return type == (kind == Kind::kRaw ? SOCK_RAW : SOCK_DGRAM);
}

Owners owners_of(const NetFacts& facts, Kind kind) {
  Owners owners;
  for (const OpenSocket& one : facts.sockets) {
    posix::File& file = *one.file;
    const int domain = number_of(file, SOL_SOCKET, SO_DOMAIN, facts.now);
    if ((domain != AF_INET && domain != AF_INET6) || !is_of_kind(file, kind, facts.now)) continue;
    const auto family = domain == AF_INET ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
    Endpoint local = name_of(file, family, &posix::File::local_name);
    const Endpoint remote = name_of(file, family, &posix::File::remote_name);
    if (kind == Kind::kRaw) {
      local.port = static_cast<std::uint16_t>(number_of(file, SOL_SOCKET, SO_PROTOCOL, facts.now));
    }
    owners.emplace(place_of(local, remote, kind), Owner{&one, family});
  }
  return owners;
}

Owner take_owner(Owners& owners, const SocketEntry& entry) {
  const auto found = owners.find(place_of(entry.local, entry.remote, entry.kind));
  if (found == owners.end()) return {.socket = nullptr, .family = AddressFamily::kIpv6};
  const Owner owner = found->second;
  owners.erase(found);
  return owner;
}

// ── Columns ─────────────────────────────────────────────────────────────────────────────────────

using Out = std::back_insert_iterator<std::string>;

// The words of an address as they lie in memory, and a port as a number.
void write_name(Out out, const Endpoint& name, bool is_v4) {
  std::array<std::uint32_t, 4> words{};
  const bool is_set = !name.address.is_unspecified();
  if (is_set) std::memcpy(words.data(), name.address.bytes().data(), sizeof(words));
  if (is_v4) {
    fmt::format_to(out, "{:08X}:{:04X}", words[3], name.port);
  } else {
    fmt::format_to(out, "{:08X}{:08X}{:08X}{:08X}:{:04X}", words[0], words[1], words[2], words[3],
                   name.port);
  }
}

struct Queues {
  std::size_t to_send = 0;
  std::size_t to_read = 0;
};

Queues queues_of(const SocketEntry& entry, const OpenSocket* owner) {
  const bool is_tcp = entry.kind == Kind::kTcp;
  const bool is_listening = entry.state == TcpState::kListen && is_tcp;
  Queues queues;
  if (is_tcp) queues = {is_listening ? 0 : entry.send_queue, entry.queued_packets};
  if (owner == nullptr) return queues;
  int unread = 0;
  if (!is_tcp && owner->file->control(FIONREAD, unread) >= 0) {
    queues.to_read += static_cast<std::size_t>(std::max(unread, 0));
  }
  queues.to_read += owner->inward;
  if (!is_listening) queues.to_send += owner->outward;
  return queues;
}

void write_state(Out out, unsigned state, const Queues& queues) {
  fmt::format_to(out, " {:02X} {:08X}:{:08X}", state, static_cast<std::uint32_t>(queues.to_send),
                 static_cast<std::uint32_t>(queues.to_read));
}

// What a connection's own columns say; in ticks of a hundredth of a second.
struct Timing {
  std::uint32_t retransmits = 0;
  std::uint32_t probes = 0;
  std::uint32_t retransmission_ticks = 100;
  std::uint32_t acknowledgment_ticks = 0;
  std::uint32_t window = 10;
  std::int64_t threshold = -1;
};

Timing timing_of(const SocketEntry& entry, const OpenSocket* owner, Time now) {
  Timing timing;
  if (entry.state == TcpState::kListen) timing.threshold = 0;  // Fast Open's queue
  posix::LinuxTcpInfo info{};
  socklen_t size = sizeof(info);
  const bool is_known = owner != nullptr && entry.state != TcpState::kListen &&
                        owner->file->option(IPPROTO_TCP, TCP_INFO, &info, &size, now) >= 0;
  if (!is_known) return timing;
  constexpr std::uint32_t kMicrosInTick = 10'000;
  timing.retransmits = info.tcpi_retransmits;
  timing.probes = info.tcpi_probes;
  timing.retransmission_ticks = info.tcpi_rto / kMicrosInTick;
  timing.acknowledgment_ticks = info.tcpi_ato / kMicrosInTick;
  timing.window = info.tcpi_snd_cwnd;
  if (info.tcpi_snd_ssthresh < kNoThreshold) timing.threshold = info.tcpi_snd_ssthresh;
  return timing;
}

void write_tcp(Out out, const SocketEntry& entry, const OpenSocket* owner, Time now) {
  write_state(out, posix::state_number(entry.state), queues_of(entry, owner));
  // Nobody's: a handshake that is not over, or what waits for stray segments.
  if (entry.state == TcpState::kTimeWait) {
    fmt::format_to(out, " 03:00000000 00000000 {:5d} {:8d} 0 1 {:016x}", 0, 0, 0);
    return;
  }
  const Timing timing = timing_of(entry, owner, now);
  fmt::format_to(out, " 00:00000000 {:08X} {:5d} {:8d} {} 1 {:016x}", timing.retransmits,
                 ::getuid(), timing.probes, owner == nullptr ? 0 : owner->inode, 0);
  if (entry.state == TcpState::kSynReceived) return;
  fmt::format_to(out, " {} {} 0 {} {}", timing.retransmission_ticks, timing.acknowledgment_ticks,
                 timing.window, timing.threshold);
}

void write_datagrams(Out out, const SocketEntry& entry, const OpenSocket* owner) {
  constexpr unsigned kConnected = 1;
  constexpr unsigned kUnconnected = 7;
  const bool is_connected = !entry.remote.address.is_unspecified();
  write_state(out, is_connected ? kConnected : kUnconnected, queues_of(entry, owner));
  fmt::format_to(out, " 00:00000000 00000000 {:5d} {:8d} {} 2 {:016x} {}", ::getuid(), 0,
                 owner == nullptr ? 0 : owner->inode, 0, entry.dropped);
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────

constexpr std::string_view kColumns =
    "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

// How wide a line is; 0: as wide as it comes.
std::size_t width_of(Kind kind, bool is_v4) {
  if (!is_v4 || kind == Kind::kRaw) return 0;
  return kind == Kind::kTcp ? 149 : 127;
}

std::string head_of(Kind kind, bool is_v4) {
  const std::string_view indent = kind == Kind::kUdp && is_v4 ? "   " : "  ";
  const std::string_view names =
      is_v4 ? "sl  local_address rem_address   "
            : "sl  local_address                         remote_address                        ";
  const std::string_view rest = kind == Kind::kTcp ? "" : " ref pointer drops";
  return fmt::format("{}{}{}{}", indent, names, kColumns, rest);
}

void end_line(std::string& text, std::size_t begin, std::size_t width) {
  if (text.size() - begin < width) text.resize(begin + width, ' ');
  text += '\n';
}

bool is_of_family(const SocketEntry& entry, const Owner& owner, bool wants_v4) {
  if (owner.socket != nullptr) return (owner.family == AddressFamily::kIpv4) == wants_v4;
  return entry.local.address.is_v4() == wants_v4;
}

}  // namespace

std::string socket_lines(const NetFacts& facts, Kind kind, AddressFamily family) {
  const bool is_v4 = family == AddressFamily::kIpv4;
  const std::size_t width = width_of(kind, is_v4);
  Owners owners = owners_of(facts, kind);
  std::string text = head_of(kind, is_v4);
  end_line(text, 0, width);
  std::size_t count = 0;
  const auto add = [&](const SocketEntry& entry) {
    const bool is_over = kind == Kind::kTcp && entry.state == TcpState::kClosed;
    if (is_over || entry.local.port == 0 || count == kSocketLinesMax) return;
    const Owner owner = take_owner(owners, entry);
    if (!is_of_family(entry, owner, is_v4)) return;
    const std::size_t begin = text.size();
    const Out out(text);
    fmt::format_to(out, "{:{}}: ", count++, kind == Kind::kUdp ? 5 : 4);
    write_name(out, entry.local, is_v4);
    text += ' ';
    write_name(out, entry.remote, is_v4);
    if (kind == Kind::kTcp) {
      write_tcp(out, entry, owner.socket, facts.now);
    } else {
      write_datagrams(out, entry, owner.socket);
    }
    end_line(text, begin, width);
  };
  facts.stack.for_each_socket([&](const SocketEntry& entry) {
    if (entry.kind == kind) add(entry);
  });
  return text;
}

}  // namespace strata::attach
