// SPDX-License-Identifier: Apache-2.0
// asio::udp: datagram sockets that model Asio's, over a stack's UDP.
#pragma once

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "strata/asio/endpoint.h"
#include "strata/asio/socket_state.h"
#include "strata/udp_socket.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename Executor>
class basic_udp_socket;  // default_token.h

struct udp {
  using endpoint = net::ip::udp::endpoint;
  class socket;

  [[nodiscard]] static net::ip::udp v4() { return net::ip::udp::v4(); }
  [[nodiscard]] static net::ip::udp v6() { return net::ip::udp::v6(); }
};

class udp::socket : public net::socket_base {
 public:
  using executor_type = executor;
  template <typename Other>
  struct rebind_executor {
    using other = basic_udp_socket<Other>;
  };
  using endpoint_type = endpoint;
  using protocol_type = net::ip::udp;
  using lowest_layer_type = socket;
  using native_handle_type = UdpSocket*;

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
  socket(socket&&) noexcept = default;
  socket& operator=(socket&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] socket& lowest_layer() { return *this; }
  [[nodiscard]] const socket& lowest_layer() const { return *this; }

  // ── Opening ───────────────────────────────────────────────────────────────────────────────
  void open(const protocol_type& protocol, error_code& error) {
    error = is_open() ? error_code(net::error::already_open) : error_of(state_->open(protocol));
  }
  void open(const protocol_type& protocol) {
    throwing([&](auto& e) { open(protocol, e); });
  }
  void bind(const endpoint& local, error_code& error) {
    error = error_of(with_native([&](UdpSocket& own) { return own.bind(to_strata(local)); }));
  }
  void bind(const endpoint& local) {
    throwing([&](auto& e) { bind(local, e); });
  }
  [[nodiscard]] bool is_open() const { return state_->native.has_value(); }
  [[nodiscard]] UdpSocket* native() { return state_->native ? &*state_->native : nullptr; }
  [[nodiscard]] native_handle_type native_handle() { return native(); }
  // Opens the socket if that was not done. UDP has nobody to wait for.
  void connect(const endpoint& peer, error_code& error) {
    if (!is_open()) error = error_of(state_->open(peer.protocol()));
    if (!is_open()) return;
    error = error_of(state_->native->connect(to_strata(peer)));
  }
  void connect(const endpoint& peer) {
    throwing([&](auto& e) { connect(peer, e); });
  }
  // void(error_code)
  template <typename Token>
  auto async_connect(const endpoint& peer, Token&& token) {
    return net::async_initiate<Token, void(error_code)>(
        [this](auto handler, const endpoint& to) {
          error_code error;
          connect(to, error);
          answer(state_->own, std::move(handler), Connected(error));
        },
        token, peer);
  }

