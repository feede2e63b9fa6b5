// SPDX-License-Identifier: Apache-2.0
// asio::udp: datagram sockets that model Asio's, over a stack's UDP.
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "strata/asio/endpoint.h"
#include "strata/asio/socket_state.h"
#include "strata/udp_socket.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

struct udp {
  using endpoint = net::ip::udp::endpoint;
  class socket;
};

class udp::socket {
 public:
  using executor_type = executor;
  using endpoint_type = endpoint;
  using protocol_type = net::ip::udp;
  using lowest_layer_type = socket;

  // Bound at once. Throws system_error when the address cannot be had.
  socket(context& owner, const endpoint& local)
      : state_(std::make_unique<State>(owner.get_executor())) {
    const bool is_v4 = local.address().is_v4();
    auto made = UdpSocket::open(owner.stack(), is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
    if (!made) throw system_error(to_error_code(made.error()));
    require(made->bind(to_strata(local)));
    require(state_->adopt(*std::move(made)));
  }
  socket(socket&&) noexcept = default;
  socket& operator=(socket&&) noexcept = default;

  [[nodiscard]] executor_type get_executor() const { return state_->own; }
  [[nodiscard]] socket& lowest_layer() { return *this; }
  [[nodiscard]] bool is_open() const { return state_->native.has_value(); }
  [[nodiscard]] UdpSocket* native() { return state_->native ? &*state_->native : nullptr; }
  [[nodiscard]] endpoint local_endpoint() const {
    if (!is_open()) throw system_error(to_error_code(Error::kInvalidHandle));
    return to_asio<net::ip::udp>(state_->native->local().value_or(Endpoint{}));
  }
  void connect(const endpoint& peer) {
    require(is_open() ? state_->native->connect(to_strata(peer))
                      : Result<void>(std::unexpected(Error::kInvalidHandle)));
  }

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

  void cancel() { state_->sides.cancel_all(); }
  void close() { state_->drop(); }

 private:
  using State = SocketState<UdpSocket>;

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

  template <typename Token, typename Step>
  auto start(PendingQueue& queue, Token&& token, Step step) {
    return net::async_initiate<Token, typename Step::Signature>(
        [state = state_.get(), &queue](auto handler, Step taken) {
          if (state->native) {
            return begin(state->own, queue, std::move(handler), std::move(taken));
          }
          taken.fail(Error::kInvalidHandle);
          answer(state->own, std::move(handler), std::move(taken));
        },
        token, std::move(step));
  }
  static void require(const Result<void>& done) {
    if (!done) throw system_error(to_error_code(done.error()));
  }

  std::unique_ptr<State> state_;
};

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio
