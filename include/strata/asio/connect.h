// SPDX-License-Identifier: Apache-2.0
// asio::async_connect: to the first of several endpoints that can be connected to.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "strata/asio/tcp_socket.h"

namespace strata::asio {
inline namespace STRATA_ASIO_FLAVOUR {

template <typename T>
concept EndpointSequence = static_cast<bool>(net::is_endpoint_sequence<T>::value);

// Tries one after the other; the socket is closed between two.
template <typename Iterator, typename Condition>
class ConnectingToFirst {
 public:
  ConnectingToFirst(tcp::socket& socket, Iterator begin, Iterator end, Condition condition)
      : socket_(socket), next_(begin), current_(end), end_(end), condition_(std::move(condition)) {}

  template <typename Self>
  void operator()(Self& self, error_code failure = net::error::not_found) {
    const bool is_over = current_ != end_ && (!failure || failure == net::error::operation_aborted);
    while (!is_over && next_ != end_) {
      const error_code before = current_ == end_ ? error_code() : failure;
      current_ = next_++;
      if (!condition_(before, *current_)) continue;
      if (socket_.is_open()) socket_.close();
      const tcp::endpoint to = *current_;
      return socket_.async_connect(to, std::move(self));
    }
    self.complete(failure, failure ? end_ : current_);
  }

 private:
  tcp::socket& socket_;
  Iterator next_;
  Iterator current_;
  Iterator end_;
  Condition condition_;
};

// The same with endpoints of its own, for the caller's may be gone by then.
template <typename Condition>
class ConnectingToOneOf {
 public:
  using Endpoints = std::vector<tcp::endpoint>;

  ConnectingToOneOf(tcp::socket& socket, Endpoints all, Condition condition)
      : all_(std::make_unique<Endpoints>(std::move(all))),
        socket_(socket),
        condition_(std::move(condition)) {}

  template <typename Self>
  void operator()(Self& self) {
    const auto begin = all_->begin();
    const auto end = all_->end();
    ConnectingToFirst<Endpoints::iterator, Condition> first(socket_, begin, end,
                                                            std::move(condition_));
    using Iterator = Endpoints::iterator;
    net::async_compose<Self, void(error_code, Iterator)>(std::move(first), self, socket_);
  }
  template <typename Self>
  void operator()(Self& self, const error_code& failure, Endpoints::iterator found) {
    self.complete(failure, failure ? tcp::endpoint() : *found);
  }

 private:
  std::unique_ptr<Endpoints> all_;
  tcp::socket& socket_;
  Condition condition_;
};

struct AnyEndpoint {
  bool operator()(const error_code& /*before*/, const auto& /*next*/) const { return true; }
};

// void(error_code, tcp::endpoint). The condition is asked before each: condition(error of the one
// before, endpoint).
template <EndpointSequence Sequence, typename Condition, typename Token>
auto async_connect(tcp::socket& socket, const Sequence& endpoints, Condition condition,
                   Token&& token) {
  std::vector<tcp::endpoint> all(endpoints.begin(), endpoints.end());
  return net::async_compose<Token, void(error_code, tcp::endpoint)>(
      ConnectingToOneOf<Condition>(socket, std::move(all), std::move(condition)), token, socket);
}
template <EndpointSequence Sequence, typename Token>
auto async_connect(tcp::socket& socket, const Sequence& endpoints, Token&& token) {
  return asio::async_connect(socket, endpoints, AnyEndpoint(), std::forward<Token>(token));
}
// void(error_code, Iterator): `end` when none could be connected to.
template <typename Iterator, typename Token>
  requires(!EndpointSequence<Iterator>)
auto async_connect(tcp::socket& socket, Iterator begin, Iterator end, Token&& token) {
  return net::async_compose<Token, void(error_code, Iterator)>(
      ConnectingToFirst<Iterator, AnyEndpoint>(socket, begin, end, AnyEndpoint()), token, socket);
}

}  // namespace STRATA_ASIO_FLAVOUR
}  // namespace strata::asio

// net::async_connect() finds ours, too.
#ifdef STRATA_ASIO_STANDALONE
namespace asio {
using strata::asio::with_standalone::async_connect;
}  // namespace asio
#else
namespace boost::asio {
using strata::asio::with_boost::async_connect;
}  // namespace boost::asio
#endif
