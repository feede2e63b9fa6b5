// SPDX-License-Identifier: Apache-2.0
// Calls that make sockets, connect them, and ask for their names.
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

#include "attach/handlers.h"
#include "attach/netlink/netlink_file.h"
#include "attach/process/program_address.h"
#include "attach/process/watches.h"
#include "socket/posix/datagram_file.h"
#include "socket/posix/packet_file.h"
#include "socket/posix/stream_file.h"

namespace strata::attach {
namespace {

constexpr int kTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

// The socket is in the table before the program can use it.
Answer hand_over(Server& server, const Call& call, std::shared_ptr<Socket> socket,
                 const Descriptor& theirs, bool closes_on_exec) {
  Socket& made = *socket;
  if (const Answer added = server.add(std::move(socket)); added < 0) return added;
  const Answer number =
      server.notifications().answer_with(call, theirs.get(), {.closes_on_exec = closes_on_exec});
  if (number < 0) {
    server.remove(made.cookie());
    return number;
  }
  made.set_whereabouts({call.thread, static_cast<int>(number)});
  return kAnswered;
}

Answer make_stream(const Request& request, posix::FilePtr file) {
  const int flags = request.integer(1);
  auto pair = make_pair(SOCK_STREAM | (flags & SOCK_NONBLOCK));
  if (!pair) return pair.error();
  Server& server = request.server;
  auto socket = std::make_shared<StreamSocket>(std::move(file), *pair, server.program_descriptors(),
                                               /*is_open=*/false);
  return hand_over(server, request.call, std::move(socket), pair->theirs,
                   (flags & SOCK_CLOEXEC) != 0);
}

Answer make_datagrams(const Request& request, posix::FilePtr file) {
  const int flags = request.integer(1);
  auto pair = make_pair(SOCK_SEQPACKET | (flags & SOCK_NONBLOCK));
  if (!pair) return pair.error();
  Server& server = request.server;
  auto socket =
      std::make_shared<DatagramSocket>(std::move(file), *pair, server.program_descriptors());
  return hand_over(server, request.call, std::move(socket), pair->theirs,
                   (flags & SOCK_CLOEXEC) != 0);
}

timespec wall_clock(Time now, Time at) {
  const auto then = std::chrono::system_clock::now() - (now - at);
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(then.time_since_epoch());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((since - seconds).count())};
}

Answer make_messages(const Request& request, posix::File::Accepted opened) {
  if (opened.file == nullptr) return opened.error;
  static_cast<posix::MessageFile&>(*opened.file).set_wall_clock(wall_clock);
  return make_datagrams(request, std::move(opened.file));
}

// Families of netlink that have nothing to do with networks are the kernel's. The others would tell
// of its network, or change it, and are refused.
Answer make_netlink(const Request& request, int type, int protocol) {
  constexpr int kOfKernel[] = {NETLINK_KOBJECT_UEVENT, NETLINK_AUDIT,    NETLINK_SELINUX,
                               NETLINK_CONNECTOR,      NETLINK_ECRYPTFS, NETLINK_SCSITRANSPORT,
                               NETLINK_CRYPTO};
  if (std::ranges::find(kOfKernel, protocol) != std::end(kOfKernel)) return kPassOn;
  if (type != SOCK_RAW && type != SOCK_DGRAM) return -ESOCKTNOSUPPORT;
  Server& server = request.server;
  if (protocol == NETLINK_SOCK_DIAG) {
    return make_datagrams(
        request, std::make_shared<NetlinkFile>(server.stack(), type, server.new_netlink_port(),
                                               [&server] { return server.open_sockets(); }));
  }
  if (protocol != NETLINK_ROUTE) {
    server.say_refused(request.call.thread, "a netlink socket of another family than route's");
    return -EPROTONOSUPPORT;
  }
  auto file = std::make_shared<NetlinkFile>(server.stack(), type, server.new_netlink_port());
  server.tell_changes_to(file);
  return make_datagrams(request, std::move(file));
}

// FD_CLOEXEC belongs to the program's table, where only /proc can see it.
bool closes_on_exec(const Request& request) {
  std::ifstream info("/proc/" + std::to_string(request.call.thread) + "/fdinfo/" +
                     std::to_string(request.number));
  for (std::string word; info >> word;) {
    unsigned flags = 0;
    if (word == "flags:" && info >> std::oct >> flags) return (flags & O_CLOEXEC) != 0;
  }
  return false;
}

// A program's first call about a socket, as in each look-up of libc's resolver, comes before it
// watches that socket: to search all its descriptors costs more than the look-up.
Watches watches_of(const Request& request) {
  if (!request.socket->was_called()) return Watches(request.number);
  return Watches::find(request.server.program_descriptors(), request.call.thread, request.number,
                       request.socket->inode());
}

// After a connect() whose failure poll() has told: the same number, another pair.
Answer renew(Request& request) {
  const int flags = request.waits() ? 0 : SOCK_NONBLOCK;
  auto pair = make_pair(SOCK_STREAM | flags);
  if (!pair) return pair.error();
  return exchange(request, *pair, [&] { request.stream()->renew(*pair); });
}

Operation connect_stream(Request& request, const ProgramAddress& address) {
  if (request.stream()->is_broken()) {
    // Linux tells how the former attempt has ended before it makes another.
    if (const Answer failure = request.socket->take_error(); failure != 0) return failure;
    if (const Answer done = renew(request); done < 0) return done;
  }
  const bool waits = request.waits();
  const Answer first = request.stream()->connect(address.get(), address.size(), request.now);
  if (!waits || (first != -EINPROGRESS && first != -EALREADY)) return first;
  const auto attempt = [socket = request.socket](Time /*now*/,
                                                 bool is_last) -> std::optional<Answer> {
    const auto answer = static_cast<StreamSocket&>(*socket).connect_answer();
    if (!answer && is_last) return -EINPROGRESS;
    return answer;
  };
  const auto timeout = request.socket->file().send_timeout();
  return {attempt, timeout ? std::optional(request.now + *timeout) : std::nullopt, request.now};
}

// What accept() does with a connection; puts it back when the program cannot have it.
struct Acceptance {
  Server& server;
  Call call;
  ProgramMemory memory;
  std::shared_ptr<Socket> listener;
  std::uint64_t address;
  std::uint64_t address_size;
  int flags;

