// SPDX-License-Identifier: Apache-2.0
// Calls that move bytes: all of them are one message in or one message out.
#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "socket/posix/calls.h"

namespace strata::posix {
namespace {

// The parts of a message that are still to be moved.
class Parts {
 public:
  explicit Parts(const msghdr& message)
      : parts_(message.msg_iov, message.msg_iov + message.msg_iovlen) {}

  [[nodiscard]] bool empty() const { return left() == 0; }
  [[nodiscard]] std::size_t left() const {
    std::size_t size = 0;
    for (const iovec& part : parts_) size += part.iov_len;
    return size;
  }
  [[nodiscard]] Answer done() const { return done_; }
  void advance(Answer count) {
    done_ += count;
    auto left = static_cast<std::size_t>(count);
    for (iovec& part : parts_) {
      const std::size_t taken = std::min(left, part.iov_len);
      part.iov_base = static_cast<std::byte*>(part.iov_base) + taken;
      part.iov_len -= taken;
      left -= taken;
    }
  }
  void put_into(msghdr& message) {
    message.msg_iov = parts_.data();
    message.msg_iovlen = parts_.size();
  }

 private:
  std::vector<iovec> parts_;
  Answer done_ = 0;
};

// 0, or what is wrong with the memory a program gave.
Answer check(const msghdr& message) {
  if (message.msg_iovlen > IOV_MAX) return -EMSGSIZE;
  if (message.msg_iov == nullptr && message.msg_iovlen != 0) return -EFAULT;
  std::size_t size = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& part = message.msg_iov[i];
    if (part.iov_base == nullptr && part.iov_len != 0) return -EFAULT;
    if (part.iov_len > static_cast<std::size_t>(SSIZE_MAX) - size) return -EINVAL;
    size += part.iov_len;
  }
  return 0;
}

std::optional<Time> deadline(Time now, std::optional<Duration> timeout) {
  return timeout ? std::optional(now + *timeout) : std::nullopt;
}

// How much of `room` bytes a call that waits is to have before it ends.
std::size_t wanted_at_once(const File& file, std::size_t room, bool wants_all) {
  if (!file.is_stream()) return 0;
  return wants_all ? room : std::min(room, file.receive_low_water());
}

bool has_ended(const File& file) { return (file.events() & (POLLRDHUP | POLLERR)) != 0; }

msghdr message_of(iovec& part) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return message;
}

msghdr message_of(const iovec* parts, int count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return message;
}

}  // namespace

Operation Calls::receive(int fd, const msghdr& message, int flags, Time now,
                         std::move_only_function<void(const msghdr&)> tell) {
  const FilePtr file = find(fd);
  if (file == nullptr) return -EBADF;
  if (const Answer wrong = check(message); wrong != 0) return wrong;
  const bool never_waits = (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0;
  const bool waits = !file->is_non_blocking() && !never_waits;
  const bool peeks = (flags & MSG_PEEK) != 0;
  const bool wants_all = (flags & MSG_WAITALL) != 0 && !peeks;
  auto attempt = [file, plain = message, parts = Parts(message), flags, waits, wants_all, peeks,
                  tell = std::move(tell)](Time at, bool is_last) mutable -> std::optional<Answer> {
    const std::size_t whole = static_cast<std::size_t>(parts.done()) + parts.left();
    const std::size_t wanted = waits ? wanted_at_once(*file, whole, wants_all) : 0;
    while (true) {
      msghdr rest = plain;
      parts.put_into(rest);
      const Answer count = file->receive(rest, flags, at);
      if (count == -EAGAIN && waits && !is_last) return std::nullopt;
      const bool is_enough = count <= 0 || static_cast<std::size_t>(parts.done() + count) >= wanted;
      if (!is_enough && peeks && !is_last && !has_ended(*file)) return std::nullopt;
      if (count > 0) parts.advance(count);
      if (!is_enough && !peeks) continue;
      if (count < 0 && parts.done() == 0) return count;
      if (count >= 0 && tell) tell(rest);
      return parts.done();
    }
  };
  return {std::move(attempt), deadline(now, file->receive_timeout()), now};
}

Operation Calls::transmit(int fd, const msghdr& message, int flags, Time now) {
  const FilePtr file = find(fd);
  if (file == nullptr) return -EBADF;
  if (const Answer wrong = check(message); wrong != 0) return wrong;
  const bool waits = !file->is_non_blocking() && (flags & MSG_DONTWAIT) == 0;
  // A stream may have to know that nobody will ask again: MSG_FASTOPEN answers another thing then.
  int how = file->is_stream() && !waits ? flags | MSG_DONTWAIT : flags;
  auto attempt = [file, plain = message, parts = Parts(message), how, waits](
                     Time at, bool is_last) mutable -> std::optional<Answer> {
    while (true) {
      msghdr rest = plain;
      parts.put_into(rest);
      const Answer count = file->send(rest, how, at);
      how &= ~MSG_FASTOPEN;  // what it began goes on
      if (count == -EAGAIN && waits && !is_last) return std::nullopt;
      if (count < 0) return parts.done() != 0 ? parts.done() : count;
      parts.advance(count);
      if (!file->is_stream() || parts.empty()) return parts.done();
    }
  };
  return {std::move(attempt), deadline(now, file->send_timeout()), now};
}

Operation Calls::read(int fd, void* buffer, std::size_t size, Time now) {
  return recvfrom(fd, buffer, size, 0, nullptr, nullptr, now);
}

Operation Calls::recv(int fd, void* buffer, std::size_t size, int flags, Time now) {
  if (const FilePtr file = find(fd); file != nullptr && !file->is_socket()) return -ENOTSOCK;
  return recvfrom(fd, buffer, size, flags, nullptr, nullptr, now);
}

Operation Calls::readv(int fd, const iovec* parts, int count, Time now) {
  if (count < 0 || count > IOV_MAX) return -EINVAL;
  return receive(fd, message_of(parts, count), 0, now, nullptr);
}

Operation Calls::recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* address,
                          socklen_t* address_size, Time now) {
  iovec part{buffer, size};
  msghdr message = message_of(part);
  if (address == nullptr) return receive(fd, message, flags, now, nullptr);
  if (address_size == nullptr) return -EFAULT;
  message.msg_name = address;
  message.msg_namelen = *address_size;
  return receive(fd, message, flags, now,
                 [address_size](const msghdr& told) { *address_size = told.msg_namelen; });
}

