// SPDX-License-Identifier: Apache-2.0
// TCP for coroutines: streams, listeners, and connecting to names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "strata/coro/socket.h"
#include "strata/coro/task.h"
#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"

//   Task<> echo(TcpStream stream) {
//     std::array<std::byte, 4096> buffer;
//     while (auto count = co_await stream.read(buffer)) {
//       if (!co_await stream.write_all(Bytes(buffer).first(*count))) co_return;
//     }
//   }

namespace strata::coro {

// A handle, as strata::TcpStream is: destroying it closes the connection. Bytes that an operation
// was given stay the caller's and must live until it is done.
class TcpStream final : public Socket<strata::TcpStream> {
 public:
  TcpStream(strata::TcpStream stream, Executor& executor) : Socket(std::move(stream), executor) {}

  class Read;
  class ReadAll;
  class WriteAll;
  class Connected;

  // As much as there is; kClosed after the last byte.
  Read read(MutableBytes buffer, const Until& until = {});
  // Fills the buffer; kClosed when the stream ends before.
  ReadAll read_all(MutableBytes buffer, const Until& until = {});
  // Done when the stream has taken all of it, which is before the peer has it.
  WriteAll write_all(Bytes bytes, const Until& until = {});
  // Resumes when the connection stands, or with the reason why it could not be made.
  Connected connected(const Until& until = {});

  Result<void> shut_down(TcpShutdown how) { return native_.shut_down(how, now()); }
  void close();
  void abort();
};

class TcpStream::Read final : public SocketOperation<std::size_t> {
 public:
  Read(TcpStream& stream, MutableBytes buffer, const Until& until)
      : SocketOperation(stream, Direction::kRead, until), stream_(stream), buffer_(buffer) {}

 private:
  bool attempt() override;
  TcpStream& stream_;
  MutableBytes buffer_;
};

class TcpStream::ReadAll final : public SocketOperation<void> {
 public:
  ReadAll(TcpStream& stream, MutableBytes buffer, const Until& until)
      : SocketOperation(stream, Direction::kRead, until), stream_(stream), left_(buffer) {}

 private:
  bool attempt() override;
  TcpStream& stream_;
  MutableBytes left_;
};

class TcpStream::WriteAll final : public SocketOperation<void> {
 public:
  WriteAll(TcpStream& stream, Bytes bytes, const Until& until)
      : SocketOperation(stream, Direction::kWrite, until), stream_(stream), left_(bytes) {}

 private:
  bool attempt() override;
  TcpStream& stream_;
  Bytes left_;
};

class TcpStream::Connected final : public SocketOperation<void> {
 public:
  Connected(TcpStream& stream, const Until& until)
      : SocketOperation(stream, Direction::kWrite, until), stream_(stream) {}

 private:
  bool attempt() override;
  TcpStream& stream_;
};

inline TcpStream::Read TcpStream::read(MutableBytes buffer, const Until& until) {
  return {*this, buffer, until};
}
inline TcpStream::ReadAll TcpStream::read_all(MutableBytes buffer, const Until& until) {
  return {*this, buffer, until};
}
inline TcpStream::WriteAll TcpStream::write_all(Bytes bytes, const Until& until) {
  return {*this, bytes, until};
}
inline TcpStream::Connected TcpStream::connected(const Until& until) { return {*this, until}; }

class TcpListener final : public Socket<strata::TcpListener> {
 public:
  TcpListener(strata::TcpListener listener, Executor& executor)
      : Socket(std::move(listener), executor) {}
  [[nodiscard]] static Result<TcpListener> listen(const Net& net, const Endpoint& local,
                                                  const TcpListenOptions& options = {});

  class [[nodiscard]] Accept final : public SocketOperation<TcpStream> {
   public:
    Accept(TcpListener& listener, const Until& until)
        : SocketOperation(listener, Direction::kRead, until), listener_(listener) {}

   private:
    bool attempt() override;
    TcpListener& listener_;
  };
  Accept accept(const Until& until = {}) { return {*this, until}; }

  void close();
};

[[nodiscard]] Task<Result<TcpStream>> connect(Net net, Endpoint remote,
                                              TcpConnectOptions options = {}, Until until = {});
// A name, or an address as text. Several addresses race (RFC 8305): each gets a head start of 250
// milliseconds, or until those before it have failed; the first that stands wins and the others are
// given up. kNotSupported without a resolver.
[[nodiscard]] Task<Result<TcpStream>> connect(Net net, std::string host, std::uint16_t port,
                                              TcpConnectOptions options = {}, Until until = {});

}  // namespace strata::coro
