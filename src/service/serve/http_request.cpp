// SPDX-License-Identifier: Apache-2.0
// The only file that sees Beast: its headers cost more to compile than all of service/.
#include "service/serve/http_request.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace strata::service {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t kHeaderBytesMax = 16U << 10U;
constexpr std::uint64_t kBodyBytesMax = 1U << 20U;

unsigned status_for(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  if (error == http::error::bad_transfer_encoding) return 501;
  return 400;
}

std::string field(const http::request<http::string_body>& request, http::field name) {
  return std::string(request[name]);
}

HttpRequest values_of(const http::request<http::string_body>& request) {
  return {.method = std::string(request.method_string()),
          .target = std::string(request.target()),
          .keeps_alive = request.keep_alive(),
          .expects_keep_alive = request.keep_alive() && request.version() < 11,
          .range = field(request, http::field::range),
          .if_range = field(request, http::field::if_range),
          .if_none_match = field(request, http::field::if_none_match),
          .if_modified_since = field(request, http::field::if_modified_since)};
}

}  // namespace

// A body is read, bounded, and thrown away: the next request begins behind it.
struct HttpRequestReader::Parser {
  Parser() {
    parser.header_limit(kHeaderBytesMax);
    parser.body_limit(kBodyBytesMax);
    parser.eager(true);
  }
  http::request_parser<http::string_body> parser;
  bool was_told_to_go_on = false;
};

HttpRequestReader::HttpRequestReader() = default;
HttpRequestReader::~HttpRequestReader() = default;

void HttpRequestReader::add(Bytes bytes) {
  waiting_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::expected<std::optional<HttpRequest>, unsigned> HttpRequestReader::next() {
  if (parser_ == nullptr) {
    // RFC 9112 2.2: empty lines before a request are to be ignored.
    while (waiting_.starts_with("\r\n")) waiting_.erase(0, 2);
    if (waiting_.empty()) return std::nullopt;
    parser_ = std::make_unique<Parser>();
  }
  auto& parser = parser_->parser;
  while (!waiting_.empty() && !parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(waiting_), error);
    waiting_.erase(0, used);
    if (error == http::error::need_more) break;
    if (error) return std::unexpected(status_for(error));
    if (used == 0) break;
  }
  if (!parser.is_done()) {
    if (waiting_.size() > kHeaderBytesMax) return std::unexpected(431U);
    return std::nullopt;
  }
  HttpRequest request = values_of(parser.get());
  // RFC 9112 3.2: a request of HTTP/1.1 names its host, once.
  const bool has_host = parser.get().count(http::field::host) == 1;
  const bool needs_host = parser.get().version() >= 11;
  parser_.reset();
  if (needs_host && !has_host) return std::unexpected(400U);
  return request;
}

bool HttpRequestReader::take_expectation() {
  if (parser_ == nullptr || !parser_->parser.is_header_done() || parser_->was_told_to_go_on) {
    return false;
  }
  const auto& request = parser_->parser.get();
  if (request.version() < 11) return false;
  if (!boost::beast::iequals(request[http::field::expect], "100-continue")) return false;
  parser_->was_told_to_go_on = true;
  return true;
}

}  // namespace strata::service
