// SPDX-License-Identifier: Apache-2.0
// Steward: a small process that a confined one leaves its last privileges with.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "driver/descriptor.h"
#include "service/failure.h"
#include "strata/device.h"

//   strata up ──"open tap:x"──> steward (CAP_NET_ADMIN, /dev/net/tun; no other file, no program)
//             <──descriptors──
//             ──"remove"──────> steward: takes away the one file that was named at the start
//
// 1. It is forked before anything is given up, holds none of the descriptors, and is confined
//    itself: a stack that was taken over can make TAP devices of this host through it, and that is
//    all.
// 2. It ends when the other end of its channel closes. Signals for the group are not for it.
// 3. One question at a time, each bounded, each answered.

namespace strata::service {

class Steward {
 public:
  static constexpr std::size_t kSpecBytesMax = 1024;

  // `file`: the one that it takes away when asked; empty: none. Before any thread is made.
  [[nodiscard]] static Outcome<std::unique_ptr<Steward>> start(const std::string& file);
  ~Steward();
  Steward(const Steward&) = delete;
  Steward& operator=(const Steward&) = delete;

  // A TAP or TUN device of one queue.
  [[nodiscard]] Outcome<std::unique_ptr<Device>> open(const std::string& spec);
  void remove_file();
  [[nodiscard]] pid_t process() const { return process_; }

 private:
  Steward(driver::Descriptor channel, pid_t process)
      : channel_(std::move(channel)), process_(process) {}

  driver::Descriptor channel_;
  pid_t process_;
};

}  // namespace strata::service