  [[nodiscard]] Answer give(posix::FilePtr connection) const {
    auto& from = static_cast<StreamSocket&>(*listener);
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    // A connection that was reset while it waited has no peer any more.
    if (connection->remote_name(reinterpret_cast<sockaddr*>(&name), &size) < 0) size = 0;
    if (address != 0) {
      const Answer told = write_address(memory, name, size, address, address_size);
      // It is lost with a bad address, but not with a thread that is no more.
      if (told < 0 && !server.notifications().is_waiting(call)) {
        from.put_back(std::move(connection));
      }
      if (told < 0) return told;
    }
    auto pair = make_pair(SOCK_STREAM | (flags & SOCK_NONBLOCK));
    if (!pair) {
      from.put_back(std::move(connection));
      return pair.error();
    }
    auto socket = std::make_shared<StreamSocket>(connection, *pair, server.program_descriptors(),
                                                 /*is_open=*/true);
    const Answer given =
        hand_over(server, call, std::move(socket), pair->theirs, (flags & SOCK_CLOEXEC) != 0);
    if (given != kAnswered) from.put_back(std::move(connection));
    return given;
  }
};

Answer tell_name(Request& request, Answer (posix::File::*ask)(sockaddr*, socklen_t*)) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  const Answer asked = (request.socket->file().*ask)(reinterpret_cast<sockaddr*>(&name), &size);
  if (asked < 0) return asked;
  return write_address(request.memory, name, size, request.argument(1), request.argument(2));
}

}  // namespace

Answer exchange(Request& request, Pair& pair, InlineFunction<void()> adopt) {
  for (const int name : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    timeval time{};
    socklen_t size = sizeof(time);
    ::getsockopt(request.theirs.get(), SOL_SOCKET, name, &time, &size);
    ::setsockopt(pair.theirs.get(), SOL_SOCKET, name, &time, size);
  }
  const Watches watches = watches_of(request);
  const Answer done = request.server.notifications().install(
      request.call, pair.theirs.get(),
      {.at = request.number, .closes_on_exec = closes_on_exec(request)});
  if (done < 0) return done;
  if (!watches.renew(pair.theirs.get())) {
    request.server.say_refused(request.call.thread,
                               "epoll sets that follow a socket to its new pair");
  }
  // The sets let go of the old pair before its other end hangs up.
  request.theirs.reset();
  request.server.remove(request.socket->cookie());
  adopt();
  request.theirs = std::move(pair.theirs);
  return request.server.add(request.socket);
}

