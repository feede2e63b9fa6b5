// SPDX-License-Identifier: Apache-2.0
// DatagramFile: a UDP socket behind a descriptor.
#pragma once

#include <memory>
#include <optional>

#include "socket/posix/control_messages.h"
#include "socket/posix/socket_file.h"
#include "strata/udp_socket.h"

namespace strata::posix {

class DatagramFile final : public SocketFile {
 public:
  // Null, and minus an errno, when the stack has no room for one.
  [[nodiscard]] static Accepted open(Stack& stack, AddressFamily family);
  DatagramFile(Stack& stack, UdpSocket socket, AddressFamily family);

  Answer receive(msghdr& message, int flags, Time now) override;
  Answer send(const msghdr& message, int flags, Time now) override;
  Answer bind(const sockaddr* address, socklen_t size, Time now) override;
  Answer connect(const sockaddr* address, socklen_t size, Time now) override;
  Answer shut_down(int how, Time now) override;
  Answer local_name(sockaddr* address, socklen_t* size) override;
  Answer remote_name(sockaddr* address, socklen_t* size) override;
  Answer option(int level, int name, void* value, socklen_t* size, Time now) override;
  Answer set_option(int level, int name, const void* value, socklen_t size, Time now) override;
  Answer control(unsigned long request, int& value) override;
  [[nodiscard]] std::uint32_t events() const override;

 private:
  friend struct DatagramOptions;  // datagram_options.cpp

  [[nodiscard]] Answer receive_error(msghdr& message);
  [[nodiscard]] Answer peek(msghdr& message, DatagramInfo& info);
  [[nodiscard]] bool is_connected() const { return socket_.remote().has_value(); }

  Stack& stack_;
  UdpSocket socket_;
  WantedControl wanted_;
  std::size_t send_buffer_;
  std::uint16_t segment_size_ = 0;  // UDP_SEGMENT
  bool receive_is_shut_ = false;
  bool send_is_shut_ = false;
};

}  // namespace strata::posix
