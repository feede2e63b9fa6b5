// SPDX-License-Identifier: Apache-2.0
// Any bytes as TCP options; what is read is written anew, in both ways.
#include <array>

#include "fuzz/law.h"
#include "strata/wire/tcp_options.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  TcpOptions options = TcpOptions::parse(bytes);

  // Option by option, in the same order: the same values.
  std::array<std::byte, kTcpOptionBytesMax> out{};
  TcpOptionWriter writer(out);
  bool fits = true;
  for (const TcpRawOption& option : TcpRawOptions(bytes)) {
    touch(option.data);
    fits &= option.size() == 1 ? writer.no_operation() : writer.raw(option.kind, option.data);
  }
  options.malformed = false;
  if (fits) require(TcpOptions::parse(strata::Bytes(out).first(writer.size())) == options);

  // In our own order.
  const auto written = write(options, out);
  if (written) require(TcpOptions::parse(strata::Bytes(out).first(*written)) == options);
  return 0;
}
