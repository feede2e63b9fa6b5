// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/datagram_file.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "socket/posix/socket_address.h"

namespace strata::posix {
namespace {

constexpr std::size_t kDatagramMax = 65'535;

}  // namespace

File::Accepted DatagramFile::open(Stack& stack, AddressFamily family) {
  auto socket = UdpSocket::open(stack, family);
  if (!socket) return {nullptr, failed(socket.error())};
  return {std::make_shared<DatagramFile>(stack, *std::move(socket), family), 0};
}

DatagramFile::DatagramFile(Stack& stack, UdpSocket socket, AddressFamily family)
    : MessageFile(stack, family, SOCK_DGRAM, IPPROTO_UDP), socket_(std::move(socket)) {
  static_cast<void>(socket_.on_ready([this](Readiness) { tell_news(); }));
}

std::optional<Endpoint> DatagramFile::connected_to() const {
  const auto remote = socket_.remote();
  return remote ? std::optional(*remote) : std::nullopt;
}

Result<DatagramInfo> DatagramFile::take(std::span<const MutableBytes> parts, bool peeks) {
  if (!peeks) return socket_.receive(parts);
  std::size_t room = 0;
  for (const MutableBytes part : parts) room += part.size();
  std::vector<std::byte> whole(std::min(kDatagramMax, room));
  const auto peeked = socket_.peek(whole);
  if (!peeked) return peeked;
  Bytes left = Bytes(whole).first(std::min(peeked->size, whole.size()));
  for (const MutableBytes part : parts) {
    const std::size_t count = std::min(part.size(), left.size());
    copy_bytes(left.first(count), part);
    left = left.subspan(count);
  }
  return peeked;
}

Answer DatagramFile::give(std::span<const Bytes> parts, const SendChoices& choices, Time now) {
  SendChoices all = choices;
  if (all.segment_size == 0) all.segment_size = segment_size_;
  return answer_of(socket_.send(parts, all, now));
}

std::optional<std::size_t> DatagramFile::next_size() {
  const auto ready = socket_.readiness();
  if (!ready || !ready->readable) return std::nullopt;
  const auto next = socket_.peek({});
  return next ? std::optional(next->size) : std::nullopt;
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
  const auto endpoint = read_destination(address, size, family());
  if (!endpoint) return endpoint.error();
  const auto options = socket_.options();
  const bool may_broadcast = options && options->broadcast;
  if (endpoint->address.is_limited_broadcast() && !may_broadcast) return -EACCES;
  return answer_of(socket_.connect(*endpoint));
}

Answer DatagramFile::local_name(sockaddr* address, socklen_t* size) {
  return tell_name(socket_.local(), family(), address, size);
}

Answer DatagramFile::remote_name(sockaddr* address, socklen_t* size) {
  return tell_name(socket_.remote(), family(), address, size);
}

}  // namespace strata::posix
