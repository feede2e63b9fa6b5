// SPDX-License-Identifier: Apache-2.0
// TcpListener: where connections come in.
#pragma once

#include <cstdint>

#include "strata/tcp_stream.h"

//   auto listener = TcpListener::listen(stack, {IpAddress::any_v6(), 80}, {});
//   listener->on_ready([&](Readiness) {
//     while (auto stream = listener->accept(now())) serve(std::move(*stream));
//   });

namespace strata {

struct TcpListenOptions {
  std::uint32_t backlog = 128;    // connections that wait for accept()
  TcpBinding* binding = nullptr;  // instead of the local endpoint; with success it is used up
  TcpSocketOptions options{};     // those of the accepted streams, too
};

// A handle, as TcpStream is. Connections that were not accepted are reset when it closes.
class TcpListener {
 public:
  // Port 0 asks for an ephemeral one. IpAddress::any_v6() hears IPv4, too, unless options.v6_only.
  [[nodiscard]] static Result<TcpListener> listen(Stack& stack, const Endpoint& local,
                                                  const TcpListenOptions& options);
  TcpListener(TcpListener&& other) noexcept;
  TcpListener& operator=(TcpListener&& other) noexcept;
  ~TcpListener();

  // kWouldBlock when none waits.
  Result<TcpStream> accept(Time now);
  Result<void> set_backlog(std::uint32_t backlog);
  void close(Time now);

  [[nodiscard]] Result<Readiness> readiness() const;
  Result<void> on_ready(ReadyCallback callback);
  [[nodiscard]] Result<Endpoint> local() const;
  [[nodiscard]] Result<TcpSocketOptions> options() const;
  Result<void> set_options(const TcpSocketOptions& options);
  [[nodiscard]] SocketId id() const { return id_; }

 private:
  TcpListener(stack::Core& core, SocketId id) : core_(&core), id_(id) {}

  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
