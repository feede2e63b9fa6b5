// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/tls_transport.h"

#include <gtest/gtest.h>

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

TEST(TlsSessions, AreCountedWithWhatTheyKeep) {
  EXPECT_EQ(HttpServer::kTlsSessionsMax * HttpServer::kTlsSessionBytes, HttpServer::kTlsBytesMax);
  EXPECT_LT(HttpServer::kTlsSessionsMax, HttpServer::kConnectionsMax);
  EXPECT_LT(HttpServer::kTlsSessionsPerAddress, HttpServer::kTlsSessionsMax);
  EXPECT_LT(HttpServer::kHandshakesPerAddress, HttpServer::kTlsSessionsPerAddress);
}

}  // namespace
}  // namespace strata::service::tls_transport_test
