// SPDX-License-Identifier: Apache-2.0
// TransportStream: a Transport as the AsyncStream that Beast's websockets want below them, so that
// they are compiled once for plain and for encrypted connections. Costly: for websocket.cpp alone.
#pragma once

#include <algorithm>
#include <array>
#include <boost/beast/core/role.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "service/web/http/transport.h"
#include "strata/asio/context.h"
#include "strata/asio/operation.h"

namespace strata::service {

class TransportStream {
 public:
  using executor_type = asio::executor;
  using Done = std::move_only_function<void(asio::error_code, std::size_t)>;

  TransportStream(asio::executor own, std::unique_ptr<Transport> transport, std::string early)
      : state_(std::make_shared<State>(own, std::move(transport), std::move(early))) {
    state_->transport->on_news([state = state_.get()] { state->on_news(); });
  }
  TransportStream(TransportStream&&) noexcept = default;
  TransportStream& operator=(TransportStream&&) noexcept = default;
  ~TransportStream() {
    if (state_ != nullptr) close();
  }

  [[nodiscard]] executor_type get_executor() const { return state_->own; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    MutableBytes to;
    for (auto it = asio::net::buffer_sequence_begin(buffers);
         to.empty() && it != asio::net::buffer_sequence_end(buffers); ++it) {
      const asio::net::mutable_buffer part(*it);
      to = {static_cast<std::byte*>(part.data()), part.size()};
    }
    return begin(std::forward<Token>(token),
                 [to](State& state, Done done) { state.start_reading(to, std::move(done)); });
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    Parts parts;
    for (auto it = asio::net::buffer_sequence_begin(buffers);
         parts.count < parts.all.size() && it != asio::net::buffer_sequence_end(buffers); ++it) {
      const asio::net::const_buffer part(*it);
      if (part.size() == 0) continue;
      parts.all[parts.count++] = {static_cast<const std::byte*>(part.data()), part.size()};
    }
    return begin(std::forward<Token>(token),
                 [parts](State& state, Done done) { state.start_writing(parts, std::move(done)); });
  }

  void end_writing() {
    if (state_->transport != nullptr) (void)state_->transport->end_writing();
  }
  void close() { state_->close(); }

 private:
  struct Parts {
    std::array<Bytes, 8> all{};
    std::size_t count = 0;
  };

  // Beast moves its stream, and handlers outlive it: what they need stays here.
  struct State : std::enable_shared_from_this<State> {
    State(asio::executor from, std::unique_ptr<Transport> through, std::string already)
        : own(from), transport(std::move(through)), early(std::move(already)) {}

    void start_reading(MutableBytes to, Done done) {
      read_to = to;
      reader = std::move(done);
      finish(reader, try_read(), true);
    }
    void start_writing(const Parts& parts, Done done) {
      write_from = parts;
      writer = std::move(done);
      finish(writer, try_write(), true);
    }
    void on_news() {
      const auto self = shared_from_this();  // a handler may let the stream go
      if (reader) finish(reader, try_read(), false);
      if (writer) finish(writer, try_write(), false);
    }
    // The transport goes at once: handlers that wait may outlive whose it is.
    void close() {
      if (transport == nullptr) return;
      transport->on_news(nullptr);
      transport->close();
      transport.reset();
      finish(reader, std::unexpected(Error::kCancelled), true);
      finish(writer, std::unexpected(Error::kCancelled), true);
    }

    Result<std::size_t> try_read() {
      if (transport == nullptr) return std::unexpected(Error::kCancelled);
      if (early.empty()) return transport->read(read_to);
      const std::size_t count = std::min(early.size(), read_to.size());
      std::ranges::copy(std::as_bytes(std::span(early)).first(count), read_to.begin());
      early.erase(0, count);
      return count;
    }
    Result<std::size_t> try_write() {
      if (transport == nullptr) return std::unexpected(Error::kCancelled);
      if (write_from.count == 0) return std::size_t{0};
      return transport->write(std::span(write_from.all).first(write_from.count), false);
    }
    // Asio's rule: never from inside the call that began it.
    void finish(Done& whose, const Result<std::size_t>& result, bool is_inside) {
      if (!whose || (!result && result.error() == Error::kWouldBlock)) return;
      Done done = std::exchange(whose, nullptr);
      const asio::error_code error =
          result ? asio::error_code() : asio::to_error_code(result.error());
      const std::size_t count = result.value_or(0);
      if (!is_inside) return done(error, count);
      asio::net::post(own,
                      [done = std::move(done), error, count]() mutable { done(error, count); });
    }

    asio::executor own;
    std::unique_ptr<Transport> transport;
    std::string early;
    MutableBytes read_to{};
    Parts write_from{};
    Done reader{};
    Done writer{};
  };

  template <typename Token, typename Start>
  auto begin(Token&& token, Start start) {
    return asio::net::async_initiate<Token, void(asio::error_code, std::size_t)>(
        [](auto handler, const std::shared_ptr<State>& state, Start begun) {
          auto target = asio::net::get_associated_executor(handler, state->own);
          auto done = [target, handler = std::move(handler)](asio::error_code error,
                                                             std::size_t count) mutable {
            asio::net::dispatch(target, [handler = std::move(handler), error, count]() mutable {
              std::move(handler)(error, count);
            });
          };
          begun(*state, Done(std::move(done)));
        },
        token, state_, std::move(start));
  }

  std::shared_ptr<State> state_;
};

// What Beast finds by the stream's namespace. RFC 6455 7.1.1: the server closes first.
template <typename Handler>
void async_teardown(boost::beast::role_type /*role*/, TransportStream& stream, Handler&& handler) {
  stream.end_writing();
  asio::net::post(stream.get_executor(), [handler = std::forward<Handler>(handler)]() mutable {
    handler(asio::error_code());
  });
}

inline void beast_close_socket(TransportStream& stream) { stream.close(); }

}  // namespace strata::service