Operation handle_socket(Request& request) {
  const int domain = request.integer(0);
  const int type = request.integer(1) & ~kTypeFlags;
  const int protocol = request.integer(2);
  constexpr int kTypesEnd = 11;  // SOCK_MAX
  if (type < 0 || type >= kTypesEnd) return -EINVAL;
  if (domain == AF_PACKET) {
    // Linux: what a container without CAP_NET_RAW is told.
    request.server.say_refused(request.call.thread, "a packet socket");
    return -EPERM;
  }
  if (domain == AF_NETLINK) return make_netlink(request, type, protocol);
  const AddressFamily family = domain == AF_INET ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  Stack& stack = request.server.stack();
  if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) {
    return make_stream(request, std::make_shared<posix::StreamFile>(stack, family));
  }
  if (protocol < 0 || protocol >= IPPROTO_MAX) return -EINVAL;
  if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP)) {
    return make_messages(request, posix::DatagramFile::open(stack, family));
  }
  const int echo = domain == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  if (type == SOCK_DGRAM && protocol == echo) {
    return make_messages(request, posix::EchoFile::open(stack, family));
  }
  if (type == SOCK_RAW && protocol != 0 && protocol <= IPPROTO_RAW) {
    return make_messages(request, posix::RawFile::open(stack, family, protocol));
  }
  if (type == SOCK_RAW) return -EPROTONOSUPPORT;
  return type == SOCK_STREAM || type == SOCK_DGRAM ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
}

Operation handle_bind(Request& request) {
  const auto address =
      ProgramAddress::read(request.memory, request.argument(1), request.argument(2));
  if (!address) return address.error();
  posix::File& file = request.socket->file();
  const Answer bound = file.bind(address->get(), address->size(), request.now);
  if (bound != -EADDRINUSE) return bound;
  // Perhaps by one that its program has closed, or by ourselves.
  request.server.ask_whether_held(request.now);
  static_cast<void>(request.server.give_back_port(address->port()));
  return file.bind(address->get(), address->size(), request.now);
}

Operation handle_connect(Request& request) {
  const auto address =
      ProgramAddress::read(request.memory, request.argument(1), request.argument(2));
  if (!address) return address.error();
  if (request.stream() != nullptr) return connect_stream(request, *address);
  return request.socket->file().connect(address->get(), address->size(), request.now);
}

Operation handle_listen(Request& request) {
  if (request.stream() == nullptr) return -EOPNOTSUPP;
  return request.stream()->listen(request.integer(1), request.now);
}

Operation handle_accept(Request& request) {
  if (request.stream() == nullptr) return -EOPNOTSUPP;
  if (!request.stream()->is_listening()) return -EINVAL;
  const int flags = request.call.number == __NR_accept4 ? request.integer(3) : 0;
  if ((flags & ~kTypeFlags) != 0) return -EINVAL;
  const Acceptance acceptance{.server = request.server,
                              .call = request.call,
                              .memory = request.memory,
                              .listener = request.socket,
                              .address = request.argument(1),
                              .address_size = request.argument(2),
                              .flags = flags};
  posix::File::Accepted first = request.stream()->accept(request.theirs.get(), request.now);
  if (first.file != nullptr) return acceptance.give(std::move(first.file));
  if (first.error != -EAGAIN || !request.waits()) return first.error;
  const auto attempt = [acceptance](Time now, bool is_last) -> std::optional<Answer> {
    auto& listener = static_cast<StreamSocket&>(*acceptance.listener);
    posix::File::Accepted next = listener.accept(-1, now);
    if (next.file != nullptr) return acceptance.give(std::move(next.file));
    if (next.error == -EAGAIN && !is_last) return std::nullopt;
    return next.error;
  };
  const auto timeout = request.socket->file().receive_timeout();
  return {attempt, timeout ? std::optional(request.now + *timeout) : std::nullopt, request.now};
}

Operation handle_shutdown(Request& request) {
  const int how = request.integer(1);
  if (request.stream() != nullptr) {
    return request.stream()->shut_down(how, request.theirs.get(), request.now);
  }
  return request.datagrams()->shut_down(how, request.theirs.get(), request.now);
}

Operation handle_getsockname(Request& request) {
  return tell_name(request, &posix::File::local_name);
}

Operation handle_getpeername(Request& request) {
  const bool is_stream = request.stream() != nullptr;
  if (is_stream && !request.stream()->connect_answer()) return -ENOTCONN;
  return tell_name(request, &posix::File::remote_name);
}

}  // namespace strata::attach
