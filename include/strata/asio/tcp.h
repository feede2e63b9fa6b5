// SPDX-License-Identifier: Apache-2.0
// asio::tcp: sockets, acceptors, names and connecting, as Asio's, over a stack's TCP.
#pragma once

#include "strata/asio/connect.h"
#include "strata/asio/default_token.h"
#include "strata/asio/tcp_acceptor.h"
#include "strata/asio/tcp_resolver.h"
#include "strata/asio/tcp_socket.h"
#include "strata/asio/tcp_stream.h"

//   strata::asio::context context(stack, loop);
//   tcp::acceptor acceptor(context, {tcp::v4(), 80});
//   tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
//   co_await net::async_write(socket, net::buffer(text), net::use_awaitable);
//
// A program written to net::ip::tcp and beast::tcp_stream is adapted by naming ours instead:
//
//   net::io_context          strata::asio::context, run by its loop or world
//   net::ip::tcp             strata::asio::tcp
//   beast::tcp_stream        strata::asio::tcp_stream
//   net::steady_timer        strata::asio::steady_timer
//   net::ip::udp             strata::asio::udp
//
// Endpoints, addresses, options, buffers, error codes and results of look-ups are Asio's own. What
// differs, for a stack has one thread and nobody blocks on it:
// 1. Calls that would block are not there (resolve), or answer what a socket in non-blocking mode
//    does: would_block, and of connect() in_progress.
// 2. The executor of a socket is always the context's: a strand is taken off, as it adds nothing.
// 3. Sockets have no parameter for a kind of executor. as_default_on() of a completion token makes
//    another type of them (default_token.h); tcp_stream has none.
