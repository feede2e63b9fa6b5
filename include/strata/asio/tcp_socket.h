// SPDX-License-Identifier: Apache-2.0
// asio::tcp::socket: an AsyncReadStream and AsyncWriteStream over a stack's TCP.
#pragma once

#include <optional>
#include <tuple>
#include <utility>

#include "strata/asio/endpoint.h"
#include "strata/asio/socket_state.h"
#include "strata/asio/tcp_steps.h"
#include "strata/tcp_binding.h"
#include "strata/tcp_stream.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename Executor>
class basic_tcp_socket;  // default_token.h

struct tcp {
  using endpoint = net::ip::tcp::endpoint;
  using no_delay = net::ip::tcp::no_delay;
  class socket;
  class acceptor;
  class resolver;

  [[nodiscard]] static net::ip::tcp v4() { return net::ip::tcp::v4(); }
  [[nodiscard]] static net::ip::tcp v6() { return net::ip::tcp::v6(); }
};

class tcp::socket : public net::socket_base {
 public:
  using executor_type = executor;
  template <typename Other>
  struct rebind_executor {
    using other = basic_tcp_socket<Other>;
  };
  using endpoint_type = endpoint;
  using protocol_type = net::ip::tcp;
  using lowest_layer_type = socket;
  using shutdown_type = net::socket_base::shutdown_type;
  using native_handle_type = TcpStream*;

  explicit socket(context& owner) : socket(owner.get_executor()) {}
  explicit socket(const executor& own) : state_(own) {}
  template <AnyExecutor Other>
  explicit socket(const Other& other) : socket(executor_of(other)) {}
  // Open, and with an endpoint bound as well; throws system_error.
  template <typename Owner>
  socket(Owner&& owner, const protocol_type& protocol) : socket(owner) {
    open(protocol);
  }
  template <typename Owner>
  socket(Owner&& owner, const endpoint& local) : socket(owner) {
    open(local.protocol());
    bind(local);
  }
  // Closed when there is no memory to be told of the stream's readiness.
  socket(const executor& own, TcpStream stream) : socket(own) { assign(std::move(stream)); }
  socket(socket&&) noexcept = default;
  socket& operator=(socket&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] socket& lowest_layer() { return *this; }
  [[nodiscard]] const socket& lowest_layer() const { return *this; }

  // ── Opening ───────────────────────────────────────────────────────────────────────────────
  // Not needed before connecting: only to set options, or to choose the local end.
  void open(const protocol_type& protocol, error_code& error) {
    error = is_open() ? error_code(net::error::already_open) : error_code();
    if (!error) state_->opening.emplace().protocol = protocol;
  }
  void open(const protocol_type& protocol) {
    throwing([&](auto& e) { open(protocol, e); });
  }
  void bind(const endpoint& local, error_code& error) { error = error_of(state_->bind(local)); }
  void bind(const endpoint& local) {
    throwing([&](auto& e) { bind(local, e); });
  }
  [[nodiscard]] bool is_open() const { return state_->native || state_->opening; }

  // Takes over a stream of the same stack, and gives it away; who waits hears operation_aborted.
  void assign(TcpStream stream) {
    state_->drop();
    if (!state_->adopt(std::move(stream))) state_->drop();
  }
  [[nodiscard]] std::optional<TcpStream> release() {
    state_->sides.cancel_all();
    if (state_->native) (void)state_->native->on_ready(nullptr);
    state_->opening.reset();
    return std::exchange(state_->native, std::nullopt);
  }
  // Our own stream, for options and figures Asio knows nothing of; null when it is not connected.
  [[nodiscard]] TcpStream* native() { return state_->native ? &*state_->native : nullptr; }
  [[nodiscard]] native_handle_type native_handle() { return native(); }

  // ── Connecting ────────────────────────────────────────────────────────────────────────────
  // void(error_code). Cancelling gives the attempt up; a SYN may have been sent.
  template <typename Token>
  auto async_connect(const endpoint& peer, Token&& token) {
    return net::async_initiate<Token, void(error_code)>(
        [state = state_.get()](auto handler, const endpoint& to) {
          TcpConnecting step(*state);
          if (const auto started = state->connect(to); !started) {
            step.refuse(started.error());
            return answer(state->own, std::move(handler), std::move(step));
          }
          begin(state->own, state->sides.writers, std::move(handler), std::move(step),
                net::cancellation_type::terminal | net::cancellation_type::partial);
        },
        token, peer);
  }
  // Begins, and answers in_progress; wait_write tells that it is over.
  void connect(const endpoint& peer, error_code& error) {
    const auto started = state_->connect(peer);
    error = started ? error_code(net::error::in_progress) : to_error_code(started.error());
  }

