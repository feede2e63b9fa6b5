// SPDX-License-Identifier: Apache-2.0
#include "attach/socket.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <array>

namespace strata::attach {

Socket::Socket(posix::FilePtr file, Pair& pair, ProgramDescriptors& descriptors)
    : file_(std::move(file)), descriptors_(descriptors) {
  adopt(pair);
}

void Socket::adopt(Pair& pair) {
  end_ = std::move(pair.ours);
  cookie_ = pair.cookie;
  struct stat theirs{};
  inode_ = ::fstat(pair.theirs.get(), &theirs) == 0 ? theirs.st_ino : 0;
  may_have_bytes_ = true;
  is_hung_up_ = false;
  wants_room_ = false;
}

void Socket::note_events(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) may_have_bytes_ = true;
  if ((events & EPOLLHUP) != 0) is_hung_up_ = true;
}

MutableBytes Socket::scratch() {
  static std::array<std::byte, 131'072> buffer;
  return buffer;
}

std::size_t Socket::bytes_in_pair() const {
  int size = 0;
  if (end_.get() < 0 || ::ioctl(end_.get(), FIONREAD, &size) != 0) return 0;
  return static_cast<std::size_t>(size);
}

Descriptor Socket::borrow_program_end() {
  if (whereabouts_.number < 0) return {};
  auto copied = descriptors_.copy(whereabouts_.thread, whereabouts_.number);
  if (!copied || cookie_of(copied->get()) != cookie_) return {};
  return *std::move(copied);
}

void Socket::close_end(Answer error) {
  if (error != 0) {
    // Linux: closing with bytes unread is a reset for the other end. When there are none, the
    // program's own end sends one.
    error_ = error;
    const Descriptor theirs = bytes_in_pair() == 0 ? borrow_program_end() : Descriptor();
    if (theirs) static_cast<void>(::send(theirs.get(), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  end_.reset();
  wants_room_ = false;
}

}  // namespace strata::attach