  // ── Sending and receiving ─────────────────────────────────────────────────────────────────
  // void(error_code, std::size_t); of a longer datagram the rest is lost. `source` lives until
  // then.
  template <typename Buffers, typename Token>
  auto async_receive_from(const Buffers& buffers, endpoint& source, Token&& token) {
    return start(state_->sides.readers, std::forward<Token>(token),
                 Receiving(*state_, mutable_parts(buffers), &source));
  }
  template <typename Buffers, typename Token>
  auto async_receive(const Buffers& buffers, Token&& token) {
    return start(state_->sides.readers, std::forward<Token>(token),
                 Receiving(*state_, mutable_parts(buffers), nullptr));
  }
  template <typename Buffers, typename Token>
  auto async_send_to(const Buffers& buffers, const endpoint& destination, Token&& token) {
    return start(state_->sides.writers, std::forward<Token>(token),
                 Sending(*state_, const_parts(buffers), to_strata(destination)));
  }
  // To the connected peer.
  template <typename Buffers, typename Token>
  auto async_send(const Buffers& buffers, Token&& token) {
    return start(state_->sides.writers, std::forward<Token>(token),
                 Sending(*state_, const_parts(buffers), std::nullopt));
  }
  // What can be done at once; else would_block.
  template <typename Buffers>
  std::size_t receive_from(const Buffers& buffers, endpoint& source, int /*flags*/,
                           error_code& error) {
    return at_once(Receiving(*state_, mutable_parts(buffers), &source), error);
  }
  template <typename Buffers>
  std::size_t receive_from(const Buffers& buffers, endpoint& source) {
    return throwing([&](auto& e) { return receive_from(buffers, source, 0, e); });
  }
  template <typename Buffers>
  std::size_t receive(const Buffers& buffers) {
    return throwing(
        [&](auto& e) { return at_once(Receiving(*state_, mutable_parts(buffers), nullptr), e); });
  }
  template <typename Buffers>
  std::size_t send_to(const Buffers& buffers, const endpoint& destination, int /*flags*/,
                      error_code& error) {
    return at_once(Sending(*state_, const_parts(buffers), to_strata(destination)), error);
  }
  template <typename Buffers>
  std::size_t send_to(const Buffers& buffers, const endpoint& destination) {
    return throwing([&](auto& e) { return send_to(buffers, destination, 0, e); });
  }
  template <typename Buffers>
  std::size_t send(const Buffers& buffers) {
    return throwing(
        [&](auto& e) { return at_once(Sending(*state_, const_parts(buffers), std::nullopt), e); });
  }
  // void(error_code): ready, and nothing is sent or received.
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
    return end(is_open() ? state_->native->local() : closed(), error);
  }
  [[nodiscard]] endpoint local_endpoint() const {
    return throwing([&](auto& e) { return local_endpoint(e); });
  }
  [[nodiscard]] endpoint remote_endpoint(error_code& error) const {
    return end(is_open() ? state_->native->remote() : closed(), error);
  }
  [[nodiscard]] endpoint remote_endpoint() const {
    return throwing([&](auto& e) { return remote_endpoint(e); });
  }
  // options.h lists which there are.
  template <typename Option>
  void set_option(const Option& option, error_code& error) {
    const auto is = protocol();
    error = option_error(with_native([&](UdpSocket& own) {
      return write_option(own, option.level(is), option.name(is), option_bytes(option, is),
                          state_->now());
    }));
  }
  template <typename Option>
  void set_option(const Option& option) {
    throwing([&](auto& e) { set_option(option, e); });
  }
  template <typename Option>
  void get_option(Option& option, error_code& error) const {
    const auto is = protocol();
    const auto size = is_open() ? read_option(*state_->native, option.level(is), option.name(is),
                                              option_room(option, is))
                                : Result<std::size_t>(std::unexpected(Error::kInvalidHandle));
    error = option_error(size);
    if (size) option.resize(is, *size);
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
  struct State final : SocketState<UdpSocket> {
    using SocketState::SocketState;
    ~State() override { sides.cancel_all(); }  // whose steps name this type
    [[nodiscard]] std::optional<Error> refusal() const {
      return native ? std::nullopt : std::optional(Error::kInvalidHandle);
    }
    Result<void> open(const net::ip::udp& protocol) {
      is_v4 = protocol == net::ip::udp::v4();
      auto made = UdpSocket::open(stack(), is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
      if (!made) return std::unexpected(made.error());
      return adopt(*std::move(made));
    }
    bool is_v4 = true;
  };

  class Receiving : public Answer<DatagramInfo> {
   public:
    using Signature = void(error_code, std::size_t);
    Receiving(State& state, const Parts<MutableBytes>& parts, endpoint* source)
        : state_(&state), parts_(parts), source_(source) {}
    bool attempt() { return settle(state_->native->receive(parts_.all())); }
    std::tuple<error_code, std::size_t> take() {
      if (!result_) return {error(), 0};
      if (source_ != nullptr) *source_ = to_asio<net::ip::udp>(result_->source);
      std::size_t room = 0;
      for (const MutableBytes part : parts_.all()) room += part.size();
      return {error_code(), std::min(room, result_->size)};
    }

   private:
    State* state_;
    Parts<MutableBytes> parts_;
    endpoint* source_;
  };

  class Sending : public Answer<std::size_t> {
   public:
    using Signature = void(error_code, std::size_t);
    Sending(State& state, const Parts<Bytes>& parts, std::optional<Endpoint> destination)
        : state_(&state), parts_(parts), choices_{.destination = destination} {}
    bool attempt() { return settle(state_->native->send(parts_.all(), choices_, state_->now())); }
    std::tuple<error_code, std::size_t> take() { return {error(), result_.value_or(0)}; }

   private:
    State* state_;
    Parts<Bytes> parts_;
    SendChoices choices_;
  };

  class Connected {
   public:
    explicit Connected(const error_code& error) : error_(error) {}
    std::tuple<error_code> take() { return {error_}; }

   private:
    error_code error_;
  };

  template <typename Token, typename Step>
  auto start(PendingQueue& queue, Token&& token, Step step) {
    return start_step<typename Step::Signature>(*state_, queue, std::forward<Token>(token),
                                                std::move(step));
  }
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
  template <typename Act>
  Result<void> with_native(Act act) {
    if (!is_open()) return std::unexpected(Error::kInvalidHandle);
    return act(*state_->native);
  }
  [[nodiscard]] protocol_type protocol() const {
    return state_->is_v4 ? net::ip::udp::v4() : net::ip::udp::v6();
  }
  static Result<Endpoint> closed() { return std::unexpected(Error::kInvalidHandle); }
  static endpoint end(const Result<Endpoint>& known, error_code& error) {
    error = known ? error_code() : to_error_code(known.error());
    return known ? to_asio<net::ip::udp>(*known) : endpoint();
  }

  Held<State> state_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
