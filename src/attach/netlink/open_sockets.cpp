// SPDX-License-Identifier: Apache-2.0
#include "attach/netlink/open_sockets.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace strata::attach {
namespace {

constexpr std::size_t kInfoMax = 512;
constexpr std::size_t kNameMax = 64;

int option_of(posix::File& file, int level, int name, Time now) {
  int value = -1;
  socklen_t size = sizeof(value);
  return file.option(level, name, &value, &size, now) < 0 ? -1 : value;
}

int queue_of(posix::File& file, unsigned long request) {
  int value = 0;
  return file.control(request, value) < 0 ? 0 : std::max(value, 0);
}

struct Side {
  sockaddr_storage address{};
  bool is_there = false;
};

Side local_side(posix::File& file) {
  Side side;
  socklen_t size = sizeof(side.address);
  side.is_there = file.local_name(reinterpret_cast<sockaddr*>(&side.address), &size) >= 0;
  return side;
}

Side remote_side(posix::File& file) {
  Side side;
  socklen_t size = sizeof(side.address);
  side.is_there = file.remote_name(reinterpret_cast<sockaddr*>(&side.address), &size) >= 0;
  return side;
}

void put(const Side& side, __be16& port, __be32 (&address)[4]) {
  if (!side.is_there) return;
  if (side.address.ss_family == AF_INET) {
    const auto& plain = reinterpret_cast<const sockaddr_in&>(side.address);
    port = plain.sin_port;
    address[0] = plain.sin_addr.s_addr;
  } else if (side.address.ss_family == AF_INET6) {
    const auto& plain = reinterpret_cast<const sockaddr_in6&>(side.address);
    port = plain.sin6_port;
    std::memcpy(address, &plain.sin6_addr, sizeof(plain.sin6_addr));
  }
}

struct TcpInfoBytes {
  alignas(tcp_info) std::array<std::byte, kInfoMax> bytes{};
  socklen_t size = kInfoMax;
};

bool wants(const inet_diag_req_v2& wanted, int extension) {
  return (wanted.idiag_ext & (1 << (extension - 1))) != 0;
}

void write_extensions(posix::File& file, const inet_diag_req_v2& wanted, const inet_diag_msg& told,
                      const TcpInfoBytes& info, Time now, MessageWriter& writer) {
  if (told.idiag_family == AF_INET6) {
    const int alone = option_of(file, IPPROTO_IPV6, IPV6_V6ONLY, now);
    writer.number(INET_DIAG_SKV6ONLY, static_cast<std::uint8_t>(alone > 0 ? 1 : 0));
  }
  if (wanted.sdiag_protocol != IPPROTO_TCP) return;
  if (wants(wanted, INET_DIAG_INFO)) {
    writer.attribute(INET_DIAG_INFO, Bytes(info.bytes).first(info.size));
  }
  if (wants(wanted, INET_DIAG_CONG)) {
    std::array<char, kNameMax> name{};
    socklen_t size = name.size() - 1;
    if (file.option(IPPROTO_TCP, TCP_CONGESTION, name.data(), &size, now) >= 0) {
      writer.text(INET_DIAG_CONG, std::string_view(name.data()));
    }
  }
}

// A socket that has neither a port nor a peer is nobody's business, as on the kernel.
void write_socket(const OpenSocket& one, const inet_diag_req_v2& wanted, Time now,
                  MessageWriter& writer) {
  posix::File& file = *one.file;
  if (option_of(file, SOL_SOCKET, SO_DOMAIN, now) != wanted.sdiag_family) return;
  if (option_of(file, SOL_SOCKET, SO_PROTOCOL, now) != wanted.sdiag_protocol) return;
  const bool is_tcp = wanted.sdiag_protocol == IPPROTO_TCP;
  const Side remote = remote_side(file);
  inet_diag_msg told{};
  TcpInfoBytes info;
  told.idiag_family = wanted.sdiag_family;
  told.idiag_state = remote.is_there ? TCP_ESTABLISHED : TCP_CLOSE;
  if (is_tcp) {
    if (file.option(IPPROTO_TCP, TCP_INFO, info.bytes.data(), &info.size, now) < 0) return;
    told.idiag_state = std::to_integer<std::uint8_t>(info.bytes[offsetof(tcp_info, tcpi_state)]);
    if (told.idiag_state == TCP_CLOSE) return;
  }
  if ((wanted.idiag_states & (std::uint32_t{1} << told.idiag_state)) == 0) return;
  put(local_side(file), told.id.idiag_sport, told.id.idiag_src);
  if (told.id.idiag_sport == 0) return;
  put(remote, told.id.idiag_dport, told.id.idiag_dst);
  told.id.idiag_cookie[0] = static_cast<std::uint32_t>(one.cookie);
  told.id.idiag_cookie[1] = static_cast<std::uint32_t>(one.cookie >> 32U);
  told.idiag_inode = static_cast<std::uint32_t>(one.inode);
  told.idiag_rqueue = static_cast<std::uint32_t>(one.inward);
  told.idiag_wqueue = static_cast<std::uint32_t>(one.outward);
  if (told.idiag_state != TCP_LISTEN) {
    told.idiag_rqueue += static_cast<std::uint32_t>(queue_of(file, FIONREAD));
    told.idiag_wqueue += static_cast<std::uint32_t>(queue_of(file, SIOCOUTQ));
  }
  writer.begin(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, told);
  write_extensions(file, wanted, told, info, now, writer);
  writer.end();
}

}  // namespace

int write_open_sockets(const std::vector<OpenSocket>& all, const inet_diag_req_v2& wanted, Time now,
                       MessageWriter& writer) {
  if (wanted.sdiag_protocol != IPPROTO_TCP && wanted.sdiag_protocol != IPPROTO_UDP) {
    return -ENOENT;
  }
  for (const OpenSocket& one : all) write_socket(one, wanted, now, writer);
  return 0;
}

}  // namespace strata::attach
