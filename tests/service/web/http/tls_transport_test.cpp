// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/tls_transport.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <array>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/client.h"
#include "service/web/http/http_server.h"

namespace strata::service::tls_transport_test {
namespace {

// Of nobody: made for this test.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhRI9tZ60IG24YYq381pzZRnj5Be0DAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAgFw0yNjExMjIyMjM5MDBaGA8yMTI2MTAyOTIyMzkwMFowDDEKMAgG
A1UEAwwBeDAqMAUGAytlcAMhAMCy4+mPGbJZz0zLAI+2p0v8ENy5WLeS9g3/YVCV
d8kOo1MwUTAdBgNVHQ4EFgQUtwommmlzF7Ax3iaxKpdwZ3NYslwwHwYDVR0jBBgw
FoAUtwommmlzF7Ax3iaxKpdwZ3NYslwwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQBoBmVVABOWOXdQAcfpY6uUHcA1pWvePBVo0S+RyH7ic+JiPJAML+spkyzbx5XJ
9NeqmwFgjSS3BzJRT4pabuAM
-----END CERTIFICATE-----
)";
constexpr std::string_view kEncryptedKey = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj5n8bNQQvQNQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEOLcBVRWGkIoIi4+4ZBuUL0EQCms
N6rIILZMy24VcL2dRs/XdIOQQHTxAbenFs3dUBLdl4nq7LdmM9MQcbdlZv2qiWqi
QcUI8yB6GKwo7kzTwV4=
-----END ENCRYPTED PRIVATE KEY-----
)";
// These two belong together.
constexpr std::string_view kOwnCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhQCXjsGeoXB3ejtTpg+Bq8u3yEEwDAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAgFw0yNjExMjMwMDUzMDBaGA8yMTI2MTAzMDAwNTMwMFowDDEKMAgG
A1UEAwwBeDAqMAUGAytlcAMhAMo3KN6QZucRGXGnQ9BCTkZEKT0ULgFWa+1EZltN
kNl2o1MwUTAdBgNVHQ4EFgQURAXkb9dpHavFPnJ2H8JAjx1L0lAwHwYDVR0jBBgw
FoAURAXkb9dpHavFPnJ2H8JAjx1L0lAwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQCoUOV25vCEukkCQBQ1axKW5mmQ/5Tyj6BeZ8WJIPyzUxIp1N2PuZ4l1nEyG7Bd
IyzGN79I9+XiWCn/7J9qBIQG
-----END CERTIFICATE-----
)";
constexpr std::string_view kOwnKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIITHchiedi4H0ArqQb//J1p+3BJquH1KZHMpHFcc03Ql
-----END PRIVATE KEY-----
)";

class TlsIdentityTest : public testing::Test {
 protected:
  std::string put(const std::string& name, std::string_view text) const {
    const std::string path = folder.path + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  TemporaryFolder folder;
};

TEST_F(TlsIdentityTest, SaysThatAKeyIsEncryptedAndAsksNobody) {
  const std::string key = put("key.pem", kEncryptedKey);
  const auto identity = load_tls_identity(put("cert.pem", kCertificate), key);
  ASSERT_FALSE(identity.has_value());
  EXPECT_EQ(identity.error().text, "tls: " + key + ": the key is encrypted");
  EXPECT_NE(identity.error().hint.find("openssl pkey"), std::string::npos);
}

TEST_F(TlsIdentityTest, SaysWhichFileIsWrong) {
  const std::string certificate = put("cert.pem", kCertificate);
  const auto no_key = load_tls_identity(certificate, certificate);
  ASSERT_FALSE(no_key.has_value());
  EXPECT_TRUE(no_key.error().text.starts_with("tls: " + certificate + ": ")) << no_key.error().text;
  EXPECT_EQ(no_key.error().text.find("encrypted"), std::string::npos);
}

class Nobody final : public HttpSite {
 public:
  std::optional<HttpAnswer> answer(const HttpRequest& /*request*/, const HttpPeer& /*peer*/,
                                   const HttpLater& /*later*/) override {
    return status_answer(404);
  }
  std::unique_ptr<HttpGuest> welcome(const HttpRequest& /*request*/,
                                     std::unique_ptr<Transport> /*transport*/,
                                     std::string /*early*/, const HttpLater& /*later*/) override {
    return nullptr;
  }
};

// Who begins handshakes and ends none holds so many, and those for so long.
TEST_F(TlsIdentityTest, OneAddressShakesHandsSoManyTimesAtOnce) {
  Lab lab;
  HttpTroubles troubles;
  HttpServer server(*lab.ours);
  server.report_to(troubles);
  const auto identity =
      load_tls_identity(put("cert.pem", kOwnCertificate), put("key.pem", kOwnKey));
  ASSERT_TRUE(identity.has_value()) << identity.error().text;
  ASSERT_TRUE(server.listen(443, std::make_shared<Nobody>(), *identity).has_value());
  std::deque<Client> silent;
  for (std::size_t i = 0; i < HttpServer::kHandshakesPerAddress; ++i) silent.emplace_back(lab, 443);
  EXPECT_EQ(server.connections(), HttpServer::kHandshakesPerAddress);
  Client refused(lab, 443);
  EXPECT_NE(refused.state(), Error::kWouldBlock);
  EXPECT_EQ(server.connections(), HttpServer::kHandshakesPerAddress);
  EXPECT_EQ(troubles.count(HttpTrouble::kHandshakes), 1U);
  lab.run_for(HttpConnection::kRequestMax + std::chrono::seconds(1));
  EXPECT_EQ(server.connections(), 0U) << "given up, and not waited for any longer";
  EXPECT_EQ(troubles.count(HttpTrouble::kSlow), HttpServer::kHandshakesPerAddress);
  Client late(lab, 443);
  EXPECT_EQ(late.state(), Error::kWouldBlock);
  EXPECT_EQ(server.connections(), 1U);
}

// The far end of a session: what OpenSSL says goes through buffers in memory.
class TlsClient {
 public:
  TlsClient(Lab& lab, SSL_CTX& context, const char* address = "10.77.0.2")
      : lab_(lab), client_(lab, 443, address), session_(SSL_new(&context), SSL_free) {
    SSL_set_bio(session_.get(), heard_, said_);
    SSL_set_connect_state(session_.get());
  }
  // False: the server does not want to.
  bool shake_hands() {
    for (int round = 0; round < 10; ++round) {
      const bool is_done = SSL_do_handshake(session_.get()) == 1;
      pass_on();
      if (is_done) return true;
    }
    return false;
  }

