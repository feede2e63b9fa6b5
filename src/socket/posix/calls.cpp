// SPDX-License-Identifier: Apache-2.0
// Descriptors, and the calls about a socket itself.
#include "socket/posix/calls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "socket/posix/datagram_file.h"
#include "socket/posix/packet_file.h"
#include "socket/posix/pipe_file.h"
#include "socket/posix/stream_file.h"

namespace strata::posix {

FilePtr Calls::find(int fd) const {
  if (fd < first_) return nullptr;
  const auto index = static_cast<std::size_t>(fd - first_);
  return index < slots_.size() ? slots_[index].file : nullptr;
}

Calls::Slot* Calls::slot_of(int fd) {
  return find(fd) == nullptr ? nullptr : &slots_[static_cast<std::size_t>(fd - first_)];
}

Answer Calls::install(FilePtr file, bool closes_on_exec, int lowest) {
  const auto from = static_cast<std::size_t>(std::max(0, lowest - first_));
  if (from >= kDescriptorsMax) return -EINVAL;
  if (slots_.size() < from) slots_.resize(from);
  const auto free = std::ranges::find(slots_.begin() + static_cast<std::ptrdiff_t>(from),
                                      slots_.end(), nullptr, &Slot::file);
  const auto index = static_cast<std::size_t>(free - slots_.begin());
  if (index == kDescriptorsMax) return -EMFILE;
  if (index == slots_.size()) slots_.emplace_back();
  slots_[index] = {std::move(file), closes_on_exec};
  return first_ + static_cast<Answer>(index);
}

bool Calls::is_held(const File& file) const {
  return std::ranges::any_of(slots_, [&](const Slot& slot) { return slot.file.get() == &file; });
}

Answer Calls::socket(int domain, int type, int protocol) {
  if (domain != AF_INET && domain != AF_INET6) return -EAFNOSUPPORT;
  const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  const AddressFamily family = domain == AF_INET ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  const int echo = domain == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  File::Accepted made;
  if (kind == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) {
    made.file = std::make_shared<StreamFile>(stack_, family);
  } else if (kind == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP)) {
    made = DatagramFile::open(stack_, family);
  } else if (kind == SOCK_DGRAM && protocol == echo) {
    made = EchoFile::open(stack_, family);
  } else if (kind == SOCK_RAW && protocol > 0 && protocol < 256) {
    made = RawFile::open(stack_, family, protocol);
  } else {
    const bool is_kind = kind == SOCK_STREAM || kind == SOCK_DGRAM || kind == SOCK_RAW;
    return is_kind ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
  }
  if (made.file == nullptr) return made.error;
  made.file->set_non_blocking((flags & SOCK_NONBLOCK) != 0);
  return install(std::move(made.file), (flags & SOCK_CLOEXEC) != 0);
}

Answer Calls::bind(int fd, const sockaddr* address, socklen_t size, Time now) {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->bind(address, size, now);
}

Answer Calls::listen(int fd, int backlog, Time now) {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->listen(backlog, now);
}

Operation Calls::accept(int fd, sockaddr* address, socklen_t* size, int flags, Time now) {
  const FilePtr file = find(fd);
  if (file == nullptr) return -EBADF;
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return -EINVAL;
  const bool waits = !file->is_non_blocking();
  const auto attempt = [this, file, address, size, flags, waits](
                           Time at, bool is_last) -> std::optional<Answer> {
    File::Accepted accepted = file->accept(at);
    if (accepted.error == -EAGAIN && waits && !is_last) return std::nullopt;
    if (accepted.file == nullptr) return accepted.error;
    if (address != nullptr) {
      const Answer told = accepted.file->remote_name(address, size);
      if (told < 0) return told;
    }
    accepted.file->set_non_blocking((flags & SOCK_NONBLOCK) != 0);
    return install(std::move(accepted.file), (flags & SOCK_CLOEXEC) != 0);
  };
  const auto timeout = file->receive_timeout();
  return {attempt, timeout ? std::optional(now + *timeout) : std::nullopt, now};
}

