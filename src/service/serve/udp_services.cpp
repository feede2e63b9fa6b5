// SPDX-License-Identifier: Apache-2.0
#include "service/serve/udp_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "service/serve/server_list.h"
#include "service/serve/texts.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::size_t kDatagramsPerTurn = 64;
constexpr std::size_t kChargenLines = 7;  // 7 lines of 74 bytes: no more than 512 (RFC 864)
constexpr std::array<std::uint16_t, 4> kServicePorts{7, 9, 13, 19};

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Outcome<std::unique_ptr<UdpServices>> UdpServices::open(Stack& stack, Executor& executor,
                                                        const std::vector<ServeOptions>& services) {
  std::unique_ptr<UdpServices> made(new UdpServices(stack, executor, random_seed()));
  made->buffer_.resize(65'535);
  if (auto opened = made->open_missing(services); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  return made;
}

void UdpServices::close_all_but(const std::vector<ServeOptions>& services) {
  erase_all_but(servers_, services);
}

Outcome<void> UdpServices::open_missing(const std::vector<ServeOptions>& services) {
  return add_missing(servers_, services,
                     [this](const ServeOptions& options) { return add(options); });
}

Outcome<void> UdpServices::add(const ServeOptions& options) {
  if (options.service == Service::kHttp) return {};  // over TCP only
  const auto fault = [&](Error error) {
    return failed(fmt::format("cannot serve {} on UDP port {}: {}", to_text(options.service),
                              options.port, strata::to_text(error)));
  };
  auto socket = UdpSocket::open(stack_);
  if (!socket) return fault(socket.error());
  if (const auto bound = socket->bind({IpAddress::any_v6(), options.port}); !bound) {
    return fault(bound.error());
  }
  const auto made = std::make_shared<Server>(options, std::move(*socket));
  const auto armed =
      made->socket.on_ready([this, known = std::weak_ptr(made)](Readiness readiness) {
        const auto server = known.lock();
        if (readiness.readable && server != nullptr) serve(server);
      });
  if (!armed) return fault(armed.error());
  servers_.push_back(made);
  return {};
}

void UdpServices::serve(const std::shared_ptr<Server>& server) {
  for (std::size_t left = kDatagramsPerTurn; left != 0; --left) {
    auto got = server->socket.receive_packet();
    if (!got) return;
    answer(*server, *got);
  }
  executor_.post([this, known = std::weak_ptr(server)] {
    if (const auto still = known.lock()) serve(still);
  });
}

bool UdpServices::may_answer(const DatagramInfo& info) const {
  return std::ranges::find(kServicePorts, info.source.port) == kServicePorts.end() &&
         info.source.port != 0 && stack_.is_local(info.destination.address) &&
         !info.destination.address.is_multicast();
}

void UdpServices::answer(Server& server, const UdpSocket::Received& request) {
  if (server.options.service == Service::kDiscard || !may_answer(request.info)) return;
  const Time now = executor_.now();
  const SendChoices choices{.destination = request.info.source,
                            .source = request.info.destination.address};
  const auto reply = [&](Bytes bytes) {
    // Nobody waits for an answer that does not fit the queue: it is lost, as on any link.
    static_cast<void>(server.socket.send({&bytes, 1}, choices, now));
  };
  switch (server.options.service) {
    case Service::kEcho: {
      const MutableBytes bytes = MutableBytes(buffer_).first(request.packet->size());
      request.packet->copy_out(0, bytes);
      reply(bytes);
      break;
    }
    case Service::kChargen: {
      // RFC 864: a random number of characters, from 0 to 512.
      std::string text;
      for (std::size_t lines = rng_.below(kChargenLines); lines != 0; --lines) {
        text += chargen_line(server.answered++);
      }
      reply(bytes_of(text));
      break;
    }
    case Service::kDaytime: reply(bytes_of(daytime_text(now))); break;
    case Service::kDiscard:
    case Service::kHttp: break;
  }
}

}  // namespace strata::service
