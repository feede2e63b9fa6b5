// SPDX-License-Identifier: Apache-2.0
// TcpPipe: one connection inside and one of the host's, joined byte for byte.
#pragma once

#include <vector>

#include "service/gateway/host_socket.h"
#include "strata/inline_function.h"
#include "strata/loop.h"
#include "strata/packet.h"
#include "strata/tcp_stream.h"

// 1. An end of one is an end of the other, each direction for itself; so is a reset.
// 2. Neither side is read faster than the other takes it: what could not be passed on is kept, and
//    nothing more is read until it is gone.
// 3. The kernel is asked for bytes, or for room, only after it has told that there are any.
// 4. When both directions have ended `on_done` is called, once, from a later turn.

namespace strata::service {

class TcpPipe {
 public:
  using OnDone = InlineFunction<void()>;
  // `scratch` is room for what the host's socket has; all pipes may share one.
  TcpPipe(Loop& loop, TcpStream stream, HostSocket host, MutableBytes scratch, OnDone on_done);
  TcpPipe(const TcpPipe&) = delete;
  TcpPipe& operator=(const TcpPipe&) = delete;
  // False when the loop cannot watch the host's socket.
  [[nodiscard]] bool start();

 private:
  // Whether a direction moved anything, has nothing to move now, or is over.
  enum class Step : std::uint8_t { kMoved, kWaits, kEnded };

  void on_host(std::uint32_t events);
  void pump();
  [[nodiscard]] Step step_out();
  [[nodiscard]] Step step_in();
  [[nodiscard]] Step write_out();
  [[nodiscard]] Step write_in(Bytes bytes);
  [[nodiscard]] Step write_rest();
  void reset();
  void finish_if_over();

  Loop& loop_;
  TcpStream stream_;
  HostSocket host_;
  MutableBytes scratch_;
  OnDone on_done_;
  PacketPtr out_;              // read from the stream, not yet taken by the host
  std::vector<std::byte> in_;  // read from the host, not yet taken by the stream
  std::size_t in_taken_ = 0;   // of in_
  // What the host's kernel has not refused since it last told of a change.
  bool is_host_readable_ = true;
  bool is_host_writable_ = true;
  bool is_host_ending_ = false;  // reading must go on until the end or the error is seen
  bool is_stream_lost_ = false;  // to a reset, or for want of answers
  bool is_out_over_ = false;
  bool is_in_over_ = false;
  bool is_done_ = false;
};

}  // namespace strata::service
