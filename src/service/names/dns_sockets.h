// SPDX-License-Identifier: Apache-2.0
// One exchange with a DNS server on a socket of the stack: over UDP, or over TCP (RFC 7766).
#pragma once

#include <cstddef>
#include <vector>

#include "dns/message.h"
#include "service/names/dns_resolver.h"
#include "strata/tcp_stream.h"
#include "strata/udp_socket.h"

namespace strata::service {

struct DnsResolver::Datagrams {
  Datagrams(const dns::ExchangeId& id, UdpSocket opened)
      : exchange(id), socket(std::move(opened)) {}
  [[nodiscard]] static const dns::ExchangeId& exchange_of(const std::unique_ptr<Datagrams>& open) {
    return open->exchange;
  }

  dns::ExchangeId exchange;
  UdpSocket socket;
};

// A message in a stream has its length in front (RFC 1035 4.2.2).
struct DnsResolver::Stream {
  Stream(const dns::ExchangeId& id, TcpStream opened, Bytes query)
      : exchange(id), stream(std::move(opened)), unsent(query.begin(), query.end()) {}
  [[nodiscard]] static const dns::ExchangeId& exchange_of(const std::unique_ptr<Stream>& open) {
    return open->exchange;
  }

  Result<void> write_query(Time now);
  // True once the whole message is here.
  Result<bool> read_reply(MutableBytes buffer, Time now);
  [[nodiscard]] bool is_whole() const;
  [[nodiscard]] Bytes message() const;

  dns::ExchangeId exchange;
  TcpStream stream;
  std::vector<std::byte> unsent;
  std::vector<std::byte> received;
};

}  // namespace strata::service
