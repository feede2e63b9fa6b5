// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_request.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strata::service::http_request_test {
namespace {

void add(HttpRequestReader& reader, std::string_view text) {
  reader.add(std::as_bytes(std::span(text)));
}

// The first request, none, or the status to answer with.
std::expected<std::optional<HttpRequest>, unsigned> read(std::string_view text) {
  HttpRequestReader reader;
  add(reader, text);
  return reader.next();
}

constexpr std::string_view kFull =
    "GET /a%20b?c HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\nIf-Range: \"tag\"\r\n"
    "If-None-Match: \"a\", \"b\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";

TEST(HttpRequestReader, TellsWhatFilesNeedToKnow) {
  const auto got = read(kFull);
  ASSERT_TRUE(got && *got);
  const HttpRequest& request = **got;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/a%20b?c");
  EXPECT_EQ(request.range, "bytes=1-2");
  EXPECT_EQ(request.if_range, "\"tag\"");
  EXPECT_EQ(request.if_none_match, "\"a\", \"b\"");
  EXPECT_EQ(request.if_modified_since, "Sun, 06 Nov 1994 08:49:37 GMT");
}

// Wherever the bytes are cut, the request is the same, and it is not there before its last byte.
TEST(HttpRequestReader, TakesBytesAsTheyCome) {
  for (std::size_t cut = 1; cut < kFull.size(); ++cut) {
    HttpRequestReader reader;
    add(reader, kFull.substr(0, cut));
    const auto early = reader.next();
    ASSERT_TRUE(early && !*early) << cut;
    add(reader, kFull.substr(cut));
    const auto got = reader.next();
    ASSERT_TRUE(got && *got) << cut;
    EXPECT_EQ((*got)->target, "/a%20b?c") << cut;
    EXPECT_EQ((*got)->range, "bytes=1-2") << cut;
  }
}

TEST(HttpRequestReader, GivesPipelinedRequestsInTurn) {
  HttpRequestReader reader;
  add(reader,
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
      "GET /"  // its body
      "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  for (const char* target : {"/1", "/2", "/3", "/4"}) {
    const auto got = reader.next();
    ASSERT_TRUE(got && *got) << target;
    EXPECT_EQ((*got)->target, target);
  }
  const auto rest = reader.next();
  EXPECT_TRUE(rest && !*rest);
}

// RFC 9112 9.3: HTTP/1.1 persists unless told not to; HTTP/1.0 only when asked to.
TEST(HttpRequestReader, KnowsWhetherTheConnectionIsKept) {
  struct Row {
    const char* version;
    const char* field;
    bool keeps_alive;
    bool is_told;
  };
  for (const Row& row : {
           Row{"1.1", "", true, false},
           Row{"1.1", "Connection: close\r\n", false, false},
           Row{"1.1", "Connection: keep-alive\r\n", true, false},
           Row{"1.1", "Connection: x, Close\r\n", false, false},
           Row{"1.0", "", false, false},
           Row{"1.0", "Connection: Keep-Alive\r\n", true, true},
           Row{"1.0", "Connection: close\r\n", false, false},
       }) {
    const auto got =
        read(std::string("GET / HTTP/") + row.version + "\r\nHost: h\r\n" + row.field + "\r\n");
    ASSERT_TRUE(got && *got) << row.version << row.field;
    EXPECT_EQ((*got)->keeps_alive, row.keeps_alive) << row.version << row.field;
    EXPECT_EQ((*got)->expects_keep_alive, row.is_told) << row.version << row.field;
  }
}

TEST(HttpRequestReader, AnswersMalformedRequestsWithAStatus) {
  struct Row {
    std::string text;
    unsigned status;
  };
  const std::string long_line(20'000, 'a');
  for (const Row& row : {
           Row{"nonsense\r\n\r\n", 400},
           Row{"GET / HTTP/1.1 x\r\nHost: h\r\n\r\n", 505},
           Row{"GET / HTTP/1.1\r\nHost h\r\n\r\n", 400},
           Row{"GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", 400},
           Row{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
           Row{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
           Row{std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28), 400},
           Row{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16385\r\n\r\n", 413},
           Row{"GET / HTTP/1.1\r\nHost: h\r\nX: " + long_line + "\r\n\r\n", 431},
           Row{"GET /" + long_line + " HTTP/1.1\r\nHost: h\r\n\r\n", 431},
           Row{"GET / HTTP/9.1\r\nHost: h\r\n\r\n", 505},
       }) {
    const auto got = read(row.text);
    ASSERT_FALSE(got.has_value()) << row.text.substr(0, 80);
    EXPECT_EQ(got.error(), row.status) << row.text.substr(0, 80);
  }
}

// RFC 9112 3.2 MUST: a request of HTTP/1.1 without a host, or with two, is answered with 400.
TEST(HttpRequestReader, WantsOneHostOfHttp11) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n").error(), 400U);
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").error(), 400U);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\n\r\n").has_value());
}

// Whoever never ends a line is not waited for without limit.
TEST(HttpRequestReader, HoldsABoundedHead) {
  HttpRequestReader reader;
  const std::string some(1000, 'a');
  add(reader, "GET /");
  unsigned status = 0;
  std::size_t sent = 0;
  for (; status == 0 && sent < 100'000; sent += some.size()) {
    add(reader, some);
    if (const auto got = reader.next(); !got) status = got.error();
  }
  EXPECT_EQ(status, 431U);
  EXPECT_LE(sent, 20'000U);
}

// Nor is one who ends each line and never the head.
TEST(HttpRequestReader, HoldsABoundedNumberOfFields) {
  HttpRequestReader reader;
  add(reader, "GET / HTTP/1.1\r\nHost: h\r\n");
  unsigned status = 0;
  std::size_t sent = 0;
  for (; status == 0 && sent < 100'000; sent += 6) {
    add(reader, "X: y\r\n");
    if (const auto got = reader.next(); !got) status = got.error();
  }
  EXPECT_EQ(status, 431U);
  EXPECT_LE(sent, 20'000U);
}

// RFC 9112 6.1, 6.3, 11.2: what has two ends is refused before it is believed.
TEST(HttpRequestReader, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* const fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n", "Content-Length: 0, 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding : chunked\r\n"}) {
    const auto got = read(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + fields +
                          "\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_FALSE(got.has_value()) << fields;
    EXPECT_TRUE(got.error() == 400 || got.error() == 501) << fields << got.error();
  }
  EXPECT_EQ(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").error(), 400U);
}

TEST(HttpRequestReader, KnowsAWebsocket) {
  const std::string head = "GET /live HTTP/1.1\r\nHost: h\r\n";
  const std::string rest = "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n";
  const auto is_websocket = [](const std::string& text) {
    const auto got = read(text + "\r\n");
    return got && *got && (*got)->is_websocket;
  };
  EXPECT_TRUE(
      is_websocket(head + "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n" + rest));
  EXPECT_FALSE(is_websocket(head + "Upgrade: websocket\r\n" + rest)) << "no Connection";
  EXPECT_FALSE(is_websocket(head + "Connection: Upgrade\r\n" + rest)) << "no Upgrade";
  EXPECT_FALSE(is_websocket(head + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + rest));
  EXPECT_FALSE(is_websocket(head + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 8\r\n"));
}

TEST(HttpRequestReader, KnowsWhoAsksForAServiceWorker) {
  const auto asks = [](const std::string& fields) {
    HttpRequestReader reader;
    const std::string text = "GET /sw.js HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
    reader.add(std::as_bytes(std::span(text)));
    const auto request = reader.next();
    return request && *request && (*request)->is_service_worker;
  };
  EXPECT_TRUE(asks("Service-Worker: script\r\n"));
  EXPECT_TRUE(asks("service-worker: script\r\n"));
  EXPECT_FALSE(asks(""));
}

}  // namespace
}  // namespace strata::service::http_request_test
