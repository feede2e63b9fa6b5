// SPDX-License-Identifier: Apache-2.0
// HttpSite: who answers requests; HttpLater: how an answer comes that takes its time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "service/web/http/http_answer.h"
#include "service/web/http/http_request.h"
#include "service/web/http/transport.h"

namespace strata::service {

class HttpConnection;

// Names a connection that may have ended since; for its own thread.
class HttpLater {
 public:
  HttpLater() = default;
  explicit HttpLater(std::weak_ptr<HttpConnection> connection)
      : connection_(std::move(connection)) {}
  // To the request in hand. A connection that has ended needs none.
  void reply(HttpAnswer answer) const;
  // The guest of this connection is over.
  void end() const;

 private:
  std::weak_ptr<HttpConnection> connection_;
};

// Has taken a connection over, after an upgrade.
class HttpGuest {
 public:
  virtual ~HttpGuest() = default;
};

// The two ends of a connection, and whether what is between them is encrypted.
struct HttpPeer {
  Endpoint local;
  Endpoint remote;
  bool is_encrypted = false;
};

class HttpSite {
 public:
  // What an answer of this status asks for: welcome().
  static constexpr unsigned kUpgrade = 101;

  virtual ~HttpSite() = default;
  // Nothing: it comes by `later`, within a minute.
  [[nodiscard]] virtual std::optional<HttpAnswer> answer(const HttpRequest& request,
                                                         const HttpPeer& peer,
                                                         const HttpLater& later) = 0;
  // `early` is what the peer has sent behind its request. Null: it is turned away.
  [[nodiscard]] virtual std::unique_ptr<HttpGuest> welcome(const HttpRequest& request,
                                                           std::unique_ptr<Transport> transport,
                                                           std::string early,
                                                           const HttpLater& later) = 0;
};

}  // namespace strata::service
