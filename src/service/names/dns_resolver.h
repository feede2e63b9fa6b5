// SPDX-License-Identifier: Apache-2.0
// DnsResolver: the stub resolver on a stack's own sockets; what programs of the stack ask for
// names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dns/stub.h"
#include "strata/executor.h"
#include "strata/memory.h"
#include "strata/resolver.h"
#include "strata/stack.h"
#include "strata/tcp_stream.h"
#include "strata/udp_socket.h"

// 1. Every exchange has a socket of its own on a port the engine drew, connected to its server, and
//    loses it with the answer.
// 2. Answers are given from turns of their own: whoever is told may destroy the resolver, and then
//    nobody else is told anything.
// 3. Servers come from the options; if those name none, from DHCP leases, and then from router
//    advertisements, looked at anew with each question.
// 4. Addresses are told in the order of RFC 6724 6, with the source the stack would choose for
//    each.
// 5. kUnderWayMax look-ups are under way at once. Those beyond stand in a line, and only when
//    that is full, too, are they refused.

namespace strata::service {

struct NamesOptions {
  std::vector<IpAddress> servers;     // empty: what the network says
  std::vector<wire::DnsName> search;  // empty: what the network says
  std::string hosts;                  // text of a hosts file
  dns::Policy policy{};
};

class DnsResolver final : public Resolver {
 public:
  static constexpr std::uint32_t kUnderWayMax = 256;
  static constexpr std::size_t kLineMax = 65'536;

  DnsResolver(Stack& stack, Executor& executor, const SipKey& secret);
  ~DnsResolver() override;
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // The number of the first line of the hosts file that could not be read; else 0.
  std::uint32_t configure(const NamesOptions& options);
  // What the network on an interface says through DHCP; it is forgotten by empty lists. Who spoke
  // first is asked first.
  void set_network_servers(InterfaceId interface, std::vector<IpAddress> servers,
                           std::vector<wire::DnsName> search);

  void resolve(std::string_view name, Answer answer) override;

  // The same with more of what the engine knows. Spans are valid during the call only.
  using LookupAnswer = InlineFunction<void(dns::Failure, std::span<const IpAddress>)>;
  void lookup(std::string_view name, dns::Family family, LookupAnswer answer);
  // One question for records of any type; the answer is the server's message.
  using QuestionAnswer = InlineFunction<void(dns::Failure, Bytes message)>;
  void question(const wire::DnsName& name, wire::DnsType type, QuestionAnswer answer);

  [[nodiscard]] const dns::Stub& stub() const { return stub_; }
  [[nodiscard]] std::size_t standing_in_line() const { return line_.size(); }
  // Those that would be asked now.
  [[nodiscard]] std::vector<Endpoint> current_servers() const;

 private:
  struct Waiter {
    Answer plain{};
    LookupAnswer lookup{};
    QuestionAnswer question{};
  };
  // What is to be asked once others have been answered.
  struct Wish {
    std::string name{};  // of addresses
    dns::Family family = dns::Family::kBoth;
    wire::DnsName exact{};  // of records
    std::optional<wire::DnsType> type{};
    Waiter waiter{};
  };
  struct Datagrams;
  struct Stream;
  struct Refusal {
    Waiter waiter;
    Error error;
  };
  struct Telling;

  void ask(Wish wish);
  // False: too many are under way; the wish is as it was.
  [[nodiscard]] bool begin(Wish& wish);
  [[nodiscard]] bool begin_next();
  void renew_servers();
  void pump();
  void wake_at(Time deadline);
  void tell_refused();
  void tell_later(Telling telling);
  void act(const dns::SendDatagram& send);
  void act(const dns::SendStream& send);
  void act(const dns::EndExchange& end);
  void act(const dns::Answered& answered);
  [[nodiscard]] Result<UdpSocket> open_socket(const dns::SendDatagram& send);
  void receive(const dns::ExchangeId& exchange);
  void turn_stream(const dns::ExchangeId& exchange, Readiness news);
  void fail_exchange(const dns::ExchangeId& exchange, Error error);
  [[nodiscard]] InterfaceId only_link() const;

  Stack& stack_;
  Executor& executor_;
  HeapMemory memory_;
  dns::Stub stub_;
  NamesOptions options_;
  struct Network {
    InterfaceId interface = kNoInterface;
    std::vector<IpAddress> servers;
    std::vector<wire::DnsName> search;
  };
  std::vector<Network> networks_;
  std::map<dns::LookupId, std::vector<Waiter>> waiters_;
  std::deque<Wish> line_;
  std::vector<Refusal> refused_;
  std::vector<std::unique_ptr<Datagrams>> datagrams_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::byte> buffer_;
  std::optional<TimerId> timer_;
  Time wakes_at_{};
  bool is_pumping_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

[[nodiscard]] Error to_error(dns::Failure failure);
[[nodiscard]] std::string_view to_text(dns::Failure failure);

}  // namespace strata::service
