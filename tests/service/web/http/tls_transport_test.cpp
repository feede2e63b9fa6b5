// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/tls_transport.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>

#include "service/lab.h"
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

}  // namespace
}  // namespace strata::service::tls_transport_test
