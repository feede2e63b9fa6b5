// SPDX-License-Identifier: Apache-2.0
// What stands behind a tcp::socket, and what its operations do each time they are tried.
#pragma once

#include <optional>
#include <tuple>
#include <utility>

#include "strata/asio/endpoint.h"
#include "strata/asio/socket_state.h"
#include "strata/tcp_binding.h"
#include "strata/tcp_stream.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

// Asio's sockets are opened and bound before it is known what becomes of them; ours come into being
// when they connect or listen. What was said before is kept until then.
struct TcpOpening {
  net::ip::tcp protocol = net::ip::tcp::v4();
  TcpSocketOptions options{};
  std::optional<TcpBinding> binding{};

  Result<void> bind(Stack& stack, const net::ip::tcp::endpoint& local) {
    if (binding) return std::unexpected(Error::kInvalidArgument);
    if ((local.protocol() == net::ip::tcp::v4()) != (protocol == net::ip::tcp::v4())) {
      return std::unexpected(Error::kInvalidArgument);
    }
    auto made = TcpBinding::bind(stack, to_strata(local), options);
    if (!made) return std::unexpected(made.error());
    binding.emplace(*std::move(made));
    return {};
  }
};

// What a socket and an acceptor have in common: before there is a native one, what was said so far.
template <typename Native>
struct TcpStateOf : SocketState<Native> {
  using SocketState<Native>::SocketState;
  using SocketState<Native>::native;

  void drop() {
    opening.reset();
    SocketState<Native>::drop();
  }
  Result<void> bind(const net::ip::tcp::endpoint& local) {
    if (native) return std::unexpected(Error::kInvalidArgument);
    if (!opening) return std::unexpected(Error::kInvalidHandle);
    return opening->bind(this->stack(), local);
  }
  [[nodiscard]] Result<Endpoint> local() const {
    if (native) return native->local();
    if (!opening) return std::unexpected(Error::kInvalidHandle);
    return opening->binding ? opening->binding->local() : Endpoint{};
  }
  // IPv4 or IPv6, for options that differ.
  [[nodiscard]] net::ip::tcp protocol() const {
    if (opening) return opening->protocol;
    const auto known = local();
    const bool is_v4 = known && known->address.is_v4();
    return is_v4 ? net::ip::tcp::v4() : net::ip::tcp::v6();
  }
  [[nodiscard]] Result<TcpSocketOptions> options() const {
    if (native) return native->options();
    if (!opening) return std::unexpected(Error::kInvalidHandle);
    return opening->options;
  }
  Result<void> set_options(const TcpSocketOptions& options) {
    if (opening) opening->options = options;
    if (!native) return {};
    if constexpr (requires { native->set_options(options); }) {
      return native->set_options(options);
    } else {
      return native->set_options(options, this->now());
    }
  }

  template <typename Option>
  [[nodiscard]] error_code write(const Option& option) {
    const auto is = protocol();
    auto all = options();
    if (!all) return option_error(all);
    const auto done =
        write_option(*all, option.level(is), option.name(is), option_bytes(option, is));
    return done ? error_of(set_options(*all)) : option_error(done);
  }
  template <typename Option>
  [[nodiscard]] error_code read(Option& option) const {
    const auto is = protocol();
    const auto all = options();
    if (!all) return option_error(all);
    const auto size = read_option(*all, option.level(is), option.name(is), option_room(option, is));
    if (size) option.resize(is, *size);
    return option_error(size);
  }

  std::optional<TcpOpening> opening;
};

struct TcpSocketState final : TcpStateOf<TcpStream> {
  using TcpStateOf::TcpStateOf;
  ~TcpSocketState() override {
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
    if (sides.empty()) return;
    if (native) native->abort(now());
    native.reset();
    sides.fail_all(Error::kTimedOut);
  }
  void disarm() {
    if (std::exchange(is_armed, false)) owner().runner().cancel_timer(timer);
  }

  // Why no operation may begin.
  [[nodiscard]] std::optional<Error> refusal() const {
    if (is_expired) return Error::kTimedOut;
    return native ? std::nullopt : refusal_of_closed();
  }
  [[nodiscard]] std::optional<Error> refusal_of_closed() const {
    return opening ? Error::kNotConnected : Error::kInvalidHandle;
  }

  Result<void> connect(const net::ip::tcp::endpoint& peer) {
    if (is_expired) return std::unexpected(Error::kTimedOut);
    if (native) {
      const auto is = native->state();
      if (is && *is == TcpState::kSynSent) return std::unexpected(Error::kInProgress);
      if (is && *is != TcpState::kClosed) return std::unexpected(Error::kAlreadyConnected);
    }
    SocketState<TcpStream>::drop();  // what could not be connected
    TcpConnectOptions choices;
    if (opening) choices.options = opening->options;
    if (opening && opening->binding) choices.binding = &*opening->binding;
    auto made = TcpStream::connect(stack(), to_strata(peer), choices, now());
    if (!made) return std::unexpected(made.error());
    if (opening) opening->binding.reset();
    return adopt(*std::move(made));
  }
  Result<void> end(net::socket_base::shutdown_type what) {
    static constexpr TcpShutdown kWhat[] = {TcpShutdown::kRead, TcpShutdown::kWrite,
                                            TcpShutdown::kBoth};
    if (!native) return std::unexpected(*refusal_of_closed());
    return native->shut_down(kWhat[what], now());
  }

  [[nodiscard]] Result<Endpoint> remote() const {
    if (!native) return std::unexpected(*refusal_of_closed());
    return native->remote();
  }

  bool is_expired = false;
  bool is_armed = false;
  TimerId timer{};
};

class TcpConnecting : public Answer<void> {
 public:
  using Signature = void(error_code);
  explicit TcpConnecting(TcpSocketState& state) : state_(&state) {}
  bool attempt() { return settle(outcome()); }
  // Given up.
  void fail(Error error) {
    Answer::fail(error);
    if (state_->native) state_->native->abort(state_->now());
    state_->native.reset();
  }
  // The attempt goes, and with it what else waits for this socket.
  void give_up() { state_->sides.cancel_all(); }
  // It was never begun; what there is stays.
  void refuse(Error error) { Answer::fail(error); }
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
  TcpSocketState* state_;
};

class TcpReading : public Answer<std::size_t> {
 public:
  using Signature = void(error_code, std::size_t);
  TcpReading(TcpSocketState& state, const Parts<MutableBytes>& parts)
      : state_(&state), parts_(parts) {}
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
  TcpSocketState* state_;
  Parts<MutableBytes> parts_;
};

class TcpWriting : public Answer<std::size_t> {
 public:
  using Signature = void(error_code, std::size_t);
  TcpWriting(TcpSocketState& state, const Parts<Bytes>& parts) : state_(&state), parts_(parts) {}
  bool attempt() {
    if (parts_.empty()) return settle(0);
    return settle(state_->native->write(parts_.all(), state_->now()));
  }
  std::tuple<error_code, std::size_t> take() {
    const bool is_closed = !result_ && result_.error() == Error::kClosed;
    return {is_closed ? net::error::broken_pipe : error(), result_.value_or(0)};
  }

 private:
  TcpSocketState* state_;
  Parts<Bytes> parts_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
