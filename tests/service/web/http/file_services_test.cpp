// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/file_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <string>

#include "service/client.h"

namespace strata::service::file_services_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kAsk = "GET /a HTTP/1.1\r\nHost: anybody\r\n\r\n";

TEST(FileServices, ServeFilesAlone) {
  Lab lab;
  const TemporaryFolder folder;
  std::ofstream(folder.path + "/a") << "mine";
  auto services =
      FileServices::open(lab.ours->stack(), lab.ours->loop(),
                         {{Service::kEcho, 7, {}}, {Service::kHttp, 8080, folder.path}});
  ASSERT_TRUE(services.has_value());
  Client client(lab, 8080);
  const std::string answer = client.ask(kAsk);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, testing::EndsWith("mine"));
  EXPECT_THAT(client.ask("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ((*services)->connections(), 1U);
}

// A stack may end before the executor of its tasks.
TEST(FileServices, LeaveNoTaskBehind) {
  Lab lab;
  const TemporaryFolder folder;
  auto services =
      FileServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kHttp, 80, folder.path}});
  ASSERT_TRUE(services.has_value());
  std::deque<Client> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(lab, 80);
  for (Client& client : clients) client.stream.abort(lab_now);
  services->reset();
  lab.run_for(std::chrono::milliseconds(50));
  EXPECT_NE(clients.front().state(), Error::kWouldBlock);
}

TEST(FileServices, SayWhatTheyCannotServe) {
  Lab lab;
  const auto refusal = [&](const ServeOptions& options) {
    auto services = FileServices::open(lab.ours->stack(), lab.ours->loop(), {options});
    return services ? std::string() : services.error().text;
  };
  const TemporaryFolder folder;
  std::ofstream(folder.path + "/file") << "x";
  EXPECT_THAT(refusal({Service::kHttp, 80, folder.path + "/file"}), HasSubstr("not a folder"));
  EXPECT_THAT(refusal({Service::kHttp, 80, folder.path + "/none"}), HasSubstr("No such file"));
  EXPECT_EQ(refusal({Service::kHttp, 80, folder.path}), "");
  auto first =
      FileServices::open(lab.ours->stack(), lab.ours->loop(), {{Service::kHttp, 80, folder.path}});
  EXPECT_THAT(refusal({Service::kHttp, 80, folder.path}), HasSubstr("TCP port 80"));
}

}  // namespace
}  // namespace strata::service::file_services_test
