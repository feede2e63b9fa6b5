// SPDX-License-Identifier: Apache-2.0
#include "driver/link_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace strata::driver {
namespace {

Descriptor open_bell() {
  Descriptor bell(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (bell &&
      ::bind(bell.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Descriptor();
  }
  return bell;
}

bool put_into(int epoll, int descriptor) {
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.fd = descriptor;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &wanted) == 0;
}

}  // namespace

std::expected<LinkWatch, int> LinkWatch::open(HostLink link, std::vector<int> sockets) {
  Descriptor bell = open_bell();
  if (!bell) return std::unexpected(errno);
  Descriptor both(::epoll_create1(EPOLL_CLOEXEC));
  if (!both || !put_into(both.get(), bell.get())) return std::unexpected(errno);
  for (const int socket : sockets) {
    if (!put_into(both.get(), socket)) return std::unexpected(errno);
  }
  return LinkWatch(std::move(link), std::move(sockets), std::move(bell), std::move(both));
}

LinkWatch::LinkWatch(HostLink link, std::vector<int> sockets, Descriptor bell, Descriptor both)
    : link_(std::move(link)),
      bell_(std::move(bell)),
      both_(std::move(both)),
      sockets_(std::move(sockets)) {
  ask();
}

bool LinkWatch::look_at_bell() {
  bool has_rung = false;
  std::array<std::byte, 4096> news;
  // ENOBUFS: more news than the socket holds, which is news as well.
  while (::recv(bell_.get(), news.data(), news.size(), MSG_TRUNC) >= 0 || errno == ENOBUFS) {
    has_rung = true;
  }
  // A socket's error is told until it is asked for.
  for (const int socket : sockets_) {
    int error = 0;
    socklen_t length = sizeof(error);
    const int result = ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    has_rung = has_rung || (result == 0 && error != 0);
  }
  if (has_rung) ask();
  return has_rung;
}

void LinkWatch::ask() {
  is_there_ = is_there_ && link_.is_there();
  is_up_ = is_there_ && link_.is_running();
  if (is_there_) mtu_ = link_.mtu();
}

}  // namespace strata::driver
