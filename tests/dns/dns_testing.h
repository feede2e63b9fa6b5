// SPDX-License-Identifier: Apache-2.0
// A stub resolver and the servers it speaks with, played by the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/stub.h"
#include "strata/memory.h"
#include "strata/wire/dns_record.h"

namespace strata::dns {

inline wire::DnsName name_of(std::string_view text) { return *wire::DnsName::parse(text); }
inline IpAddress address_of(std::string_view text) { return *IpAddress::parse(text); }
inline Endpoint server_of(int number) {
  return {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(number)), kPort};
}

// A message under construction, as servers send them.
class Response {
 public:
  Response(const wire::DnsHeader& query, const wire::DnsQuestion& question, std::uint8_t code = 0)
      : writer_({.id = query.id,
                 .is_response = true,
                 .recursion_desired = true,
                 .recursion_available = true,
                 .response_code = code},
                out_) {
    EXPECT_TRUE(writer_.add(question));
  }
  Response& address(std::string_view name, std::string_view text, std::uint32_t ttl_s = 60) {
    const IpAddress value = address_of(text);
    const auto type = value.is_v4() ? wire::DnsType::kA : wire::DnsType::kAaaa;
    return add(wire::DnsSection::kAnswer, name, type, ttl_s, wire::dns_address_data(value).bytes());
  }
  Response& alias(std::string_view name, std::string_view target, std::uint32_t ttl_s = 60) {
    return add(wire::DnsSection::kAnswer, name, wire::DnsType::kCname, ttl_s,
               name_of(target).bytes());
  }
  Response& authority(std::string_view zone, std::uint32_t minimum_s = 60,
                      std::uint32_t ttl_s = 3600) {
    std::array<std::byte, wire::DnsSoa::kSizeMax> data;
    const std::size_t size = write_soa(wire::DnsSoa{.primary = name_of("ns.test"),
                                                    .mailbox = name_of("admin.test"),
                                                    .minimum_s = minimum_s},
                                       data);
    return add(wire::DnsSection::kAuthority, zone, wire::DnsType::kSoa, ttl_s,
               Bytes(data).first(size));
  }
  Response& add(wire::DnsSection section, std::string_view name, wire::DnsType type,
                std::uint32_t ttl_s, Bytes data) {
    EXPECT_TRUE(writer_.add(
        wire::DnsRecord{section, name_of(name), type, wire::DnsClass::kInternet, ttl_s}, data));
    return *this;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    return {writer_.bytes().begin(), writer_.bytes().end()};
  }

 private:
  std::array<std::byte, 4096> out_{};
  wire::DnsWriter writer_;
};

struct Query {
  ExchangeId exchange;
  Endpoint server;
  std::uint16_t source_port = 0;
  bool is_stream = false;
  wire::DnsHeader header;
  wire::DnsQuestion question;
  bool has_edns = false;

  [[nodiscard]] bool wants(std::string_view name, wire::DnsType type) const {
    return question.name == name_of(name) && question.type == type;
  }
};

struct Answer {
  Failure failure = Failure::kNone;
  std::vector<IpAddress> addresses;
  std::vector<std::byte> message;
};

class StubTesting {
 public:
  explicit StubTesting(const std::function<void(Config&)>& adjust = {}, int servers = 1)
      : stub(config_with(adjust)) {
    std::vector<Endpoint> endpoints;
    for (int i = 1; i <= servers; ++i) endpoints.push_back(server_of(i));
    stub.set_servers(endpoints);
  }

  // Everything there is to pull.
  void pull() {
    while (const auto output = stub.next_output(now)) {
      std::visit([this](const auto& value) { take(value); }, *output);
    }
  }
  LookupId lookup(std::string_view name, Family family = Family::kIpv4) {
    const auto id = stub.on_lookup(name, family, now);
    EXPECT_TRUE(id.has_value()) << name;
    pull();
    return id.value_or(LookupId{});
  }
  // The oldest question that nobody has answered.
  Query next_query() {
    EXPECT_FALSE(queries.empty());
    if (queries.empty()) return {};
    Query query = queries.front();
    queries.erase(queries.begin());
    return query;
  }
  void answer(const Query& query, const Response& response) { answer(query, response.bytes()); }
  void answer(const Query& query, const std::vector<std::byte>& message) {
    if (query.is_stream) {
      stub.on_stream_message(query.exchange, message, now);
    } else {
      stub.on_datagram(query.exchange, query.server, message, now);
    }
    pull();
  }
  [[nodiscard]] Response to(const Query& query, std::uint8_t code = 0) const {
    return Response(query.header, query.question, code);
  }
  void pass(Duration time) {
    const Time end = now + time;
    for (auto next = stub.next_deadline(); next && *next <= end; next = stub.next_deadline()) {
      now = std::max(now, *next);
      stub.on_deadline(now);
      pull();
    }
    now = end;
  }
  // The one answer there is.
  Answer only_answer() {
    EXPECT_EQ(answers.size(), 1U);
    if (answers.empty()) return {};
    Answer answer = answers.begin()->second;
    answers.clear();
    return answer;
  }

  HeapMemory memory;
  Time now{std::chrono::hours(1)};
  Stub stub;
  std::vector<Query> queries;
  std::vector<ExchangeId> open;
  std::map<LookupId, Answer> answers;

 private:
  Config config_with(const std::function<void(Config&)>& adjust) {
    Config config;
    config.memory = &memory;
    config.secret = {1, 2};
    if (adjust) adjust(config);
    return config;
  }
  void take_query(const ExchangeId& exchange, const Endpoint& server, std::uint16_t port,
                  bool is_stream, Bytes message) {
    const auto view = wire::DnsView::parse(message);
    ASSERT_TRUE(view.has_value());
    Query query{exchange, server, port, is_stream, view->header(), view->question()->values(),
                false};
    auto records = view->records();
    while (const auto record = records.next())
      query.has_edns = wire::DnsOpt::parse(*record).has_value();
    EXPECT_FALSE(records.is_malformed());
    EXPECT_TRUE(view->header().recursion_desired);
    queries.push_back(query);
    open.push_back(exchange);
  }
  void take(const SendDatagram& send) {
    EXPECT_GE(send.source_port, 1024);
    take_query(send.exchange, send.server, send.source_port, false, send.message);
  }
  void take(const SendStream& send) {
    EXPECT_EQ(load_big_endian<std::uint16_t>(send.message.data()), send.message.size() - 2);
    take_query(send.exchange, send.server, 0, true, send.message.subspan(2));
  }
  void take(const EndExchange& end) {
    EXPECT_EQ(std::ranges::count(open, end.exchange), 1);
    std::erase(open, end.exchange);
    std::erase_if(queries, [&](const Query& query) { return query.exchange == end.exchange; });
  }
  void take(const Answered& answered) {
    EXPECT_FALSE(answers.contains(answered.lookup));
    answers[answered.lookup] = {answered.failure,
                                {answered.addresses.begin(), answered.addresses.end()},
                                {answered.message.begin(), answered.message.end()}};
  }
};

}  // namespace strata::dns
