// SPDX-License-Identifier: Apache-2.0
// Connection: finds the other end of a pipe, again and again, and carries the bell between them.
//
//   first end                                   second end
//     listen on NAME.link                         connect to it, every 100 ms until it works
//     accept, make memory, send it  ------------> adopt the memory
//     ring() ----------- one byte -------------->
//            <---------- one byte --------------- ring()
//            <---------- the socket closes ------ dies, or leaves
//
// 1. The bell is the socket itself: nothing else that two processes share could not be made to
//    block one by the other. A full socket has bells enough waiting in it.
// 2. descriptor() is readable whenever tend() has something to do. It is the same for life.
// 3. Only processes of the same user, or root, are let in.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "driver/pipe/shared_memory.h"
#include "driver/pipe/side.h"
#include "strata/devices.h"

namespace strata::driver::pipe {

class Connection {
 public:
  [[nodiscard]] static std::expected<Connection, DeviceError> open(const std::string& name);
  // Both ends of a pipe without a name. When one is gone the other stays alone.
  [[nodiscard]] static std::expected<std::pair<Connection, Connection>, DeviceError> make_pair();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  [[nodiscard]] bool is_first() const { return side_.is_first(); }
  [[nodiscard]] int descriptor() const { return epoll_; }
  // Looks for the other end, hears its bell, notes when it is gone. True: there was something.
  bool tend();
  // Null without another end. It stays when the other end goes, until let_go(), and for whoever
  // still holds it then.
  using Memory = std::shared_ptr<const SharedMemory>;
  [[nodiscard]] const Memory& memory() const { return memory_; }
  [[nodiscard]] bool is_other_gone() const { return socket_ < 0; }
  void ring() const;
  // Ends what there is with the other end, and looks for a new one.
  void let_go();

 private:
  Connection(Side side, int epoll, int listener, int timer)
      : side_(std::move(side)), epoll_(epoll), listener_(listener), timer_(timer) {}

  void on_listener();
  void on_timer();
  void on_socket();
  [[nodiscard]] bool hand_over(int socket);
  void take_over(int file);
  void share(std::optional<SharedMemory> memory);
  void watch(int descriptor) const;
  void hang_up();
  void retry_soon() const;

  Side side_;
  int epoll_;
  int listener_;  // the first end's
  int timer_;     // the second end's, until somebody listens
  int socket_ = -1;
  Memory memory_;
};

}  // namespace strata::driver::pipe