 private:
  void pass_on() {
    std::array<std::byte, 4096> buffer;
    while (BIO_ctrl_pending(said_) != 0) {
      const int count = BIO_read(said_, buffer.data(), static_cast<int>(buffer.size()));
      static_cast<void>(
          client_.stream.write(Bytes(buffer).first(static_cast<std::size_t>(count)), lab_now));
    }
    lab_.run_for(std::chrono::milliseconds(2));
    while (const auto count = client_.stream.read(buffer, lab_now)) {
      BIO_write(heard_, buffer.data(), static_cast<int>(*count));
    }
  }

  Lab& lab_;
  Client client_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_;
  BIO* heard_ = BIO_new(BIO_s_mem());  // these are the session's
  BIO* said_ = BIO_new(BIO_s_mem());
};

// Who has had them all may not have more, and others may.
TEST_F(TlsIdentityTest, OneAddressHasSoManySessions) {
  Lab lab;
  HttpTroubles troubles;
  HttpServer server(*lab.ours);
  server.report_to(troubles);
  const auto identity =
      load_tls_identity(put("cert.pem", kOwnCertificate), put("key.pem", kOwnKey));
  ASSERT_TRUE(identity.has_value()) << identity.error().text;
  ASSERT_TRUE(server.listen(443, std::make_shared<Nobody>(), *identity).has_value());
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                             SSL_CTX_free);
  std::deque<TlsClient> sessions;
  for (std::size_t i = 0; i < HttpServer::kTlsSessionsPerAddress; ++i) {
    ASSERT_TRUE(sessions.emplace_back(lab, *context).shake_hands()) << i;
  }
  EXPECT_EQ(server.connections(), HttpServer::kTlsSessionsPerAddress);
  EXPECT_FALSE(TlsClient(lab, *context).shake_hands());
  EXPECT_EQ(troubles.count(HttpTrouble::kHandshakes), 1U);
  EXPECT_TRUE(sessions.emplace_back(lab, *context, "fd77::2").shake_hands());
  EXPECT_EQ(server.connections(), HttpServer::kTlsSessionsPerAddress + 1);
  sessions.pop_front();
  lab.run_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(sessions.emplace_back(lab, *context).shake_hands());
  EXPECT_EQ(server.connections(), HttpServer::kTlsSessionsPerAddress + 1);
}

TEST(TlsSessions, AreCountedWithWhatTheyKeep) {
  EXPECT_EQ(HttpServer::kTlsSessionsMax * HttpServer::kTlsSessionBytes, HttpServer::kTlsBytesMax);
  EXPECT_LT(HttpServer::kTlsSessionsMax, HttpServer::kConnectionsMax);
  EXPECT_LT(HttpServer::kTlsSessionsPerAddress, HttpServer::kTlsSessionsMax);
  EXPECT_LT(HttpServer::kHandshakesPerAddress, HttpServer::kTlsSessionsPerAddress);
}

}  // namespace
}  // namespace strata::service::tls_transport_test
