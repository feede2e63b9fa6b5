// SPDX-License-Identifier: Apache-2.0
// asio::tcp: socket, acceptor and resolver that model Asio's, over a stack's TCP.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "strata/asio/endpoint.h"
#include "strata/asio/socket_state.h"
#include "strata/tcp_listener.h"
#include "strata/tcp_stream.h"

//   strata::asio::context context(stack, loop);
//   tcp::acceptor acceptor(context, {net::ip::tcp::v4(), 80});
//   tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
//   co_await net::async_write(socket, net::buffer(text), net::use_awaitable);
//
// The socket is an AsyncReadStream and an AsyncWriteStream: ssl::stream, Beast and whatever else is
// written against those concepts run on it unchanged. There are no calls that block: read_some and
// write_some with an error_code answer would_block.

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

struct tcp {
  using endpoint = net::ip::tcp::endpoint;
  class socket;
  class acceptor;
  class resolver;
};

class tcp::socket {
 public:
  using executor_type = executor;
  using endpoint_type = endpoint;
  using protocol_type = net::ip::tcp;
  using lowest_layer_type = socket;
  using shutdown_type = net::socket_base::shutdown_type;

  explicit socket(context& owner) : socket(owner.get_executor()) {}
  explicit socket(const executor& own) : state_(std::make_unique<State>(own)) {}
  // Closed when there is no memory to be told of the stream's readiness.
  socket(const executor& own, TcpStream stream) : socket(own) {
    if (!state_->adopt(std::move(stream))) state_->drop();
  }
  socket(socket&&) noexcept = default;
  socket& operator=(socket&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] socket& lowest_layer() { return *this; }
  [[nodiscard]] bool is_open() const { return state_->native.has_value(); }
  // Our own stream, for options and figures Asio knows nothing of; null when it is not open.
  [[nodiscard]] TcpStream* native() { return state_->native ? &*state_->native : nullptr; }

  // void(error_code). Cancelling gives the attempt up; a SYN may have been sent.
  template <typename Token>
  auto async_connect(const endpoint& peer, Token&& token) {
    return net::async_initiate<Token, void(error_code)>(
        [state = state_.get()](auto handler, const endpoint& to) {
          Connecting step(*state);
          if (const auto started = start(*state, to); !started) {
            step.fail(started.error());
            return answer(state->own, std::move(handler), std::move(step));
          }
          begin(state->own, state->sides.writers, std::move(handler), std::move(step),
                net::cancellation_type::terminal | net::cancellation_type::partial);
        },
        token, peer);
  }

