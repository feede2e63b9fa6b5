// SPDX-License-Identifier: Apache-2.0
#include "service/names/dns_resolver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "service/names/address_order.h"
#include "service/names/dns_sockets.h"

namespace strata::service {
namespace {

constexpr std::size_t kMessageMax = 65'535;

dns::Config config_of(Memory& memory, const SipKey& secret) {
  dns::Config config;
  config.memory = &memory;
  config.secret = secret;
  config.lookups_max = DnsResolver::kUnderWayMax;
  return config;
}

template <typename Value>
void add_if_new(const Value& value, std::vector<Value>& into) {
  if (std::ranges::find(into, value) == into.end()) into.push_back(value);
}

}  // namespace

Error to_error(dns::Failure failure) {
  switch (failure) {
    case dns::Failure::kNoServers: return Error::kNetworkUnreachable;
    case dns::Failure::kServerFailed:
    case dns::Failure::kNoAnswer: return Error::kTimedOut;
    default: return Error::kNotFound;
  }
}

std::string_view to_text(dns::Failure failure) {
  switch (failure) {
    case dns::Failure::kNone: return "found";
    case dns::Failure::kNoName: return "there is no such name";
    case dns::Failure::kNoData: return "the name has no such records";
    case dns::Failure::kServerFailed: return "the DNS servers report a failure";
    case dns::Failure::kNoAnswer: return "no DNS server answers";
    case dns::Failure::kNoServers: return "no DNS server is known";
  }
  return "unknown";
}

// One answer, and who waits for it.
struct DnsResolver::Telling {
  std::vector<Waiter> waiters{};
  dns::Failure failure = dns::Failure::kNone;
  Error error = Error::kNotFound;  // unless it was found
  std::vector<IpAddress> addresses{};
  std::vector<std::byte> message{};

