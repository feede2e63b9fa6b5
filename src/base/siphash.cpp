// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

namespace strata {
namespace {

std::uint64_t load_little_endian(Bytes bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::to_integer<std::uint64_t>(bytes[i]) << (8U * i);
  }
  return word;
}

}  // namespace

std::uint64_t siphash24(const SipKey& key, Bytes bytes) {
  SipState<2, 4> state(key);
  const std::uint64_t length = std::uint64_t{bytes.size() & 0xff} << 56U;
  while (bytes.size() >= 8) {
    state.feed(load_little_endian(bytes.first(8)));
    bytes = bytes.subspan(8);
  }
  state.feed(length | load_little_endian(bytes));
  return state.finish();
}

}  // namespace strata
