// SPDX-License-Identifier: Apache-2.0
// Control messages: what recvmsg() tells beside the bytes, and what sendmsg() is told.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <expected>

#include "socket/posix/answer.h"
#include "strata/socket_types.h"

namespace strata::posix {

// Appends messages to msg_control as long as there is room; what does not fit is cut, and told by
// MSG_CTRUNC. finish() leaves the length that was used.
class ControlWriter {
 public:
  explicit ControlWriter(msghdr& message)
      : message_(message), room_(message.msg_control == nullptr ? 0 : message.msg_controllen) {}

  template <typename T>
  void append(int level, int type, const T& data) {
    append(level, type, &data, sizeof(data));
  }
  void append(int level, int type, const void* data, std::size_t size);
  // Those that another writer has written.
  void append_all(Bytes messages);
  void finish() { message_.msg_controllen = used_; }

 private:
  msghdr& message_;
  std::size_t room_;
  std::size_t used_ = 0;
};

// Which of them a socket asked for.
struct WantedControl {
  bool packet_info = false;
  bool hop_limit = false;
  bool traffic_class = false;
  bool segment_size = false;
};

void write_control(const DatagramInfo& info, AddressFamily family, const WantedControl& wanted,
                   ControlWriter& writer);
// IP_RECVERR and IPV6_RECVERR with their sock_extended_err and the offender's address.
void write_error(const SocketError& error, AddressFamily family, ControlWriter& writer);

// What sendmsg() asks for this datagram alone.
[[nodiscard]] std::expected<SendChoices, Answer> read_control(const msghdr& message);

}  // namespace strata::posix
