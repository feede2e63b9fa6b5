// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/host_socket.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "socket/posix/socket_address.h"

namespace strata::service {
namespace {

constexpr int kBacklog = 4096;  // the host's own limit is lower, or is what it wants
constexpr std::size_t kPartsMax = 64;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  explicit SocketAddress(const Endpoint& endpoint)
      : size(posix::write_address(endpoint, family_of(endpoint), &storage, sizeof(storage))) {}
  SocketAddress() : size(sizeof(storage)) {}
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] Endpoint endpoint() {
    const bool is_v4 = storage.ss_family == AF_INET;
    return posix::read_address(get(), size, is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6)
        .value_or(Endpoint{});
  }
  static AddressFamily family_of(const Endpoint& endpoint) {
    return endpoint.address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  }
};

// Points to all three.
msghdr one_datagram(SocketAddress& peer, iovec& bytes, std::span<char> notes) {
  msghdr message{};
  message.msg_name = peer.get();
  message.msg_namelen = peer.size;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = notes.data();
  message.msg_controllen = notes.size();
  return message;
}

// Room for what tells, or says, which address of the host a datagram came to or leaves from.
union PacketInfo {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
  cmsghdr alignment;
};

void read_packet_info(msghdr& message, HostSocket::Addresses& addresses) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(one), sizeof(info));
      // Where an answer comes from: what was called may be a broadcast address.
      addresses.local = IpAddress::v4(ntohl(info.ipi_spec_dst.s_addr));
    } else if (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(one), sizeof(info));
      addresses.local = IpAddress::from_bytes(std::as_bytes(std::span(info.ipi6_addr.s6_addr)));
    }
  }
}

template <typename Info>
void put_packet_info(msghdr& message, int level, int type, const Info& info) {
  message.msg_controllen = CMSG_SPACE(sizeof(info));
  cmsghdr* one = CMSG_FIRSTHDR(&message);
  one->cmsg_level = level;
  one->cmsg_type = type;
  one->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(one), &info, sizeof(info));
}

void write_packet_info(msghdr& message, const HostSocket::Addresses& addresses) {
  if (addresses.local.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(addresses.local.v4_value());
    return put_packet_info(message, IPPROTO_IP, IP_PKTINFO, info);
  }
  in6_pktinfo info{};
  info.ipi6_ifindex = addresses.remote.zone;
  std::memcpy(info.ipi6_addr.s6_addr, addresses.local.bytes().data(), sizeof(info.ipi6_addr));
  put_packet_info(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
}

// Room for an error and the address of the router that told it.
union ErrorInfo {
  std::array<char, CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6))> bytes;
  cmsghdr alignment;
};

// ip(7): what a router or a host told; what this host itself found wrong with a datagram was the
// answer to its sending.
int told_error(msghdr& message) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    const bool is_error = (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR) ||
                          (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(one), sizeof(error));
    const bool is_told =
        error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
    return is_told ? static_cast<int>(error.ee_errno) : 0;
  }
  return 0;
}

