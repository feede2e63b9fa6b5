// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/plain_transport.h"

#include <utility>

namespace strata::service {

namespace net = asio::net;

PlainTransport::PlainTransport(asio::tcp::socket socket)
    : inner_(std::make_shared<Inner>(std::move(socket))) {}

PlainTransport::~PlainTransport() {
  inner_->tell = nullptr;
  close();
}

void PlainTransport::on_news(InlineFunction<void()> tell) { inner_->tell = std::move(tell); }

void PlainTransport::wait(net::socket_base::wait_type what, bool Inner::* is_waiting) {
  if (std::exchange((*inner_).*is_waiting, true)) return;
  inner_->socket.async_wait(what, [inner = inner_, is_waiting](const asio::error_code&) {
    (*inner).*is_waiting = false;
    if (inner->tell) inner->tell();
  });
}

Result<std::size_t> PlainTransport::read(MutableBytes to) {
  TcpStream* const stream = inner_->socket.native();
  if (stream == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto count = stream->read(to, inner_->socket.get_executor().owner().now());
  if (!count && count.error() == Error::kWouldBlock) {
    wait(net::socket_base::wait_read, &Inner::is_waiting_to_read);
  }
  return count;
}

Result<std::size_t> PlainTransport::write(std::span<const Bytes> parts, bool more) {
  TcpStream* const stream = inner_->socket.native();
  if (stream == nullptr) return std::unexpected(Error::kInvalidHandle);
  const auto count = stream->write(parts, inner_->socket.get_executor().owner().now(), more);
  if (!count && count.error() == Error::kWouldBlock) {
    wait(net::socket_base::wait_write, &Inner::is_waiting_to_write);
  }
  return count;
}

Result<void> PlainTransport::end_writing() {
  TcpStream* const stream = inner_->socket.native();
  if (stream == nullptr) return std::unexpected(Error::kInvalidHandle);
  return stream->shut_down(TcpShutdown::kWrite, inner_->socket.get_executor().owner().now());
}

void PlainTransport::close() { inner_->socket.close(); }

Endpoint PlainTransport::local() const {
  const TcpStream* const stream = inner_->socket.native();
  return stream == nullptr ? Endpoint{} : stream->local().value_or(Endpoint{});
}

Endpoint PlainTransport::remote() const {
  const TcpStream* const stream = inner_->socket.native();
  return stream == nullptr ? Endpoint{} : stream->remote().value_or(Endpoint{});
}

}  // namespace strata::service
