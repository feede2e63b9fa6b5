// SPDX-License-Identifier: Apache-2.0
#include "service/names/dns_forwarder.h"

#include <algorithm>
#include <array>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kMessageMax = 65'535;

// RFC 1035 4.1.1: the number, and the bits of the answer to a question that cannot be answered.
std::uint16_t number_of(Bytes message) { return load_big_endian<std::uint16_t>(message.data()); }

void make_failure(MutableBytes message) {
  constexpr unsigned kIsAnswer = 0x80;
  constexpr unsigned kRecursionAndFailure = 0x82;
  message[2] |= std::byte{kIsAnswer};
  message[3] = std::byte{kRecursionAndFailure};
}

}  // namespace

struct DnsForwarder::Door {
  UdpSocket datagrams;
  TcpListener listener;
};

struct DnsForwarder::Exchange {
  Door& door;
  Endpoint client;
  std::vector<std::byte> question;
  UdpSocket socket;
  std::size_t server = 0;
  Time until;
  bool is_over = false;
};

// Bytes of one stream that go to the other.
struct DnsForwarder::Relay {
  struct Way {
    std::vector<std::byte> bytes;
    bool has_ended = false;
    bool has_told = false;
  };

  TcpStream near;
  TcpStream far;
  Way outward{};
  Way inward{};
  Time until;
  bool is_over = false;

  // False: one of the two has failed.
  static bool move(TcpStream& from, TcpStream& to, Way& way, MutableBytes buffer, Time now) {
    for (;;) {
      while (!way.bytes.empty()) {
        const auto count = to.write(way.bytes, now);
        if (!count) return count.error() == Error::kWouldBlock;
        way.bytes.erase(way.bytes.begin(), way.bytes.begin() + static_cast<std::ptrdiff_t>(*count));
      }
      if (way.has_ended) {
        if (!std::exchange(way.has_told, true))
          return to.shut_down(TcpShutdown::kWrite, now).has_value();
        return true;
      }
      const auto count = from.read(buffer, now);
      if (!count && count.error() == Error::kWouldBlock) return true;
      if (!count && count.error() != Error::kClosed) return false;
      way.has_ended = !count;
      if (count)
        way.bytes.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
    }
  }
};

DnsForwarder::DnsForwarder(Stack& stack, Executor& executor, const DnsResolver& resolver)
    : stack_(stack), executor_(executor), resolver_(resolver), buffer_(kMessageMax) {}

DnsForwarder::~DnsForwarder() { close(); }

Result<void> DnsForwarder::open(const IpAddress& address) {
  const Endpoint local{address, dns::kPort};
  auto datagrams =
      UdpSocket::open(stack_, address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!datagrams) return std::unexpected(datagrams.error());
  if (const auto bound = datagrams->bind(local); !bound) return bound;
  auto listener = TcpListener::listen(stack_, local, {});
  if (!listener) return std::unexpected(listener.error());
  auto door = std::make_unique<Door>(*std::move(datagrams), *std::move(listener));
  const auto first =
      door->datagrams.on_ready([this, &to = *door](Readiness) { take_questions(to); });
  const auto second = door->listener.on_ready([this, &to = *door](Readiness) { accept(to); });
  if (!first) return first;
  if (!second) return second;
  doors_.push_back(std::move(door));
  return {};
}

bool DnsForwarder::close() {
  if (timer_) executor_.cancel_timer(*timer_);
  timer_.reset();
  for (const auto& relay : relays_) {
    relay->near.close(executor_.now());
    relay->far.close(executor_.now());
  }
  relays_.clear();
  exchanges_.clear();
  for (const auto& door : doors_) door->listener.close(executor_.now());
  return !std::exchange(doors_, {}).empty();
}

// ── Datagrams ───────────────────────────────────────────────────────────────────────────────────

void DnsForwarder::take_questions(Door& door) {
  while (const auto got = door.datagrams.receive(buffer_)) {
    const Bytes question = Bytes(buffer_).first(std::min(got->size, buffer_.size()));
    // What is too short to have a number cannot be answered, and an answer is no question.
    if (question.size() < kHeaderSize || (question[2] & std::byte{0x80}) != std::byte{0}) continue;
    ask(door, got->source, question);
  }
}

