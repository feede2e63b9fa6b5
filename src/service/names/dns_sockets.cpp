// SPDX-License-Identifier: Apache-2.0
#include "service/names/dns_sockets.h"

namespace strata::service {
namespace {

constexpr std::size_t kLengthSize = 2;

}  // namespace

Result<void> DnsResolver::Stream::write_query(Time now) {
  while (!unsent.empty()) {
    const auto count = stream.write(unsent, now);
    if (!count) {
      if (count.error() == Error::kWouldBlock) return {};
      return std::unexpected(count.error());
    }
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  return {};
}

Result<bool> DnsResolver::Stream::read_reply(MutableBytes buffer, Time now) {
  while (!is_whole()) {
    const auto count = stream.read(buffer, now);
    if (!count) {
      if (count.error() == Error::kWouldBlock) return false;
      return std::unexpected(count.error());
    }
    const Bytes read = buffer.first(*count);
    received.insert(received.end(), read.begin(), read.end());
  }
  return true;
}

bool DnsResolver::Stream::is_whole() const {
  if (received.size() < kLengthSize) return false;
  return received.size() - kLengthSize >= load_big_endian<std::uint16_t>(received.data());
}

Bytes DnsResolver::Stream::message() const {
  return Bytes(received).subspan(kLengthSize, load_big_endian<std::uint16_t>(received.data()));
}

}  // namespace strata::service
