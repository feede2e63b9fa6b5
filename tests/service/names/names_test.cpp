// SPDX-License-Identifier: Apache-2.0
// Names as programs outside of this tree use it: a hosts file, servers, coroutines.
#include "strata/names.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "service/lab.h"

namespace strata::service::names_test {
namespace {

struct Told {
  std::optional<Result<std::vector<IpAddress>>> answer;
  Resolver::Answer sink() {
    return [this](Result<std::span<const IpAddress>> found) {
      if (found)
        answer.emplace(std::vector<IpAddress>(found->begin(), found->end()));
      else
        answer.emplace(std::unexpected(found.error()));
    };
  }
};

TEST(Names, TheHostsFileComesFirst) {
  Lab lab;
  Names names(lab.ours->stack(), *lab.loop, {.hosts = "10.0.0.9 nas NAS.lan.\n"});
  EXPECT_EQ(names.configure({.hosts = "10.0.0.9 nas NAS.lan.\nnobody here\n"}), 2U);
  Told told;
  names.resolve("nas.LAN", told.sink());
  lab.run_for(std::chrono::milliseconds(2));
  ASSERT_TRUE(told.answer.has_value() && told.answer->has_value());
  EXPECT_EQ(**told.answer, std::vector{IpAddress::v4(10, 0, 0, 9)});
}

TEST(Names, WithoutAServerItSaysSo) {
  Lab lab;
  Names names(lab.ours->stack(), *lab.loop);
  Told told;
  names.resolve("www.example.test", told.sink());
  lab.run_for(std::chrono::milliseconds(2));
  ASSERT_TRUE(told.answer.has_value());
  EXPECT_EQ(told.answer->error(), Error::kNetworkUnreachable);
}

TEST(Names, AsksTheServersOfAResolvConf) {
  Lab lab;
  auto server = UdpSocket::open(lab.theirs->stack()).value();
  ASSERT_TRUE(server.bind({IpAddress::any_v6(), 53}));
  const auto options =
      strata::NamesOptions::read("nameserver 10.77.0.1\noptions attempts:1 timeout:1\n");
  Names names(lab.ours->stack(), *lab.loop, options);
  Told told;
  names.resolve("www.example.test", told.sink());
  lab.run_for(std::chrono::milliseconds(900));
  std::array<std::byte, 512> query{};
  EXPECT_TRUE(server.receive(query));
  EXPECT_TRUE(server.receive(query));  // one for each family
  EXPECT_FALSE(told.answer.has_value());
  lab.run_for(std::chrono::milliseconds(200));
  ASSERT_TRUE(told.answer.has_value());
  EXPECT_EQ(told.answer->error(), Error::kTimedOut);
}

}  // namespace
}  // namespace strata::service::names_test
