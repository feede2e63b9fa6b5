// SPDX-License-Identifier: Apache-2.0
// Boost.Beast and ssl::stream on our sockets, unchanged, on virtual time.
#include "strata/asio/beast.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <string>
#include <tuple>

#include "socket/asio/lab.h"
#include "strata/asio/steady_timer.h"

namespace strata::asio::beast_test {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace ssl = net::ssl;

constexpr auto kToken = net::as_tuple(net::use_awaitable);

// Calls serve(socket) for every connection.
template <typename Serve>
net::awaitable<void> accept_all(context& owner, std::uint16_t port, Serve serve) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v4(), port});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), serve(std::move(socket)), net::detached);
  }
}

// ── HTTP ────────────────────────────────────────────────────────────────────────────────────────

net::awaitable<void> serve_http(tcp::socket socket) {
  beast::flat_buffer buffer;
  for (;;) {
    socket.expires_after(30s);
    http::request<http::string_body> request;
    const auto [failed, read] = co_await http::async_read(socket, buffer, request, kToken);
    if (failed) co_return;
    http::response<http::string_body> response(http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    response.body() = "you asked for " + std::string(request.target());
    response.prepare_payload();
    const auto [broken, written] = co_await http::async_write(socket, response, kToken);
    if (broken || !response.keep_alive()) co_return;
  }
}

struct Tally {
  int answers = 0;
  int connections = 0;
  int timed_out_servers = 0;
};

// A request every 20 seconds, and every tenth time a pause that the server does not wait for.
net::awaitable<void> browse(context& owner, Time end, Tally& tally) {
  steady_timer timer(owner);
  beast::flat_buffer buffer;
  tcp::socket socket(owner);
  for (int i = 1; owner.now() < end; ++i) {
    if (!socket.is_open()) {
      socket.expires_after(60s);
      const auto [failed] = co_await socket.async_connect({kServer, 80}, kToken);
      if (failed) continue;
      ++tally.connections;
    }
    socket.expires_after(60s);
    http::request<http::empty_body> request(http::verb::get, "/" + std::to_string(i), 11);
    request.set(http::field::host, "server.test");
    const auto [broken, written] = co_await http::async_write(socket, request, kToken);
    http::response<http::string_body> response;
    const auto [failed, read] = co_await http::async_read(socket, buffer, response, kToken);
    if (broken || failed) {
      ++tally.timed_out_servers;
      socket.close();
      buffer.clear();
    } else if (response.body() == "you asked for /" + std::to_string(i)) {
      ++tally.answers;
    }
    socket.expires_never();
    timer.expires_after(i % 10 == 0 ? 40s : 20s);
    co_await timer.async_wait(net::use_awaitable);
  }
}

struct HourOfHttp {
  Tally tally;
  std::uint64_t hash;
};

HourOfHttp run_an_hour(std::uint64_t seed) {
  Lab lab(seed, {.bits_per_second = 10'000'000, .delay = 20ms, .loss = {1, 50}});
  HourOfHttp hour{};
  net::co_spawn(lab.server.get_executor(), accept_all(lab.server, 80, serve_http), net::detached);
  net::co_spawn(lab.client.get_executor(), browse(lab.client, lab.world.now() + 1h, hour.tally),
                net::detached);
  lab.world.run_for(2h);
  hour.hash = lab.world.packet_hash();
  return hour;
}

TEST(BeastHttp, AnHourWithTimeoutsIsTheSameHourTwice) {
  const HourOfHttp first = run_an_hour(1);
  const HourOfHttp second = run_an_hour(1);
  EXPECT_GT(first.tally.answers, 140);
  EXPECT_GT(first.tally.timed_out_servers, 10);
  EXPECT_EQ(first.tally.connections, first.tally.timed_out_servers + 1);
  EXPECT_EQ(first.tally.answers, second.tally.answers);
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_NE(first.hash, run_an_hour(2).hash);
}

// ── WebSocket ───────────────────────────────────────────────────────────────────────────────────

using WebSocket = websocket::stream<tcp::socket, false>;  // without compression

net::awaitable<void> echo_messages(tcp::socket socket) {
  WebSocket peer(std::move(socket));
  co_await peer.async_accept(net::use_awaitable);
  beast::flat_buffer buffer;
  for (;;) {
    const auto [failed, count] = co_await peer.async_read(buffer, kToken);
    if (failed) co_return;
    co_await peer.async_write(buffer.data(), net::use_awaitable);
    buffer.clear();
  }
}

net::awaitable<void> talk(context& owner, std::string& out) {
  WebSocket peer(owner.get_executor());
  co_await peer.next_layer().async_connect({kServer, 80}, net::use_awaitable);
  co_await peer.async_handshake("server.test", "/", net::use_awaitable);
  const std::string message(100'000, 'x');
  beast::flat_buffer buffer;
  co_await peer.async_write(net::buffer(message), net::use_awaitable);
  co_await peer.async_read(buffer, net::use_awaitable);
  EXPECT_EQ(beast::buffers_to_string(buffer.data()), message);
  const auto [closed] = co_await peer.async_close(websocket::close_code::normal, kToken);
  out = closed ? closed.message() : "closed";
}

TEST(BeastWebSocket, MessagesComeBackAndBothEndsClose) {
  Lab lab(1, {.bits_per_second = 50'000'000, .delay = 5ms, .loss = {1, 100}});
  std::string outcome;
  net::co_spawn(lab.server.get_executor(), accept_all(lab.server, 80, echo_messages),
                net::detached);
  net::co_spawn(lab.client.get_executor(), talk(lab.client, outcome), net::detached);
  lab.world.run_for(100s);
  EXPECT_EQ(outcome, "closed");
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

// A key and a certificate for "server.test" that signs itself.
struct Identity {
  Identity() : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("server.test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  EVP_PKEY* key;
  X509* certificate;
};

struct TlsLab : Lab {
  TlsLab() : Lab(1, {.bits_per_second = 50'000'000, .delay = 5ms, .loss = {1, 100}}) {
    SSL_CTX_use_certificate(serving.native_handle(), identity.certificate);
    SSL_CTX_use_PrivateKey(serving.native_handle(), identity.key);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(asking.native_handle()), identity.certificate);
    asking.set_verify_mode(ssl::verify_peer);
  }
  Identity identity;
  ssl::context serving{ssl::context::tls_server};
  ssl::context asking{ssl::context::tls_client};
};

// A WebSocket on top of this is what examples/beast_wss.cpp shows.
net::awaitable<void> serve_tls(tcp::socket socket, ssl::context& with) {
  ssl::stream<tcp::socket> tls(std::move(socket), with);
  const auto [failed] = co_await tls.async_handshake(ssl::stream_base::server, kToken);
  std::array<char, 1000> bytes;
  if (failed) co_return;
  for (;;) {
    const auto [ended, count] = co_await tls.async_read_some(net::buffer(bytes), kToken);
    if (ended) break;
    co_await net::async_write(tls, net::buffer(bytes, count), net::use_awaitable);
  }
  (void)co_await tls.async_shutdown(kToken);
}

net::awaitable<void> ask_tls(TlsLab& in, std::string name, error_code& out, std::string& answer) {
  ssl::stream<tcp::socket> tls(tcp::socket(in.client), in.asking);
  tls.set_verify_callback(ssl::host_name_verification(name));
  co_await tls.next_layer().async_connect({kServer, 443}, net::use_awaitable);
  std::tie(out) = co_await tls.async_handshake(ssl::stream_base::client, kToken);
  if (out) co_return;
  std::string text(50'000, 'x');
  co_await net::async_write(tls, net::buffer(text), net::use_awaitable);
  co_await net::async_read(tls, net::buffer(text), net::use_awaitable);
  std::tie(out) = co_await tls.async_shutdown(kToken);
  answer = text;
}

TEST(BeastTls, BytesGoThereAndBackAndTheStreamEndsProperly) {
  TlsLab lab;
  error_code result;
  std::string answer;
  net::co_spawn(
      lab.server.get_executor(),
      accept_all(lab.server, 443,
                 [&](tcp::socket socket) { return serve_tls(std::move(socket), lab.serving); }),
      net::detached);
  net::co_spawn(lab.client.get_executor(), ask_tls(lab, "other.test", result, answer),
                net::detached);
  lab.world.run_for(100s);
  EXPECT_EQ(result.category(), net::error::get_ssl_category());  // somebody else's certificate
  EXPECT_EQ(answer, "");
  net::co_spawn(lab.client.get_executor(), ask_tls(lab, "server.test", result, answer),
                net::detached);
  lab.world.run_for(100s);
  EXPECT_FALSE(result) << result.message();
  EXPECT_EQ(answer, std::string(50'000, 'x'));
}

}  // namespace
}  // namespace strata::asio::beast_test
