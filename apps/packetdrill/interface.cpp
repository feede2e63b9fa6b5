// SPDX-License-Identifier: Apache-2.0
// The functions of the table: descriptors are exchanged for ours, answers for -1 and errno.
#include "packetdrill/interface.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <utility>
#include <vector>

#include "packetdrill/adapter.h"
#include "service/print.h"

namespace strata::packetdrill {
namespace {

using posix::Answer;
using posix::Calls;

template <typename Result = int>
Result libc(Answer answer) {
  if (answer >= 0) return static_cast<Result>(answer);
  errno = static_cast<int>(-answer);
  return -1;
}

Adapter& adapter(void* userdata) { return *static_cast<Adapter*>(userdata); }

// A call about one descriptor.
template <typename Result = int, typename Call>
Result on(void* userdata, int fd, Call call) {
  Adapter& ours = adapter(userdata);
  const int file = ours.ours(fd);
  return libc<Result>(ours.call(
      [&](Calls& calls, Time now) -> posix::Operation { return call(calls, file, now); }));
}

// ── Sockets ─────────────────────────────────────────────────────────────────────────────────────

void end_run(void* userdata) { delete static_cast<Adapter*>(userdata); }

int make_socket(void* userdata, int domain, int type, int protocol) {
  return libc(adapter(userdata).make([&](Calls& calls, Time /*now*/) -> posix::Operation {
    return calls.socket(domain, type, protocol);
  }));
}

int bind_to(void* userdata, int fd, const sockaddr* address, socklen_t size) {
  return on(userdata, fd,
            [&](Calls& calls, int file, Time now) { return calls.bind(file, address, size, now); });
}

int begin_listening(void* userdata, int fd, int backlog) {
  return on(userdata, fd,
            [&](Calls& calls, int file, Time now) { return calls.listen(file, backlog, now); });
}

int accept_one(void* userdata, int fd, sockaddr* address, socklen_t* size) {
  Adapter& ours = adapter(userdata);
  const int file = ours.ours(fd);
  return libc(
      ours.make([&](Calls& calls, Time now) { return calls.accept(file, address, size, 0, now); }));
}

int connect_to(void* userdata, int fd, const sockaddr* address, socklen_t size) {
  return on(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.connect(file, address, size, now);
  });
}

int shut_down(void* userdata, int fd, int how) {
  return on(userdata, fd,
            [&](Calls& calls, int file, Time now) { return calls.shutdown(file, how, now); });
}

int option(void* userdata, int fd, int level, int name, void* value, socklen_t* size) {
  return on(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.getsockopt(file, level, name, value, size, now);
  });
}

int set_option(void* userdata, int fd, int level, int name, const void* value, socklen_t size) {
  return on(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.setsockopt(file, level, name, value, size, now);
  });
}

// ── Data ────────────────────────────────────────────────────────────────────────────────────────

ssize_t read_one(void* userdata, int fd, void* buffer, std::size_t size) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.read(file, buffer, size, now);
  });
}

ssize_t read_parts(void* userdata, int fd, const iovec* parts, int count) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.readv(file, parts, count, now);
  });
}

ssize_t receive(void* userdata, int fd, void* buffer, std::size_t size, int flags) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.recv(file, buffer, size, flags, now);
  });
}

ssize_t receive_from(void* userdata, int fd, void* buffer, std::size_t size, int flags,
                     sockaddr* address, socklen_t* address_size) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.recvfrom(file, buffer, size, flags, address, address_size, now);
  });
}

ssize_t receive_message(void* userdata, int fd, msghdr* message, int flags) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.recvmsg(file, message, flags, now);
  });
}

ssize_t write_one(void* userdata, int fd, const void* buffer, std::size_t size) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.write(file, buffer, size, now);
  });
}

ssize_t write_parts(void* userdata, int fd, const iovec* parts, int count) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.writev(file, parts, count, now);
  });
}

ssize_t send_one(void* userdata, int fd, const void* buffer, std::size_t size, int flags) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.send(file, buffer, size, flags, now);
  });
}

ssize_t send_to(void* userdata, int fd, const void* buffer, std::size_t size, int flags,
                const sockaddr* address, socklen_t address_size) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.sendto(file, buffer, size, flags, address, address_size, now);
  });
}

ssize_t send_message(void* userdata, int fd, const msghdr* message, int flags) {
  return on<ssize_t>(userdata, fd, [&](Calls& calls, int file, Time now) {
    return calls.sendmsg(file, message, flags, now);
  });
}

// packetdrill passes pointers to offsets where a program would pass null.
const loff_t* offset_of(const loff_t* offset) {
  return offset == nullptr || *offset == 0 ? nullptr : offset;
}

int splice_between(void* userdata, int from, loff_t* from_offset, int to, loff_t* to_offset,
                   std::size_t size, unsigned flags) {
  const int target = adapter(userdata).ours(to);
  return on(userdata, from, [&](Calls& calls, int file, Time now) {
    return calls.splice(file, offset_of(from_offset), target, offset_of(to_offset), size, flags,
                        now);
  });
}