  // ── Reading and writing ───────────────────────────────────────────────────────────────────
  // void(error_code, std::size_t): at least one byte, or eof.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return start_step<TcpReading::Signature>(*state_, state_->sides.readers,
                                             std::forward<Token>(token),
                                             TcpReading(*state_, mutable_parts(buffers)));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return start_step<TcpWriting::Signature>(*state_, state_->sides.writers,
                                             std::forward<Token>(token),
                                             TcpWriting(*state_, const_parts(buffers)));
  }
  template <typename Buffers, typename Token>
  auto async_receive(const Buffers& buffers, Token&& token) {
    return async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_send(const Buffers& buffers, Token&& token) {
    return async_write_some(buffers, std::forward<Token>(token));
  }
  // What can be done at once; else would_block.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    return at_once(TcpReading(*state_, mutable_parts(buffers)), error);
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    return at_once(TcpWriting(*state_, const_parts(buffers)), error);
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return throwing([&](auto& e) { return read_some(buffers, e); });
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return throwing([&](auto& e) { return write_some(buffers, e); });
  }
  template <typename Buffers>
  std::size_t receive(const Buffers& buffers) {
    return read_some(buffers);
  }
  template <typename Buffers>
  std::size_t send(const Buffers& buffers) {
    return write_some(buffers);
  }
  // void(error_code): ready, and nothing is read or written.
  template <typename Token>
  auto async_wait(wait_type what, Token&& token) {
    return start_wait(*state_, what, std::forward<Token>(token));
  }
  // Bytes that can be read at once.
  [[nodiscard]] std::size_t available(error_code& error) const {
    const auto info = state_->native
                          ? state_->native->info(state_->now())
                          : Result<TcpInfo>(std::unexpected(*state_->refusal_of_closed()));
    error = info ? error_code() : to_error_code(info.error());
    return info ? info->receive_queue : 0;
  }
  [[nodiscard]] std::size_t available() const {
    return throwing([&](auto& e) { return available(e); });
  }

  // ── Time limits ───────────────────────────────────────────────────────────────────────────
  // A limit for all operations together, on the Executor's clock, until it is set anew. Those that
  // have not ended by then end with timed_out and the connection is aborted, for nobody knows how
  // far they came; when there are none, the next one is refused.
  void expires_at(Time when) { state_->expire_at(when); }
  void expires_after(Duration after) {
    const Time now = state_->now();
    state_->expire_at(after < kNever - now ? now + after : kNever);
  }
  void expires_never() { state_->expire_at(kNever); }

  // ── Ending ────────────────────────────────────────────────────────────────────────────────
  // What waits hears operation_aborted.
  void cancel() { state_->sides.cancel_all(); }
  void cancel(error_code& error) {
    error = is_open() ? error_code() : error_code(net::error::bad_descriptor);
    cancel();
  }
  void close() { state_->drop(); }
  void close(error_code& error) {
    error = {};
    close();
  }
  void shutdown(shutdown_type what, error_code& error) { error = error_of(state_->end(what)); }
  void shutdown(shutdown_type what) {
    throwing([&](auto& e) { shutdown(what, e); });
  }

  // ── Observation and options ───────────────────────────────────────────────────────────────
  [[nodiscard]] endpoint local_endpoint(error_code& error) const {
    return end(state_->local(), error);
  }
  [[nodiscard]] endpoint remote_endpoint(error_code& error) const {
    return end(state_->remote(), error);
  }
  [[nodiscard]] endpoint local_endpoint() const {
    return throwing([&](auto& e) { return local_endpoint(e); });
  }
  [[nodiscard]] endpoint remote_endpoint() const {
    return throwing([&](auto& e) { return remote_endpoint(e); });
  }

  // options.h lists which there are.
  template <typename Option>
  void set_option(const Option& option, error_code& error) {
    error = state_->write(option);
  }
  template <typename Option>
  void set_option(const Option& option) {
    throwing([&](auto& e) { set_option(option, e); });
  }
  template <typename Option>
  void get_option(Option& option, error_code& error) const {
    error = state_->read(option);
  }
  template <typename Option>
  void get_option(Option& option) const {
    throwing([&](auto& e) { get_option(option, e); });
  }
  // It never blocks, and cannot be made to.
  [[nodiscard]] bool non_blocking() const { return true; }
  void non_blocking(bool on, error_code& error) {
    error = on ? error_code() : error_code(net::error::operation_not_supported);
  }
  void non_blocking(bool on) {
    throwing([&](auto& e) { non_blocking(on, e); });
  }
  [[nodiscard]] bool native_non_blocking() const { return true; }
  void native_non_blocking(bool on) { non_blocking(on); }
  void native_non_blocking(bool on, error_code& error) { non_blocking(on, error); }

 private:
  using State = TcpSocketState;

  template <typename Step>
  std::size_t at_once(Step step, error_code& error) {
    if (const auto refused = state_->refusal())
      step.fail(*refused);
    else
      (void)step.attempt();
    std::size_t count = 0;
    std::tie(error, count) = step.take();
    return count;
  }
  static endpoint end(const Result<Endpoint>& known, error_code& error) {
    error = known ? error_code() : to_error_code(known.error());
    return known ? to_asio<net::ip::tcp>(*known) : endpoint();
  }

  Held<State> state_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
