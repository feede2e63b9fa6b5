// SPDX-License-Identifier: Apache-2.0
// Which TCP ports are open? A hundred questions are under way at any time; hosts limit how many
// refusals they send, so each has time to be asked again.
//   port_scanner tap:x,host=10.77.0.1/24 10.77.0.2/24 10.77.0.1     scans this host's kernel
//   port_scanner                                                    scans a host in this process
#include <algorithm>
#include <cstdio>
#include <vector>

#include "strata/coro/task_group.h"
#include "strata/coro/tcp.h"
#include "strata/coro/when.h"
#include "strata/host.h"

using namespace strata;
using namespace std::chrono_literals;

struct Scan {
  coro::Net net;
  IpAddress target;
  std::uint32_t next_port = 1;
  std::uint32_t last_port = 65535;
  std::vector<std::uint16_t> open{};
  std::size_t refused = 0;
  std::size_t silent = 0;
};

coro::Task<> scan_some(Scan& scan) {
  while (scan.next_port <= scan.last_port) {
    const auto port = static_cast<std::uint16_t>(scan.next_port++);
    auto stream = co_await coro::connect(scan.net, Endpoint{scan.target, port}, {},
                                         {.deadline = scan.net.executor.now() + 5s});
    if (stream) {
      scan.open.push_back(port);
      stream->abort();
    } else {
      ++(stream.error() == Error::kConnectionRefused ? scan.refused : scan.silent);
    }
  }
}
coro::Task<> scan_all(Scan& scan, Loop& loop) {
  std::vector<coro::Task<>> workers;
  workers.reserve(100);
  for (int i = 0; i < 100; ++i) workers.push_back(scan_some(scan));
  co_await coro::when_all(std::move(workers));
  std::ranges::sort(scan.open);
  for (const std::uint16_t port : scan.open) std::printf("%u/tcp open\n", port);
  std::printf("%zu refused, %zu without an answer\n", scan.refused, scan.silent);
  loop.stop();
}

int main(int count, char** words) {
  const auto loop = *Loop::create();
  const auto host = *Host::create(*loop);
  const auto other = *Host::create(*loop, {.name = "other"});
  Scan scan{.net = {host->stack(), *loop}, .target = IpAddress::v4(10, 0, 0, 1)};
  std::vector<TcpListener> listeners;
  if (count == 4) {
    const auto device = host->add_device(words[1], {words[2]}, {.detect_duplicates = false});
    const auto named = IpAddress::parse(words[3]);
    if (!device || !named) {
      std::fprintf(stderr, "%s\n", device ? "that is no address" : device.error().text.c_str());
      return 1;
    }
    scan.target = *named;
  } else {
    (void)Host::join(*other, "10.0.0.1/24", *host, "10.0.0.2/24");
    for (const std::uint16_t port : {std::uint16_t{22}, std::uint16_t{80}, std::uint16_t{1000}}) {
      listeners.push_back(
          TcpListener::listen(other->stack(), {IpAddress::any_v6(), port}, {}).value());
    }
    scan.last_port = 1000;
  }
  coro::TaskGroup tasks;
  tasks.spawn(scan_all(scan, *loop));
  loop->run();
  return count == 4 || scan.open == std::vector<std::uint16_t>{22, 80, 1000} ? 0 : 1;
}
