// SPDX-License-Identifier: Apache-2.0
// PlainTransport: a socket of the Asio skin as it is. Costly to compile: for what accepts alone.
#pragma once

#include <memory>

#include "service/web/http/transport.h"
#include "strata/asio/tcp.h"

namespace strata::service {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(asio::tcp::socket socket);
  ~PlainTransport() override;
  PlainTransport(const PlainTransport&) = delete;
  PlainTransport& operator=(const PlainTransport&) = delete;

  void on_news(InlineFunction<void()> tell) override;
  [[nodiscard]] Result<std::size_t> read(MutableBytes to) override;
  [[nodiscard]] Result<std::size_t> write(std::span<const Bytes> parts, bool more) override;
  Result<void> end_writing() override;
  void close() override;
  [[nodiscard]] Endpoint local() const override;
  [[nodiscard]] Endpoint remote() const override;

 private:
  // Lives until the last handler has run.
  struct Inner {
    explicit Inner(asio::tcp::socket from) : socket(std::move(from)) {}
    asio::tcp::socket socket;
    InlineFunction<void()> tell{};
    bool is_waiting_to_read = false;
    bool is_waiting_to_write = false;
  };
  void wait(asio::net::socket_base::wait_type what, bool Inner::* is_waiting);

  std::shared_ptr<Inner> inner_;
};

}  // namespace strata::service