void DnsForwarder::ask(Door& door, const Endpoint& client, Bytes question) {
  const std::vector<Endpoint> servers = resolver_.current_servers();
  if (servers.empty()) return refuse(door, client, question);
  std::size_t server = 0;
  for (const auto& other : exchanges_) {
    const bool is_again = !other->is_over && other->client == client &&
                          number_of(other->question) == number_of(question);
    if (!is_again) continue;
    server = other->server + 1;
    other->is_over = true;
  }
  const Endpoint& to = servers[server % servers.size()];
  auto socket =
      UdpSocket::open(stack_, to.address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
  if (!socket || !socket->connect(to)) return refuse(door, client, question);
  auto exchange =
      std::make_shared<Exchange>(door, client, std::vector(question.begin(), question.end()),
                                 *std::move(socket), server, executor_.now() + kPatience);
  if (!exchange->socket.send(question, executor_.now())) return refuse(door, client, question);
  static_cast<void>(exchange->socket.on_ready([this, weak = std::weak_ptr(exchange)](Readiness) {
    if (const auto alive = weak.lock()) take_answer(alive);
  }));
  exchanges_.push_back(std::move(exchange));
  if (exchanges_.size() > kExchangesMax) exchanges_.pop_front();
  end_later();
}

void DnsForwarder::take_answer(const std::shared_ptr<Exchange>& exchange) {
  while (!exchange->is_over) {
    const auto got = exchange->socket.receive(buffer_);
    if (!got && got.error() == Error::kWouldBlock) return;
    exchange->is_over = true;
    if (!got) {
      refuse(exchange->door, exchange->client, exchange->question);
    } else {
      const Bytes answer = Bytes(buffer_).first(std::min(got->size, buffer_.size()));
      const bool is_it = answer.size() >= kHeaderSize &&
                         number_of(answer) == number_of(exchange->question) &&
                         (answer[2] & std::byte{0x80}) != std::byte{0};
      exchange->is_over = is_it;  // anything else is somebody's guess
      if (!is_it) continue;
      static_cast<void>(
          exchange->door.datagrams.send_to(answer, exchange->client, executor_.now()));
    }
    executor_.post([this, weak = std::weak_ptr(exchange)] {
      if (weak.lock() != nullptr) end_what_is_over();
    });
  }
}

void DnsForwarder::refuse(Door& door, const Endpoint& client, Bytes question) {
  std::vector<std::byte> answer(question.begin(), question.end());
  make_failure(answer);
  static_cast<void>(door.datagrams.send_to(answer, client, executor_.now()));
}

// ── Streams ─────────────────────────────────────────────────────────────────────────────────────

void DnsForwarder::accept(Door& door) {
  while (auto near = door.listener.accept(executor_.now())) {
    const std::vector<Endpoint> servers = resolver_.current_servers();
    if (servers.empty()) continue;  // it ends with its stream
    auto far = TcpStream::connect(stack_, servers.front(), {}, executor_.now());
    if (!far) continue;
    auto relay = std::make_shared<Relay>(*std::move(near), *std::move(far));
    relay->until = executor_.now() + kPatience;
    const auto tell = [this, weak = std::weak_ptr(relay)](Readiness) {
      if (const auto alive = weak.lock()) turn(alive);
    };
    static_cast<void>(relay->near.on_ready(tell));
    static_cast<void>(relay->far.on_ready(tell));
    relays_.push_back(relay);
    if (relays_.size() > kStreamsMax) relays_.pop_front();
    turn(relay);
    end_later();
  }
}

void DnsForwarder::turn(const std::shared_ptr<Relay>& relay) {
  if (relay->is_over) return;
  const Time now = executor_.now();
  const bool goes_on = Relay::move(relay->near, relay->far, relay->outward, buffer_, now) &&
                       Relay::move(relay->far, relay->near, relay->inward, buffer_, now);
  relay->is_over = !goes_on || (relay->outward.has_told && relay->inward.has_told);
  if (!relay->is_over) return;
  executor_.post([this, weak = std::weak_ptr(relay)] {
    if (weak.lock() != nullptr) end_what_is_over();
  });
}

// ── Ends ────────────────────────────────────────────────────────────────────────────────────────

void DnsForwarder::end_later() {
  if (timer_) return;
  timer_ = executor_.start_timer(executor_.now() + kPatience, [this] {
    timer_.reset();
    end_what_is_over();
    if (!exchanges_.empty() || !relays_.empty()) end_later();
  });
}

void DnsForwarder::end_what_is_over() {
  const Time now = executor_.now();
  std::erase_if(exchanges_, [&](const auto& one) { return one->is_over || one->until <= now; });
  std::erase_if(relays_, [&](const auto& one) {
    if (!one->is_over && one->until > now) return false;
    one->near.close(now);
    one->far.close(now);
    return true;
  });
}

}  // namespace strata::service
