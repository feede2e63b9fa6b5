// SPDX-License-Identifier: Apache-2.0
// A WebSocket over TLS on our sockets: Beast's websocket::stream on Asio's ssl::stream, unchanged.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <string>

#include "strata/asio/beast.h"
#include "strata/sim.h"

using namespace std::chrono_literals;
namespace net = boost::asio;
namespace ssl = net::ssl;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using strata::asio::context;
using strata::asio::tcp;
using TlsStream = ssl::stream<tcp::socket>;
using WebSocket = websocket::stream<TlsStream, false>;  // without compression

net::awaitable<void> echo(tcp::socket socket, ssl::context& tls) {
  WebSocket peer(std::move(socket), tls);
  co_await peer.next_layer().async_handshake(ssl::stream_base::server, net::use_awaitable);
  co_await peer.async_accept(net::use_awaitable);
  beast::flat_buffer buffer;
  for (;;) {
    co_await peer.async_read(buffer, net::use_awaitable);
    co_await peer.async_write(buffer.data(), net::use_awaitable);
    buffer.clear();
  }
}

net::awaitable<void> serve(context& owner, ssl::context& tls) {
  tcp::acceptor acceptor(owner, {net::ip::tcp::v4(), 443});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(owner.get_executor(), echo(std::move(socket), tls), net::detached);
  }
}

net::awaitable<void> talk(context& owner, ssl::context& tls, std::string& heard) {
  WebSocket peer(tcp::socket(owner), tls);
  tcp::socket& socket = beast::get_lowest_layer(peer);
  socket.expires_after(60s);
  co_await socket.async_connect({net::ip::make_address("10.0.0.1"), 443}, net::use_awaitable);
  co_await peer.next_layer().async_handshake(ssl::stream_base::client, net::use_awaitable);
  co_await peer.async_handshake("server.test", "/", net::use_awaitable);
  co_await peer.async_write(net::buffer("hello, strata", 13), net::use_awaitable);
  beast::flat_buffer buffer;
  co_await peer.async_read(buffer, net::use_awaitable);
  heard = beast::buffers_to_string(buffer.data());
  co_await peer.async_close(websocket::close_code::normal, net::use_awaitable);
}

// A key, and a certificate that signs itself.
void give_identity(ssl::context& tls, ssl::context& trusting) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("server.test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(tls.native_handle(), certificate);
  SSL_CTX_use_PrivateKey(tls.native_handle(), key);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(trusting.native_handle()), certificate);
  trusting.set_verify_mode(ssl::verify_peer);
  trusting.set_verify_callback(ssl::host_name_verification("server.test"));
  X509_free(certificate);
  EVP_PKEY_free(key);
}

int main() {
  strata::sim::World world(1);
  strata::sim::Host& server_host = world.add_host("server");
  strata::sim::Host& client_host = world.add_host("client");
  world.connect(server_host, client_host, {.delay = 20ms, .loss = {1, 50}});
  server_host.add_address("10.0.0.1/24");
  client_host.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses

  ssl::context serving(ssl::context::tls_server);
  ssl::context asking(ssl::context::tls_client);
  give_identity(serving, asking);
  context server(server_host.stack(), server_host.executor());
  context client(client_host.stack(), client_host.executor());
  std::string heard;
  net::co_spawn(server.get_executor(), serve(server, serving), net::detached);
  net::co_spawn(client.get_executor(), talk(client, asking, heard), net::detached);
  world.run_for(60s);
  std::printf("%s\n", heard.c_str());
  return heard == "hello, strata" ? 0 : 1;
}
