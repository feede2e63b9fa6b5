// SPDX-License-Identifier: Apache-2.0
#include "socket/posix/epoll_file.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace strata::posix {
namespace {

constexpr std::size_t kItemsMax = 65'536;
// What is told whether or not it was asked for.
constexpr std::uint32_t kAlways = EPOLLERR | EPOLLHUP;

}  // namespace

std::vector<EpollFile::Item>::iterator EpollFile::find(int descriptor, const FilePtr& file) {
  return std::ranges::find_if(items_, [&](const Item& item) {
    return item.descriptor == descriptor && item.file.lock() == file;
  });
}

Answer EpollFile::change(int operation, int descriptor, const FilePtr& file,
                         const epoll_event* event) {
  if (file.get() == this) return -EINVAL;
  const auto known = find(descriptor, file);
  const bool is_known = known != items_.end();
  if (operation == EPOLL_CTL_DEL) {
    if (!is_known) return -ENOENT;
    items_.erase(known);
    return 0;
  }
  if (event == nullptr) return -EFAULT;
  switch (operation) {
    case EPOLL_CTL_ADD:
      if (is_known) return -EEXIST;
      if (items_.size() == kItemsMax) return -ENOSPC;
      items_.push_back({descriptor, file, *event});
      break;
    case EPOLL_CTL_MOD:
      if (!is_known) return -ENOENT;
      if ((event->events & EPOLLEXCLUSIVE) != 0) return -EINVAL;
      *known = {descriptor, file, *event};
      break;
    default: return -EINVAL;
  }
  tell_news();
  return 0;
}

std::uint32_t EpollFile::events_of(const Item& item, const File& file) {
  if (item.is_disabled) return 0;
  const bool is_edge = (item.event.events & EPOLLET) != 0;
  if (is_edge && item.reported == file.news()) return 0;
  return file.events() & (item.event.events | kAlways);
}

Answer EpollFile::collect(std::span<epoll_event> events) {
  std::erase_if(items_, [](const Item& item) { return item.file.expired(); });
  std::size_t count = 0;
  std::vector<Item> reported;
  for (auto item = items_.begin(); item != items_.end() && count < events.size();) {
    const FilePtr file = item->file.lock();
    const std::uint32_t what = events_of(*item, *file);
    if (what == 0) {
      ++item;
      continue;
    }
    events[count++] = {what, item->event.data};
    item->reported = file->news();
    item->is_disabled = (item->event.events & EPOLLONESHOT) != 0;
    reported.push_back(*item);
    item = items_.erase(item);
  }
  items_.insert(items_.end(), reported.begin(), reported.end());
  return static_cast<Answer>(count);
}

std::uint32_t EpollFile::events() const {
  const bool has_any = std::ranges::any_of(items_, [](const Item& item) {
    const FilePtr file = item.file.lock();
    return file != nullptr && events_of(item, *file) != 0;
  });
  return has_any ? POLLIN | POLLRDNORM : 0;
}

}  // namespace strata::posix
