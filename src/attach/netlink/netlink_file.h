// SPDX-License-Identifier: Apache-2.0
// NetlinkFile: a socket of NETLINK_ROUTE or NETLINK_SOCK_DIAG that tells of the stack and not of
// the kernel.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "attach/netlink/changes.h"
#include "attach/netlink/message.h"
#include "attach/netlink/open_sockets.h"
#include "socket/posix/file.h"
#include "strata/inline_function.h"
#include "strata/stack.h"

// Answers dumps and questions about links, addresses, routes and neighbours. To change any is
// EPERM: the stack is configured by those who start it. Members of groups are told of changes
// whenever somebody looks for them (changes.h).

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

  // Told when it becomes a member of groups: from then on somebody must look for changes.
  void on_hearing(InlineFunction<void()> tell) { on_hearing_ = std::move(tell); }
  [[nodiscard]] bool hears_changes() const { return changes_.groups() != 0; }
  void look_for_changes(Time now);

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
  // 0 where it is so already.
  [[nodiscard]] int refuse_change(const NetlinkRequest& request) const;
  [[nodiscard]] int tell_one(const NetlinkRequest& request);
  [[nodiscard]] int tell_link(const NetlinkRequest& request);
  [[nodiscard]] int tell_route(const NetlinkRequest& request);
  void acknowledge(const NetlinkRequest& request, int error);
  void queue(MessageWriter& writer);
  void hear(Changes::Groups groups, Time now);
  [[nodiscard]] Answer join(int group, bool is_member, Time now);

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
  Changes changes_;
  InlineFunction<void()> on_hearing_;
  bool has_missed_ = false;    // news for which there was no room
  bool hides_misses_ = false;  // NETLINK_NO_ENOBUFS
};

}  // namespace strata::attach
