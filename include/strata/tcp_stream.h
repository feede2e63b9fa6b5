// SPDX-License-Identifier: Apache-2.0
// TcpStream: one end of a TCP connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/bytes.h"
#include "strata/packet.h"
#include "strata/readiness.h"
#include "strata/socket_types.h"
#include "strata/stack.h"
#include "strata/tcp_binding.h"
#include "strata/tcp_config.h"
#include "strata/tcp_info.h"

//   auto stream = TcpStream::connect(stack, {server, 80}, {}, now);
//   stream->on_ready([&](Readiness news) {
//     if (news.writable) (void)stream->write(request, now());
//     auto count = stream->read(buffer, now());
//     for (; count; count = stream->read(buffer, now())) consume(Bytes(buffer).first(*count));
//     if (count.error() != Error::kWouldBlock) stream->close(now());  // kClosed: that was all
//   });

namespace strata {

enum class TcpShutdown : std::uint8_t { kRead, kWrite, kBoth };

struct TcpConnectOptions {
  Endpoint local{};               // unspecified: chosen by the stack
  TcpBinding* binding = nullptr;  // instead of `local`; with success it is used up
  TcpSocketOptions options{};
  // With options.fast_open: as much as may go with the SYN, none where no cookie is known. The rest
  // is the caller's to write; info().not_sent tells how much was taken.
  Bytes fast_open_data{};
};

// A handle: moving it moves the connection's end, destroying it closes it as close() does. The
// stack must outlive it. Calls never block: what cannot be done now answers kWouldBlock, and
// on_ready() tells when to try again. After close(), or through a handle that was moved from, every
// call answers kInvalidHandle.
class TcpStream {
 public:
  // Sends a SYN and answers at once; writable tells that the connection stands, error that it could
  // not be made.
  [[nodiscard]] static Result<TcpStream> connect(Stack& stack, const Endpoint& remote,
                                                 const TcpConnectOptions& options, Time now);
  // Would the first data of such a connection go with its SYN (RFC 7413)?
  [[nodiscard]] static bool sends_first_data(Stack& stack, const IpAddress& remote, Time now);
  TcpStream(TcpStream&& other) noexcept;
  TcpStream& operator=(TcpStream&& other) noexcept;
  ~TcpStream();

  // ── Sending ───────────────────────────────────────────────────────────────────────────────
  // Copies in as much as there is room for; answers how much that was. With `more` a last small
  // segment waits for what follows.
  Result<std::size_t> write(Bytes bytes, Time now, bool more = false);
  Result<std::size_t> write(std::span<const Bytes> parts, Time now, bool more = false);
  // Takes the packet without copying it; all of it, or kWouldBlock and it is still the caller's.
  // Its bytes must not change any more.
  Result<void> write_packet(PacketPtr& packet, Time now);
  // RFC 9293 3.8.5: the last of these bytes is urgent. For protocols that cannot do without it.
  Result<std::size_t> write_urgent(Bytes bytes, Time now);

  // ── Receiving ─────────────────────────────────────────────────────────────────────────────
  // kClosed when the peer has sent its last byte and all has been read.
  Result<std::size_t> read(MutableBytes buffer, Time now);
  // From `offset` behind the next byte; they stay where they are.
  Result<std::size_t> peek(std::size_t offset, MutableBytes buffer) const;
  // Without a copy: slices of what arrived, at most so many bytes of them.
  Result<PacketPtr> read_packet(std::size_t bytes_max, Time now);
  // RFC 6093: the one urgent byte beside the stream, unless options say inline. kWouldBlock: it is
  // announced and not here yet; kInvalidArgument: there is none.
  Result<std::byte> read_urgent();
  // The next byte to be read is the one behind the urgent byte.
  [[nodiscard]] Result<bool> at_urgent_mark() const;

  // ── Ending ────────────────────────────────────────────────────────────────────────────────
  // kWrite: what was written still goes, and then the end. kRead: what comes is thrown away.
  Result<void> shut_down(TcpShutdown how, Time now);
  // What was written still goes (unless options.linger says otherwise); nothing can be asked any
  // more. With bytes unread the peer is told by a reset (RFC 2525 2.17).
  void close(Time now);
  // Like close, but the handle lives and `closed` is told once all that was written has been
  // acknowledged, or the linger time has passed. Then close() it.
  Result<void> close_lingering(Time now);
  // A reset, at once (RFC 9293 3.10.5).
  void abort(Time now);

  // ── Readiness and errors ──────────────────────────────────────────────────────────────────
  [[nodiscard]] Result<Readiness> readiness() const;
  // Called after a flush, whenever there is news; null takes it away.
  Result<void> on_ready(ReadyCallback callback);
  // Why the connection failed, told once, here or by the next call that cannot go on.
  Result<std::optional<Error>> take_error();

  // ── Observation and options ───────────────────────────────────────────────────────────────
  [[nodiscard]] Result<Endpoint> local() const;
  [[nodiscard]] Result<Endpoint> remote() const;
  [[nodiscard]] Result<TcpState> state() const;
  [[nodiscard]] Result<TcpInfo> info(Time now) const;
  [[nodiscard]] Result<TcpSocketOptions> options() const;
  Result<void> set_options(const TcpSocketOptions& options, Time now);

  [[nodiscard]] SocketId id() const { return id_; }

 private:
  friend class TcpListener;
  TcpStream(stack::Core& core, SocketId id) : core_(&core), id_(id) {}

  stack::Core* core_;
  SocketId id_;
};

}  // namespace strata
