// SPDX-License-Identifier: Apache-2.0
// The addresses of a name, asked of a DNS server over our own stack:
//   dns_lookup tap:x,host=10.77.0.1/24 10.77.0.2/24 10.77.0.1 example.org
//   dns_lookup                      asks a server in this process that knows one name
#include <array>
#include <cstdio>
#include <string>

#include "strata/host.h"
#include "strata/udp_socket.h"
#include "strata/wire/dns.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr IpAddress kPrinter = IpAddress::v4(10, 0, 0, 99);

// Answers every question for an A record with the same address, and others with nothing.
void answer(UdpSocket& socket, Time now) {
  std::array<std::byte, 512> query, reply;
  while (auto got = socket.receive(query)) {
    const auto message = wire::DnsView::parse(Bytes(query).first(got->size));
    if (!message || !message->question()) continue;
    const auto question = *message->question();
    const wire::DnsName name(question.name);
    wire::DnsWriter writer({.id = message->header().id, .is_response = true}, reply);
    (void)writer.add({.name = name, .type = question.type});
    if (question.type == wire::DnsType::kA) {
      (void)writer.add({.name = name, .type = wire::DnsType::kA, .time_to_live_s = 60},
                       kPrinter.bytes().last<4>());
    }
    (void)socket.send_to(writer.bytes(), got->source, now);
  }
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  const auto host = *Host::create(*loop);
  const auto other = *Host::create(*loop, {.name = "other"});
  auto server = UdpSocket::open(other->stack()).value();
  const bool asks_real_server = count == 5;
  if (asks_real_server) {
    const auto device = host->add_device(words[1], {words[2]}, {.detect_duplicates = false});
    if (!device) return std::fprintf(stderr, "%s\n", device.error().text.c_str()), 1;
  } else {
    (void)Host::join(*other, "10.0.0.1/24", *host, "10.0.0.2/24");
    (void)server.bind({IpAddress::any_v6(), 53});
    (void)server.on_ready([&](Readiness) { answer(server, loop->now()); });
  }
  const auto address = IpAddress::parse(asks_real_server ? words[3] : "10.0.0.1");
  if (!address) return std::fprintf(stderr, "that is no address\n"), 1;
  host->set_names({.servers = {*address}});

  bool is_found = false;
  host->names().resolve(
      asks_real_server ? words[4] : "printer.example",
      [&](Result<std::span<const IpAddress>> found) {
        if (!found) std::printf("%s\n", std::string(to_text(found.error())).c_str());
        for (const IpAddress& one : found.value_or(std::span<const IpAddress>())) {
          std::printf("%s\n", std::string(to_text(one)).c_str());
          is_found = asks_real_server || one == kPrinter;
        }
        loop->stop();
      });
  loop->run();
  return is_found ? 0 : 1;
}