  void tell(Waiter& waiter) const {
    if (waiter.lookup) waiter.lookup(failure, addresses);
    if (waiter.question) waiter.question(failure, message);
    if (!waiter.plain) return;
    if (failure == dns::Failure::kNone) {
      waiter.plain(std::span<const IpAddress>(addresses));
    } else {
      waiter.plain(std::unexpected(error));
    }
  }
};

DnsResolver::DnsResolver(Stack& stack, Executor& executor, const SipKey& secret)
    : stack_(stack), executor_(executor), stub_(config_of(memory_, secret)), buffer_(kMessageMax) {}

DnsResolver::~DnsResolver() {
  if (timer_) executor_.cancel_timer(*timer_);
}

std::uint32_t DnsResolver::configure(const NamesOptions& options) {
  options_ = options;
  stub_.set_policy(options.policy);
  renew_servers();
  return stub_.hosts().read(options_.hosts);
}

void DnsResolver::set_network_servers(InterfaceId interface, std::vector<IpAddress> servers,
                                      std::vector<wire::DnsName> search) {
  const auto found = std::ranges::find(networks_, interface, &Network::interface);
  if (servers.empty() && search.empty()) {
    if (found != networks_.end()) networks_.erase(found);
  } else {
    Network& network = found != networks_.end() ? *found : networks_.emplace_back();
    network = {interface, std::move(servers), std::move(search)};
  }
  renew_servers();
}

std::vector<Endpoint> DnsResolver::current_servers() const {
  std::vector<IpAddress> addresses = options_.servers;
  if (addresses.empty()) {
    for (const Network& network : networks_) {
      for (const IpAddress& address : network.servers) add_if_new(address, addresses);
    }
    stack_.for_each_dns_server([&](const IpAddress& address) { add_if_new(address, addresses); });
  }
  std::vector<Endpoint> servers;
  for (const IpAddress& address : addresses) {
    const bool needs_zone = address.is_v6() && address.is_link_local();
    servers.push_back({address, dns::kPort, needs_zone ? only_link() : kNoInterface});
  }
  return servers;
}

// RFC 8106 5.1: a link-local server belongs to the link it was heard on. With several links there
// is no telling which that was.
InterfaceId DnsResolver::only_link() const {
  InterfaceId only = kNoInterface;
  unsigned count = 0;
  stack_.for_each_interface([&](const InterfaceEntry& entry) {
    if (entry.name.view() == "lo") return;
    only = entry.id;
    ++count;
  });
  return count == 1 ? only : kNoInterface;
}

void DnsResolver::renew_servers() {
  stub_.set_servers(current_servers());
  std::vector<wire::DnsName> search = options_.search;
  if (search.empty()) {
    for (const Network& network : networks_) {
      for (const wire::DnsName& domain : network.search) add_if_new(domain, search);
    }
  }
  stub_.set_search(search);
}

void DnsResolver::resolve(std::string_view name, Answer answer) {
  Wish wish{.name = std::string(name)};
  wish.waiter.plain = std::move(answer);
  ask(std::move(wish));
}

void DnsResolver::lookup(std::string_view name, dns::Family family, LookupAnswer answer) {
  Wish wish{.name = std::string(name), .family = family};
  wish.waiter.lookup = std::move(answer);
  ask(std::move(wish));
}

void DnsResolver::question(const wire::DnsName& name, wire::DnsType type, QuestionAnswer answer) {
  Wish wish{.exact = name, .type = type};
  wish.waiter.question = std::move(answer);
  ask(std::move(wish));
}

void DnsResolver::ask(Wish wish) {
  wake_at(executor_.now());
  if (line_.empty() && begin(wish)) return;
  if (line_.size() == kLineMax) {
    refused_.push_back({std::move(wish.waiter), Error::kOutOfMemory});
  } else {
    line_.push_back(std::move(wish));
  }
}

bool DnsResolver::begin(Wish& wish) {
  if (stub_.lookups_under_way() == kUnderWayMax) return false;
  renew_servers();
  const Time now = executor_.now();
  const auto id = wish.type ? stub_.on_question(wish.exact, *wish.type, now)
                            : stub_.on_lookup(wish.name, wish.family, now);
  if (id) {
    waiters_[*id].push_back(std::move(wish.waiter));
  } else {
    refused_.push_back({std::move(wish.waiter), id.error()});
  }
  return true;
}

bool DnsResolver::begin_next() {
  if (line_.empty() || !begin(line_.front())) return false;
  line_.pop_front();
  return true;
}

void DnsResolver::wake_at(Time deadline) {
  if (timer_ && wakes_at_ <= deadline) return;
  if (timer_) executor_.cancel_timer(*timer_);
  wakes_at_ = deadline;
  timer_ = executor_.start_timer(deadline, [this] {
    timer_.reset();
    stub_.on_deadline(executor_.now());
    pump();
  });
}

void DnsResolver::pump() {
  // What is sent may bring a socket's news at once: its turn comes.
  if (std::exchange(is_pumping_, true)) return;
  do {
    tell_refused();
    while (const auto output = stub_.next_output(executor_.now())) {
      std::visit([this](const auto& value) { act(value); }, *output);
    }
  } while (begin_next());
  is_pumping_ = false;
  if (const auto deadline = stub_.next_deadline()) wake_at(*deadline);
}

void DnsResolver::tell_refused() {
  for (Refusal& refusal : std::exchange(refused_, {})) {
    // What is no name is nobody's; any other trouble is ours.
    const bool is_no_name = refusal.error == Error::kInvalidArgument;
    Telling telling{
        .failure = is_no_name ? dns::Failure::kNoName : dns::Failure::kServerFailed,
        .error = refusal.error,
    };
    telling.waiters.push_back(std::move(refusal.waiter));
    tell_later(std::move(telling));
  }
}

void DnsResolver::tell_later(Telling telling) {
  executor_.post(
      [alive = std::weak_ptr(alive_), told = std::make_unique<Telling>(std::move(telling))] {
        for (Waiter& waiter : told->waiters) {
          if (alive.expired()) return;
          told->tell(waiter);
        }
      });
}

void DnsResolver::act(const dns::SendDatagram& send) {
  auto socket = open_socket(send);
  if (!socket) return stub_.on_exchange_failed(send.exchange, socket.error(), executor_.now());
  auto opened = std::make_unique<Datagrams>(send.exchange, std::move(*socket));
  const auto armed =
      opened->socket.on_ready([this, exchange = send.exchange](Readiness) { receive(exchange); });
  const auto sent = opened->socket.send(send.message, executor_.now());
  datagrams_.push_back(std::move(opened));
  if (!armed || !sent) fail_exchange(send.exchange, armed ? sent.error() : armed.error());
}

Result<UdpSocket> DnsResolver::open_socket(const dns::SendDatagram& send) {
  const bool v4 = send.server.address.is_v4();
  auto socket = UdpSocket::open(stack_, v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket) return socket;
  const IpAddress any = v4 ? IpAddress::any_v4() : IpAddress::any_v6();
  if (const auto bound = socket->bind({any, send.source_port}); !bound) {
    return std::unexpected(bound.error());
  }
  if (const auto connected = socket->connect(send.server); !connected) {
    return std::unexpected(connected.error());
  }
  return socket;
}

void DnsResolver::receive(const dns::ExchangeId& exchange) {
  for (;;) {
    const auto found = std::ranges::find(datagrams_, exchange, &Datagrams::exchange_of);
    if (found == datagrams_.end()) break;
    const auto got = (*found)->socket.receive(buffer_);
    if (got) {
      const Bytes message = Bytes(buffer_).first(std::min(got->size, buffer_.size()));
      stub_.on_datagram(exchange, got->source, message, executor_.now());
      pump();
    } else if (got.error() == Error::kWouldBlock) {
      break;
    } else {
      fail_exchange(exchange, got.error());
    }
  }
  pump();
}

void DnsResolver::act(const dns::SendStream& send) {
  auto stream = TcpStream::connect(stack_, send.server, {}, executor_.now());
  if (!stream) return stub_.on_exchange_failed(send.exchange, stream.error(), executor_.now());
  auto opened = std::make_unique<Stream>(send.exchange, std::move(*stream), send.message);
  const auto armed = opened->stream.on_ready(
      [this, exchange = send.exchange](Readiness news) { turn_stream(exchange, news); });
  streams_.push_back(std::move(opened));
  if (!armed) fail_exchange(send.exchange, armed.error());
}

void DnsResolver::turn_stream(const dns::ExchangeId& exchange, Readiness news) {
  const auto found = std::ranges::find(streams_, exchange, &Stream::exchange_of);
  if (found == streams_.end()) return;
  Stream& stream = **found;
  if (news.writable) {
    if (const auto written = stream.write_query(executor_.now()); !written) {
      fail_exchange(exchange, written.error());
      return pump();
    }
  }
  const auto whole = stream.read_reply(buffer_, executor_.now());
  if (!whole) {
    fail_exchange(exchange, whole.error());
  } else if (*whole) {
    stub_.on_stream_message(exchange, stream.message(), executor_.now());
  }
  pump();
}

void DnsResolver::fail_exchange(const dns::ExchangeId& exchange, Error error) {
  act(dns::EndExchange{exchange});
  stub_.on_exchange_failed(exchange, error, executor_.now());
}

void DnsResolver::act(const dns::EndExchange& end) {
  std::erase_if(datagrams_, [&](const auto& open) { return open->exchange == end.exchange; });
  std::erase_if(streams_, [&](const auto& open) {
    if (open->exchange != end.exchange) return false;
    open->stream.close(executor_.now());
    return true;
  });
}

void DnsResolver::act(const dns::Answered& answered) {
  const auto found = waiters_.find(answered.lookup);
  if (found == waiters_.end()) return;
  Telling telling{.waiters = std::move(found->second),
                  .failure = answered.failure,
                  .error = to_error(answered.failure),
                  .addresses = {answered.addresses.begin(), answered.addresses.end()},
                  .message = {answered.message.begin(), answered.message.end()}};
  waiters_.erase(found);
  order_addresses(stack_, telling.addresses);
  tell_later(std::move(telling));
}

}  // namespace strata::service
