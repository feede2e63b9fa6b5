// SPDX-License-Identifier: Apache-2.0
#include "service/web/live/websocket.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <utility>

#include "service/web/live/transport_stream.h"

namespace strata::service {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

constexpr Duration kPingEvery = std::chrono::seconds(20);
constexpr Duration kSilenceMax = std::chrono::seconds(60);
constexpr Duration kLeaveMax = std::chrono::seconds(5);

// Lives until its last handler has run.
struct Inner : std::enable_shared_from_this<Inner> {
  Inner(TransportStream from, Executor& on, WebSocketEvents told)
      : stream(std::move(from)), runner(on), events(std::move(told)) {}

  void set_limits() {
    stream.read_message_max(WebSocket::kMessageMax);
    stream.set_option(
        websocket::stream_base::timeout{.handshake_timeout = websocket::stream_base::none(),
                                        .idle_timeout = websocket::stream_base::none(),
                                        .keep_alive_pings = false});
    stream.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& answer) { answer.set(http::field::server, "strata"); }));
    stream.control_callback([this](websocket::frame_type, beast::string_view) { on_heard(); });
    stream.text(true);
    stream.auto_fragment(false);  // a message is in memory already
  }

  void start(const http::request<http::empty_body>& request) {
    set_limits();
    heard = runner.now();
    second_began = heard;
    watch();
    stream.async_accept(request, [self = shared_from_this()](beast::error_code error) {
      if (error) return self->end();
      self->is_open = true;
      self->read();
      if (self->events.on_free) self->events.on_free();
    });
  }

  void read() {
    stream.async_read(buffer, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error || self->is_over) return self->end();
      if (!self->on_heard()) return;
      const auto data = self->buffer.cdata();
      const std::string text(static_cast<const char*>(data.data()), data.size());
      self->buffer.consume(data.size());
      if (self->events.on_message) self->events.on_message(text);
      if (!self->is_over) self->read();
    });
  }

  // False: it says too much, and is being told so.
  bool on_heard() {
    heard = runner.now();
    if (heard - second_began >= std::chrono::seconds(1)) {
      second_began = heard;
      messages = 0;
    }
    if (++messages <= WebSocket::kMessagesMax) return true;
    leave(websocket::close_code::policy_error, "too many messages a second");
    return false;
  }

  void write(std::string text) {
    out = std::move(text);
    is_writing = true;
    write_began = runner.now();
    stream.async_write(asio::net::buffer(out),
                       [self = shared_from_this()](beast::error_code error, std::size_t) {
                         self->is_writing = false;
                         if (error) return self->end();
                         if (!self->is_over && self->events.on_free) self->events.on_free();
                       });
  }

  void leave(websocket::close_code code, const char* why) {
    if (!is_open || is_over || std::exchange(is_leaving, true)) return;
    // RFC 6455 7.1.1: the peer answers with a close frame, or is not waited for.
    stop_watching();
    timer = runner.start_timer(runner.now() + kLeaveMax, [this] {
      timer.reset();
      end();
    });
    stream.async_close({code, why},
                       [self = shared_from_this()](beast::error_code) { self->end(); });
  }

  void end() {
    if (std::exchange(is_over, true)) return;
    stop_watching();
    stream.next_layer().close();
    if (events.on_end) events.on_end();
  }

  // The owner has gone.
  void forget() {
    events = {};
    if (std::exchange(is_over, true)) return;
    stop_watching();
    stream.next_layer().close();
  }

  void watch() {
    timer = runner.start_timer(runner.now() + kPingEvery, [this] {
      timer.reset();
      if (is_given_up()) return end();
      ping();
      watch();
    });
  }
  // It says nothing, or takes nothing of what it is sent, whatever it says.
  bool is_given_up() const {
    const Time now = runner.now();
    return now - heard >= kSilenceMax || (is_writing && now - write_began >= kSilenceMax);
  }
  // Beast allows one at a time, and one may wait behind a write for long.
  void ping() {
    if (!is_open || is_leaving || std::exchange(is_pinging, true)) return;
    stream.async_ping({},
                      [self = shared_from_this()](beast::error_code) { self->is_pinging = false; });
  }
  void stop_watching() {
    if (timer) runner.cancel_timer(*timer);
    timer.reset();
  }

  websocket::stream<TransportStream, false> stream;
  Executor& runner;
  WebSocketEvents events;
  beast::flat_buffer buffer{WebSocket::kMessageMax};
  std::string out;
  std::optional<TimerId> timer;
  Time heard{};
  Time write_began{};
  Time second_began{};
  int messages = 0;
  bool is_open = false;
  bool is_writing = false;
  bool is_pinging = false;
  bool is_leaving = false;
  bool is_over = false;
};

class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
  ~BeastWebSocket() override { inner_->forget(); }
  BeastWebSocket(const BeastWebSocket&) = delete;
  BeastWebSocket& operator=(const BeastWebSocket&) = delete;
  void send(std::string text) override { inner_->write(std::move(text)); }
  bool is_free() const override {
    return inner_->is_open && !inner_->is_writing && !inner_->is_leaving && !inner_->is_over;
  }

 private:
  std::shared_ptr<Inner> inner_;
};

}  // namespace

struct WebSocketHome::Ground {
  explicit Ground(HostedStack& host) : context(host.stack(), host.loop()) {}
  asio::context context;
};

WebSocketHome::WebSocketHome(HostedStack& host) : ground_(std::make_unique<Ground>(host)) {}
WebSocketHome::~WebSocketHome() = default;

std::unique_ptr<WebSocket> WebSocketHome::accept(const HttpRequest& request,
                                                 std::unique_ptr<Transport> transport,
                                                 std::string early, WebSocketEvents events) {
  http::request<http::empty_body> upgrade(http::verb::get, request.target, 11);
  upgrade.set(http::field::host, request.host);
  upgrade.set(http::field::upgrade, "websocket");
  upgrade.set(http::field::connection, "upgrade");
  upgrade.set(http::field::sec_websocket_key, request.websocket_key);
  upgrade.set(http::field::sec_websocket_version, "13");
  asio::context& context = ground_->context;
  auto inner = std::make_shared<Inner>(
      TransportStream(context.get_executor(), std::move(transport), std::move(early)),
      context.runner(), std::move(events));
  inner->start(upgrade);
  return std::make_unique<BeastWebSocket>(std::move(inner));
}

}  // namespace strata::service
