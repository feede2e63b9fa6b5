// SPDX-License-Identifier: Apache-2.0
// Three echo requests, by coroutine:
//   ping tap:x,host=10.77.0.1/24 10.77.0.2/24 10.77.0.1     asks this host's kernel
//   ping                                                    asks another stack in this process
#include <cstdio>
#include <string>

#include "strata/coro/task_group.h"
#include "strata/coro/wait.h"
#include "strata/host.h"
#include "strata/icmp_socket.h"

using namespace strata;
using namespace std::chrono_literals;

// How many of three were answered.
coro::Task<> ping(Host& host, IpAddress target, int& answered) {
  Loop& loop = host.loop();
  auto socket =
      IcmpSocket::open(host.stack(), target.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6)
          .value();
  (void)socket.connect(target);
  coro::Event news(loop);
  (void)socket.on_ready([&](Readiness) { news.set(); });
  for (std::uint16_t number = 1; number <= 3; ++number) {
    const Time sent = loop.now();
    const auto payload = std::as_bytes(std::span("strata ping"));
    if (!socket.send_echo(payload, number, {}, sent)) continue;
    std::array<std::byte, 64> buffer;
    auto reply = socket.receive(buffer);
    while (!reply) {
      if (!co_await news.wait({.deadline = sent + 1s})) break;
      reply = socket.receive(buffer);
    }
    if (!reply) {
      std::printf("%s: no answer to %u\n", std::string(to_text(target)).c_str(), number);
      continue;
    }
    ++answered;
    const std::chrono::duration<double, std::milli> took = loop.now() - sent;
    std::printf("%zu bytes from %s: seq=%u time=%.3f ms\n", reply->info.size,
                std::string(to_text(target)).c_str(), reply->sequence_number, took.count());
  }
  loop.stop();
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  const auto host = *Host::create(*loop);
  const auto other = *Host::create(*loop, {.name = "other"});
  IpAddress target = IpAddress::v4(10, 0, 0, 1);
  if (count == 4) {
    const auto device = host->add_device(words[1], {words[2]}, {.detect_duplicates = false});
    const auto named = IpAddress::parse(words[3]);
    if (!device || !named) {
      std::fprintf(stderr, "%s\n", device ? "that is no address" : device.error().text.c_str());
      return 1;
    }
    target = *named;
  } else {
    (void)Host::join(*other, "10.0.0.1/24", *host, "10.0.0.2/24");
  }
  int answered = 0;
  coro::TaskGroup tasks;
  tasks.spawn(ping(*host, target, answered));
  loop->run();
  return answered == 3 ? 0 : 1;
}
