// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "service/client.h"
#include "service/web/http/http_server.h"
#include "service/web/web_site.h"

namespace strata::service::http_connection_test {
namespace {

using testing::StartsWith;

constexpr std::uint16_t kPort = 80;

class HttpConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(www.path + "/docs");
    put("a.txt", "0123456789");
    put("docs/index.html", "<p>docs</p>");
    put("empty.txt", "");
    std::string big;
    for (int i = 0; big.size() < 3'000'000; ++i) big += std::to_string(i) + '\n';
    put("big.bin", big);
    site = std::make_shared<WebSite>(*lab.ours, WebSiteParts{.folder = www.path});
    server.emplace(*lab.ours);
    const auto listening = server->listen(kPort, site);
    ASSERT_TRUE(listening.has_value()) << listening.error().text;
  }
  void put(const std::string& name, std::string_view text) {
    std::ofstream(www.path + '/' + name, std::ios::binary) << text;
  }
  std::string file(const std::string& name) {
    std::ifstream in(www.path + '/' + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // One request of HTTP/1.1 on a connection of its own.
  std::string ask(const std::string& method_and_target, const std::string& fields = {}) {
    Client client(lab, kPort);
    return client.ask(method_and_target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
  }
  static std::string body_of(const std::string& answer) {
    const std::size_t at = answer.find("\r\n\r\n");
    return at == std::string::npos ? "no head" : answer.substr(at + 4);
  }
  static std::string field_of(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
  }
  static std::size_t answers_in(std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string_view::npos;
         at = text.find("HTTP/1.1 ", at + 1)) {
      ++count;
    }
    return count;
  }

  TemporaryFolder www;
  Lab lab;
  std::shared_ptr<WebSite> site;
  std::optional<HttpServer> server;
};

TEST_F(HttpConnectionTest, AClosedPortHasItsConnectionsStill) {
  Client client(lab, kPort);
  EXPECT_EQ(client.send("GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n"), 32U);
  EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
  server->close(kPort);
  server->close(kPort);
  site.reset();
  Client late(lab, kPort);
  EXPECT_EQ(late.stream.take_error().value_or(std::nullopt), Error::kConnectionRefused);
  EXPECT_EQ(body_of(client.ask("GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n")), "0123456789");
  site = std::make_shared<WebSite>(*lab.ours, WebSiteParts{.folder = www.path + "/docs"});
  ASSERT_TRUE(server->listen(kPort, site).has_value());
  EXPECT_EQ(body_of(ask("GET /")), "<p>docs</p>");
  site->serve_folder(www.path);
  EXPECT_EQ(body_of(ask("GET /a.txt")), "0123456789");
}

TEST_F(HttpConnectionTest, AnswersWithAFile) {
  const std::string answer = ask("GET /a.txt");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(field_of(answer, "Content-Length"), "10");
  EXPECT_EQ(field_of(answer, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(field_of(answer, "Accept-Ranges"), "bytes");
  EXPECT_EQ(field_of(answer, "Connection"), "");
  EXPECT_THAT(field_of(answer, "Date"), testing::EndsWith(" GMT"));
  EXPECT_EQ(body_of(answer), "0123456789");
  EXPECT_EQ(body_of(ask("GET /docs/?x=1")), "<p>docs</p>");
  EXPECT_EQ(body_of(ask("GET http://h/a.txt")), "0123456789");
  EXPECT_EQ(body_of(ask("GET /empty.txt")), "");
}

TEST_F(HttpConnectionTest, AnswersWhatItCannotDoWithAStatus) {
  struct Row {
    const char* request;
    const char* answer;
  };
  for (const Row& row : {
           Row{"GET /none", "HTTP/1.1 404 Not Found\r\n"},
           Row{"GET /../a.txt", "HTTP/1.1 403 Forbidden\r\n"},
           Row{"GET /%2e%2e/%2e%2e/etc/passwd", "HTTP/1.1 403 Forbidden\r\n"},
           Row{"GET /..%2f..%2fetc/passwd", "HTTP/1.1 403 Forbidden\r\n"},
           Row{"GET //etc/passwd", "HTTP/1.1 404 Not Found\r\n"},
           Row{"GET /%00", "HTTP/1.1 400 Bad Request\r\n"},
           Row{"GET *", "HTTP/1.1 400 Bad Request\r\n"},
           Row{"DELETE /a.txt", "HTTP/1.1 405 Method Not Allowed\r\n"},
       }) {
    const std::string answer = ask(row.request);
    EXPECT_THAT(answer, StartsWith(row.answer)) << row.request;
    EXPECT_EQ(field_of(answer, "Content-Length"), std::to_string(body_of(answer).size()));
  }
  EXPECT_EQ(field_of(ask("PUT /a.txt"), "Allow"), "GET, HEAD");
}

TEST_F(HttpConnectionTest, SendsToAFolderWithItsSlash) {
  EXPECT_EQ(field_of(ask("GET /docs?x"), "Location"), "/docs/");
  EXPECT_EQ(field_of(ask("GET //docs"), "Location"), "/docs/") << "not to another host";
}

// RFC 9110 9.3.2 MUST: an answer to HEAD has no body.
TEST_F(HttpConnectionTest, HeadIsGetWithoutTheBody) {
  for (const char* target : {" /a.txt", " /none", " /docs"}) {
    const std::string get = ask(std::string("GET") + target);
    const std::string head = ask(std::string("HEAD") + target);
    EXPECT_EQ(body_of(head), "") << target;
    for (const char* field : {"Content-Length", "Content-Type", "ETag", "Location"}) {
      EXPECT_EQ(field_of(head, field), field_of(get, field)) << target << ' ' << field;
    }
  }
}

TEST_F(HttpConnectionTest, AnswersWithAPartWhenAsked) {
  const std::string part = ask("GET /a.txt", "Range: bytes=2-4\r\n");
  EXPECT_THAT(part, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
  EXPECT_EQ(field_of(part, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(field_of(part, "Content-Length"), "3");
  EXPECT_EQ(body_of(part), "234");
  EXPECT_EQ(body_of(ask("GET /a.txt", "Range: bytes=-1\r\n")), "9");
  EXPECT_EQ(body_of(ask("GET /a.txt", "Range: bytes=1-1,3-3\r\n")), "0123456789");
  const std::string behind = ask("GET /a.txt", "Range: bytes=10-\r\n");
  EXPECT_THAT(behind, StartsWith("HTTP/1.1 416 "));
  EXPECT_EQ(field_of(behind, "Content-Range"), "bytes */10");
}

// RFC 9110 10.1.1 MUST: a peer that expects 100-continue is told to go on, or given its answer.
TEST_F(HttpConnectionTest, TellsThosePeersToGoOnThatWaitForIt) {
  Client client(lab, kPort);
  EXPECT_EQ(client.ask("PUT /a.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                       "Expect: 100-Continue\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.ask("body"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(client.ask("GET /a.txt HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

// RFC 9110 14.2 MUST: a range is ignored with methods it is not defined for.
TEST_F(HttpConnectionTest, IgnoresRangesOfHead) {
  const std::string answer = ask("HEAD /a.txt", "Range: bytes=2-4\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(field_of(answer, "Content-Length"), "10");
}

TEST_F(HttpConnectionTest, AnswersConditionalRequests) {
  const std::string first = ask("GET /a.txt");
  const std::string tag = field_of(first, "ETag");
  const std::string date = field_of(first, "Last-Modified");
  const std::string old = "Sun, 06 Nov 1994 08:49:37 GMT";
  struct Row {
    std::string fields;
    const char* answer;
  };
  for (const Row& row : {
           Row{"If-None-Match: " + tag + "\r\n", "HTTP/1.1 304 "},
           Row{"If-None-Match: \"x\", W/" + tag + "\r\n", "HTTP/1.1 304 "},
           Row{"If-None-Match: *\r\n", "HTTP/1.1 304 "},
           Row{"If-None-Match: \"x\"\r\n", "HTTP/1.1 200 "},
           Row{"If-Modified-Since: " + date + "\r\n", "HTTP/1.1 304 "},
           Row{"If-Modified-Since: " + old + "\r\n", "HTTP/1.1 200 "},
           Row{"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", "HTTP/1.1 304 "},
           Row{"If-Modified-Since: Friday, 01-Jan-38 00:00:00 GMT\r\n", "HTTP/1.1 304 "},
           Row{"If-Modified-Since: yesterday\r\n", "HTTP/1.1 200 "},
           Row{"If-None-Match: \"x\"\r\nIf-Modified-Since: " + date + "\r\n", "HTTP/1.1 200 "},
           Row{"Range: bytes=1-1\r\nIf-Range: " + tag + "\r\n", "HTTP/1.1 206 "},
           Row{"Range: bytes=1-1\r\nIf-Range: " + date + "\r\n", "HTTP/1.1 206 "},
           Row{"Range: bytes=1-1\r\nIf-Range: \"x\"\r\n", "HTTP/1.1 200 "},
           Row{"Range: bytes=1-1\r\nIf-Range: " + old + "\r\n", "HTTP/1.1 200 "},
       }) {
    const std::string answer = ask("GET /a.txt", row.fields);
    EXPECT_THAT(answer, StartsWith(row.answer)) << row.fields;
    if (answer.starts_with("HTTP/1.1 304 ")) {
      EXPECT_EQ(body_of(answer), "") << row.fields;
      EXPECT_EQ(field_of(answer, "ETag"), tag) << row.fields;
    }
  }
}

TEST_F(HttpConnectionTest, KeepsAConnectionAsItsVersionSays) {
  struct Row {
    const char* version;
    const char* field;
    const char* answer;  // its Connection field
    bool is_kept;
  };
  for (const Row& row : {
           Row{"1.1", "", "", true},
           Row{"1.1", "Connection: close\r\n", "close", false},
           Row{"1.0", "", "close", false},
           Row{"1.0", "Connection: keep-alive\r\n", "keep-alive", true},
           Row{"1.0", "Connection: Keep-Alive\r\n", "keep-alive", true},
       }) {
    for (const char* target : {"/a.txt", "/none"}) {
      Client client(lab, kPort);
      const std::string request = std::string("GET ") + target + " HTTP/" + row.version +
                                  "\r\nHost: h\r\n" + row.field + "\r\n";
      const std::string what = row.version + std::string(row.field) + target;
      EXPECT_EQ(field_of(client.ask(request), "Connection"), row.answer) << what;
      EXPECT_EQ(client.state(), row.is_kept ? Error::kWouldBlock : Error::kClosed) << what;
      if (!row.is_kept) continue;
      EXPECT_EQ(answers_in(client.ask(request)), 1U) << what;
    }
  }
}

TEST_F(HttpConnectionTest, AnswersPipelinedRequestsInTurn) {
  Client client(lab, kPort);
  std::string requests;
  for (const char* range : {"0-0", "1-1", "2-2", "3-3"}) {
    requests += std::string("GET /a.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=") + range + "\r\n\r\n";
  }
  requests += "GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  requests += "GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n";  // behind the last one
  const std::string answers = client.ask(requests);
  EXPECT_EQ(answers_in(answers), 5U) << answers;
  std::size_t at = 0;
  for (const char* end : {"\r\n\r\n0HTTP", "\r\n\r\n1HTTP", "\r\n\r\n2HTTP", "\r\n\r\n3HTTP"}) {
    const std::size_t next = answers.find(end, at);
    ASSERT_NE(next, std::string::npos) << end;
    at = next;
  }
  EXPECT_EQ(client.state(), Error::kClosed);
}

TEST_F(HttpConnectionTest, AnswersRequestsThatComeByteByByte) {
  Client client(lab, kPort);
  for (const char one : std::string_view("GET /a.txt HTTP/1.1\r\nHost: h\r\n\r")) {
    ASSERT_EQ(client.send({&one, 1}), 1U);
  }
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(body_of(client.ask("\n")), "0123456789");
}

TEST_F(HttpConnectionTest, EndsAfterWhatItCannotRead) {
  struct Row {
    std::string text;
    const char* answer;
  };
  for (const Row& row : {
           Row{"nonsense\r\n\r\n", "HTTP/1.1 400 "},
           Row{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
           Row{"GET / HTTP/1.1\r\nX: " + std::string(30'000, 'a') + "\r\n\r\n", "HTTP/1.1 431 "},
           Row{std::string(30'000, 'A'), "HTTP/1.1 4"},
       }) {
    Client client(lab, kPort);
    const std::string answer = client.ask(row.text);
    EXPECT_THAT(answer, StartsWith(row.answer)) << row.text.substr(0, 60);
    EXPECT_EQ(field_of(answer, "Connection"), "close");
    EXPECT_EQ(client.state(), Error::kClosed) << "an end, not a reset";
    client.end();
    EXPECT_EQ(server->connections(), 0U);
  }
}

TEST_F(HttpConnectionTest, AnswersAPeerThatHasEndedItsDirection) {
  Client client(lab, kPort);
  client.send("GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
  client.end();
  EXPECT_EQ(body_of(client.receive()), file("big.bin"));
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(server->connections(), 0U);
}

TEST_F(HttpConnectionTest, ForgetsAPeerThatEndsInsideARequest) {
  Client client(lab, kPort);
  client.send("GET /a.txt HT");
  client.end();
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(client.state(), Error::kClosed);
  EXPECT_EQ(server->connections(), 0U);
}

TEST_F(HttpConnectionTest, WaitsForASlowReader) {
  Client client(lab, kPort, "fd77::2", {.receive_buffer = 1U << 14U});
  client.send("GET /big.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  lab.run_for(std::chrono::milliseconds(500));
  EXPECT_LE(client.stream.info(lab_now)->bytes_received, 1U << 17U);
  EXPECT_EQ(body_of(client.receive()), file("big.bin"));
  EXPECT_EQ(client.state(), Error::kClosed);
}

// Only the connection's end can tell that less comes than was promised.
TEST_F(HttpConnectionTest, EndsEarlyWhenTheFileShrinks) {
  Client client(lab, kPort, "10.77.0.2", {.receive_buffer = 1U << 14U});
  client.send("GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n");
  lab.run_for(std::chrono::milliseconds(100));
  std::filesystem::resize_file(www.path + "/big.bin", 1000);
  const std::string answer = client.receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_LT(body_of(answer).size(), 3'000'000U);
  EXPECT_NE(client.state(), Error::kWouldBlock);
  EXPECT_EQ(server->connections(), 0U);
}

}  // namespace
}  // namespace strata::service::http_connection_test
