// SPDX-License-Identifier: Apache-2.0
#include "driver/own_network.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace strata::driver {

OwnNetwork::OwnNetwork() : former_(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (former_ < 0 || ::unshare(CLONE_NEWNET) != 0) {
    refusal_ = std::string("a network namespace cannot be made: ") + std::strerror(errno);
  } else if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
    refusal_ = std::string("/dev/net/tun: ") + std::strerror(errno);
  }
}

OwnNetwork::~OwnNetwork() {
  if (former_ < 0) return;
  ::setns(former_, CLONE_NEWNET);
  ::close(former_);
}

bool delete_interface(const std::string& name) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  std::array<std::byte, 1024> answer{};
  bool deleted = false;
  if (::send(socket, &request, sizeof(request), 0) > 0 &&
      ::recv(socket, answer.data(), answer.size(), 0) > 0) {
    nlmsgerr error{};
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof(error));
    deleted = error.error == 0;
  }
  ::close(socket);
  return deleted;
}

}  // namespace strata::driver
