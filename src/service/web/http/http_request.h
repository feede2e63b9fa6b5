// SPDX-License-Identifier: Apache-2.0
// HttpRequest: one request as values; HttpRequestReader: requests out of a stream of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "strata/bytes.h"

namespace strata::service {

struct HttpRequest {
  std::string method;
  std::string target;  // as sent: "/a%20b?c"
  bool keeps_alive = true;
  bool expects_keep_alive = false;  // HTTP/1.0 that asked to be kept, and waits to be told so
  bool is_websocket = false;        // RFC 6455 4.1: an upgrade with all that belongs to it
  bool is_service_worker = false;   // the script of one is asked for
  std::string range;                // RFC 9110 14.2; empty: none
  std::string if_range;             // RFC 9110 13.1.5
  std::string if_none_match;        // RFC 9110 13.1.2
  std::string if_modified_since;    // RFC 9110 13.1.3
  std::string host;
  std::string origin;  // RFC 6454 7
  std::string authorization;
  std::string websocket_key;
  std::string body;
};

// Feeds bytes as they come to a vetted parser. What could be read in two ways is refused, so that
// nobody in front of us sees other requests than we do (RFC 9112 11.2).
class HttpRequestReader {
 public:
  // So much of a request's head and body is kept, and no more.
  static constexpr std::uint32_t kHeadBytesMax = 16U << 10U;
  static constexpr std::uint64_t kBodyBytesMax = 16U << 10U;

  HttpRequestReader();
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  void add(Bytes bytes);
  // None: more bytes are needed. An error is the status to answer with before closing.
  [[nodiscard]] std::expected<std::optional<HttpRequest>, unsigned> next();
  // The peer waits to be told that it may send the body (RFC 9110 10.1.1). True once for each.
  [[nodiscard]] bool take_expectation();
  // A part of a request is here, and the rest is not.
  [[nodiscard]] bool is_inside() const { return parser_ != nullptr; }
  // What came behind the last request.
  [[nodiscard]] std::string take_rest();

 private:
  struct Parser;
  [[nodiscard]] std::expected<void, unsigned> feed();

  std::string waiting_;
  std::size_t used_ = 0;  // of waiting_
  std::unique_ptr<Parser> parser_;
};

}  // namespace strata::service