int open_socket(HostSocket::Kind kind, bool is_v4) {
  const int type = kind == HostSocket::Kind::kStream ? SOCK_STREAM : SOCK_DGRAM;
  int protocol = 0;
  if (kind == HostSocket::Kind::kEcho) protocol = is_v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  return ::socket(is_v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

void set(int descriptor, int level, int option, int value) {
  (void)::setsockopt(descriptor, level, option, &value, sizeof(value));
}

// Who has gone without a word is noticed, however long a connection is idle.
void prepare_stream(int descriptor) {
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
}

HostSocket::Moved moved(ssize_t count) {
  if (count < 0) return std::unexpected(errno == EINTR ? EAGAIN : errno);
  return static_cast<std::size_t>(count);
}

}  // namespace

std::expected<HostSocket, int> HostSocket::connect(Kind kind, const Endpoint& remote) {
  HostSocket made(open_socket(kind, remote.address.is_v4()));
  if (!made.is_open()) return std::unexpected(errno);
  if (kind == Kind::kStream) prepare_stream(made.descriptor_);
  SocketAddress address(remote);
  if (::connect(made.descriptor_, address.get(), address.size) == 0) return made;
  if (errno != EINPROGRESS) return std::unexpected(errno);
  return made;
}

std::expected<HostSocket, int> HostSocket::listen(const Endpoint& local) {
  HostSocket made(open_socket(Kind::kStream, local.address.is_v4()));
  if (!made.is_open()) return std::unexpected(errno);
  set(made.descriptor_, SOL_SOCKET, SO_REUSEADDR, 1);
  prepare_stream(made.descriptor_);  // accepted ones inherit it
  if (local.address.is_v6()) set(made.descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  SocketAddress address(local);
  if (::bind(made.descriptor_, address.get(), address.size) != 0 ||
      ::listen(made.descriptor_, kBacklog) != 0) {
    return std::unexpected(errno);
  }
  return made;
}

std::expected<HostSocket, int> HostSocket::bind(const Endpoint& local) {
  const bool is_v4 = local.address.is_v4();
  HostSocket made(open_socket(Kind::kDatagram, is_v4));
  if (!made.is_open()) return std::unexpected(errno);
  if (is_v4) {
    set(made.descriptor_, IPPROTO_IP, IP_PKTINFO, 1);
  } else {
    set(made.descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(made.descriptor_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  SocketAddress address(local);
  if (::bind(made.descriptor_, address.get(), address.size) != 0) return std::unexpected(errno);
  return made;
}

std::expected<HostSocket, int> HostSocket::roam(bool is_v4) {
  HostSocket made(open_socket(Kind::kDatagram, is_v4));
  if (!made.is_open()) return std::unexpected(errno);
  if (is_v4) {
    set(made.descriptor_, IPPROTO_IP, IP_RECVERR, 1);
  } else {
    set(made.descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(made.descriptor_, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
  return made;
}

HostSocket HostSocket::spare() { return HostSocket(::eventfd(0, EFD_CLOEXEC)); }

bool HostSocket::watch(Loop& loop, Loop::OnReady on_ready) {
  constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  if (!loop.watch(descriptor_, kEvents, std::move(on_ready))) return false;
  loop_ = &loop;
  return true;
}

void HostSocket::unwatch() {
  if (loop_ != nullptr) (void)loop_->unwatch(descriptor_);
  loop_ = nullptr;
}

int HostSocket::finish_connecting() const {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  if (error != 0) return error;
  SocketAddress peer;
  if (::getpeername(descriptor_, peer.get(), &peer.size) != 0) return EINPROGRESS;
  return 0;
}

std::expected<std::pair<HostSocket, Endpoint>, int> HostSocket::accept() const {
  SocketAddress peer;
  const int accepted = ::accept4(descriptor_, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) return std::unexpected(errno);
  return std::pair(HostSocket(accepted), peer.endpoint());
}

HostSocket::Moved HostSocket::read(MutableBytes bytes) const {
  return moved(::recv(descriptor_, bytes.data(), bytes.size(), 0));
}

HostSocket::Moved HostSocket::write(std::span<const Bytes> parts) const {
  std::array<iovec, kPartsMax> vectors;
  msghdr message{};
  message.msg_iov = vectors.data();
  // sendmsg() does not write through its vectors, though their type would let it.
  for (const Bytes part : parts.first(std::min(parts.size(), kPartsMax))) {
    vectors[message.msg_iovlen++] = {const_cast<std::byte*>(part.data()), part.size()};
  }
  return moved(::sendmsg(descriptor_, &message, MSG_NOSIGNAL));
}

std::expected<HostSocket::Received, int> HostSocket::receive(MutableBytes bytes) const {
  iovec vector{bytes.data(), bytes.size()};
  SocketAddress peer;
  PacketInfo info;
  msghdr message = one_datagram(peer, vector, info.bytes);
  const auto count = moved(::recvmsg(descriptor_, &message, 0));
  if (!count) return std::unexpected(count.error());
  peer.size = message.msg_namelen;
  Received received{.size = *count, .addresses = {.remote = peer.endpoint(), .local = {}}};
  read_packet_info(message, received.addresses);
  return received;
}

HostSocket::Moved HostSocket::send(Bytes bytes, const Addresses& addresses) const {
  // sendmsg() does not write through its vectors, though their type would let it.
  iovec vector{const_cast<std::byte*>(bytes.data()), bytes.size()};
  SocketAddress peer(addresses.remote);
  PacketInfo info{};
  msghdr message = one_datagram(peer, vector, info.bytes);
  write_packet_info(message, addresses);
  return moved(::sendmsg(descriptor_, &message, MSG_NOSIGNAL));
}

HostSocket::Moved HostSocket::send_to(Bytes bytes, const Endpoint& remote) const {
  SocketAddress peer(remote);
  return moved(
      ::sendto(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL, peer.get(), peer.size));
}

std::expected<HostSocket::Undelivered, int> HostSocket::undelivered(MutableBytes bytes) const {
  iovec vector{bytes.data(), bytes.size()};
  SocketAddress peer;
  ErrorInfo info;
  msghdr message = one_datagram(peer, vector, info.bytes);
  const auto count = moved(::recvmsg(descriptor_, &message, MSG_ERRQUEUE));
  if (!count) return std::unexpected(count.error());
  peer.size = message.msg_namelen;
  return Undelivered{.remote = peer.endpoint(), .size = *count, .error = told_error(message)};
}

void HostSocket::finish_writing() const { (void)::shutdown(descriptor_, SHUT_WR); }

void HostSocket::abort() {
  if (!is_open()) return;
  const linger now{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close();
}

void HostSocket::close() {
  unwatch();
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace strata::service
