// SPDX-License-Identifier: Apache-2.0
// EpollFile: a set of descriptors that is asked for those with events.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "socket/posix/file.h"

namespace strata::posix {

// Events are looked at when they are asked for. An edge (EPOLLET) is a file's news() that has grown
// since it was last reported.
class EpollFile final : public File {
 public:
  // EPOLL_CTL_ADD, _MOD and _DEL, as the kernel answers them.
  Answer change(int operation, int descriptor, const FilePtr& file, const epoll_event* event);
  // Fills in events and answers how many. Those that are reported go to the end of the line, so
  // that a short array starves nobody.
  Answer collect(std::span<epoll_event> events);
  [[nodiscard]] std::uint32_t events() const override;

 private:
  struct Item {
    int descriptor;
    std::weak_ptr<File> file;  // a file that is closed leaves the set
    epoll_event event;
    std::uint64_t reported = 0;  // news() of the last report
    bool is_disabled = false;    // EPOLLONESHOT, after its event
  };

  [[nodiscard]] std::vector<Item>::iterator find(int descriptor, const FilePtr& file);
  // What is to be told of an item; 0: nothing.
  [[nodiscard]] static std::uint32_t events_of(const Item& item, const File& file);

  std::vector<Item> items_;
};

}  // namespace strata::posix
