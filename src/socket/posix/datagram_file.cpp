// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/datagram_file.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "socket/posix/socket_address.h"

namespace strata::posix {
namespace {

constexpr std::size_t kDatagramMax = 65'535;
constexpr std::size_t kSendBufferFirst = 212'992;  // what Linux begins with

std::vector<MutableBytes> parts_of(const msghdr& message) {
  std::vector<MutableBytes> parts;
  parts.reserve(message.msg_iovlen);
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    parts.emplace_back(static_cast<std::byte*>(message.msg_iov[i].iov_base),
                       message.msg_iov[i].iov_len);
  }
  return parts;
}

std::size_t size_of(const msghdr& message) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) size += message.msg_iov[i].iov_len;
  return size;
}

// How many bytes went where.
std::size_t scatter(Bytes from, const std::vector<MutableBytes>& parts) {
  std::size_t done = 0;
  for (const MutableBytes part : parts) {
    const std::size_t count = std::min(part.size(), from.size() - done);
    copy_bytes(from.subspan(done, count), part);
    done += count;
  }
  return done;
}

void tell_source(msghdr& message, const Endpoint& endpoint, AddressFamily family) {
  if (message.msg_name == nullptr) {
    message.msg_namelen = 0;
    return;
  }
  message.msg_namelen = write_address(endpoint, family, message.msg_name, message.msg_namelen);
}

}  // namespace

File::Accepted DatagramFile::open(Stack& stack, AddressFamily family) {
  auto socket = UdpSocket::open(stack, family);
  if (!socket) return {nullptr, failed(socket.error())};
  return {std::make_shared<DatagramFile>(stack, *std::move(socket), family), 0};
}

DatagramFile::DatagramFile(Stack& stack, UdpSocket socket, AddressFamily family)
    : SocketFile(family, SOCK_DGRAM, IPPROTO_UDP),
      stack_(stack),
      socket_(std::move(socket)),
      send_buffer_(kSendBufferFirst) {
  static_cast<void>(socket_.on_ready([this](Readiness) { tell_news(); }));
}

Answer DatagramFile::receive(msghdr& message, int flags, Time /*now*/) {
  message.msg_flags = 0;
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if ((flags & MSG_ERRQUEUE) != 0) return receive_error(message);
  DatagramInfo info;
  if ((flags & MSG_PEEK) != 0) {
    const Answer peeked = peek(message, info);
    if (peeked < 0) return peeked;
  } else {
    const std::vector<MutableBytes> parts = parts_of(message);
    auto received = socket_.receive(std::span<const MutableBytes>(parts));
    if (!received) {
      const bool is_end = received.error() == Error::kWouldBlock && receive_is_shut_;
      return is_end ? 0 : failed(received.error());
    }
    info = *received;
  }
  tell_source(message, info.source, family());
  ControlWriter writer(message);
  write_control(info, family(), wanted_, writer);
  writer.finish();
  if (info.is_truncated) message.msg_flags |= MSG_TRUNC;
  // With MSG_TRUNC programs ask how long the datagram was, and not how much of it they got.
  const std::size_t taken = std::min(info.size, size_of(message));
  return static_cast<Answer>((flags & MSG_TRUNC) != 0 ? info.size : taken);
}

Answer DatagramFile::peek(msghdr& message, DatagramInfo& info) {
  const std::vector<MutableBytes> parts = parts_of(message);
  std::vector<std::byte> whole(std::min(kDatagramMax, size_of(message)));
  const auto peeked = socket_.peek(whole);
  if (!peeked) {
    const bool is_end = peeked.error() == Error::kWouldBlock && receive_is_shut_;
    return is_end ? 0 : failed(peeked.error());
  }
  info = *peeked;
  scatter(Bytes(whole).first(std::min(info.size, whole.size())), parts);
  return 0;
}

Answer DatagramFile::receive_error(msghdr& message) {
  const auto error = socket_.receive_error();
  if (!error) return failed(error.error());
  tell_source(message, error->destination, family());
  ControlWriter writer(message);
  write_error(*error, family(), writer);
  writer.finish();
  message.msg_flags |= MSG_ERRQUEUE;
  return 0;
}

Answer DatagramFile::send(const msghdr& message, int flags, Time now) {
  if ((flags & MSG_OOB) != 0) return -EOPNOTSUPP;
  if (send_is_shut_) return -EPIPE;
  if (size_of(message) > kDatagramMax || size_of(message) > send_buffer_) return -EMSGSIZE;
  auto choices = read_control(message);
  if (!choices) return choices.error();
  if (choices->segment_size == 0) choices->segment_size = segment_size_;
  if (message.msg_name != nullptr && message.msg_namelen != 0) {
    const auto destination =
        read_address(static_cast<const sockaddr*>(message.msg_name), message.msg_namelen, family());
    if (!destination) return destination.error();
    choices->destination = *destination;
  } else if (!is_connected()) {
    return -EDESTADDRREQ;
  }
  const std::vector<MutableBytes> parts = parts_of(message);
  const std::vector<Bytes> bytes(parts.begin(), parts.end());
  return answer_of(socket_.send(std::span<const Bytes>(bytes), *choices, now));
}

Answer DatagramFile::bind(const sockaddr* address, socklen_t size, Time /*now*/) {
  const auto endpoint = read_address(address, size, family());
  if (!endpoint) return endpoint.error();
  return answer_of(socket_.bind(*endpoint));
}

Answer DatagramFile::connect(const sockaddr* address, socklen_t size, Time /*now*/) {
  sa_family_t given = AF_UNSPEC;
  if (address == nullptr) return -EFAULT;
  if (size < sizeof(given)) return -EINVAL;
  // POSIX connect(): an address of no family dissolves the association.
  if (address->sa_family == AF_UNSPEC) return answer_of(socket_.disconnect());
  const auto endpoint = read_address(address, size, family());
  if (!endpoint) return endpoint.error();
  return answer_of(socket_.connect(*endpoint));
}

Answer DatagramFile::shut_down(int how, Time /*now*/) {
  if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
  if (!is_connected()) return -ENOTCONN;
  receive_is_shut_ |= how != SHUT_WR;
  send_is_shut_ |= how != SHUT_RD;
  tell_news();
  return 0;
}

Answer DatagramFile::local_name(sockaddr* address, socklen_t* size) {
  return tell_name(socket_.local(), family(), address, size);
}

Answer DatagramFile::remote_name(sockaddr* address, socklen_t* size) {
  return tell_name(socket_.remote(), family(), address, size);
}

Answer DatagramFile::control(unsigned long request, int& value) {
  if (request == TIOCOUTQ) {
    value = 0;  // a datagram that was sent has left the socket
    return 0;
  }
  if (request != FIONREAD) return -ENOTTY;
  const auto next = socket_.peek({});
  value = next ? static_cast<int>(next->size) : 0;
  return 0;
}

std::uint32_t DatagramFile::events() const {
  const auto ready = socket_.readiness();
  if (!ready) return POLLNVAL;
  std::uint32_t events = 0;
  if (ready->readable || receive_is_shut_) events |= POLLIN | POLLRDNORM;
  if (ready->writable) events |= POLLOUT | POLLWRNORM | POLLWRBAND;
  if (ready->error) events |= POLLERR;
  if (receive_is_shut_) events |= POLLRDHUP;
  if (receive_is_shut_ && send_is_shut_) events |= POLLHUP;
  return events;
}

}  // namespace strata::posix
