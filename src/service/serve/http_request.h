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
  std::string range;                // RFC 9110 14.2; empty: none
  std::string if_range;             // RFC 9110 13.1.5
  std::string if_none_match;        // RFC 9110 13.1.2
  std::string if_modified_since;    // RFC 9110 13.1.3
};

// Feeds bytes as they come to a vetted parser; a request of ours has no body that we would read.
class HttpRequestReader {
 public:
  HttpRequestReader();
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  void add(Bytes bytes);
  // None: more bytes are needed. An error is the status to answer with before closing.
  [[nodiscard]] std::expected<std::optional<HttpRequest>, unsigned> next();
  // The peer waits to be told that it may send the body (RFC 9110 10.1.1). True once for each.
  [[nodiscard]] bool take_expectation();

 private:
  struct Parser;
  std::string waiting_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace strata::service