Operation Calls::connect(int fd, const sockaddr* address, socklen_t size, Time now) {
  const FilePtr file = find(fd);
  if (file == nullptr) return -EBADF;
  const Answer first = file->connect(address, size, now);
  if (first != -EINPROGRESS || file->is_non_blocking()) return first;
  const auto attempt = [file](Time /*at*/, bool is_last) -> std::optional<Answer> {
    const Answer result = file->connect_result();
    if (result == -EINPROGRESS && !is_last) return std::nullopt;
    return result;
  };
  const auto timeout = file->send_timeout();
  return {attempt, timeout ? std::optional(now + *timeout) : std::nullopt, now};
}

Answer Calls::shutdown(int fd, int how, Time now) {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->shut_down(how, now);
}

Answer Calls::getsockname(int fd, sockaddr* address, socklen_t* size) const {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->local_name(address, size);
}

Answer Calls::getpeername(int fd, sockaddr* address, socklen_t* size) const {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->remote_name(address, size);
}

Answer Calls::getsockopt(int fd, int level, int name, void* value, socklen_t* size,
                         Time now) const {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->option(level, name, value, size, now);
}

Answer Calls::setsockopt(int fd, int level, int name, const void* value, socklen_t size, Time now) {
  const FilePtr file = find(fd);
  return file == nullptr ? -EBADF : file->set_option(level, name, value, size, now);
}

Answer Calls::fcntl(int fd, int command, long argument) {
  Slot* const slot = slot_of(fd);
  if (slot == nullptr) return -EBADF;
  switch (command) {
    case F_GETFL: return O_RDWR | (slot->file->is_non_blocking() ? O_NONBLOCK : 0);
    case F_SETFL: slot->file->set_non_blocking((argument & O_NONBLOCK) != 0); return 0;
    case F_GETFD: return slot->closes_on_exec ? FD_CLOEXEC : 0;
    case F_SETFD: slot->closes_on_exec = (argument & FD_CLOEXEC) != 0; return 0;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      if (argument < 0 || argument >= kDescriptorsMax) return -EINVAL;
      FilePtr same = slot->file;
      return install(std::move(same), command == F_DUPFD_CLOEXEC, static_cast<int>(argument));
    }
    default: return -EINVAL;
  }
}

Answer Calls::ioctl(int fd, unsigned long request, void* argument) {
  const FilePtr file = find(fd);
  if (file == nullptr) return -EBADF;
  if (argument == nullptr) return -EFAULT;
  int& value = *static_cast<int*>(argument);
  if (request == FIONBIO) {
    file->set_non_blocking(value != 0);
    return 0;
  }
  return file->control(request, value);
}

Answer Calls::pipe(int descriptors[2], int flags) {
  if (descriptors == nullptr) return -EFAULT;
  if ((flags & ~(O_NONBLOCK | O_CLOEXEC)) != 0) return -EINVAL;
  auto [reader, writer] = PipeFile::make();
  reader->set_non_blocking((flags & O_NONBLOCK) != 0);
  writer->set_non_blocking((flags & O_NONBLOCK) != 0);
  const Answer first = install(std::move(reader), (flags & O_CLOEXEC) != 0);
  if (first < 0) return first;
  const Answer second = install(std::move(writer), (flags & O_CLOEXEC) != 0);
  if (second < 0) {
    slot_of(static_cast<int>(first))->file.reset();
    return second;
  }
  descriptors[0] = static_cast<int>(first);
  descriptors[1] = static_cast<int>(second);
  return 0;
}

Operation Calls::close(int fd, Time now) {
  Slot* const slot = slot_of(fd);
  if (slot == nullptr) return -EBADF;
  const FilePtr file = std::exchange(*slot, {}).file;
  if (is_held(*file)) return 0;
  const std::optional<Duration> linger = file->linger();
  const auto attempt = [file](Time at, bool is_last) -> std::optional<Answer> {
    if (file->close(at, is_last)) return 0;
    return std::nullopt;
  };
  return {attempt, now + linger.value_or(Duration{}), now};
}

void Calls::close_all(Time now) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const FilePtr file = std::exchange(slots_[i], {}).file;
    if (file != nullptr && !is_held(*file)) static_cast<void>(file->close(now, true));
  }
}

}  // namespace strata::posix
