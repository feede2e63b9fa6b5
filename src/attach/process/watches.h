// SPDX-License-Identifier: Apache-2.0
// Watches: the epoll sets of a program that one of its descriptors is in. They hold the open file
// and not the number, and would forget it when the number gets another file.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attach/process/program.h"

namespace strata::attach {

class Watches {
 public:
  // None, of a descriptor that can be in no set.
  explicit Watches(int number) : number_(number) {}
  // Of the descriptor `number` in the process of `thread`, as long as it is the socket with this
  // inode. A process with hundreds of descriptors is not searched to its end.
  [[nodiscard]] static Watches find(ProgramDescriptors& descriptors, pid_t thread, int number,
                                    std::uint64_t inode);

  [[nodiscard]] std::size_t size() const { return all_.size(); }
  // Into the same sets, for the same: `theirs`, our copy of what has the number now. False: there
  // was no thread with descriptors of its own to be had, or our limit is below the number.
  [[nodiscard]] bool renew(int theirs) const;

 private:
  struct Watch {
    Descriptor set;
    epoll_event event{};
  };
  [[nodiscard]] bool renew_in_thread(int theirs) const;
  [[nodiscard]] bool put_in(int theirs) const;

  int number_;
  std::vector<Watch> all_;
};

}  // namespace strata::attach
