// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/icmp_client.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "strata/bytes.h"
#include "strata/wire/checksum.h"

namespace strata::bench {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kSequenceAt = 6;
constexpr std::uint16_t kIdentifier = 0x5354;
constexpr auto kPatience = std::chrono::milliseconds(100);

}  // namespace

std::expected<IcmpClient, std::string> IcmpClient::open(const NetworkNamespace& in,
                                                        const IpAddress& to) {
  const NetworkNamespace::Visit inside(in);
  IcmpClient client(socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP));
  if (client.socket_ < 0) {
    return std::unexpected(fmt::format("a raw socket needs root ({})", strerror(errno)));
  }
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(to.v4_value());
  if (connect(client.socket_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
    return std::unexpected(fmt::format("connect: {}", strerror(errno)));
  }
  return client;
}

IcmpClient::IcmpClient(IcmpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), sequence_number_(other.sequence_number_) {}

IcmpClient& IcmpClient::operator=(IcmpClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(sequence_number_, other.sequence_number_);
  return *this;
}

IcmpClient::~IcmpClient() {
  if (socket_ >= 0) close(socket_);
}

IcmpClient::Wall::time_point IcmpClient::send() {
  std::array<std::byte, kHeader + kPayload> request{};
  request[0] = std::byte{8};  // echo request
  store_big_endian<std::uint16_t>(request.data() + 4, kIdentifier);
  store_big_endian<std::uint16_t>(request.data() + kSequenceAt, ++sequence_number_);
  store_big_endian<std::uint16_t>(request.data() + 2, fold(wire::partial_sum(request)));
  const auto begin = Wall::now();
  // One that is lost is seen as a reply that never comes.
  (void)::send(socket_, request.data(), request.size(), 0);
  return begin;
}

bool IcmpClient::has_reply() {
  std::array<std::byte, 512> reply;
  const ssize_t size = recv(socket_, reply.data(), reply.size(), 0);
  if (size < 0) return false;
  const std::size_t ip_header = (std::to_integer<std::size_t>(reply[0]) & 0xfU) * 4;
  if (static_cast<std::size_t>(size) < ip_header + kHeader) return false;
  const std::byte* message = reply.data() + ip_header;
  return message[0] == std::byte{0} && load_big_endian<std::uint16_t>(message + 4) == kIdentifier &&
         load_big_endian<std::uint16_t>(message + kSequenceAt) == sequence_number_;
}

bool IcmpClient::is_late(Wall::time_point begin) { return Wall::now() - begin > kPatience; }

double IcmpClient::microseconds_since(Wall::time_point begin) {
  return std::chrono::duration<double, std::micro>(Wall::now() - begin).count();
}

}  // namespace strata::bench
