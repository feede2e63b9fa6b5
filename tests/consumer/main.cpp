// SPDX-License-Identifier: Apache-2.0
// A stranger's program: it sees installed headers and the archive, and nothing else.
#include <array>
#include <cstdio>

#include "strata/memory.h"
#include "strata/wire/udp.h"

int main() {
  std::array<std::byte, strata::wire::UdpLayout::kSize> bytes{};
  write(strata::wire::UdpHeader{.source_port = 7, .destination_port = 9}, bytes);
  const auto datagram = strata::wire::UdpView::parse(bytes);
  strata::HeapMemory memory(1024);
  void* block = memory.allocate(64, 8);
  const bool good = datagram.has_value() && datagram->destination_port() == 9 && block != nullptr;
  memory.release(block, 64, 8);
  std::puts(good ? "strata links" : "strata is broken");
  return good ? 0 : 1;
}
