// SPDX-License-Identifier: Apache-2.0
// asio::tcp::acceptor: listening, over a stack's TCP.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "strata/asio/tcp_socket.h"
#include "strata/tcp_listener.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename Executor>
class basic_tcp_acceptor;  // default_token.h

class tcp::acceptor : public net::socket_base {
 public:
  using executor_type = executor;
  template <typename Other>
  struct rebind_executor {
    using other = basic_tcp_acceptor<Other>;
  };
  using endpoint_type = endpoint;
  using protocol_type = net::ip::tcp;
  using native_handle_type = TcpListener*;

  explicit acceptor(context& owner) : acceptor(owner.get_executor()) {}
  explicit acceptor(const executor& own) : state_(own) {}
  template <AnyExecutor Other>
  explicit acceptor(const Other& other) : acceptor(executor_of(other)) {}
  template <typename Owner>
  acceptor(Owner&& owner, const protocol_type& protocol) : acceptor(owner) {
    open(protocol);
  }
  // Listens; throws system_error when the address cannot be listened on.
  template <typename Owner>
  acceptor(Owner&& owner, const endpoint& local, bool reuse_addr = true) : acceptor(owner) {
    open(local.protocol());
    set_option(reuse_address(reuse_addr));
    bind(local);
    listen();
  }
  acceptor(acceptor&&) noexcept = default;
  acceptor& operator=(acceptor&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }

  // ── Opening ───────────────────────────────────────────────────────────────────────────────
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
  void listen(int backlog, error_code& error) { error = error_of(state_->listen(backlog)); }
  void listen(int backlog = max_listen_connections) {
    throwing([&](auto& e) { listen(backlog, e); });
  }
  [[nodiscard]] bool is_open() const { return state_->native || state_->opening; }
  // Takes over a listener of the same stack, and gives it away; who waits hears operation_aborted.
  void assign(TcpListener listener) {
    state_->drop();
    if (!state_->adopt(std::move(listener))) state_->drop();
  }
  [[nodiscard]] std::optional<TcpListener> release() {
    state_->sides.cancel_all();
    if (state_->native) (void)state_->native->on_ready(nullptr);
    state_->opening.reset();
    return std::exchange(state_->native, std::nullopt);
  }
  [[nodiscard]] TcpListener* native() { return state_->native ? &*state_->native : nullptr; }
  [[nodiscard]] native_handle_type native_handle() { return native(); }

  // ── Accepting ─────────────────────────────────────────────────────────────────────────────
  // void(error_code, tcp::socket)
  template <typename Token>
  auto async_accept(Token&& token) {
    return accept_later<void(error_code, socket)>(std::forward<Token>(token),
                                                  Accepting(*state_, nullptr));
  }
  // The same, and where the peer is; `peer` lives until then.
  template <typename Token>
  auto async_accept(endpoint& peer, Token&& token) {
    return accept_later<void(error_code, socket)>(std::forward<Token>(token),
                                                  Accepting(*state_, &peer));
  }
  // A strand for the new socket, as servers with several threads make one, is taken off.
  template <AnyExecutor Other, typename Token>
  auto async_accept(const Other& /*other*/, Token&& token) {
    return async_accept(std::forward<Token>(token));
  }
  template <AnyExecutor Other, typename Token>
  auto async_accept(const Other& /*other*/, endpoint& peer, Token&& token) {
    return async_accept(peer, std::forward<Token>(token));
  }
  template <typename Token>
  auto async_accept(context& /*owner*/, Token&& token) {
    return async_accept(std::forward<Token>(token));
  }
  // void(error_code), into a socket that is not open and lives until then.
  template <typename Token>
  auto async_accept(socket& into, Token&& token) {
    return accept_later<void(error_code)>(std::forward<Token>(token),
                                          AcceptingInto(*state_, into, nullptr));
  }
  template <typename Token>
  auto async_accept(socket& into, endpoint& peer, Token&& token) {
    return accept_later<void(error_code)>(std::forward<Token>(token),
                                          AcceptingInto(*state_, into, &peer));
  }
  // One that waits already; else would_block.
  [[nodiscard]] socket accept(error_code& error) {
    Accepting step(*state_, nullptr);
    if (const auto refused = state_->refusal())
      step.fail(*refused);
    else
      (void)step.attempt();
    auto [failed, accepted] = step.take();
    error = failed;
    return std::move(accepted);
  }
  [[nodiscard]] socket accept() {
    return throwing([&](auto& e) { return accept(e); });
  }
  // void(error_code): somebody waits to be accepted.
  template <typename Token>
  auto async_wait(wait_type what, Token&& token) {
    return start_wait(*state_, what, std::forward<Token>(token));
  }

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