Operation Calls::recvmsg(int fd, msghdr* message, int flags, Time now) {
  if (message == nullptr) return -EFAULT;
  if (const FilePtr file = find(fd); file != nullptr && !file->is_socket()) return -ENOTSOCK;
  return receive(fd, *message, flags, now, [message](const msghdr& told) {
    message->msg_namelen = told.msg_namelen;
    message->msg_controllen = told.msg_controllen;
    message->msg_flags = told.msg_flags;
  });
}

Operation Calls::write(int fd, const void* buffer, std::size_t size, Time now) {
  iovec part{const_cast<void*>(buffer), size};
  return transmit(fd, message_of(part), 0, now);
}

Operation Calls::writev(int fd, const iovec* parts, int count, Time now) {
  if (count < 0 || count > IOV_MAX) return -EINVAL;
  return transmit(fd, message_of(parts, count), 0, now);
}

Operation Calls::send(int fd, const void* buffer, std::size_t size, int flags, Time now) {
  return sendto(fd, buffer, size, flags, nullptr, 0, now);
}

Operation Calls::sendto(int fd, const void* buffer, std::size_t size, int flags,
                        const sockaddr* address, socklen_t address_size, Time now) {
  if (const FilePtr file = find(fd); file != nullptr && !file->is_socket()) return -ENOTSOCK;
  iovec part{const_cast<void*>(buffer), size};
  msghdr message = message_of(part);
  message.msg_name = const_cast<sockaddr*>(address);
  message.msg_namelen = address_size;
  return transmit(fd, message, flags, now);
}

Operation Calls::sendmsg(int fd, const msghdr* message, int flags, Time now) {
  if (message == nullptr) return -EFAULT;
  if (const FilePtr file = find(fd); file != nullptr && !file->is_socket()) return -ENOTSOCK;
  return transmit(fd, *message, flags, now);
}

// Looks at what there is, hands over what the other end takes, and only then takes it away: what
// does not fit stays where it was.
Operation Calls::splice(int from, const void* from_offset, int to, const void* to_offset,
                        std::size_t size, unsigned flags, Time now) {
  constexpr unsigned kNonBlocking = 2;  // SPLICE_F_NONBLOCK
  constexpr std::size_t kBytesMax = 65'536;
  const FilePtr source = find(from);
  const FilePtr sink = find(to);
  if (source == nullptr || sink == nullptr) return -EBADF;
  if (source->is_socket() && sink->is_socket()) return -EINVAL;
  if (from_offset != nullptr || to_offset != nullptr) return -ESPIPE;
  const bool waits = (flags & kNonBlocking) == 0 && !source->is_non_blocking();
  auto attempt = [source, sink, waits, buffer = std::vector<std::byte>(std::min(size, kBytesMax))](
                     Time at, bool is_last) mutable -> std::optional<Answer> {
    iovec part{buffer.data(), buffer.size()};
    msghdr message = message_of(part);
    Answer count = source->receive(message, MSG_PEEK, at);
    if (count > 0) {
      part.iov_len = static_cast<std::size_t>(count);
      message = message_of(part);
      count = sink->send(message, 0, at);
    }
    if (count == -EAGAIN && waits && !is_last) return std::nullopt;
    if (count <= 0) return count;
    part.iov_len = static_cast<std::size_t>(count);
    message = message_of(part);
    return source->receive(message, 0, at);
  };
  return {std::move(attempt), deadline(now, source->receive_timeout()), now};
}

}  // namespace strata::posix
