// SPDX-License-Identifier: Apache-2.0
// IPv4: header, options, and the checksum that a sender would set.
#include <vector>

#include "fuzz/law.h"
#include "strata/wire/ipv4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;
  using namespace strata::wire;
  const Bytes input = fuzz::as_input(data, size);
  const auto view = Ipv4View::parse_quoted(input);
  fuzz::require(!Ipv4View::parse(input) || view.has_value());
  if (!view) return 0;
  fuzz::touch(view->options());
  fuzz::touch(view->payload());
  static_cast<void>(view->checksum_is_valid() || view->reserved_flag() || view->is_fragment());

  std::vector<std::byte> header(view->header_bytes().begin(), view->header_bytes().end());
  write(view->header(), std::span(header).first<Ipv4Layout::kSize>());
  fuzz::require(Ipv4View::parse_quoted(header)->header() == view->header());
  set_ipv4_checksum(header);
  fuzz::require(Ipv4View::parse_quoted(header)->checksum_is_valid());
  return 0;
}