// ── Descriptors ─────────────────────────────────────────────────────────────────────────────────

int control_file(void* userdata, int fd, int command, ...) {
  long argument = 0;
  if (command != F_GETFL && command != F_GETFD) {
    va_list rest;
    va_start(rest, command);
    argument = va_arg(rest, long);
    va_end(rest);
  }
  const auto call = [&](Calls& calls, int file, Time /*now*/) {
    return calls.fcntl(file, command, argument);
  };
  if (command != F_DUPFD && command != F_DUPFD_CLOEXEC) return on(userdata, fd, call);
  Adapter& ours = adapter(userdata);
  const int file = ours.ours(fd);
  return libc(ours.make(
      [&](Calls& calls, Time now) -> posix::Operation { return call(calls, file, now); }));
}

int control_device(void* userdata, int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return on(userdata, fd, [&](Calls& calls, int file, Time /*now*/) {
    return calls.ioctl(file, request, argument);
  });
}

int close_one(void* userdata, int fd) { return libc(adapter(userdata).close(fd)); }

int make_pipe(void* userdata, int descriptors[2]) {
  return libc(adapter(userdata).make_pipe(descriptors));
}

int poll_all(void* userdata, pollfd* descriptors, nfds_t count, int timeout_ms) {
  Adapter& ours = adapter(userdata);
  std::vector<pollfd> known(descriptors, descriptors + count);
  for (pollfd& one : known) one.fd = one.fd < 0 ? one.fd : ours.ours(one.fd);
  const Answer answer = ours.call(
      [&](Calls& calls, Time now) { return calls.poll(known.data(), count, timeout_ms, now); });
  for (std::size_t i = 0; i < count; ++i) descriptors[i].revents = known[i].revents;
  return libc(answer);
}

int make_epoll(void* userdata, int size) {
  if (size <= 0) return libc(-EINVAL);
  return libc(adapter(userdata).make(
      [](Calls& calls, Time /*now*/) -> posix::Operation { return calls.epoll_create(0); }));
}

int control_epoll(void* userdata, int epoll, int operation, int fd, epoll_event* event) {
  const int file = adapter(userdata).ours(fd);
  return on(userdata, epoll, [&](Calls& calls, int instance, Time /*now*/) {
    return calls.epoll_ctl(instance, operation, file, event);
  });
}

int wait_for_events(void* userdata, int epoll, epoll_event* events, int count, int timeout_ms) {
  return on(userdata, epoll, [&](Calls& calls, int instance, Time now) {
    return calls.epoll_wait(instance, events, count, timeout_ms, now);
  });
}

// ── Packets and time ────────────────────────────────────────────────────────────────────────────

int packet_in(void* userdata, const void* packet, std::size_t size) {
  adapter(userdata).inject({static_cast<const std::byte*>(packet), size});
  return 0;
}

int packet_out(void* userdata, void* buffer, std::size_t* size, long long* time_usecs) {
  const auto packet = adapter(userdata).next_packet();
  if (!packet || packet->bytes.size() > *size) {
    *size = 0;  // a clean failure: -1 would be tried again for ever
    return 0;
  }
  std::ranges::copy(packet->bytes, static_cast<std::byte*>(buffer));
  *size = packet->bytes.size();
  *time_usecs =
      std::chrono::duration_cast<std::chrono::microseconds>(packet->at.time_since_epoch()).count();
  return 0;
}

int sleep_for(void* userdata, useconds_t usecs) {
  adapter(userdata).sleep(std::chrono::microseconds(usecs));
  return 0;
}

int time_of_day(void* userdata, timeval* time, void* /*zone*/) {
  *time = adapter(userdata).time_of_day();
  return 0;
}

}  // namespace
}  // namespace strata::packetdrill

void packetdrill_interface_init(const char* flags, PacketdrillInterface* interface) {
  using namespace strata::packetdrill;
  const auto options = read_flags(flags == nullptr ? "" : flags);
  if (!options) {
    // There is no other way to say so.
    strata::service::print(stderr, "strata: --so_flags: {}\n", options.error());
    std::exit(EXIT_FAILURE);
  }
  *interface = {
      .userdata = new Adapter(*options),
      .free = end_run,
      .socket = make_socket,
      .bind = bind_to,
      .listen = begin_listening,
      .accept = accept_one,
      .connect = connect_to,
      .read = read_one,
      .readv = read_parts,
      .recv = receive,
      .recvfrom = receive_from,
      .recvmsg = receive_message,
      .write = write_one,
      .writev = write_parts,
      .send = send_one,
      .sendto = send_to,
      .sendmsg = send_message,
      .fcntl = control_file,
      .ioctl = control_device,
      .close = close_one,
      .shutdown = shut_down,
      .getsockopt = option,
      .setsockopt = set_option,
      .poll = poll_all,
      .netdev_send = packet_in,
      .netdev_receive = packet_out,
      .usleep = sleep_for,
      .gettimeofday = time_of_day,
      .epoll_create = make_epoll,
      .epoll_ctl = control_epoll,
      .epoll_wait = wait_for_events,
      .pipe = make_pipe,
      .splice = splice_between,
  };
}
