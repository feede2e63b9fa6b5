// SPDX-License-Identifier: Apache-2.0
// Names, services and flags.

TEST(SUITE(Resolver), AddressesAsTextNeedNoResolver) {
  Lab lab;
  tcp::resolver resolver(lab.client);
  tcp::resolver::results_type found;
  error_code result;
  resolver.async_resolve(
      "10.0.0.1", 7, [&](error_code, tcp::resolver::results_type all) { found = std::move(all); });
  resolver.async_resolve("server.test", 7, [&](error_code error, const auto&) { result = error; });
  lab.world.run_for(1s);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found.begin()->endpoint(), (net::ip::tcp::endpoint{kServer, 7}));
  EXPECT_EQ(result, net::error::operation_not_supported);
}

// Answers only when it is told to.
class PatientResolver final : public Resolver {
 public:
  void resolve(std::string_view name, Answer answer) override {
    names += std::string(name) + " ";
    answers.push_back(std::move(answer));
  }
  std::string names;
  std::vector<Answer> answers;
};

TEST(SUITE(Resolver), ResultsAreAsios) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  tcp::resolver resolver(net::make_strand(owner));
  tcp::resolver::results_type found;
  error_code second = net::error::would_block;
  resolver.async_resolve("server.test", "80",
                         [&](error_code error, tcp::resolver::results_type all) {
                           EXPECT_FALSE(error);
                           found = std::move(all);
                         });
  resolver.async_resolve("other.test", "80",
                         [&](error_code error, const auto&) { second = error; });
  const std::array both{*IpAddress::parse("fd00::1"), IpAddress::v4(10, 0, 0, 1)};
  names.answers[1](std::unexpected(Error::kNotFound));  // in another order than asked
  lab.world.run_for(0s);
  EXPECT_EQ(second, net::error::host_not_found);
  names.answers[0](std::span(both));
  lab.world.run_for(0s);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found.begin()->host_name(), "server.test");
  EXPECT_EQ(found.begin()->service_name(), "80");
  EXPECT_EQ(std::next(found.begin())->endpoint(), (tcp::endpoint{kServer, 80}));
  EXPECT_EQ(names.names, "server.test other.test ");
}

TEST(SUITE(Resolver), WhoAskedMayGoFirst) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  error_code result = net::error::would_block;
  int told = 0;
  const auto note = [&](error_code error, const auto&) {
    result = error;
    ++told;
  };
  {
    tcp::resolver resolver(owner);
    resolver.async_resolve("a.test", "80", note);
    resolver.cancel();
    lab.world.run_for(0s);
    EXPECT_EQ(result, net::error::operation_aborted);
    resolver.async_resolve("b.test", "80", note);
  }
  lab.world.run_for(0s);
  EXPECT_EQ(told, 2);
  const IpAddress address = IpAddress::v4(10, 0, 0, 1);
  for (auto& answer : names.answers) answer(std::span(&address, 1));  // nobody listens
  lab.world.run_for(0s);
  EXPECT_EQ(told, 2);
}

TEST(SUITE(Resolver), ServicesAndFlagsAreUnderstoodOrRefused) {
  Lab lab;
  PatientResolver names;
  context owner(lab.client_host.stack(), lab.client_host.executor(), &names);
  tcp::resolver resolver(owner);
  struct Case {
    const char* host;
    const char* service;
    tcp::resolver::flags with;
    error_code error;
  };
  const Case cases[] = {
      {"10.0.0.1", "65535", {}, {}},
      {"10.0.0.1", "65536", {}, net::error::service_not_found},
      {"10.0.0.1", "no-such-service", {}, net::error::service_not_found},
      {"10.0.0.1", "http", tcp::resolver::numeric_service, net::error::service_not_found},
      {"x.test", "80", tcp::resolver::numeric_host, net::error::host_not_found},
      {"", "80", tcp::resolver::passive, {}},
      {"fe80::1%1", "80", {}, {}},
      {"10.0.0.1", "80", tcp::resolver::canonical_name, net::error::operation_not_supported},
  };
  for (const Case& one : cases) {
    error_code result = net::error::would_block;
    resolver.async_resolve(one.host, one.service, one.with,
                           [&](error_code error, const auto&) { result = error; });
    lab.world.run_for(0s);
    EXPECT_EQ(result, one.error) << one.host << ' ' << one.service;
  }
  error_code result;
  resolver.async_resolve(tcp::v6(), "10.0.0.1", "80",
                         [&](error_code error, const auto&) { result = error; });
  lab.world.run_for(0s);
  EXPECT_EQ(result, net::error::no_data);
  EXPECT_EQ(names.names, "");
}

TEST(SUITE(Resolver), IsAsNewlyMadeWhenItWasMovedFrom) {
  Lab lab;
  tcp::resolver resolver(lab.client);
  const tcp::resolver moved(std::move(resolver));
  std::size_t found = 0;
  resolver.async_resolve("10.0.0.1", 7, [&](error_code, const auto& all) { found = all.size(); });
  lab.world.run_for(1s);
  EXPECT_EQ(found, 1U);
}
