// SPDX-License-Identifier: Apache-2.0
// What packetdrill wants of a shared object: a table of functions, in this order.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <cstddef>

// Each function takes `userdata` first; the rest, results and errno are libc's. The three that libc
// does not have:
//
//   netdev_send     puts an IP packet, checksums and all, into the stack
//   netdev_receive  the next packet that leaves it, and when it left; a size of 0 tells that none
//                   came for too long
//   free            the run is over
extern "C" {

struct PacketdrillInterface {
  void* userdata;
  void (*free)(void* userdata);
  int (*socket)(void* userdata, int domain, int type, int protocol);
  int (*bind)(void* userdata, int fd, const sockaddr* address, socklen_t size);
  int (*listen)(void* userdata, int fd, int backlog);
  int (*accept)(void* userdata, int fd, sockaddr* address, socklen_t* size);
  int (*connect)(void* userdata, int fd, const sockaddr* address, socklen_t size);
  ssize_t (*read)(void* userdata, int fd, void* buffer, std::size_t size);
  ssize_t (*readv)(void* userdata, int fd, const iovec* parts, int count);
  ssize_t (*recv)(void* userdata, int fd, void* buffer, std::size_t size, int flags);
  ssize_t (*recvfrom)(void* userdata, int fd, void* buffer, std::size_t size, int flags,
                      sockaddr* address, socklen_t* address_size);
  ssize_t (*recvmsg)(void* userdata, int fd, msghdr* message, int flags);
  ssize_t (*write)(void* userdata, int fd, const void* buffer, std::size_t size);
  ssize_t (*writev)(void* userdata, int fd, const iovec* parts, int count);
  ssize_t (*send)(void* userdata, int fd, const void* buffer, std::size_t size, int flags);
  ssize_t (*sendto)(void* userdata, int fd, const void* buffer, std::size_t size, int flags,
                    const sockaddr* address, socklen_t address_size);
  ssize_t (*sendmsg)(void* userdata, int fd, const msghdr* message, int flags);
  int (*fcntl)(void* userdata, int fd, int command, ...);
  int (*ioctl)(void* userdata, int fd, unsigned long request, ...);
  int (*close)(void* userdata, int fd);
  int (*shutdown)(void* userdata, int fd, int how);
  int (*getsockopt)(void* userdata, int fd, int level, int name, void* value, socklen_t* size);
  int (*setsockopt)(void* userdata, int fd, int level, int name, const void* value, socklen_t size);
  int (*poll)(void* userdata, pollfd* descriptors, nfds_t count, int timeout_ms);
  int (*netdev_send)(void* userdata, const void* packet, std::size_t size);
  int (*netdev_receive)(void* userdata, void* buffer, std::size_t* size, long long* time_usecs);
  int (*usleep)(void* userdata, useconds_t usecs);
  int (*gettimeofday)(void* userdata, timeval* time, void* zone);
  int (*epoll_create)(void* userdata, int size);
  int (*epoll_ctl)(void* userdata, int epoll, int operation, int fd, epoll_event* event);
  int (*epoll_wait)(void* userdata, int epoll, epoll_event* events, int count, int timeout_ms);
  int (*pipe)(void* userdata, int descriptors[2]);
  int (*splice)(void* userdata, int from, loff_t* from_offset, int to, loff_t* to_offset,
                std::size_t size, unsigned flags);
};

[[gnu::visibility("default")]] void packetdrill_interface_init(const char* flags,
                                                               PacketdrillInterface* interface);
}

static_assert(sizeof(PacketdrillInterface) == 33 * sizeof(void*));