  // void(error_code, std::size_t): at least one byte, or eof.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return begin_or_fail(state_->sides.readers, std::forward<Token>(token),
                         Reading(*state_, mutable_parts(buffers)));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return begin_or_fail(state_->sides.writers, std::forward<Token>(token),
                         Writing(*state_, const_parts(buffers)));
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    return at_once(Reading(*state_, mutable_parts(buffers)), error);
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    return at_once(Writing(*state_, const_parts(buffers)), error);
  }

  // A limit for all operations together, on the Executor's clock, until it is set anew. Those that
  // have not ended by then end with timed_out and the connection is aborted, for nobody knows how
  // far they came; when there are none, the next one is refused.
  void expires_at(Time when) { state_->expire_at(when); }
  void expires_after(Duration after) {
    const Time now = state_->now();
    state_->expire_at(after < kNever - now ? now + after : kNever);
  }
  void expires_never() { state_->expire_at(kNever); }

  // What waits hears operation_aborted.
  void cancel() { state_->sides.cancel_all(); }
  void close() { state_->drop(); }
  void close(error_code& error) {
    error = {};
    close();
  }
  void shutdown(shutdown_type what, error_code& error) {
    static constexpr TcpShutdown kWhat[] = {TcpShutdown::kRead, TcpShutdown::kWrite,
                                            TcpShutdown::kBoth};
    error = error_of(state_->native ? state_->native->shut_down(kWhat[what], state_->now())
                                    : Result<void>(std::unexpected(Error::kInvalidHandle)));
  }
  void shutdown(shutdown_type what) {
    error_code error;
    shutdown(what, error);
    throw_if(error);
  }

  [[nodiscard]] endpoint local_endpoint(error_code& error) const {
    return end(state_->native ? state_->native->local() : closed(), error);
  }
  [[nodiscard]] endpoint remote_endpoint(error_code& error) const {
    return end(state_->native ? state_->native->remote() : closed(), error);
  }
  [[nodiscard]] endpoint local_endpoint() const { return or_throw(&socket::local_endpoint); }
  [[nodiscard]] endpoint remote_endpoint() const { return or_throw(&socket::remote_endpoint); }

  void set_option(const net::ip::tcp::no_delay& option) {
    change([&](TcpSocketOptions& options) { options.no_delay = option.value(); });
  }
  void set_option(const net::socket_base::keep_alive& option) {
    change([&](TcpSocketOptions& options) { options.keepalive = option.value(); });
  }

 private:
  struct State final : SocketState<TcpStream> {
    using SocketState::SocketState;
    ~State() override {
      disarm();
      sides.cancel_all();  // whose steps name this type
    }
    void stop() override {
      disarm();
      SocketState::stop();
    }
    void expire_at(Time when) {
      disarm();
      is_expired = false;
      if (when == kNever) return;
      is_armed = true;
      timer = owner().runner().start_timer(when, [this] { expire(); });
    }
    void expire() {
      is_armed = false;
      is_expired = true;
      if (sides.readers.empty() && sides.writers.empty()) return;
      if (native) native->abort(now());
      native.reset();
      Pending* const read = sides.readers.take_failed(Error::kTimedOut);
      Pending* const written = sides.writers.take_failed(Error::kTimedOut);
      PendingQueue::finish_all(read);
      PendingQueue::finish_all(written);
    }
    void disarm() {
      if (std::exchange(is_armed, false)) owner().runner().cancel_timer(timer);
    }
    // Why no operation may begin.
    [[nodiscard]] std::optional<Error> refusal() const {
      if (is_expired) return Error::kTimedOut;
      return native ? std::nullopt : std::optional(Error::kInvalidHandle);
    }

    bool is_expired = false;
    bool is_armed = false;
    TimerId timer{};
  };

  class Connecting : public Answer<void> {
   public:
    using Signature = void(error_code);
    explicit Connecting(State& state) : state_(&state) {}
    bool attempt() { return settle(outcome()); }
    void fail(Error error) {
      Answer::fail(error);
      if (state_->native) state_->native->abort(state_->now());
      state_->native.reset();
    }
    std::tuple<error_code> take() { return {error()}; }

   private:
    Result<void> outcome() {
      const auto error = state_->native->take_error();
      if (!error) return std::unexpected(error.error());
      if (*error) return std::unexpected(**error);
      const auto now = state_->native->state();
      if (!now) return std::unexpected(now.error());
      const bool is_opening = *now == TcpState::kSynSent || *now == TcpState::kSynReceived;
      if (is_opening) return std::unexpected(Error::kInProgress);
      return {};
    }
    State* state_;
  };

  class Reading : public Answer<std::size_t> {
   public:
    using Signature = void(error_code, std::size_t);
    Reading(State& state, const Parts<MutableBytes>& parts) : state_(&state), parts_(parts) {}
    bool attempt() {
      if (parts_.empty()) return settle(0);
      std::size_t done = 0;
      for (const MutableBytes part : parts_.all()) {
        const auto count = state_->native->read(part, state_->now());
        if (!count && done == 0) return settle(std::unexpected(count.error()));
        if (!count) break;
        done += *count;
        if (*count < part.size()) break;
      }
      return settle(done);
    }
    std::tuple<error_code, std::size_t> take() { return {error(), result_.value_or(0)}; }

   private:
    State* state_;
    Parts<MutableBytes> parts_;
  };

  class Writing : public Answer<std::size_t> {
   public:
    using Signature = void(error_code, std::size_t);
    Writing(State& state, const Parts<Bytes>& parts) : state_(&state), parts_(parts) {}
    bool attempt() {
      if (parts_.empty()) return settle(0);
      return settle(state_->native->write(parts_.all(), state_->now()));
    }
    std::tuple<error_code, std::size_t> take() { return {error(), result_.value_or(0)}; }

   private:
    State* state_;
    Parts<Bytes> parts_;
  };

  static Result<void> start(State& state, const endpoint& peer) {
    state.drop();
    if (state.is_expired) return std::unexpected(Error::kTimedOut);
    auto made = TcpStream::connect(state.stack(), to_strata(peer), {}, state.now());
    if (!made) return std::unexpected(made.error());
    return state.adopt(*std::move(made));
  }
  template <typename Token, typename Step>
  auto begin_or_fail(PendingQueue& queue, Token&& token, Step step) {
    return net::async_initiate<Token, typename Step::Signature>(
        [state = state_.get(), &queue](auto handler, Step taken) {
          const auto refused = state->refusal();
          if (!refused) return begin(state->own, queue, std::move(handler), std::move(taken));
          taken.fail(*refused);
          answer(state->own, std::move(handler), std::move(taken));
        },
        token, std::move(step));
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
  static error_code error_of(const Result<void>& done) {
    return done ? error_code() : to_error_code(done.error());
  }
  static Result<Endpoint> closed() { return std::unexpected(Error::kInvalidHandle); }
  static endpoint end(const Result<Endpoint>& known, error_code& error) {
    error = known ? error_code() : to_error_code(known.error());
    return known ? to_asio<net::ip::tcp>(*known) : endpoint();
  }
  [[nodiscard]] endpoint or_throw(endpoint (socket::*which)(error_code&) const) const {
    error_code error;
    const endpoint known = (this->*which)(error);
    throw_if(error);
    return known;
  }
  template <typename Change>
  void change(Change change) {
    auto options = state_->native
                       ? state_->native->options()
                       : Result<TcpSocketOptions>(std::unexpected(Error::kInvalidHandle));
    if (options) change(*options);
    throw_if(error_of(options ? state_->native->set_options(*options, state_->now())
                              : std::unexpected(options.error())));
  }

  std::unique_ptr<State> state_;
};

