// SPDX-License-Identifier: Apache-2.0
// HttpConnection: HTTP/1.1 (RFC 9110, RFC 9112) with one peer, from accept to its end.
//
//   read ──> HttpRequestReader ──> HttpSite::answer() ──> head_, answer_ ──> write ──> the next
//                                        │
//                                        ├─ later: reply()
//                                        └─ 101: a guest has the transport from then on
//
// 1. One answer at a time: requests that came early wait in the reader (pipelining), and beyond its
//    bound in the peer.
// 2. A file is read a chunk at a time into memory that all connections share; what the transport
//    does not take is read again.
// 3. A connection that was told to close says "Connection: close", sends all, ends its direction
//    and waits for the peer's end, so that no reset overtakes the last bytes (RFC 9112 9.6).
// 4. Who sends a request slowly is told so after kRequestMax, and given up where a handshake is not
//    over by then; who neither says nor takes anything for kIdleMax is given up, and whoever still
//    talks kLingerMax after our end. One timer, set anew when it finds that there was news.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/web/http/http_site.h"
#include "service/web/http/http_troubles.h"
#include "strata/executor.h"

namespace strata::service {

// What all connections of a core share.
class HttpOwner {
 public:
  virtual ~HttpOwner() = default;
  [[nodiscard]] virtual Executor& executor() = 0;
  // Both directions have ended; the connection dies in a later turn.
  virtual void on_connection_over(HttpConnection& connection) = 0;
  // For one call.
  [[nodiscard]] virtual MutableBytes scratch() = 0;
  // Bytes of answers that wait for their peers; false when there are too many already.
  [[nodiscard]] virtual bool may_hold(std::size_t bytes) = 0;
  virtual void let_go(std::size_t bytes) = 0;
  virtual void on_trouble(HttpTrouble trouble, const Endpoint& peer) = 0;
};

class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  static constexpr Duration kIdleMax = std::chrono::minutes(1);
  static constexpr Duration kRequestMax = std::chrono::seconds(15);
  static constexpr Duration kLingerMax = std::chrono::seconds(30);

  HttpConnection(HttpOwner& owner, HttpSite& site, std::unique_ptr<Transport> transport,
                 bool is_encrypted);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Works on what came before anybody listened.
  void start();
  void reply(HttpAnswer answer);
  void end();
  [[nodiscard]] const HttpPeer& peer() const { return peer_; }

 private:
  enum class Progress : std::uint8_t { kMore, kWaits, kBroken };

  void run();
  [[nodiscard]] bool work();
  [[nodiscard]] Progress write_answer();
  [[nodiscard]] Progress write_file();
  [[nodiscard]] Progress read_request();
  [[nodiscard]] Progress refuse(unsigned status);
  [[nodiscard]] Progress hear(const HttpRequest& request);
  [[nodiscard]] bool wait_for_end();
  [[nodiscard]] bool is_writing() const { return is_answering_; }
  void take(HttpAnswer answer);
  void note_trouble(HttpTrouble trouble) { owner_.on_trouble(trouble, peer_.remote); }
  void forget_answer();
  void go_on_later();
  void watch_time();
  [[nodiscard]] Time time_limit() const;
  void on_time_over();
  [[nodiscard]] Time now() const { return owner_.executor().now(); }

  HttpOwner& owner_;
  HttpSite& site_;
  std::unique_ptr<Transport> transport_;
  HttpPeer peer_;
  std::unique_ptr<HttpGuest> guest_;
  HttpRequestReader reader_;
  HttpAnswer answer_;
  std::string head_;
  std::size_t sent_ = 0;  // of head_ and the body in memory
  std::size_t held_ = 0;  // bytes that the owner was asked for
  std::size_t file_chunk_;
  bool is_answering_ = false;
  bool is_asking_ = false;  // the site has the request
  bool is_head_only_ = false;
  bool closes_ = false;           // after the answer in hand
  bool says_keep_alive_ = false;  // in the answer in hand
  bool has_ended_ = false;        // our direction
  bool is_over_ = false;
  bool goes_on_ = false;
  bool is_running_ = false;
  Time last_news_{};
  Time request_began_ = kNever;
  Time ended_ = kNever;
  std::optional<TimerId> timer_;
};

}  // namespace strata::service
