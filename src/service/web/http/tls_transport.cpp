// SPDX-License-Identifier: Apache-2.0
// One of the few files that see OpenSSL.
#include "service/web/http/tls_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "service/web/http/http_server.h"

//   read():  in_ <── async_read_some, one at a time
//   write(): waiting_ ──> sending_ ──> async_write, one at a time
//
// A record of TLS is at most 16 KiB; as much waits for the caller, and kOutMax for the peer.

namespace strata::service {

namespace net = asio::net;
namespace ssl = net::ssl;

class TlsIdentity {
 public:
  TlsIdentity() : context(ssl::context::tls_server) {}
  ssl::context context;
  bool lacks_password = false;  // what was loaded is encrypted
};

namespace {

constexpr std::size_t kInMax = 16U << 10U;
constexpr std::size_t kOutMax = 64U << 10U;

// Lives until its last handler has run.
struct Inner : std::enable_shared_from_this<Inner> {
  Inner(asio::tcp::socket socket, ssl::context& context, std::shared_ptr<void> seat)
      : stream(std::move(socket), context), handshake_seat(std::move(seat)) {}

  void shake_hands() {
    stream.async_handshake(ssl::stream_base::server,
                           [self = shared_from_this()](const asio::error_code& error) {
                             self->handshake_seat.reset();
                             if (error) return self->fail();
                             self->is_open = true;
                             self->send();
                             self->news();
                           });
  }
  void fail() {
    is_broken = true;
    news();
  }
  void news() {
    if (tell) tell();
  }
  void receive() {
    if (!is_open || std::exchange(is_receiving, true)) return;
    stream.async_read_some(net::buffer(in), [self = shared_from_this()](
                                                const asio::error_code& error, std::size_t count) {
      self->is_receiving = false;
      self->in_begin = 0;
      self->in_end = count;
      // RFC 8446 6.1: an end without close_notify may be somebody else's; for a server, which has
      // whole requests or none, it is an end all the same.
      self->has_ended = bool(error);
      self->news();
    });
  }
  void send() {
    if (!is_open || is_sending || is_broken) return;
    if (waiting.empty()) {
      // A session at rest keeps no room for what it sends.
      waiting.shrink_to_fit();
      sending.shrink_to_fit();
      if (ends && !std::exchange(is_ending, true)) end();
      return;
    }
    is_sending = true;
    std::swap(sending, waiting);
    net::async_write(stream, net::buffer(sending),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                       self->is_sending = false;
                       self->sending.clear();
                       if (error) return self->fail();
                       self->send();
                       self->news();
                     });
  }
  // RFC 8446 6.1: close_notify, and then the end of our direction. The peer's own is waited for by
  // whoever reads.
  void end() {
    stream.async_shutdown([self = shared_from_this()](const asio::error_code&) {
      asio::error_code ignored;
      self->stream.next_layer().shutdown(net::socket_base::shutdown_send, ignored);
      self->has_ended = true;
      self->news();
    });
  }

  ssl::stream<asio::tcp::socket> stream;
  std::shared_ptr<void> handshake_seat;
  InlineFunction<void()> tell{};
  std::array<std::byte, kInMax> in{};
  std::size_t in_begin = 0;
  std::size_t in_end = 0;
  std::vector<std::byte> waiting;
  std::vector<std::byte> sending;
  bool is_open = false;
  bool is_broken = false;
  bool is_receiving = false;
  bool is_sending = false;
  bool has_ended = false;  // the peer's direction
  bool ends = false;       // ours, once all is sent
  bool is_ending = false;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::tcp::socket socket, TlsIdentity& identity, std::shared_ptr<void> seat)
      : inner_(std::make_shared<Inner>(std::move(socket), identity.context, std::move(seat))) {
    inner_->shake_hands();
  }
  ~TlsTransport() override {
    inner_->tell = nullptr;
    close();
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  void on_news(InlineFunction<void()> tell) override { inner_->tell = std::move(tell); }

  Result<std::size_t> read(MutableBytes to) override {
    Inner& inner = *inner_;
    if (inner.is_broken) return std::unexpected(Error::kConnectionAborted);
    if (inner.in_begin == inner.in_end) {
      if (inner.has_ended) return std::unexpected(Error::kClosed);
      inner.receive();
      return std::unexpected(Error::kWouldBlock);
    }
    const std::size_t count = std::min(to.size(), inner.in_end - inner.in_begin);
    std::copy_n(inner.in.data() + inner.in_begin, count, to.data());
    inner.in_begin += count;
    return count;
  }

  Result<std::size_t> write(std::span<const Bytes> parts, bool more) override {
    Inner& inner = *inner_;
    if (inner.is_broken) return std::unexpected(Error::kConnectionAborted);
    if (inner.ends) return std::unexpected(Error::kClosed);
    std::size_t taken = 0;
    for (const Bytes part : parts) {
      const Bytes fits = part.first(std::min(part.size(), kOutMax - inner.waiting.size()));
      inner.waiting.insert(inner.waiting.end(), fits.begin(), fits.end());
      taken += fits.size();
      if (fits.size() < part.size()) break;
    }
    if (!more || inner.waiting.size() == kOutMax) inner.send();
    if (taken == 0) return std::unexpected(Error::kWouldBlock);
    return taken;
  }

  Result<void> end_writing() override {
    inner_->ends = true;
    inner_->send();
    return {};
  }
  void close() override { inner_->stream.next_layer().close(); }
  bool is_open() const override { return inner_->is_open; }
  Endpoint local() const override {
    const TcpStream* const stream = inner_->stream.next_layer().native();
    return stream == nullptr ? Endpoint{} : stream->local().value_or(Endpoint{});
  }
  Endpoint remote() const override {
    const TcpStream* const stream = inner_->stream.next_layer().native();
    return stream == nullptr ? Endpoint{} : stream->remote().value_or(Endpoint{});
  }

 private:
  std::shared_ptr<Inner> inner_;
};

}  // namespace

std::unique_ptr<Transport> make_tls_transport(asio::tcp::socket socket, TlsIdentity& identity,
                                              std::shared_ptr<void> handshake_seat) {
  return std::make_unique<TlsTransport>(std::move(socket), identity, std::move(handshake_seat));
}

Outcome<std::shared_ptr<TlsIdentity>> load_tls_identity(const std::string& certificate,
                                                        const std::string& key) {
  auto identity = std::make_shared<TlsIdentity>();
  ssl::context& context = identity->context;
  asio::error_code error;
  // TLS 1.2 is the least that browsers of today speak (RFC 8996).
  std::ignore = context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                                        ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION,
                                    error);
  // Without this OpenSSL asks at the terminal, and a stack that runs stands still.
  std::ignore = context.set_password_callback(
      [&lacks = identity->lacks_password](std::size_t, ssl::context::password_purpose) {
        lacks = true;
        return std::string();
      },
      error);
  std::ignore = context.use_certificate_chain_file(certificate, error);
  if (error) {
    return failed(fmt::format("tls: {}: {}", certificate, error.message()),
                  "expected a PEM file with the certificate first");
  }
  std::ignore = context.use_private_key_file(key, ssl::context::pem, error);
  if (error && identity->lacks_password) {
    return failed(fmt::format("tls: {}: the key is encrypted", key),
                  "openssl pkey -in KEY -out PLAIN writes one that needs no password");
  }
  if (error) {
    return failed(fmt::format("tls: {}: {}", key, error.message()),
                  "expected the PEM file of the certificate's private key");
  }
  return identity;
}

}  // namespace strata::service
