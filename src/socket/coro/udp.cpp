// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/udp.h"

#include <utility>

namespace strata::coro {
namespace {

AddressFamily family_of(const IpAddress& address) {
  return address.is_v4() ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const Net& net, const Endpoint& local) {
  auto made = strata::UdpSocket::open(net.stack, family_of(local.address));
  if (!made) return std::unexpected(made.error());
  if (const auto bound = made->bind(local); !bound) return std::unexpected(bound.error());
  return UdpSocket(*std::move(made), net.executor);
}

Result<UdpSocket> UdpSocket::connect(const Net& net, const Endpoint& remote) {
  auto made = strata::UdpSocket::open(net.stack, family_of(remote.address));
  if (!made) return std::unexpected(made.error());
  if (const auto done = made->connect(remote); !done) return std::unexpected(done.error());
  return UdpSocket(*std::move(made), net.executor);
}

bool UdpSocket::Receive::attempt() { return answer(socket_.native_.receive(buffer_)); }

bool UdpSocket::Send::attempt() {
  return answer(has_destination_ ? socket_.native_.send_to(datagram_, destination_, now())
                                 : socket_.native_.send(datagram_, now()));
}

void UdpSocket::close() {
  end_waits();
  native_.close();
}

}  // namespace strata::coro