class tcp::acceptor {
 public:
  using executor_type = executor;
  using endpoint_type = endpoint;
  using protocol_type = net::ip::tcp;

  // Throws system_error when the address cannot be listened on.
  acceptor(context& owner, const endpoint& local, std::uint32_t backlog = 128)
      : state_(std::make_unique<State>(owner.get_executor())) {
    auto made = TcpListener::listen(owner.stack(), to_strata(local), {.backlog = backlog});
    if (!made) throw system_error(to_error_code(made.error()));
    if (const auto done = state_->adopt(*std::move(made)); !done) {
      throw system_error(to_error_code(done.error()));
    }
  }
  acceptor(acceptor&&) noexcept = default;
  acceptor& operator=(acceptor&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] bool is_open() const { return state_->native.has_value(); }
  [[nodiscard]] TcpListener* native() { return state_->native ? &*state_->native : nullptr; }
  [[nodiscard]] endpoint local_endpoint() const {
    if (!is_open()) throw system_error(to_error_code(Error::kInvalidHandle));
    return to_asio<net::ip::tcp>(state_->native->local().value_or(Endpoint{}));
  }

  // void(error_code, tcp::socket)
  template <typename Token>
  auto async_accept(Token&& token) {
    return net::async_initiate<Token, void(error_code, socket)>(
        [state = state_.get()](auto handler) {
          Accepting step(*state);
          if (state->native) {
            return begin(state->own, state->sides.readers, std::move(handler), std::move(step));
          }
          step.fail(Error::kInvalidHandle);
          answer(state->own, std::move(handler), std::move(step));
        },
        token);
  }

  void cancel() { state_->sides.cancel_all(); }
  void close() { state_->drop(); }

 private:
  using State = SocketState<TcpListener>;

  class Accepting : public Answer<TcpStream> {
   public:
    using Signature = void(error_code, socket);
    explicit Accepting(State& state) : own_(state.own), state_(&state) {}
    bool attempt() { return settle(state_->native->accept(state_->now())); }
    std::tuple<error_code, socket> take() {
      if (!result_) return {error(), socket(own_)};
      return {error_code(), socket(own_, *std::move(result_))};
    }

   private:
    executor own_;
    State* state_;
  };

  std::unique_ptr<State> state_;
};

// Names by the context's Resolver; services are port numbers.
class tcp::resolver {
 public:
  using executor_type = executor;
  using results_type = std::vector<endpoint>;

  explicit resolver(context& owner) : own_(owner.get_executor()) {}
  [[nodiscard]] executor_type get_executor() const { return own_; }

  // void(error_code, results_type), in the order in which to try them. It cannot be cancelled.
  template <typename Token>
  auto async_resolve(std::string_view host, std::uint16_t port, Token&& token) {
    return net::async_initiate<Token, void(error_code, results_type)>(
        [own = own_, port](auto handler, const std::string& name) {
          Found found;
          const auto literal = IpAddress::parse(name);
          Resolver* const names = own.owner().resolver();
          if (literal) found.take_in(std::span(&*literal, 1), port);
          if (!literal && names == nullptr) found.fail(Error::kNotSupported);
          if (literal || names == nullptr) {
            return answer(own, std::move(handler), std::move(found));
          }
          using Handler = decltype(handler);
          auto kept = std::make_unique<Handler>(std::move(handler));
          names->resolve(name, [own, port, kept = std::move(kept)](
                                   Result<std::span<const IpAddress>> addresses) {
            Found result;
            if (addresses)
              result.take_in(*addresses, port);
            else
              result.fail(addresses.error());
            answer(own, std::move(*kept), std::move(result));
          });
        },
        token, std::string(host));
  }

 private:
  class Found : public Answer<results_type> {
   public:
    void take_in(std::span<const IpAddress> addresses, std::uint16_t port) {
      results_type all;
      for (const IpAddress& one : addresses) all.emplace_back(to_asio(one), port);
      (void)settle(std::move(all));
    }
    std::tuple<error_code, results_type> take() {
      return {error(), result_ ? *std::move(result_) : results_type()};
    }
  };

  executor own_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
