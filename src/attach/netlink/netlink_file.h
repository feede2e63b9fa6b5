// SPDX-License-Identifier: Apache-2.0
// NetlinkFile: a socket of NETLINK_ROUTE or NETLINK_SOCK_DIAG that tells of the stack and not of
// the kernel.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "attach/netlink/message.h"
#include "attach/netlink/open_sockets.h"
#include "socket/posix/file.h"
#include "strata/stack.h"

// Answers dumps and questions about links, addresses, routes and neighbours. Changes are EPERM:
// the stack is configured by those who start it. So is hearing of changes (groups), for nobody here
// would tell; programs take it as a lack of privilege and ask instead.

namespace strata::attach {

using posix::Answer;

class NetlinkFile final : public posix::File {
 public:
  // `port` is its address, as the kernel would choose one; `type` is SOCK_RAW or SOCK_DGRAM.
  NetlinkFile(Stack& stack, int type, std::uint32_t port)
      : stack_(stack), type_(type), port_(port) {}
  // Of NETLINK_SOCK_DIAG.
  NetlinkFile(Stack& stack, int type, std::uint32_t port, OpenSockets sockets)
      : stack_(stack), type_(type), port_(port), sockets_(std::move(sockets)) {}

  Answer receive(msghdr& message, int flags, Time now) override;
  Answer send(const msghdr& message, int flags, Time now) override;
  [[nodiscard]] bool is_socket() const override { return true; }
  Answer bind(const sockaddr* address, socklen_t size, Time now) override;
  Answer connect(const sockaddr* address, socklen_t size, Time now) override;
  Answer local_name(sockaddr* address, socklen_t* size) override;
  Answer remote_name(sockaddr* address, socklen_t* size) override;
  Answer option(int level, int name, void* value, socklen_t* size, Time now) override;
  Answer set_option(int level, int name, const void* value, socklen_t size, Time now) override;
  Answer control(unsigned long request, int& value) override;
  [[nodiscard]] std::uint32_t events() const override;

 private:
  void answer(const NetlinkRequest& request, Time now);
  // 0, or minus an errno, which the program is told as an answer.
  [[nodiscard]] int dump(const NetlinkRequest& request, Time now);
  [[nodiscard]] int dump_sockets(const NetlinkRequest& request, Time now);
  void end_dump(const NetlinkRequest& request);
  [[nodiscard]] int tell_one(const NetlinkRequest& request);
  [[nodiscard]] int tell_link(const NetlinkRequest& request);
  [[nodiscard]] int tell_route(const NetlinkRequest& request);
  void acknowledge(const NetlinkRequest& request, int error);
  void queue(MessageWriter& writer);

  Stack& stack_;
  int type_;
  std::uint32_t port_;
  OpenSockets sockets_;
  bool is_bound_ = false;
  bool caps_acknowledgements_ = false;  // NETLINK_CAP_ACK
  bool has_extended_errors_ = false;    // NETLINK_EXT_ACK
  int send_buffer_ = 212'992;
  int receive_buffer_ = 212'992;
  std::deque<std::vector<std::byte>> answers_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace strata::attach