  // ── Observation and options ───────────────────────────────────────────────────────────────
  [[nodiscard]] endpoint local_endpoint(error_code& error) const {
    const auto known = state_->local();
    error = known ? error_code() : to_error_code(known.error());
    return known ? to_asio<net::ip::tcp>(*known) : endpoint();
  }
  [[nodiscard]] endpoint local_endpoint() const {
    return throwing([&](auto& e) { return local_endpoint(e); });
  }
  // Those of the sockets to come, too.
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

 private:
  struct State final : TcpStateOf<TcpListener> {
    using TcpStateOf::TcpStateOf;
    ~State() override { sides.cancel_all(); }
    [[nodiscard]] std::optional<Error> refusal() const {
      if (native) return std::nullopt;
      return opening ? Error::kInvalidArgument : Error::kInvalidHandle;  // as accept(2)
    }
    // Without an address of its own it gets a port that is free, as listen(2) has it; below zero is
    // as many as the system knows, there as here.
    Result<void> listen(int backlog) {
      const auto waiting =
          static_cast<std::uint32_t>(backlog < 0 ? max_listen_connections : backlog);
      if (native) return native->set_backlog(waiting);
      if (!opening) return std::unexpected(Error::kInvalidHandle);
      if (!opening->binding) {
        if (auto bound = opening->bind(stack(), endpoint(opening->protocol, 0)); !bound) {
          return bound;
        }
      }
      TcpListenOptions choices{.backlog = waiting, .binding = &*opening->binding};
      choices.options = opening->options;
      auto made = TcpListener::listen(stack(), {}, choices);
      if (!made) return std::unexpected(made.error());
      opening.reset();
      return adopt(*std::move(made));
    }
  };

  class Accepting : public Answer<TcpStream> {
   public:
    Accepting(State& state, endpoint* peer) : state_(&state), own_(state.own), peer_(peer) {}
    bool attempt() {
      if (!settle(state_->native->accept(state_->now()))) return false;
      if (result_ && peer_ != nullptr) {
        *peer_ = to_asio<net::ip::tcp>(result_->remote().value_or(Endpoint{}));
      }
      return true;
    }
    std::tuple<error_code, socket> take() {
      if (!result_) return {error(), socket(own_)};
      return {error_code(), socket(own_, *std::move(result_))};
    }

   protected:
    State* state_;

   private:
    executor own_;
    endpoint* peer_;
  };

  class AcceptingInto : public Accepting {
   public:
    AcceptingInto(State& state, socket& into, endpoint* peer)
        : Accepting(state, peer), into_(&into) {}
    std::tuple<error_code> take() {
      if (result_) into_->assign(*std::move(result_));
      return {error()};
    }

   private:
    socket* into_;
  };

  template <typename Signature, typename Token, typename Step>
  auto accept_later(Token&& token, Step step) {
    return start_step<Signature>(*state_, state_->sides.readers, std::forward<Token>(token),
                                 std::move(step));
  }

  Held<State> state_;

 protected:
  // For those whose sockets are of another kind, made of ours.
  template <typename Signature, typename Token>
  auto accept_as(endpoint* peer, Token&& token) {
    return accept_later<Signature>(std::forward<Token>(token), Accepting(*state_, peer));
  }
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
