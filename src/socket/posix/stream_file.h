// SPDX-License-Identifier: Apache-2.0
// StreamFile: a TCP socket behind a descriptor, from its making to its end.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include "socket/posix/socket_file.h"
#include "strata/tcp_binding.h"
#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"

namespace strata::posix {

// What BSD has as one socket with many states are several objects here:
//
//   socket() ─> nothing yet ─ bind() ─> TcpBinding ─ listen() ──> TcpListener ─ accept() ─┐
//                    │                       └────── connect() ─> TcpStream <─────────────┘
//                    └ connect(), listen()
//
// Options that are set before there is a stream wait here and go with it.
class StreamFile final : public SocketFile {
 public:
  StreamFile(Stack& stack, AddressFamily family);
  StreamFile(Stack& stack, AddressFamily family, TcpStream stream);
  ~StreamFile() override;

  Answer receive(msghdr& message, int flags, Time now) override;
  Answer send(const msghdr& message, int flags, Time now) override;
  [[nodiscard]] bool is_stream() const override { return true; }
  Answer bind(const sockaddr* address, socklen_t size, Time now) override;
  Answer listen(int backlog, Time now) override;
  Answer connect(const sockaddr* address, socklen_t size, Time now) override;
  Answer connect_result() override;
  Accepted accept(Time now) override;
  Answer shut_down(int how, Time now) override;
  Answer local_name(sockaddr* address, socklen_t* size) override;
  Answer remote_name(sockaddr* address, socklen_t* size) override;
  Answer option(int level, int name, void* value, socklen_t* size, Time now) override;
  Answer set_option(int level, int name, const void* value, socklen_t size, Time now) override;
  Answer control(unsigned long request, int& value) override;
  bool close(Time now, bool is_last) override;
  [[nodiscard]] std::optional<Duration> linger() const override;
  [[nodiscard]] std::size_t receive_low_water() const override { return low_water_; }
  [[nodiscard]] std::uint32_t events() const override;
  [[nodiscard]] std::uint64_t news() const override;

 private:
  friend struct StreamOptions;  // stream_options.cpp

  // A write with MSG_ZEROCOPY: told once everything up to `end` has been acknowledged.
  struct ZeroCopy {
    std::uint64_t end;
    std::uint32_t identifier;
  };

  [[nodiscard]] TcpStream* stream() { return std::get_if<TcpStream>(&end_); }
  [[nodiscard]] const TcpStream* stream() const { return std::get_if<TcpStream>(&end_); }
  [[nodiscard]] TcpListener* listener() { return std::get_if<TcpListener>(&end_); }
  [[nodiscard]] const TcpListener* listener() const { return std::get_if<TcpListener>(&end_); }
  [[nodiscard]] TcpBinding* binding() { return std::get_if<TcpBinding>(&end_); }
  void adopt(TcpStream stream);
  [[nodiscard]] Answer start(const Endpoint& remote, Bytes first_data, Time now);
  [[nodiscard]] Answer start_with_data(const msghdr& message, int flags, Time now);
  [[nodiscard]] Answer receive_urgent(const msghdr& message);
  // RFC 2525 2.17, and SO_LINGER of no time.
  [[nodiscard]] bool ends_by_reset();
  // How many of zero_copies_ may be told.
  [[nodiscard]] std::size_t finished_copies() const;
  [[nodiscard]] Answer receive_notification(msghdr& message);
  [[nodiscard]] Answer read(const msghdr& message, int flags, Time now);
  void tell_queue(msghdr& message, Time now);
  // What a call that cannot go on answers: the pending error first.
  [[nodiscard]] Answer ended(Error error, Answer otherwise);
  [[nodiscard]] TcpSocketOptions current_options() const;
  [[nodiscard]] Answer apply_options(const TcpSocketOptions& options, Time now);
  [[nodiscard]] bool has_enough_to_read(const TcpStream& stream) const;
  [[nodiscard]] std::uint32_t stream_events(const TcpStream& stream) const;

  std::optional<Error> told_soft_error_;  // by SO_ERROR
  Stack& stack_;
  std::variant<std::monostate, TcpBinding, TcpListener, TcpStream> end_;
  TcpSocketOptions options_;                     // for what is not made yet
  std::optional<IpAddress> bound_without_port_;  // IP_BIND_ADDRESS_NO_PORT: connect() chooses
  bool binds_without_port_ = false;
  // SO_RCVLOWAT. Not the connection's mark, below which nothing is told: who reads for a program
  // in another process has to see all that comes, for a reader who asks for less.
  std::uint32_t low_water_ = 1;
  std::optional<Endpoint> deferred_peer_;  // TCP_FASTOPEN_CONNECT: the first write connects
  bool defers_connect_ = false;
  bool is_connecting_ = false;
  bool is_lingering_ = false;
  Answer taken_with_syn_ = 0;  // MSG_FASTOPEN, of a call that waits
  bool uses_zero_copy_ = false;
  bool tells_queue_ = false;  // TCP_INQ
  std::uint32_t next_notification_ = 0;
  std::deque<ZeroCopy> zero_copies_;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace strata::posix
