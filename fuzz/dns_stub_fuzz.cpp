// SPDX-License-Identifier: Apache-2.0
// The stub resolver under any answers in any order at any times: every look-up ends, once, and
// every exchange that was begun is ended.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "dns/stub.h"
#include "fuzz/law.h"
#include "strata/memory.h"

using namespace strata;
using namespace strata::fuzz;

namespace {

class Harness {
 public:
  explicit Harness(Bytes input) : rest_(input), stub_(config()) {
    const std::array servers{Endpoint{IpAddress::v4(10, 0, 0, 1), 53},
                             Endpoint{IpAddress::v4(10, 0, 0, 2), 53}};
    stub_.set_servers(servers);
    stub_.set_search(std::array{*wire::DnsName::parse("a.test")});
  }

  void run() {
    while (!rest_.empty()) {
      step();
      pull();
    }
    // Nobody answers any more.
    for (int i = 0; i < 1000 && stub_.next_deadline(); ++i) {
      now_ = std::max(now_, *stub_.next_deadline());
      stub_.on_deadline(now_);
      pull();
    }
    require(stub_.lookups_under_way() == 0);
    require(open_.empty() && asked_ == answered_ + cancelled_);
  }

 private:
  struct Query {
    dns::ExchangeId exchange;
    Endpoint server;
    bool is_stream;
    std::vector<std::byte> message;
  };

  dns::Config config() {
    dns::Config config;
    config.memory = &memory_;
    config.secret = {1, 2};
    config.lookups_max = 4;
    config.cache_entries_max = 4;
    config.hosts_max = 4;
    config.mix_case = (byte() & 1U) != 0;
    config.policy.rotate = (byte() & 1U) != 0;
    return config;
  }
  unsigned byte() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<unsigned>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  void step() {
    static constexpr std::array<std::string_view, 4> kNames{"www", "x.test", "y.test.",
                                                            "localhost"};
    switch (byte() % 6) {
      case 0: {
        const std::string_view name = kNames[byte() % kNames.size()];
        const auto id = stub_.on_lookup(name, static_cast<dns::Family>(byte() % 3), now_);
        if (!id || std::ranges::count(lookups_, *id) != 0) break;
        lookups_.push_back(*id);
        ++asked_;
        break;
      }
      case 1: now_ += std::chrono::milliseconds(std::int64_t{1} << (byte() % 16)); break;
      case 2: stub_.on_deadline(now_); break;
      case 3: answer(); break;
      case 4:
        if (!open_.empty()) {
          const Query query = open_[byte() % open_.size()];
          const Error error = (byte() & 1U) != 0 ? Error::kAddressInUse : Error::kPortUnreachable;
          stub_.on_exchange_failed(query.exchange, error, now_);
        }
        break;
      default:
        if (!lookups_.empty() && byte() % 8 == 0) {
          stub_.on_cancel(lookups_.back());
          lookups_.pop_back();
          ++cancelled_;
        }
    }
  }
  // The question, turned into an answer, with records as the input has them.
  void answer() {
    if (open_.empty()) return;
    const Query query = open_[byte() % open_.size()];
    std::vector<std::byte> message = query.message;
    message[2] = static_cast<std::byte>(0x80U | (byte() & 0x02U));
    message[3] = static_cast<std::byte>(byte());
    for (std::size_t at = 6; at < 12; at += 2) message[at + 1] = static_cast<std::byte>(byte() % 4);
    const std::size_t wanted = byte();  // which makes the rest shorter
    const std::size_t size = std::min(wanted, rest_.size());
    const Bytes records = rest_.first(size);
    rest_ = rest_.subspan(size);
    // Behind the question; the query's OPT goes.
    const auto view = wire::DnsView::parse(message);
    const std::size_t question = 12 + view->question()->name.size_in_message() + 4;
    message.resize(question);
    message.insert(message.end(), records.begin(), records.end());
    if (byte() % 16 == 0) message[byte() % message.size()] ^= std::byte{0x10};
    if (query.is_stream) {
      stub_.on_stream_message(query.exchange, message, now_);
    } else {
      stub_.on_datagram(query.exchange, query.server, message, now_);
    }
  }
  void pull() {
    while (const auto output = stub_.next_output(now_)) {
      if (const auto* const send = std::get_if<dns::SendDatagram>(&*output)) {
        require(send->source_port >= 1024);
        open_.push_back(
            {send->exchange, send->server, false, {send->message.begin(), send->message.end()}});
      } else if (const auto* const stream = std::get_if<dns::SendStream>(&*output)) {
        open_.push_back({stream->exchange,
                         stream->server,
                         true,
                         {stream->message.begin() + 2, stream->message.end()}});
      } else if (const auto* const end = std::get_if<dns::EndExchange>(&*output)) {
        require(std::erase_if(open_, [&](const Query& query) {
                  return query.exchange == end->exchange;
                }) == 1);
      } else if (const auto* const told = std::get_if<dns::Answered>(&*output)) {
        require(std::erase(lookups_, told->lookup) == 1);
        require((told->failure == dns::Failure::kNone) == !told->addresses.empty());
        require(told->addresses.size() <= 2 * dns::kAddressesMax);
        ++answered_;
      }
    }
    require(stub_.cache().size() <= 4);
  }

  Bytes rest_;
  HeapMemory memory_;
  Time now_{std::chrono::hours(1)};
  dns::Stub stub_;
  std::vector<dns::LookupId> lookups_;
  std::vector<Query> open_;
  int asked_ = 0;
  int answered_ = 0;
  int cancelled_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Harness(as_input(data, size)).run();
  return 0;
}
