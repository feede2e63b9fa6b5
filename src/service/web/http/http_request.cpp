// SPDX-License-Identifier: Apache-2.0
// One of the few files that see Beast: its headers cost more to compile than the rest of web/.
#include "service/web/http/http_request.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace strata::service {

namespace http = boost::beast::http;

namespace {

using Fields = http::request<http::string_body>;

unsigned status_for(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  if (error == http::error::bad_transfer_encoding) return 501;
  return 400;
}

std::string field(const Fields& request, http::field name) { return std::string(request[name]); }

bool has_token(std::string_view list, std::string_view token) {
  return http::token_list({list.data(), list.size()}).exists({token.data(), token.size()});
}

// RFC 6455 4.2.1.
bool is_websocket(const Fields& request) {
  return request.method() == http::verb::get && request.version() >= 11 &&
         has_token(request[http::field::upgrade], "websocket") &&
         has_token(request[http::field::connection], "upgrade") &&
         request[http::field::sec_websocket_version] == "13" &&
         !request[http::field::sec_websocket_key].empty();
}

HttpRequest values_of(Fields&& request) {
  HttpRequest values{.method = std::string(request.method_string()),
                     .target = std::string(request.target()),
                     .keeps_alive = request.keep_alive(),
                     .expects_keep_alive = request.keep_alive() && request.version() < 11,
                     .is_websocket = false,
                     .is_service_worker = request.find("Service-Worker") != request.end(),
                     .range = field(request, http::field::range),
                     .if_range = field(request, http::field::if_range),
                     .if_none_match = field(request, http::field::if_none_match),
                     .if_modified_since = field(request, http::field::if_modified_since),
                     .host = field(request, http::field::host),
                     .origin = field(request, http::field::origin),
                     .authorization = field(request, http::field::authorization),
                     .websocket_key = {},
                     .body = std::move(request.body())};
  if (request.find(http::field::upgrade) != request.end() && is_websocket(request)) {
    values.is_websocket = true;
    values.websocket_key = field(request, http::field::sec_websocket_key);
  }
  return values;
}

// The status to refuse a head with that parses and should not be believed; 0: none.
unsigned objection_to(const Fields& request) {
  // RFC 9112 3.2: a request of HTTP/1.1 names its host, once.
  const std::size_t hosts = request.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && request.version() >= 11)) return 400;
  const auto lengths = request.count(http::field::content_length);
  const auto encodings = request.count(http::field::transfer_encoding);
  // RFC 9112 6.1, 6.3: with both, or with one of them twice, others may see another end.
  if (lengths > 1 || encodings > 1 || (lengths != 0 && encodings != 0)) return 400;
  if (encodings == 0) return 0;
  if (request.version() < 11) return 400;
  // RFC 9112 6.1: a coding that is not known here.
  const bool is_chunked = boost::beast::iequals(request[http::field::transfer_encoding], "chunked");
  return is_chunked ? 0 : 501;
}

}  // namespace

struct HttpRequestReader::Parser {
  Parser() {
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(kBodyBytesMax);
    parser.eager(false);
  }
  http::request_parser<http::string_body> parser;
  std::size_t head_bytes = 0;
  bool was_told_to_go_on = false;
  bool is_head_checked = false;
};

HttpRequestReader::HttpRequestReader() = default;
HttpRequestReader::~HttpRequestReader() = default;

void HttpRequestReader::add(Bytes bytes) {
  waiting_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::expected<void, unsigned> HttpRequestReader::feed() {
  auto& parser = parser_->parser;
  while (used_ < waiting_.size() && !parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used =
        parser.put(boost::asio::buffer(waiting_.data() + used_, waiting_.size() - used_), error);
    used_ += used;
    // The parser's own limit is for what it is given at a time, not for the sum.
    if (!parser_->is_head_checked) parser_->head_bytes += used;
    if (parser_->head_bytes > kHeadBytesMax) return std::unexpected(431U);
    if (error && error != http::error::need_more) return std::unexpected(status_for(error));
    if (parser.is_header_done() && !std::exchange(parser_->is_head_checked, true)) {
      // Before its body is believed.
      if (const unsigned status = objection_to(parser.get()); status != 0) {
        return std::unexpected(status);
      }
      // The body behind this head, as far as it is here.
      parser.eager(true);
      if (error != http::error::need_more) continue;
    }
    if (error || used == 0) break;
  }
  return {};
}

std::expected<std::optional<HttpRequest>, unsigned> HttpRequestReader::next() {
  if (parser_ == nullptr) {
    // RFC 9112 2.2: empty lines before a request are to be ignored.
    while (std::string_view(waiting_).substr(used_).starts_with("\r\n")) used_ += 2;
    if (used_ < waiting_.size()) parser_ = std::make_unique<Parser>();
  }
  if (parser_ != nullptr) {
    if (const auto fed = feed(); !fed) return std::unexpected(fed.error());
  }
  const bool is_done = parser_ != nullptr && parser_->parser.is_done();
  // What is used goes at once when nothing is behind it, and else in large pieces.
  if (used_ == waiting_.size()) {
    waiting_.clear();
    used_ = 0;
  } else if (used_ > kHeadBytesMax) {
    waiting_.erase(0, std::exchange(used_, 0));
  }
  if (!is_done) {
    if (waiting_.size() - used_ > kHeadBytesMax) return std::unexpected(431U);
    return std::nullopt;
  }
  HttpRequest request = values_of(parser_->parser.release());
  parser_.reset();
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

std::string HttpRequestReader::take_rest() {
  std::string rest = waiting_.substr(used_);
  waiting_.clear();
  used_ = 0;
  return rest;
}

}  // namespace strata::service
