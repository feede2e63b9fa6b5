// SPDX-License-Identifier: Apache-2.0
// Calls that wait for one of several descriptors.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "socket/posix/calls.h"

namespace strata::posix {
namespace {

constexpr short kAlways = POLLERR | POLLHUP | POLLNVAL;

// A negative time-out is none.
std::optional<Time> deadline(Time now, int timeout_ms) {
  if (timeout_ms < 0) return std::nullopt;
  return now + std::chrono::milliseconds(timeout_ms);
}

}  // namespace

Operation Calls::poll(pollfd* descriptors, nfds_t count, int timeout_ms, Time now) {
  if (count > kDescriptorsMax) return -EINVAL;
  if (descriptors == nullptr && count != 0) return -EFAULT;
  const std::span<pollfd> asked(descriptors, count);
  std::vector<FilePtr> files;
  files.reserve(count);
  for (const pollfd& one : asked) files.push_back(find(one.fd));
  auto attempt = [asked, files = std::move(files)](Time /*at*/,
                                                   bool is_last) -> std::optional<Answer> {
    Answer ready = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      pollfd& one = asked[i];
      one.revents = 0;
      if (one.fd < 0) continue;
      const auto events = static_cast<short>(files[i] == nullptr ? POLLNVAL : files[i]->events());
      one.revents = static_cast<short>(events & (one.events | kAlways));
      ready += one.revents != 0 ? 1 : 0;
    }
    if (ready == 0 && !is_last) return std::nullopt;
    return ready;
  };
  return {std::move(attempt), deadline(now, timeout_ms), now};
}

std::shared_ptr<EpollFile> Calls::find_epoll(int fd) const {
  const FilePtr file = find(fd);
  for (const std::weak_ptr<EpollFile>& known : epolls_) {
    std::shared_ptr<EpollFile> epoll = known.lock();
    if (epoll != nullptr && epoll == file) return epoll;
  }
  return nullptr;
}

Answer Calls::epoll_create(int flags) {
  if ((flags & ~EPOLL_CLOEXEC) != 0) return -EINVAL;
  auto epoll = std::make_shared<EpollFile>();
  std::erase_if(epolls_, [](const auto& known) { return known.expired(); });
  epolls_.push_back(epoll);
  return install(std::move(epoll), (flags & EPOLL_CLOEXEC) != 0);
}

Answer Calls::epoll_ctl(int epoll, int operation, int fd, const epoll_event* event) {
  const FilePtr file = find(fd);
  if (file == nullptr || find(epoll) == nullptr) return -EBADF;
  const std::shared_ptr<EpollFile> set = find_epoll(epoll);
  // An epoll instance inside another could circle; nobody here needs one.
  if (set == nullptr || find_epoll(fd) != nullptr) return -EINVAL;
  return set->change(operation, fd, file, event);
}

Operation Calls::epoll_wait(int epoll, epoll_event* events, int count, int timeout_ms, Time now) {
  if (find(epoll) == nullptr) return -EBADF;
  const std::shared_ptr<EpollFile> set = find_epoll(epoll);
  if (set == nullptr || count <= 0) return -EINVAL;
  if (events == nullptr) return -EFAULT;
  auto attempt = [set, out = std::span(events, static_cast<std::size_t>(count))](
                     Time /*at*/, bool is_last) -> std::optional<Answer> {
    const Answer ready = set->collect(out);
    if (ready == 0 && !is_last) return std::nullopt;
    return ready;
  };
  return {std::move(attempt), deadline(now, timeout_ms), now};
}

}  // namespace strata::posix
