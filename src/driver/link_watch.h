// SPDX-License-Identifier: Apache-2.0
// LinkWatch: what became of an interface of the host that frames are taken from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "driver/descriptor.h"
#include "driver/host_link.h"

// The kernel tells of changes through a netlink socket. What it says is not read: the socket is a
// bell, and the interface is asked when it rings. Sockets that carry frames and the bell lie in one
// epoll descriptor, which is what the device's owner waits for:
//
//   owner's loop ── descriptor() ──┬── the device's sockets
//                                  └── the bell
//
// 1. That keeps the owner from seeing a socket's own POLLERR, which stands for a link that went
//    down and may come back, and by which a loop would take the device for lost.
// 2. Nothing is asked of the kernel while frames come. A device that found none says so with
//    on_nothing(), and one call in kIdleCallsPerLook looks at the bell. A loop that was woken by it
//    does not sleep until it has been looked at, so that no change is missed.

namespace strata::driver {

class LinkWatch {
 public:
  // Watches `link`, and frames of `sockets`, which the watch does not own. An errno else.
  [[nodiscard]] static std::expected<LinkWatch, int> open(HostLink link, std::vector<int> sockets);

  // Readable when there may be frames, or news of the link; -1 once the interface is gone.
  [[nodiscard]] int descriptor() const { return is_there_ ? both_.get() : -1; }
  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] bool is_up() const { return is_up_; }  // and has a carrier
  [[nodiscard]] std::size_t mtu() const { return mtu_; }
  [[nodiscard]] const HostLink& link() const { return link_; }

  // Whether the next call of on_nothing() looks.
  [[nodiscard]] bool is_time_to_look() const { return idle_calls_ + 1 >= kIdleCallsPerLook; }
  // A call of receive() has found no frame. True when the interface was asked.
  bool on_nothing() {
    if (++idle_calls_ < kIdleCallsPerLook) return false;
    idle_calls_ = 0;
    return look_at_bell();
  }
  void on_frames() { idle_calls_ = 0; }
  // The kernel has refused a frame.
  void on_refusal() { ask(); }

 private:
  static constexpr std::uint32_t kIdleCallsPerLook = 32;

  LinkWatch(HostLink link, std::vector<int> sockets, Descriptor bell, Descriptor both);
  bool look_at_bell();
  void ask();

  HostLink link_;
  Descriptor bell_;
  Descriptor both_;
  std::vector<int> sockets_;
  std::uint32_t idle_calls_ = 0;
  bool is_there_ = true;
  bool is_up_ = true;
  std::size_t mtu_ = 0;
};

}  // namespace strata::driver
